"""`replay`: run a logged episode again from its targets and compare every state bit by bit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.core.checks import check_finite, real_numbers
from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import ReplayError, shown
from vla_isaac.core.input_files import naming, read_json_lines, reading
from vla_isaac.core.types import JointTarget
from vla_isaac.robots import panda
from vla_isaac.runtime.log import FORMAT, state_to_json
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.sim.backend import Backend
from vla_isaac.sim.drive import drive


@dataclass(frozen=True)
class ReplayReport:
    """Result of a replay."""

    steps: int
    """Control periods run again."""

    first_difference: str | None
    """Where the first number differs, or None if all are identical."""


def read_log(path: Path) -> list[dict[str, Any]]:
    """Return the lines of an episode log.

    Raises:
        ReplayError: If the file is not a complete episode log.
    """
    lines = read_json_lines(path, error=ReplayError, remedy="logs are written by run --record DIR", may_be_cut=True)
    if not lines or lines[0].get("kind") != "start":
        raise ReplayError(f"{path} does not begin with a 'start' line", remedy="logs are written by run --record DIR")
    if lines[0].get("format") != FORMAT:
        raise ReplayError(
            f"{path} has log format {lines[0].get('format')!r}, this version reads {FORMAT}", remedy="record it again"
        )
    for number, line in enumerate(lines, 1):
        _check_line(path, number, line)
    return lines


NEEDED = {
    "start": ("scene", "layout", "state", "backend", "control_hz"),
    "step": ("step", "target", "state"),
    "end": ("steps",),
}
"""Keys without which a line cannot be replayed."""

DAMAGED = "the log is damaged, record it again"


def _check_line(path: Path, number: int, line: dict[str, Any]) -> None:
    kind = line.get("kind")
    if not isinstance(kind, str) or kind not in NEEDED:
        raise ReplayError(
            f"{path}, line {number}: is not a line of an episode log", remedy="logs are written by run --record DIR"
        )
    missing = [key for key in NEEDED[kind] if key not in line]
    if missing:
        raise ReplayError(f"{path}, line {number}: lacks {missing[0]!r}", remedy=DAMAGED)


def replay(lines: list[dict[str, Any]], backend: Backend, *, source: Path | str = "the log") -> ReplayReport:
    """Send the logged targets to `backend` and compare the states; `source` names the log in errors.

    Raises:
        ConfigError: If the logged scene does not fit this version, or has values that no scene may have.
        ReplayError: If a line lacks a value, has one of another kind, or is not the one that must follow.
    """
    with reading(source, error=ReplayError, remedy="record it again"), naming(source):
        return _replay(lines, backend)


def _replay(lines: list[dict[str, Any]], backend: Backend) -> ReplayReport:
    head, steps = lines[0], _steps(lines)
    scene = from_mapping(SceneSpec, head["scene"], source="line 1", key="scene")
    if head["control_hz"] != scene.timing.control_hz:
        raise ReplayError(
            f"the log's control_hz is {shown(head['control_hz'])}, that of its scene {scene.timing.control_hz}",
            remedy=DAMAGED,
        )
    drive(backend.load(scene))
    drive(backend.reset(from_mapping(SceneLayout, head["layout"], source="line 1", key="layout")))
    difference = _compare(head["state"], state_to_json(backend.state()), 0)
    for number, line in enumerate(steps, 1):
        if difference is not None:
            break
        backend.apply(_target(line["target"], number))
        backend.step()
        difference = _compare(line["state"], state_to_json(backend.state()), number)
    return ReplayReport(len(steps), difference)


def _steps(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of the control periods.

    Raises:
        ReplayError: Unless they are numbered from 1 on and between one start and at most one end, which has their number.
    """
    steps = lines[1:]
    if steps and steps[-1]["kind"] == "end":
        end = steps.pop()
        if end["steps"] != len(steps):
            raise ReplayError(f"the log has {len(steps)} steps, its end says {shown(end['steps'])}", remedy=DAMAGED)
    for number, line in enumerate(steps, 1):
        if line["kind"] != "step" or type(line["step"]) is not int or line["step"] != number:
            found = f"step {shown(line.get('step'))}" if line["kind"] == "step" else f"a line {line['kind']!r}"
            raise ReplayError(f"the log has {found} where step {number} should be", remedy=DAMAGED)
    return steps


def _target(logged: dict[str, Any], step: int) -> JointTarget:
    qpos = _numbers(f"step {step}: target.qpos", logged["qpos"], (7,))
    width = _numbers(f"step {step}: target.gripper_width", logged["gripper_width"], ())
    is_inside = (
        (qpos >= panda.QPOS_LOWER).all() and (qpos <= panda.QPOS_UPPER).all() and 0 <= width <= panda.GRIPPER_MAX_WIDTH
    )
    if not is_inside:
        raise ReplayError(f"step {step}: the target is outside the limits of the robot", remedy=DAMAGED)
    return JointTarget(qpos, float(width))


def _compare(logged: dict[str, Any], now: dict[str, Any], step: int) -> str | None:
    """Return where a logged state first differs; None where both have the same values, bit by bit.

    Raises:
        ReplayError: If the logged state has other keys, or values that are not arrays of finite numbers of that shape.
    """
    unexpected = sorted(set(logged) ^ set(now))
    if unexpected:
        word = "lacks" if unexpected[0] in now else "has an unknown"
        raise ReplayError(f"step {step}: the state {word} {shown(unexpected[0])}", remedy=DAMAGED)
    for key, value in now.items():
        expected = np.asarray(value)
        given = _numbers(f"step {step}: state.{key}", logged[key], expected.shape)
        if not np.array_equal(given, expected):
            return f"step {step}: {key} differs by {float(np.max(np.abs(given - expected))):.3g}"
    return None


def _numbers(name: str, value: Any, shape: tuple[int, ...]) -> Array:
    """Return logged numbers as an array of a shape; an empty list stands for no rows."""
    numbers = real_numbers(name, value, error=ReplayError, remedy=DAMAGED)
    check_finite(name, numbers, error=ReplayError)
    if numbers.size == 0 == math.prod(shape):
        return numbers.reshape(shape)
    if numbers.shape != shape:
        raise ReplayError(f"{name} has shape {numbers.shape}, expected {shape}", remedy=DAMAGED)
    return numbers
