"""`replay`: run a logged episode again from its targets and compare every state bit by bit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import ReplayError
from vla_isaac.core.input_files import naming, read_json_lines, reading
from vla_isaac.core.types import JointTarget
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


NEEDED = {"start": ("scene", "layout", "state", "backend"), "step": ("step", "target", "state"), "end": ()}
"""Keys without which a line cannot be replayed."""


def _check_line(path: Path, number: int, line: dict[str, Any]) -> None:
    kind = line.get("kind")
    if not isinstance(kind, str) or kind not in NEEDED:
        raise ReplayError(
            f"{path}, line {number}: is not a line of an episode log", remedy="logs are written by run --record DIR"
        )
    missing = [key for key in NEEDED[kind] if key not in line]
    if missing:
        raise ReplayError(f"{path}, line {number}: lacks {missing[0]!r}", remedy="the log is damaged, record it again")


def replay(lines: list[dict[str, Any]], backend: Backend, *, source: Path | str = "the log") -> ReplayReport:
    """Send the logged targets to `backend` and compare the states; `source` names the log in errors.

    Raises:
        ConfigError: If the logged scene does not fit this version.
        ReplayError: If a line lacks a value.
    """
    with reading(source, error=ReplayError, remedy="record it again"):
        return _replay(lines, backend, source=str(source))


def _replay(lines: list[dict[str, Any]], backend: Backend, *, source: str) -> ReplayReport:
    head = lines[0]
    drive(backend.load(from_mapping(SceneSpec, head["scene"], source=source, key="scene")))
    drive(backend.reset(from_mapping(SceneLayout, head["layout"], source=source, key="layout")))
    difference = _compare(head["state"], state_to_json(backend.state()), 0)
    steps = [line for line in lines if line.get("kind") == "step"]
    for line in steps:
        if difference is not None:
            break
        target = line["target"]
        with naming(f"{source}, step {line['step']}"):
            backend.apply(JointTarget(np.array(target["qpos"]), float(target["gripper_width"])))
        backend.step()
        difference = _compare(line["state"], state_to_json(backend.state()), line["step"])
    return ReplayReport(len(steps), difference)


def _compare(logged: dict[str, Any], now: dict[str, Any], step: int) -> str | None:
    for key, value in logged.items():
        if now[key] != value:
            worst = float(np.max(np.abs(np.array(now[key]) - np.array(value))))
            return f"step {step}: {key} differs by {worst:.3g}"
    return None
