"""`SpoolRecorder`: episodes as plain numpy files, for processes in which no video or dataset encoder may run.

PyAV and pyarrow bring libraries that conflict with Kit's own, so inside Kit a recording is a folder of numpy files that
an ordinary Python can encode later::

    recording/
        meta.json             what the files are: format, names, shapes and units of the arrays
        episode_000000.npz    one episode: arrays and, under "meta", its description as JSON in bytes
        episode_000001.npz

It contains no pickle. A file gets its final name only when it is complete, so after a kill at any time the folder holds
every episode that had ended.
"""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac import __version__
from vla_isaac.core.array_files import read_arrays
from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.atomic_files import atomic_path, write_bytes
from vla_isaac.core.errors import ConfigError, UsageError
from vla_isaac.core.input_files import parse_json, read_json_object, reading
from vla_isaac.core.types import SUBTASK
from vla_isaac.runtime.recording import STEP_FIELDS, StepTable, describe_start
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step

logger = logging.getLogger(__name__)

FORMAT = 1
KIND = "vla_isaac spool"
_numbering = threading.Lock()  # two episodes never take the same number
MOST_PICTURES = 1 << 30  # [bytes] kept per episode; beyond it the episode is recorded without images

ARRAYS = (
    *("time", "qpos", "qvel", "gripper_width", "ee_pos", "ee_quat_wxyz", "action_arm", "action_gripper"),
    *("target_qpos", "target_gripper_width", "next_time", "object_pos", "object_quat_wxyz", "progress"),
)
FIELDS = {
    **{name: STEP_FIELDS[name].about for name in ARRAYS},
    "rgb_<camera>": "pictures the policy was given, uint8, (T, H, W, 3)",
    "meta": "the episode's description: JSON in UTF-8, uint8",
}


class SpoolRecorder:
    """A subscriber that keeps an episode in memory and writes it on its own thread when it has ended."""

    def __init__(self, folder: Path) -> None:
        """Record into `folder`, after its existing episodes."""
        self.folder = folder
        self._writers: list[threading.Thread] = []

    def on_start(self, start: EpisodeStart) -> None:
        """Start an episode.

        Raises:
            UsageError: If the folder cannot be written, or holds other files.
        """
        self._start = start
        self._table = StepTable(*ARRAYS)
        self._subtasks: list[str] = []
        self._pictures: dict[str, list[AnyArray]] = {}
        self._bytes = 0
        _prepare(self.folder)

    def on_step(self, step: Step) -> None:
        """Store one control period."""
        self._table.add(step)
        self._subtasks.append(str(step.chunk.info.get(SUBTASK, "")))
        self._keep_pictures({name: frame.rgb for name, frame in step.observation.frames.items()})

    def on_end(self, result: EpisodeResult) -> None:
        """Write the episode, without blocking the caller."""
        start = self._start
        meta = {
            "format": FORMAT,
            **describe_start(start),
            "objects": [body.name for body in start.scene.bodies],
            "pictures_dropped": self._bytes > MOST_PICTURES,
            "subtasks": self._subtasks,
            "result": result.to_json(),
        }
        pictures, self._pictures = self._pictures, {}
        writer = threading.Thread(target=_write, args=(self.folder, self._table, pictures, meta), name="vla_isaac spool")
        self._writers = [one for one in self._writers if one.is_alive()] + [writer]
        writer.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until every ended episode is written, for `timeout` [s] each at most; return whether all are."""
        for writer in self._writers:
            writer.join(timeout)
        return not any(writer.is_alive() for writer in self._writers)

    def _keep_pictures(self, pictures: dict[str, AnyArray]) -> None:
        self._bytes += sum(rgb.nbytes for rgb in pictures.values())
        if self._bytes > MOST_PICTURES:
            self._pictures.clear()
            return
        for name, rgb in pictures.items():
            self._pictures.setdefault(name, []).append(rgb)


def episodes(folder: Path) -> list[Path]:
    """Return the complete episodes of a recording, oldest first."""
    return sorted(folder.glob("episode_*.npz"))


def read_episode(path: Path) -> tuple[dict[str, AnyArray], dict[str, Any]]:
    """Return the arrays of an episode and its description.

    Raises:
        ConfigError: If it is not an episode, or its format is not supported.
    """
    remedy = "give one of the episode_*.npz files of a recording"
    arrays = read_arrays(path, error=ConfigError, remedy=remedy)
    with reading(path, error=ConfigError, remedy=remedy):
        meta = parse_json(bytes(arrays.pop("meta")), path, error=ConfigError, remedy=remedy)
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        found = meta.get("format") if isinstance(meta, dict) else meta
        raise ConfigError(f"{path} has the format {str(found)[:60]}, supported is {FORMAT}", remedy="update vla_isaac")
    return arrays, meta


def _prepare(folder: Path) -> None:
    """Make the folder and its meta.json, or raise the reason."""
    about = folder / "meta.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if about.exists():
            remedy = "choose another folder for the recording"
            if read_json_object(about, error=UsageError, remedy=remedy).get("kind") != KIND:
                raise UsageError(f"{folder} holds a meta.json of something else", remedy=remedy)
            return
        text = json.dumps({"kind": KIND, "format": FORMAT, "vla_isaac": __version__, "fields": FIELDS}, indent=2)
        write_bytes(about, text.encode())
    except OSError as error:
        raise UsageError(f"the recording {folder} cannot be written ({error})", remedy="choose another folder") from error


def _write(folder: Path, table: StepTable, pictures: dict[str, list[AnyArray]], meta: dict[str, Any]) -> None:
    """Write one episode under the next free number; runs on the writer's thread and does not use the simulator."""
    arrays = table.arrays()
    arrays.update({f"rgb_{name}": np.stack(values) for name, values in pictures.items()})
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode("utf-8"), dtype=np.uint8)
    with _numbering:
        taken = [int(path.stem.rpartition("_")[2]) for path in episodes(folder)]
        path = folder / f"episode_{max(taken, default=-1) + 1:06d}.npz"
        try:
            with atomic_path(path) as part, part.open("wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]  # the stub takes the keyword allow_pickle for one of them
        except OSError as error:
            logger.error("the episode %s could not be written (%s); free some space, or choose another folder", path, error)
