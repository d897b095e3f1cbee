"""`EpisodeRecorder`: a subscriber that records a run as an `Episode`, with images of the requested cameras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from vla_isaac.collection.goal_objects import goal_objects
from vla_isaac.collection.pictures import PictureBuffer
from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.config import to_mapping
from vla_isaac.core.errors import PolicyError
from vla_isaac.core.specs import ActionSpec
from vla_isaac.core.types import SUBTASK, Action
from vla_isaac.datasets.episode import (
    OUTCOME,
    PRIVILEGED,
    PROPRIOCEPTION,
    CameraInfo,
    Episode,
    EpisodeMeta,
    Feature,
    action_feature,
    as_column,
)
from vla_isaac.datasets.sentences import subtask_annotations
from vla_isaac.runtime.recording import StepTable, describe_start
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step
from vla_isaac.sensors.camera import CameraRig, ImageOptions
from vla_isaac.sim.backend import Backend

DEFAULT_CAMERAS = ("front", "wrist")
DEFAULT_SIZE = (128, 128)

DEMONSTRATED = "demonstrated"
"""Key in a chunk's `info` of the `Action` to learn, where another one was executed."""

AXES = ("x", "y", "z")


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Options of a recorder."""

    cameras: tuple[str, ...] = DEFAULT_CAMERAS
    """Names of the cameras; empty for no images."""

    image_hw: tuple[int, int] = DEFAULT_SIZE
    """Height and width [px] of the images."""

    task: str = ""
    """Name of the task family, for the metadata."""

    scene: str = ""
    """Name of the scene preset; empty takes the name of the scene itself."""

    randomisation: str = ""
    """Name of the randomisation, for the metadata."""

    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further metadata."""


class EpisodeRecorder:
    """A subscriber; after the end of a run `episode` holds its recording.

    An image belongs to the observation *before* an action. If the policy received the same camera in the same size, its
    frame is recorded; otherwise the recorder renders its own, directly after the previous step.
    """

    def __init__(self, backend: Backend, recording: Recording | None = None) -> None:
        """Record runs on `backend`.

        Args:
            backend: The simulator of the run; renders the images.
            recording: The options; None records two cameras of 128 x 128.
        """
        self._backend = backend
        self._recording = recording or Recording()
        self.episode: Episode | None = None

    def on_start(self, start: EpisodeStart) -> None:
        """Start an episode, and render its first images.

        Raises:
            UnknownNameError: If the scene has no such camera.
        """
        recording, spec = self._recording, start.policy_spec
        for name in recording.cameras:
            start.scene.camera(name)
        self.episode = None
        self._start, self._before = start, start.state
        self._table = StepTable(
            *STEPS,
            action=lambda step: action_to_learn(step, spec.action),
            goal_objects=lambda step: goal_objects(self._before, start.plan),
        )
        self._subtasks: list[str] = []
        self._buffers = {name: PictureBuffer(*recording.image_hw) for name in recording.cameras}
        shared = spec.cameras if spec.image_hw == recording.image_hw else ()
        own = [name for name in recording.cameras if name not in shared]
        self._rig = CameraRig(self._backend, own, ImageOptions(resolution_hw=recording.image_hw), seed=start.seed)
        self._draw()

    def on_step(self, step: Step) -> None:
        """Store one row, then render the images before the next action."""
        frames = {**step.observation.frames, **self._own_frames}
        for name, buffer in self._buffers.items():
            buffer.write(frames[name].rgb)
        self._table.add(step)
        self._subtasks.append(str(step.chunk.info.get(SUBTASK, "")))
        self._before = step.state
        if not step.is_last:
            self._draw()

    def on_end(self, result: EpisodeResult) -> None:
        """Make the episode; a run without a step makes none."""
        if not len(self._table):
            return
        features = {"action": action_columns(self._start.policy_spec.action), **PROPRIOCEPTION, **OUTCOME, **PRIVILEGED}
        self.episode = Episode(
            meta=self._meta(result),
            columns=dataset_columns(self._table.arrays(), features),
            images={name: buffer.pictures for name, buffer in self._buffers.items()},
        )

    def _draw(self) -> None:
        self._own_frames = self._rig.read(self._before.time)

    def _meta(self, result: EpisodeResult) -> EpisodeMeta:
        start, recording = self._start, self._recording
        return episode_meta(
            describe_start(start),
            vars(result),
            dict.fromkeys(recording.cameras, recording.image_hw),
            task=recording.task,
            scene=recording.scene or start.scene.name,
            randomisation=recording.randomisation,
            action_spec=to_mapping(start.policy_spec.action),
            versions=simulator_version(start.backend),
            extra={"max_steps": start.max_steps, **recording.extra},
            annotations=subtask_annotations(self._subtasks, start.scene.timing.control_hz),
        )


STEPS = (
    *("qpos", "qvel", "gripper_width", "ee_pos", "ee_quat_wxyz", "target_qpos", "target_gripper_width"),
    *("next_qpos", "next_gripper_width", "progress", "success"),
)
"""The `STEP_FIELDS` that a dataset holds, besides the action to learn and the objects of the goal."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "action": ("action",),
    "observation.state": ("qpos", "gripper_width"),
    "observation.velocity": ("qvel",),
    "observation.ee_pose": ("ee_pos", "ee_quat_wxyz"),
    "action.target": ("target_qpos", "target_gripper_width"),
    "action.executed": ("next_qpos", "next_gripper_width"),
    "next.progress": ("progress",),
    "next.success": ("success",),
    "next.done": ("is_last",),
    "privileged.goal_objects": ("goal_objects",),
}
"""Column of a dataset to the recorded values that it concatenates."""


def dataset_columns(arrays: Mapping[str, AnyArray], features: Mapping[str, Feature]) -> dict[str, AnyArray]:
    """Return the columns of an episode from recorded values.

    Args:
        arrays: By the names in `COLUMNS`, T rows each.
        features: The requested columns.
    """
    rows = len(arrays["qpos"])
    values = {**arrays, "is_last": np.arange(rows) == rows - 1}
    return {
        name: as_column(np.concatenate([values[part].reshape(rows, -1) for part in COLUMNS[name]], axis=1), feature)
        for name, feature in features.items()
    }


def episode_meta(
    start: Mapping[str, Any],
    result: Mapping[str, Any],
    resolutions_hw: Mapping[str, tuple[int, ...]],
    *,
    versions: Mapping[str, str],
    extra: Mapping[str, Any],
    **more: Any,
) -> EpisodeMeta:
    """Return the metadata of an episode.

    Args:
        start: The result of `runtime.recording.describe_start`.
        result: The fields of its `EpisodeResult`.
        resolutions_hw: Height and width [px] of the images of each recorded camera.
        versions: Of the simulator.
        extra: Stored in addition to scene and layout.
        more: Further fields of the metadata.
    """
    cameras = {camera["name"]: camera for camera in start["layout"]["cameras"] if camera["name"] in resolutions_hw}
    return EpisodeMeta(
        instruction=start["instruction"],
        goal=result["goal"],
        success=result["success"],
        failure=result["failure"],
        reason=result["reason"],
        seed=start["seed"],
        policy=start["policy"],
        backend=start["backend"],
        fps=start["control_hz"],
        cameras={name: camera_info(camera, resolutions_hw[name]) for name, camera in cameras.items()},
        versions={"vla_isaac": start["vla_isaac"], **versions},
        extra={"scene_spec": start["scene"], "layout": start["layout"], **extra},
        **more,
    )


def camera_info(camera: Mapping[str, Any], resolution_hw: tuple[int, ...]) -> CameraInfo:
    """Return the parameters of a camera of a layout, jitter included."""
    eye, target, up = (tuple(camera[name]) for name in ("eye", "target", "up"))
    height, width = resolution_hw
    return CameraInfo(
        height=height, width=width, fov_y=camera["fov_y"], mount=camera["mount"], eye=eye, target=target, up=up
    )


def action_to_learn(step: Step, spec: ActionSpec) -> AnyArray:
    """Return the action of a step as one row: the demonstrator's action, where another was executed.

    Raises:
        PolicyError: If the gripper's number is missing.
    """
    return numbers_of(step.chunk.info.get(DEMONSTRATED, step.action), spec)


def numbers_of(action: Action, spec: ActionSpec) -> AnyArray:
    """Return an action as one row: the arm's values, then the gripper's if the convention has one.

    Raises:
        PolicyError: If the gripper's number is missing; a row cannot say "as before".
    """
    if spec.gripper == "none":
        return np.asarray(action.arm)
    if action.gripper is None:
        raise PolicyError("an action without a gripper number cannot be recorded; let the policy repeat its last one")
    return np.append(action.arm, action.gripper)


def action_columns(spec: ActionSpec) -> Feature:
    """Return the feature of ``"action"``, with a name for each value where the convention names them."""
    if spec.joints != "none":
        names = [f"panda_joint{i}" for i in range(1, 8)]
    else:
        names = list(AXES) if spec.translation != "none" else []
        turn = spec.arm_width - len(names)
        names += [f"r{axis}" for axis in AXES] if turn == 3 else [f"r{i}" for i in range(turn)]
    return action_feature(spec.width, [*names, *(["gripper"] if spec.gripper != "none" else [])])


@cache
def simulator_version(backend: str) -> dict[str, str]:
    """Return the version of the simulator's package, empty if it has no package of its own."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return {backend: version(backend)}
    except PackageNotFoundError:
        return {}
