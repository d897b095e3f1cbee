"""`collect_transitions`: single control periods of many episodes, for networks that are trained on single steps.

A camera image costs more than the episode around it, and the images of one episode are similar. So a transition dataset
has the states and actions of every control period and the images of a few: ten times more scenes for the same time and disk.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.collection.collector import Collector
from vla_isaac.collection.plan import CollectionPlan, DemonstrationJob
from vla_isaac.collection.recorder import action_to_learn
from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.atomic_files import OutputLock, write_bytes
from vla_isaac.core.config import to_mapping
from vla_isaac.core.errors import UsageError
from vla_isaac.core.goals import Goal
from vla_isaac.core.seeding import stream
from vla_isaac.core.types import SceneState
from vla_isaac.datasets.transitions import MAX_GOALS, MAX_OBJECTS, NO, PLAN, block_path, plan_of, save_block
from vla_isaac.jobs import in_order, open_pool
from vla_isaac.jobs.pool import JOB_DEADLINE
from vla_isaac.models.goal_query import COLOUR_NAMES, RELATIONS, goal_query, relation_of
from vla_isaac.policies.scripted.expert import destination
from vla_isaac.runtime.recording import StepTable
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step
from vla_isaac.scene.objects import SHAPES
from vla_isaac.sensors.camera import CameraRig, ImageOptions
from vla_isaac.sim.backend import Backend

EPISODES_PER_BLOCK = 40
RETRIES = 2  # of a block that lost its worker

Driver = Callable[[Collector], None]
"""Replaces the policy that acts; it is pickled for other processes, and its text is part of the plan of the dataset."""


@dataclass
class TransitionRecorder:
    """A subscriber that stores the values of every control period, and images of the first and of some sampled ones."""

    backend: Backend
    cameras: tuple[str, ...]
    image_hw: tuple[int, int]
    picture_share: float
    """Share of the control periods with images."""

    expert: Any
    """The `ScriptedPolicy` whose goal and destination are recorded."""

    episodes: list[dict[str, Any]] = field(default_factory=list)
    """One mapping of arrays per finished episode."""

    def on_start(self, start: EpisodeStart) -> None:
        """Start an episode."""
        self._start, self._before = start, start.state
        self._rng = stream(start.seed, "moments")
        self._rig = CameraRig(self.backend, list(self.cameras), ImageOptions(resolution_hw=self.image_hw), seed=start.seed)
        self._goals = list(start.plan.goals) if start.plan is not None else []
        self._table = StepTable(
            action=lambda step: action_to_learn(step, start.policy_spec.action),
            state=lambda step: (*step.observation.qpos, step.observation.gripper_width),
            objects=lambda step: _poses(self._before),
            active=lambda step: self._active(),
            place=lambda step: destination(self._before, self.expert.pursued) or (np.nan, np.nan),
        )
        self._pictures: dict[str, list[Any]] = {name: [] for name in self.cameras}
        self._of_row: list[int] = []
        self._asked = goal_query(start.plan, start.scene.bodies) if start.plan is not None else None
        self._draw(0)

    def on_step(self, step: Step) -> None:
        """Store the observation before the action, and the expert's action."""
        self._table.add(step)
        self._before = step.state
        if not step.is_last and self._rng.random() < self.picture_share:
            self._draw(step.index)

    def on_end(self, result: EpisodeResult) -> None:
        """Finish the episode; one whose goal has no class labels is discarded."""
        if not len(self._table) or self._asked is None:
            return
        start = self._start
        if self._of_row and self._of_row[-1] >= len(self._table):  # rendered, but no further action followed
            self._of_row.pop()
            for pictures_of_camera in self._pictures.values():
                pictures_of_camera.pop()
        pictures = {name: np.stack(values) for name, values in self._pictures.items()} if self._of_row else {}
        self.episodes.append(
            {
                **self._table.arrays(),
                **pictures,
                "of_row": np.array(self._of_row, dtype=np.int64),
                "bodies": _bodies(start),
                "goals": _goals(start),
                "asked": self._asked,
                "views": np.array([(*c.eye, *c.target, *c.up) for c in start.layout.cameras if c.name in self.cameras]),
                "sentence": start.instruction,
                "seed": start.seed,
                "success": result.success,
            }
        )

    def _active(self) -> int:
        """Return the index of the goal that the expert pursues."""
        goal: Goal | None = self.expert.pursued
        return self._goals.index(goal) if goal in self._goals else NO

    def _draw(self, row: int) -> None:
        if not self.cameras:
            return
        for name, frame in self._rig.read(self._before.time).items():
            self._pictures[name].append(frame.rgb.copy())
        self._of_row.append(row)


def collect_transitions(
    folder: Path,
    plan: CollectionPlan,
    *,
    picture_share: float,
    num_workers: int = 2,
    driver: Driver | None = None,
    resume: bool = False,
    deadline: float | None = JOB_DEADLINE,
) -> Iterator[tuple[int, int]]:
    """Write the missing blocks of episodes; yield after each the number of finished blocks and their total.

    Args:
        folder: Folder of the blocks.
        plan: What to collect; failed episodes are kept too, since the expert's action is correct in every state.
        picture_share: Share of the control periods with images.
        num_workers: Number of processes.
        driver: Makes the policy that acts while the expert labels its action; None lets the expert act.
        resume: Whether to complete what an earlier call began.
        deadline: Timeout of one block [s] with several workers; a worker that takes longer is killed.

    Raises:
        BackendError: If a block lost its worker in every retry.
        UsageError: If the folder has data and `resume` is false, or it was begun with other options.
    """
    with OutputLock(folder):
        _begin(folder, {**to_mapping(plan), "picture_share": picture_share, "driver": _text(driver)}, resume=resume)
        total = -(-plan.episodes // EPISODES_PER_BLOCK)
        missing = [block for block in range(total) if not block_path(folder, block).exists()]
        done = total - len(missing)
        pool = open_pool(
            partial(BlockWorker, folder, plan, picture_share, driver),
            num_workers=num_workers,
            retries=RETRIES,
            deadline=deadline,
        )
        try:
            for result in in_order(pool, missing):
                result.check(remedy="finished blocks are kept; continue with --resume and fewer --workers")
                done += 1
                yield done, total
        finally:
            pool.close()


def _begin(folder: Path, options: dict[str, Any], *, resume: bool) -> None:
    """Make the folder and write the options into it, or compare them with the existing ones."""
    path = folder / PLAN
    if path.exists():
        if not resume:
            raise UsageError(f"{folder} holds transitions already; add --resume to complete them, or choose another folder")
        before = plan_of(folder)
        now = json.loads(json.dumps(options))
        differs = [f"{name} was {before.get(name)}, now {now[name]}" for name in now if before.get(name) != now[name]]
        if differs:
            raise UsageError(
                f"{folder} was begun with other options: {'; '.join(differs)}; give the same, or another folder"
            )
        return
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty and holds no transitions; choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(path, (json.dumps(options, indent=1) + "\n").encode())


def _text(driver: Driver | None) -> str | None:
    """Return a driver as text that is the same in every process."""
    if isinstance(driver, partial):
        arguments = [*map(str, driver.args), *(f"{name}={value}" for name, value in driver.keywords.items())]
        return f"{driver.func.__module__}.{driver.func.__qualname__}({', '.join(arguments)})"
    return driver and f"{driver.__module__}.{driver.__qualname__}"


class BlockWorker:
    """Makes blocks of episodes with one backend; runs in a worker process."""

    def __init__(self, folder: Path, plan: CollectionPlan, picture_share: float, driver: Driver | None) -> None:
        """Make the backend, the expert and the driver; the arguments are those of `collect_transitions`."""
        self._folder, self._plan, self._picture_share = folder, plan, picture_share
        self._collector = Collector(plan)
        if driver is not None:
            driver(self._collector)

    def __call__(self, block: int) -> None:
        """Make one block."""
        plan, collector = self._plan, self._collector
        recorder = TransitionRecorder(collector.backend, plan.cameras, plan.image_hw, self._picture_share, collector.expert)
        first = block * EPISODES_PER_BLOCK
        for number in range(first, min(first + EPISODES_PER_BLOCK, plan.episodes)):
            task = plan.tasks[number % len(plan.tasks)]
            collector.run(DemonstrationJob(task, plan.seed + number), [recorder])
        save_block(block_path(self._folder, block), recorder.episodes)

    def close(self) -> None:
        """Release the backend."""
        self._collector.close()


def _poses(state: SceneState) -> AnyArray:
    poses = np.full((MAX_OBJECTS, 7), np.nan, dtype=np.float32)
    count = min(len(state.bodies), MAX_OBJECTS)
    poses[:count, :3], poses[:count, 3:] = state.object_pos[:count], state.object_quat[:count]
    return poses


def _bodies(start: EpisodeStart) -> AnyArray:
    """Return half extents, shape, colour and initial position of each object, (MAX_OBJECTS, 8), NaN for missing objects."""
    rows = np.full((MAX_OBJECTS, 8), np.nan, dtype=np.float32)
    for row, body, pos in zip(rows, start.state.bodies, start.state.initial_object_pos, strict=False):
        row[:] = (*body.half_extents, SHAPES.index(body.shape), COLOUR_NAMES.index(body.colour), *pos)
    return rows


def _goals(start: EpisodeStart) -> AnyArray:
    """Return step, relation, row of the moved and of the other object of each goal, (MAX_GOALS, 4); NO means none."""
    rows = np.full((MAX_GOALS, 4), NO, dtype=np.int64)
    assert start.plan is not None
    numbered = [(number, goal) for number, step in enumerate(start.plan.steps) for goal in step]
    for row, (number, goal) in zip(rows, numbered, strict=False):
        objects = [start.state.index(name) for name in goal.objects]
        row[:] = (number, RELATIONS.index(relation_of(goal) or "none"), objects[0], objects[1] if len(objects) > 1 else NO)
    return rows
