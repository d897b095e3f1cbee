"""Verify LeRobot's columns of language: what its reader relies on, and that every time lies within the episode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.lerobot.language import EVENTS, LANGUAGE, PERSISTENT, annotations_in
from vla_isaac.datasets.sentences import EVENT_STYLES, TIME_SLACK, Annotation
from vla_isaac.datasets.verification.numbers import Fault

OF_A_CAMERA = ("vqa", "trace")
"""Styles about a picture: these name a camera, no other does. Source: lerobot 0.6.1, `datasets/language.py`."""


def language_faults(table: Any, features: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the faults of an episode's columns of language.

    Args:
        table: Its rows.
        features: Those of `info.json`.
    """
    names = [name for name in LANGUAGE if name in table.column_names]
    if not names or not table.num_rows:
        return
    try:
        notes = annotations_in(table.select([*names, "timestamp"]), source="the episode")
    except DatasetError as error:
        yield None, error.message
        return
    if PERSISTENT in names:
        rows = table[PERSISTENT].to_pylist()
        differs = next((row for row, entries in enumerate(rows) if entries != rows[0]), None)
        if differs is not None:
            yield differs, f"{PERSISTENT} is not the same in all rows of the episode; LeRobot reads one row for all"
    last = table["timestamp"].to_pylist()[-1]
    lasting = len(table[PERSISTENT].to_pylist()[0] or []) if PERSISTENT in names else 0
    for place, note in enumerate(notes):
        words = _fault(note, place < lasting, last, features)
        if words:
            yield None, words


def _fault(note: Annotation, is_lasting: bool, last: float, features: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a text; `is_lasting` says which column it is in."""
    name, about = (PERSISTENT if is_lasting else EVENTS), f"{note.style or 'a text'} at {note.time:.2f} s"
    if is_lasting == (note.style in EVENT_STYLES):
        return f"{name}: {about} belongs into {EVENTS if is_lasting else PERSISTENT}"
    if note.time > last + TIME_SLACK:
        return f"{name}: {about} is after the last row, at {last:.2f} s"
    if note.content is None and not note.tool_calls:
        return f"{name}: {about} has neither content nor tool_calls"
    if note.style in OF_A_CAMERA and note.camera not in features:
        return f"{name}: {about} names the camera {note.camera!r}, which is not in info.json"
    if note.style not in OF_A_CAMERA and note.camera is not None:
        return f"{name}: {about} names the camera {note.camera!r}; only {' and '.join(OF_A_CAMERA)} do"
    return None
