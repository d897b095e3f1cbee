"""The language of an episode that changes over its rows: sentences per row, and annotations such as sub-task labels."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SUBTASK = "subtask"
"""Style of an annotation that says what the robot does now; holds until the next one."""

EVENT_STYLES = ("interjection", "vqa", "trace", None)
"""Styles of annotations of one moment; all others hold until the next one of their style.
Source: lerobot 0.6.1, `datasets/language.py`."""

TIME_SLACK = 1e-4  # [s] by which a time may differ from that of its row; LeRobot stores times in single precision


@dataclass(frozen=True)
class Sentence:
    """What the robot is asked to do from a row on."""

    row: int
    """The first row; it holds until the next sentence."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """A text about a moment of an episode, or about the time from then on; the fields are LeRobot's."""

    time: float
    """Seconds from the start of the episode."""

    style: str | None
    """Such as ``"subtask"``, ``"plan"`` or ``"vqa"``; see `EVENT_STYLES`."""

    content: str | None
    role: str = "assistant"
    camera: str | None = None
    """Feature of the camera that it is about, such as ``"observation.images.front"``."""

    tool_calls: tuple[str, ...] | None = None
    """JSON of each call of a tool, such as a spoken answer."""


def sentences_of(texts: Sequence[str], instruction: str) -> tuple[Sentence, ...]:
    """Return the sentences of rows with these texts; empty if all rows have the instruction."""
    starts = [row for row, text in enumerate(texts) if row == 0 or text != texts[row - 1]]
    return tuple(Sentence(row, texts[row]) for row in starts) if set(texts) - {instruction} else ()


def is_in_order(sentences: Sequence[Sentence]) -> bool:
    """Return whether the rows of the sentences rise from 0."""
    rows = [sentence.row for sentence in sentences]
    return rows == sorted(set(rows)) and rows[:1] in ([], [0])


def text_at(sentences: Sequence[Sentence], row: int) -> str | None:
    """Return the text of a row; None if there are no sentences."""
    place = bisect_right(sentences, row, key=lambda sentence: sentence.row) - 1
    return sentences[place].text if place >= 0 else None


def subtask_annotations(labels: Sequence[str], fps: float) -> tuple[Annotation, ...]:
    """Return the labels of the rows of an episode as annotations; a row with empty text continues the label before."""
    known: list[tuple[int, str]] = []
    for row, label in enumerate(labels):
        if label and (not known or known[-1][1] != label):
            known.append((row, label))
    return tuple(Annotation(time=float(np.float32(row / fps)), style=SUBTASK, content=label) for row, label in known)


def subtasks(annotations: Sequence[Annotation], fps: float, length: int) -> list[str]:
    """Return the sub-task label of each row; empty text where there is none.

    Args:
        annotations: Those of the episode.
        fps: Rows per second.
        length: Number of rows.
    """
    labels = sorted((note for note in annotations if note.style == SUBTASK), key=lambda note: note.time)
    starts = [note.time - TIME_SLACK for note in labels]
    places = (bisect_right(starts, row / fps) - 1 for row in range(length))
    return [(labels[place].content or "") if place >= 0 else "" for place in places]
