"""`EpisodeLog`: the episode as JSON lines, exact enough for a bit-identical replay.

The first line holds the start of the episode (scene, layout, seed, instruction), each further line one control
period (action, target, state), the last one the result. JSON keeps every bit of a float64.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vla_isaac.core.atomic_files import commit, temporary_path, writing
from vla_isaac.core.types import SceneState
from vla_isaac.runtime.recording import describe_start
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step

FORMAT = 1
REMEDY = "free disk space or choose another folder; the episode continues without it"


class EpisodeLog:
    """Writes one file per episode; after a kill it is readable up to the last complete line."""

    def __init__(self, path: Path) -> None:
        """Log to `path`, under a temporary name until the episode has ended."""
        self.path = path
        self._part = temporary_path(path)
        self.written: Path | None = None
        """The file, once it is complete."""

    def on_start(self, start: EpisodeStart) -> None:
        """Write the header."""
        with writing(self.path, remedy=REMEDY):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("w", encoding="utf-8", buffering=1)  # line buffered
        about = describe_start(start)
        self._line({"kind": "start", "format": FORMAT, **about, "state": state_to_json(start.state)})

    def on_step(self, step: Step) -> None:
        """Write one control period."""
        self._line(
            {
                "kind": "step",
                "step": step.index,
                "action": {"arm": step.action.arm.tolist(), "gripper": step.action.gripper},
                "info": {k: v for k, v in step.chunk.info.items() if isinstance(v, (str, int, float, bool))},
                "target": {"qpos": step.target.qpos.tolist(), "gripper_width": step.target.gripper_width},
                "state": state_to_json(step.state),
                **({"is_stale": True} if step.is_stale else {}),
                "verdict": {"done": step.verdict.done, "progress": step.verdict.progress, "reason": step.verdict.reason},
            }
        )

    def on_end(self, result: EpisodeResult) -> None:
        """Write the result and rename the file."""
        self._line({"kind": "end", **result.to_json()})
        with self._discarding_on_failure():
            self._file.close()
            commit(self._part, self.path)
        self.written = self.path

    def _line(self, value: dict[str, Any]) -> None:
        with self._discarding_on_failure():
            self._file.write(json.dumps(value, separators=(",", ":")) + "\n")

    @contextlib.contextmanager
    def _discarding_on_failure(self) -> Iterator[None]:
        """Remove an incomplete file and raise an error that names it."""
        try:
            with writing(self.path, remedy=REMEDY):
                yield
        except Exception:
            with contextlib.suppress(OSError):
                self._file.close()
            self._part.unlink(missing_ok=True)
            raise


def state_to_json(state: SceneState) -> dict[str, Any]:
    """Return the values of a state that a replay compares."""
    return {
        "time": state.time,
        "qpos": state.qpos.tolist(),
        "qvel": state.qvel.tolist(),
        "gripper_width": state.gripper_width,
        "object_pos": state.object_pos.tolist(),
        "object_quat": state.object_quat.tolist(),
        "object_linvel": state.object_linvel.tolist(),
    }
