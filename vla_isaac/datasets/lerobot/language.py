"""LeRobot's columns of language: `language_persistent` and `language_events`.

Every row of an episode holds all texts that last, each with the time from which it does; a text of one moment is in the
row of that moment only. Source: lerobot 0.6.1, `datasets/language.py` and `annotations/steerable_pipeline/writer.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.episode import Feature
from vla_isaac.datasets.lerobot.fields import Fields
from vla_isaac.datasets.parquet import pa
from vla_isaac.datasets.sentences import EVENT_STYLES, Annotation
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN

PERSISTENT, EVENTS = "language_persistent", "language_events"
LANGUAGE: dict[str, Feature] = {name: Feature("language", (1,)) for name in (PERSISTENT, EVENTS)}

_ABOUT = [pa.field("role", pa.string(), nullable=False), pa.field("content", pa.string()), pa.field("style", pa.string())]
_TIME = pa.field("timestamp", pa.float32(), nullable=False)
_MORE = [pa.field("camera", pa.string()), pa.field("tool_calls", pa.list_(pa.string()))]
TYPES = {PERSISTENT: pa.list_(pa.struct([*_ABOUT, _TIME, *_MORE])), EVENTS: pa.list_(pa.struct([*_ABOUT, *_MORE]))}
"""A call of a tool is JSON text, which LeRobot reads as such."""


def language_columns(annotations: Sequence[Annotation], times: AnyArray) -> dict[str, Any]:
    """Return both columns of an episode.

    Args:
        annotations: Those of the episode.
        times: Time of each row [s], as stored.
    """
    ordered = sorted(annotations, key=lambda note: (note.time, note.style or "", note.role))
    lasting = [_stored(note) | {"timestamp": note.time} for note in ordered if note.style not in EVENT_STYLES]
    events: list[list[dict[str, Any]]] = [[] for _ in times]
    for note in ordered:
        if note.style in EVENT_STYLES:
            events[int(np.abs(times - note.time).argmin())].append(_stored(note))
    return {
        PERSISTENT: pa.array([lasting] * len(times), TYPES[PERSISTENT]),
        EVENTS: pa.array(events, TYPES[EVENTS]),
    }


def annotations_in(table: Any, *, source: str) -> tuple[Annotation, ...]:
    """Return the annotations of an episode.

    Args:
        table: Its rows, with `timestamp` and one or both columns.
        source: File and episode, for errors.

    Raises:
        DatasetError: If a column holds anything else.
    """
    found = []
    if PERSISTENT in table.column_names and table.num_rows:
        for entry in _entries(table[PERSISTENT].slice(0, 1).to_pylist()[0], PERSISTENT, source):
            found.append(_annotation(entry, None, f"{source}: {PERSISTENT}"))
    if EVENTS in table.column_names:
        times = table["timestamp"].to_pylist()
        for row, entries in enumerate(table[EVENTS].to_pylist()):
            for entry in _entries(entries, EVENTS, source):
                found.append(_annotation(entry, times[row], f"{source}, row {row}: {EVENTS}"))
    return tuple(found)


def _stored(note: Annotation) -> dict[str, Any]:
    calls = None if note.tool_calls is None else list(note.tool_calls)
    return {"role": note.role, "content": note.content, "style": note.style, "camera": note.camera, "tool_calls": calls}


def _entries(value: Any, name: str, source: str) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise DatasetError(f"{source}: {name} is {value!r:.60}, expected a list", remedy=COPY_AGAIN)
    return value or []


def _annotation(entry: Mapping[str, Any], time: Any, source: str) -> Annotation:
    """Return an entry of a column; one that lasts has its own time, an event that of its row."""
    fields = Fields(entry, source)
    texts = {name: fields.text(name) if fields.has(name) else None for name in ("style", "content", "camera")}
    calls = _entries(entry.get("tool_calls"), "tool_calls", source) if fields.has("tool_calls") else None
    return Annotation(
        time=fields.number("timestamp") if time is None else Fields({"timestamp": time}, source).number("timestamp"),
        role=fields.text("role"),
        tool_calls=None if calls is None else tuple(c if isinstance(c, str) else json.dumps(c) for c in calls),
        **texts,
    )
