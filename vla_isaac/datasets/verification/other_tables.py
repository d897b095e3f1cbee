"""Verify the tables of a manifest and of an HDF5 file: numbers of steps and demos, and lengths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vla_isaac.core.errors import DatasetError
from vla_isaac.core.input_files import reading
from vla_isaac.datasets.manifest import ManifestReader
from vla_isaac.datasets.manifest.steps import COMPANION, MANIFEST
from vla_isaac.datasets.robomimic import RobomimicReader
from vla_isaac.datasets.robomimic.layout import ABOUT, COPY_AGAIN, demo_number
from vla_isaac.datasets.robomimic.provenance import text_of
from vla_isaac.datasets.verification.finding import Finding


def manifest_findings(reader: ManifestReader) -> Iterator[Finding]:
    """Yield duplicate and missing episodes and steps; a plain manifest does not number them."""
    for episode in range(len(reader)):
        steps = reader.steps(episode)
        if "step" not in steps[0]:
            continue
        if steps[0].get("episode") != episode:
            what = f"found episode {steps[0].get('episode')}, expected {episode}; one is missing"
            yield Finding(file=MANIFEST, episode=episode, what=what)
        numbers = [step.get("step") for step in steps]
        row = next((t for t, number in enumerate(numbers) if number != t), None)
        if row is not None:
            kind = "is there twice" if numbers[row] in numbers[:row] else f"is in place of step {row}"
            yield Finding(file=MANIFEST, episode=episode, row=row, what=f"step {numbers[row]} {kind}")
        more = sorted(set(steps[0].get("columns", ())) - set(reader.info.features))
        if more:
            what = f"its steps have the column {more[0]!r}, which {COMPANION} does not describe"
            yield Finding(file=MANIFEST, episode=episode, row=0, what=what)
        meta = reader.meta(episode)
        row = next((t for t, step in enumerate(steps) if step["instruction"] != meta.sentence(t)), None)
        if row is not None:
            what = f"the step says {steps[row]['instruction']!r}, the description {meta.sentence(row)!r}"
            yield Finding(file=MANIFEST, episode=episode, row=row, what=what)


def hdf5_findings(reader: RobomimicReader) -> Iterator[Finding]:
    """Yield demos whose arrays differ in length, whose count is wrong, or that are missing in a file of this package."""
    file = reader.path.name
    yield from (Finding(file=file, what=f"{name} {fault}") for name, fault in reader.left_out.items())
    total = 0
    for episode in range(len(reader)):
        demo = reader.demo(episode)
        total += reader.length(episode)
        declared = _declared(demo, "num_samples")
        if declared not in (None, str(reader.length(episode))):
            what = f"num_samples is {declared}, the actions have {reader.length(episode)} rows"
            yield Finding(file=file, episode=episode, what=what)
        others = sorted(_members(demo) ^ _members(reader.demo(0)))
        if others:
            what = f"the demos do not have the same arrays: {others[0]!r} is in this one or in the first, not in both"
            yield Finding(file=file, episode=episode, what=what)
        name = demo.name.rpartition("/")[2]
        if _declared(demo, ABOUT) is not None and name != "demo" and demo_number(name) != episode:
            yield Finding(file=file, episode=episode, what=f"{name} is in place of demo_{episode}; one is missing")
            return
    yield from _total_findings(reader, total, file)


def _declared(group: Any, name: str) -> str | None:
    """Return a count among the attributes of a group as text; None if there is none."""
    with reading(f"{group.file.filename}: attribute {name} of {group.name}", error=DatasetError, remedy=COPY_AGAIN):
        value = group.attrs.get(name)
        return None if value is None else text_of(value)


def _members(demo: Any) -> set[str]:
    """Return the names of the arrays of a demo."""
    return {*demo, *(f"obs/{name}" for name in demo.get("obs", {}))}


def _total_findings(reader: RobomimicReader, total: int, file: str) -> Iterator[Finding]:
    if len(reader) == 0 or reader.path.is_dir():
        return
    declared = _declared(reader.demo(0).parent, "total")
    if declared not in (None, str(total)):
        yield Finding(file=file, what=f"total is {declared}, the demos have {total} rows")
