"""`EpisodeRecorder`: watches a run and makes an `Episode` of it, with pictures of every camera asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from vla_isaac import __version__
from vla_isaac.collection.goal_objects import goal_objects
from vla_isaac.collection.pictures import OpenStore, PictureStore, in_memory
from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.config import to_mapping
from vla_isaac.core.errors import PolicyError
from vla_isaac.core.specs import ActionSpec
from vla_isaac.core.types import Action
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
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step
from vla_isaac.sensors.camera import CameraRig, ImageOptions
from vla_isaac.sim.backend import Backend

DEFAULT_CAMERAS = ("front", "wrist")
DEFAULT_SIZE = (128, 128)

DEMONSTRATED = "demonstrated"
"""Key in a chunk's `info` of the `Action` to learn, where another one was carried out."""

AXES = ("x", "y", "z")


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What a recorder keeps."""

    cameras: tuple[str, ...] = DEFAULT_CAMERAS
    """Cameras by name; none for numbers only."""

    image_hw: tuple[int, int] = DEFAULT_SIZE
    """Height and width [px] of their pictures."""

    task: str = ""
    """Name of the task family, for the description."""

    scene: str = ""
    """Name of the scene preset; empty takes the name of the scene itself."""

    randomisation: str = ""
    """Name of the randomisation, for the description."""

    extra: Mapping[str, Any] = field(default_factory=dict)
    """Anything else to keep in the description."""


class EpisodeRecorder:
    """A subscriber; after the end of a run `episode` is what happened.

    A picture belongs to what was known *before* an action. Where the policy was given the same camera in the same size its
    frame is taken; else the recorder draws its own, right after the step before.
    """

    def __init__(self, backend: Backend, recording: Recording | None = None, *, open_store: OpenStore = in_memory) -> None:
        """Record runs on `backend`.

        Args:
            backend: Where the run happens; draws the pictures.
            recording: What to keep; None takes two cameras of 128 x 128.
            open_store: Where pictures go.
        """
        self._backend = backend
        self._recording = recording or Recording()
        self._open_store = open_store
        self._stores: dict[str, PictureStore] = {}
        self.episode: Episode | None = None

    def on_start(self, start: EpisodeStart) -> None:
        """Begin an episode, and look at how it starts.

        Raises:
            UnknownNameError: If the scene has no such camera.
        """
        wanted, spec = self._recording, start.policy_spec
        for name in wanted.cameras:
            start.scene.camera(name)
        self.episode = None
        self._start = start
        self._rows: dict[str, list[Any]] = {name: [] for name in ("action", *PROPRIOCEPTION, *OUTCOME, *PRIVILEGED)}
        shared = spec.cameras if spec.image_hw == wanted.image_hw else ()
        own = [name for name in wanted.cameras if name not in shared]
        self._rig = CameraRig(self._backend, own, ImageOptions(resolution_hw=wanted.image_hw), seed=start.seed)
        fps = start.scene.timing.control_hz
        self._stores = {name: self._open_store(name, *wanted.image_hw, fps) for name in wanted.cameras}
        self._before = start.state
        self._next = self._look(start.state.time)

    def on_step(self, step: Step) -> None:
        """Keep one row, then look at how things stand before the next action."""
        pictures = {**{name: frame.rgb for name, frame in step.observation.frames.items()}, **self._next}
        for name, store in self._stores.items():
            store.write(pictures[name])
        self._keep(step)
        is_last = bool(step.verdict.success) or step.index >= self._start.max_steps
        self._next = {} if is_last else self._look(step.state.time)

    def on_end(self, result: EpisodeResult) -> None:
        """Make the episode; one without a single step is none."""
        stores, self._stores = self._stores, {}
        if not self._rows["action"]:
            for store in stores.values():
                store.abandon()
            return
        self._rows["next.done"][-1] = True
        features = {"action": action_columns(self._start.policy_spec.action), **PROPRIOCEPTION, **OUTCOME, **PRIVILEGED}
        columns = {name: as_column(self._rows[name], feature) for name, feature in features.items()}
        images = {name: store.close() for name, store in stores.items()}
        self._rows = {name: [] for name in self._rows}
        meta = self._meta(result)
        self.episode = Episode(
            meta=meta, columns=columns, images={name: values for name, values in images.items() if values is not None}
        )

    def abandon(self) -> None:
        """Let go of an episode that cannot be finished."""
        for store in self._stores.values():
            store.abandon()
        self._stores = {}

    # ------------------------------------------------------------------

    def _look(self, not_before: float) -> dict[str, Image]:
        return {name: frame.rgb for name, frame in self._rig.read(not_before).items()}

    def _keep(self, step: Step) -> None:
        seen, after, rows = step.observation, step.state, self._rows
        rows["action"].append(numbers_of(step.chunk.info.get(DEMONSTRATED, step.action), self._start.policy_spec.action))
        rows["observation.state"].append((*seen.qpos, seen.gripper_width))
        rows["observation.velocity"].append(seen.qvel)
        rows["observation.ee_pose"].append((*seen.pose_base_ee.pos, *seen.pose_base_ee.quat_wxyz))
        rows["action.target"].append((*step.target.qpos, step.target.gripper_width))
        rows["action.executed"].append((*after.qpos, after.gripper_width))
        rows["next.progress"].append(step.verdict.progress)
        rows["next.success"].append(step.verdict.done)
        rows["next.done"].append(False)
        rows["privileged.goal_objects"].append(goal_objects(self._before, self._start.plan))
        self._before = after

    def _meta(self, result: EpisodeResult) -> EpisodeMeta:
        start, wanted = self._start, self._recording
        return EpisodeMeta(
            instruction=start.instruction,
            task=wanted.task,
            goal=result.goal,
            success=result.success,
            failure=result.failure,
            reason=result.reason,
            seed=start.seed,
            scene=wanted.scene or start.scene.name,
            randomisation=wanted.randomisation,
            policy=start.policy,
            backend=start.backend,
            fps=start.scene.timing.control_hz,
            action_spec=to_mapping(start.policy_spec.action),
            cameras=camera_infos(start, wanted.cameras, wanted.image_hw),
            versions={"vla_isaac": __version__, **simulator_version(start.backend)},
            extra={
                "scene_spec": to_mapping(start.scene),
                "layout": to_mapping(start.layout),
                "max_steps": start.max_steps,
                **wanted.extra,
            },
        )


def numbers_of(action: Action, spec: ActionSpec) -> AnyArray:
    """Return an action as one row: the arm's numbers, then the gripper's if the convention has one.

    Raises:
        PolicyError: If the gripper's number is missing; a row cannot say "as before".
    """
    if spec.gripper == "none":
        return np.asarray(action.arm)
    if action.gripper is None:
        raise PolicyError("an action without a gripper number cannot be recorded; let the policy repeat its last one")
    return np.append(action.arm, action.gripper)


def action_columns(spec: ActionSpec) -> Feature:
    """Return the feature of ``"action"``, with a name for each number where the convention gives them names."""
    if spec.joints != "none":
        names = [f"panda_joint{i}" for i in range(1, 8)]
    else:
        names = list(AXES) if spec.translation != "none" else []
        turn = spec.arm_width - len(names)
        names += [f"r{axis}" for axis in AXES] if turn == 3 else [f"r{i}" for i in range(turn)]
    return action_feature(spec.width, [*names, *(["gripper"] if spec.gripper != "none" else [])])


def camera_infos(start: EpisodeStart, names: Sequence[str], image_hw: tuple[int, int]) -> dict[str, CameraInfo]:
    """Return what the cameras saw with in this episode, jitter included."""
    return {
        c.name: CameraInfo(
            height=image_hw[0], width=image_hw[1], fov_y=c.fov_y, mount=c.mount, eye=c.eye, target=c.target, up=c.up
        )
        for c in start.layout.cameras
        if c.name in names
    }


@cache
def simulator_version(backend: str) -> dict[str, str]:
    """Return the version of the simulator's package, empty if it is not a package of its own."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return {backend: version(backend)}
    except PackageNotFoundError:
        return {}
