"""`TransitionData`: training data of `mini`: pictures of many scenes and states of many control periods.

Each batch has some of each. The inputs of the controller head have the noise of detections, see `transition_scenes`. All
random numbers follow from the seed and the batch number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vla_isaac.collection.demonstrator import demonstration_spec
from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.config import to_mapping
from vla_isaac.core.errors import ConfigError, UsageError, VlaIsaacError
from vla_isaac.core.goals import parse_goal
from vla_isaac.core.specs import CameraView
from vla_isaac.datasets.loading import TransitionDataset, VLADataLoader
from vla_isaac.datasets.loading.augmentation import vary_colours
from vla_isaac.datasets.loading.order import BatchOrder, in_batches
from vla_isaac.datasets.normaliser import Normaliser
from vla_isaac.datasets.transitions import NO, PLAN, Transitions, plan_of
from vla_isaac.models.base import Batch
from vla_isaac.models.goal_query import goal_query
from vla_isaac.robots.panda import ARM_JOINTS
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.objects import make_object
from vla_isaac.training.config import TrainConfig
from vla_isaac.training.data_module import VALIDATION, DataModule, held_out
from vla_isaac.training.transition_scenes import TransitionScenes
from vla_isaac.training.transition_views import TransitionViews

ACTION_NAMES = ("x", "y", "z", "rx", "ry", "rz", "gripper")
STATE_NAMES = (*ARM_JOINTS, "gripper_width")
RATE_HZ = 10.0
PICTURE_ORDER = 1_000_003  # random stream of the order of pictures
UNSUPPORTED_OPTIONS = ("history", "mix", "demonstrations", "normalise", "wordings", "unfitting_share", "corrected_share")
"""Options of a training that have no effect on transitions; a preset that sets one is refused."""

UNSUPPORTED_AUGMENTATION = ("shift_px", "crop", "saturation", "rendered_share")


class TransitionData(DataModule):
    """Training and validation batches of transition datasets."""

    dataset: TransitionDataset

    def __init__(self, paths: Sequence[Path], config: TrainConfig) -> None:
        """Read all data into memory.

        Args:
            paths: Folders written by ``vla-isaac collect --format transitions``.
            config: Batch sizes of each kind, and fraction of episodes held out for validation.

        Raises:
            UsageError: If there are no samples.
            ConfigError: If the preset has an option that transitions do not support.
            DatasetError: If a file is broken or a number in it is not finite.
        """
        self.config = config
        _check_options(config)
        _check_rate(paths)
        self.dataset = TransitionDataset(paths, config.cameras)
        self.transitions = found = self.dataset.transitions
        self.state_normaliser, self.action_normaliser = (_unscaled(names) for names in (STATE_NAMES, ACTION_NAMES))
        seeds = found.episodes["seed"]
        self.num_episodes, self.num_rows = len(seeds), len(found.of_episode)
        self.seeds = int(seeds.min()), int(seeds.max())
        self.sentences, self.tasks = sorted(set(map(str, found.episodes["sentence"]))), ()
        self.action_spec = to_mapping(demonstration_spec(RATE_HZ))
        self.views = {
            c.name: CameraView(mount=c.mount, eye=c.eye, target=c.target, up=c.up, fov_y=c.fov_y)
            for c in scene_preset("tabletop").cameras
            if c.name in config.cameras
        }
        self._scenes = TransitionScenes(found)
        self._views = TransitionViews(found, config.cameras)
        self._left_out = frozenset(_classes(goal) for goal in config.leave_out)
        is_held = np.isin(np.arange(self.num_episodes), held_out(self.num_episodes, config))
        is_left_out = np.array([self._is_left_out(labels) for labels in found.episodes["asked"]], dtype=bool)
        is_usable = (found.rows["active"] != NO) & ~is_left_out[found.of_episode]
        is_held_picture, is_held_row = is_held[found.of_episode[found.of_row]], is_held[found.of_episode]
        self._pictures, self._held_pictures = np.flatnonzero(~is_held_picture), np.flatnonzero(is_held_picture)
        self._rows, self._held_rows = np.flatnonzero(is_usable & ~is_held_row), np.flatnonzero(is_usable & is_held_row)
        if not len(self._rows) or not len(self._pictures):
            raise UsageError(f"{paths[0]}: no samples are left; leave out fewer goals, or collect more")
        self._cumulative = _cumulative_probability(found, self._rows)

    def validation(self) -> Iterator[Batch]:
        """Yield the batches of a validation, the same each time; none if no episode was held out for it."""
        config = self.config
        random = np.random.default_rng((config.seed, VALIDATION))
        pictures = random.permutation(self._held_pictures)[: config.validation_batches * config.batch_size]
        if not len(pictures) or not len(self._held_rows):
            return
        for batch in VLADataLoader(self.dataset, in_batches(pictures, config.batch_size)):
            rows = random.choice(self._held_rows, config.rows_per_batch)
            yield self._joined(batch, rows, random, is_varied=False)

    # ------------------------------------------------------------------

    def _order(self, first_batch: int) -> BatchOrder:
        size = min(self.config.batch_size, len(self._pictures))
        return BatchOrder(
            {"": self._pictures}, size, seed=self.config.seed, first_batch=first_batch, drop_last=True, endless=True,
            stream=PICTURE_ORDER,
        )  # fmt: skip

    def _completed(self, batch: dict[str, Any], random: np.random.Generator) -> Batch:
        """Return a training batch: augmented pictures, with random rows."""
        rows = self._rows[np.searchsorted(self._cumulative, random.random(self.config.rows_per_batch))]
        return self._joined(batch, rows, random, is_varied=True)

    def _joined(self, batch: dict[str, Any], rows: AnyArray, random: np.random.Generator, *, is_varied: bool) -> Batch:
        """Return pictures and rows as one batch; with augmentation and noise if `is_varied`."""
        generator = torch.Generator().manual_seed(int(random.integers(2**62)))
        seen = self.transitions.of_row[batch["index"].numpy()]
        images, how = batch["images"], self.config.augmentation
        if how is not None and is_varied:
            images = {name: vary_colours(found[:, 0], how, generator)[:, None] for name, found in images.items()}
        return {
            "images": images,
            "state": batch["state"],
            "known": self._scenes.known(seen),
            "inside": self._views.inside(seen),
            "rows": self._scenes.decisions(rows, generator if is_varied else None),
            "episode": batch["episode"],
        }

    def _is_left_out(self, labels: AnyArray) -> bool:
        return bool(self._left_out) and any(tuple(map(int, row)) in self._left_out for row in labels)


def _check_options(config: TrainConfig) -> None:
    """Raise `ConfigError` if a preset sets an option that has no effect on transitions."""
    usual = TrainConfig()
    unsupported = [name for name in UNSUPPORTED_OPTIONS if getattr(config, name) != getattr(usual, name)]
    augmentation = config.augmentation
    if augmentation is not None:
        unsupported += [f"augmentation.{name}" for name in UNSUPPORTED_AUGMENTATION if getattr(augmentation, name)]
    if unsupported:
        raise ConfigError(f"training: {unsupported[0]} has no effect on training on transitions; leave it out")
    if config.chunk != 1:
        raise ConfigError(f"training: chunk={config.chunk}, but transitions hold one action each; give chunk: 1")


def _check_rate(paths: Sequence[Path]) -> None:
    """Raise `UsageError` if a dataset was collected at another rate than that of the policy."""
    for path in paths:
        rate = plan_of(path).get("fps", RATE_HZ) if (path / PLAN).exists() else RATE_HZ
        if rate != RATE_HZ:
            raise UsageError(f"{path}: was collected at {rate:g} Hz, mini acts at {RATE_HZ:g}; collect again with --fps 10")


def _classes(goal: str) -> tuple[int, ...]:
    """Return the classes of a goal such as ``on(red_cube, blue_box)``, whose objects are named by colour and shape.

    Raises:
        ConfigError: If it is not such a goal.
    """
    plan = parse_goal(goal)
    named = [name.partition("_") for name in plan.objects]
    try:
        bodies = [make_object(shape, colour).body for colour, _, shape in named]
    except VlaIsaacError as error:
        raise ConfigError(f"training: leave_out {goal!r}: {error}") from error
    labels = goal_query(plan, bodies)
    if labels is None or len(plan.goals) != 1:
        raise ConfigError(f"training: leave_out {goal!r} is not a single goal with objects named by colour and shape")
    return tuple(map(int, labels[0]))


def _cumulative_probability(transitions: Transitions, rows: AnyArray) -> AnyArray:
    """Return the cumulative sampling probability of the rows; every kind of goal has the same weight."""
    kinds = transitions.episodes["goals"][transitions.of_episode[rows], 0, 1]
    count = transitions.episodes["goals"][..., 1]
    several = (count >= 0).sum(1)[transitions.of_episode[rows]]
    _, number, counts = np.unique(kinds * 8 + several, return_inverse=True, return_counts=True)
    shares = np.cumsum(1.0 / counts[number])
    return shares / shares[-1]


def _unscaled(names: Sequence[str]) -> Normaliser:
    zeros, ones = (0.0,) * len(names), (1.0,) * len(names)
    return Normaliser(
        names=tuple(names), method="none", q01=zeros, q99=ones, mean=zeros, std=ones, mask=(False,) * len(names)
    )
