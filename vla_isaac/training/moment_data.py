"""`MomentData`: what `mini` learns from: pictures of many scenes, numbers of many control periods, and sentences.

Each batch has some of each. What the deciding part is given is made as unsure as what eyes will tell it: places off by what
a camera is off, near the hand less than far from it. All of it follows from the seed and the number of the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vla_isaac.collection.demonstrator import demonstration_spec
from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.config import to_mapping
from vla_isaac.core.errors import ConfigError, UsageError, VlaIsaacError
from vla_isaac.core.goals import parse_goal
from vla_isaac.core.specs import CameraView
from vla_isaac.datasets.normaliser import Normaliser
from vla_isaac.datasets.transitions import NO, PLAN, Transitions, load_transitions, plan_of
from vla_isaac.models.asked import asked
from vla_isaac.models.base import Batch
from vla_isaac.models.processor import VLAProcessor
from vla_isaac.robots.panda import ARM_JOINTS
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.objects import make_object
from vla_isaac.training.config import TrainConfig
from vla_isaac.training.moment_scenes import MomentScenes
from vla_isaac.training.moment_views import MomentViews
from vla_isaac.training.sentence_maker import LabelledSentence, draw_sentences

VALIDATION = 1_000_003  # keeps the random numbers of validation apart from those of training
ACTION_NAMES = ("x", "y", "z", "rx", "ry", "rz", "gripper")
STATE_NAMES = (*ARM_JOINTS, "gripper_width")
RATE_HZ = 10.0
UNHEEDED = ("history", "mix", "demonstrations", "normalise", "wordings", "unfitting_share", "corrected_share")
"""Options of a training that say nothing to moments; one that is given all the same is a misunderstanding."""

UNHEEDED_AUGMENTATION = ("shift_px", "crop", "saturation", "rendered_share")


class MomentData:
    """Training and validation batches of moment datasets."""

    def __init__(self, paths: Sequence[Path], config: TrainConfig) -> None:
        """Read everything into memory.

        Args:
            paths: Folders that `collect_transitions` wrote.
            config: How many of each kind a batch has, and how many episodes are kept for validation.

        Raises:
            UsageError: If there is nothing to learn from.
            ConfigError: If the preset asks for what moments cannot give.
            DatasetError: If a file is broken or a number in it is not finite.
        """
        self._config = config
        _check_heeded(config)
        _check_rate(paths)
        self.moments = moments = load_transitions(paths)
        missing = [name for name in config.cameras if name not in moments.pictures]
        if missing:
            raise UsageError(
                f"{paths[0]}: has no pictures of the camera {missing[0]!r}; it has {', '.join(moments.pictures) or 'none'}"
            )
        self.processor: VLAProcessor | None = None
        self.state_normaliser, self.action_normaliser = (_unscaled(names) for names in (STATE_NAMES, ACTION_NAMES))
        self._scenes = MomentScenes(moments)
        self._views = MomentViews(moments, config.cameras)
        held = _held(self.num_episodes, config)
        self._left_out = frozenset(_classes(goal) for goal in config.leave_out)
        is_left_out = np.array([self._is_left_out(labels) for labels in moments.episodes["asked"]], dtype=bool)
        of_picture = moments.of_episode[moments.of_row]
        is_usable = (moments.rows["active"] != NO) & ~is_left_out[moments.of_episode]
        self._pictures = np.flatnonzero(~held[of_picture])
        self._held_pictures = np.flatnonzero(held[of_picture])
        self._rows = np.flatnonzero(is_usable & ~held[moments.of_episode])
        self._held_rows = np.flatnonzero(is_usable & held[moments.of_episode])
        if not len(self._rows) or not len(self._pictures):
            raise UsageError(f"{paths[0]}: nothing is left to learn from; leave out fewer goals, or collect more")
        self._shares = _row_shares(moments, self._rows)

    @property
    def num_episodes(self) -> int:
        """Episodes in all."""
        return len(self.moments.episodes["seed"])

    @property
    def num_rows(self) -> int:
        """Control periods in all."""
        return len(self.moments.of_episode)

    @property
    def seeds(self) -> tuple[int, int]:
        """First and last seed of the episodes."""
        seeds = self.moments.episodes["seed"]
        return int(seeds.min()), int(seeds.max())

    @property
    def sentences(self) -> list[str]:
        """Sentences the datasets have."""
        return sorted(set(map(str, self.moments.episodes["sentence"])))

    @property
    def tasks(self) -> tuple[str, ...]:
        """None: what is asked for is told by goals, not by the names of families."""
        return ()

    @property
    def action_spec(self) -> dict[str, Any]:
        """What the actions mean."""
        return to_mapping(demonstration_spec(RATE_HZ))

    @property
    def views(self) -> dict[str, CameraView]:
        """Where the cameras stood, before any jitter."""
        cameras = {camera.name: camera for camera in scene_preset("tabletop").cameras}
        return {
            name: CameraView(mount=c.mount, eye=c.eye, target=c.target, up=c.up, fov_y=c.fov_y)
            for name, c in cameras.items()
            if name in self._config.cameras
        }

    def training(self, first_batch: int) -> Iterator[Batch]:
        """Yield batches without end, from the one with this number."""
        config, number = self._config, first_batch
        order, shuffled = self._pictures, -1
        while True:
            random = np.random.default_rng((config.seed, number))
            size = min(config.batch_size, len(self._pictures))
            epoch, place = divmod(number * size, len(self._pictures) // size * size)
            if epoch != shuffled:
                order = np.random.default_rng((config.seed, VALIDATION, epoch)).permutation(self._pictures)
                shuffled = epoch
            rows = self._rows[np.searchsorted(self._shares, random.random(config.rows_per_batch))]
            said = self._said(int(random.integers(2**62)))
            yield self._batch(order[place : place + size], rows, said, random, is_varied=True)
            number += 1

    def validation(self) -> Iterator[Batch]:
        """Yield the batches of a validation, the same each time; none if no episode was kept for it."""
        config = self._config
        random = np.random.default_rng((config.seed, VALIDATION))
        pictures = random.permutation(self._held_pictures)[: config.validation_batches * config.batch_size]
        if not len(pictures) or not len(self._held_rows):
            return
        for number in range(-(-len(pictures) // config.batch_size)):
            rows = random.choice(self._held_rows, config.rows_per_batch)
            said = self._said(VALIDATION + number)
            chosen = pictures[number * config.batch_size : (number + 1) * config.batch_size]
            yield self._batch(chosen, rows, said, random, is_varied=False)

    # ------------------------------------------------------------------

    def _said(self, seed: int) -> list[LabelledSentence]:
        """Return sentences of a batch; none asks for what is left out."""
        said = draw_sentences(seed, self._config.sentences_per_batch)
        return [one for one in said if not self._is_left_out(one.labels)] if self._left_out else said

    def _is_left_out(self, labels: AnyArray) -> bool:
        return bool(self._left_out) and any(tuple(map(int, row)) in self._left_out for row in labels)

    def _batch(
        self,
        pictures: AnyArray,
        rows: AnyArray,
        said: Sequence[LabelledSentence],
        random: np.random.Generator,
        *,
        is_varied: bool,
    ) -> Batch:
        if self.processor is None:
            raise UsageError("the training data has no processor yet; make a model for it first")
        generator = torch.Generator().manual_seed(int(random.integers(2**62)))
        seen = self.moments.of_row[pictures]
        images = {name: self._images(name, pictures, generator, is_varied) for name in self._config.cameras}
        tokens = self.processor.sentences([one.sentence for one in said])
        return {
            "images": images,
            "state": torch.from_numpy(self.moments.rows["state"][seen])[:, None],
            "known": self._scenes.known(seen),
            "inside": self._views.inside(seen),
            "said": {"words": torch.from_numpy(tokens.words), "pieces": torch.from_numpy(tokens.pieces)},
            "labels": torch.from_numpy(np.stack([one.labels for one in said])),
            "makes_sense": torch.tensor([float(one.makes_sense) for one in said]),
            "rows": self._scenes.decisions(rows, generator if is_varied else None),
            "episode": [str(e) for e in self.moments.of_episode[seen]],
        }

    def _images(self, camera: str, pictures: AnyArray, generator: torch.Generator, is_varied: bool) -> Tensor:
        found = torch.from_numpy(self.moments.pictures[camera][pictures]).permute(0, 3, 1, 2)
        augmentation = self._config.augmentation
        if is_varied and augmentation is not None:
            count = len(found)
            bright = 1 + augmentation.brightness * _about_zero((count, 1, 1, 1), generator)
            channel = 1 + augmentation.channel * _about_zero((count, 3, 1, 1), generator)
            offset = 255 * augmentation.offset * _about_zero((count, 1, 1, 1), generator)
            found = (found.float() * (bright * channel) + offset).clamp_(0, 255).to(torch.uint8)
        return found[:, None]


def _check_heeded(config: TrainConfig) -> None:
    """Raise `ConfigError` if a preset asks for something that would have no effect."""
    usual = TrainConfig()
    odd = [name for name in UNHEEDED if getattr(config, name) != getattr(usual, name)]
    augmentation = config.augmentation
    if augmentation is not None:
        odd += [f"augmentation.{name}" for name in UNHEEDED_AUGMENTATION if getattr(augmentation, name)]
    if odd:
        raise ConfigError(f"training: {odd[0]} has no effect on what is learned from moments; leave it out")
    if config.chunk != 1:
        raise ConfigError(f"training: chunk={config.chunk}, but moments hold one action each; give chunk: 1")


def _check_rate(paths: Sequence[Path]) -> None:
    """Raise `UsageError` if a dataset was collected at another rate than the policy acts at."""
    for path in paths:
        rate = plan_of(path).get("fps", RATE_HZ) if (path / PLAN).exists() else RATE_HZ
        if rate != RATE_HZ:
            raise UsageError(f"{path}: was collected at {rate:g} Hz, mini acts at {RATE_HZ:g}; collect again with --fps 10")


def _classes(goal: str) -> tuple[int, ...]:
    """Return the classes of a goal such as ``on(red_cube, blue_box)``, whose things are named by colour and shape.

    Raises:
        ConfigError: If they are not.
    """
    plan = parse_goal(goal)
    named = [name.partition("_") for name in plan.objects]
    try:
        bodies = [make_object(shape, colour).body for colour, _, shape in named]
    except VlaIsaacError as error:
        raise ConfigError(f"training: leave_out {goal!r}: {error}") from error
    labels = asked(plan, bodies)
    if labels is None or len(plan.goals) != 1:
        raise ConfigError(f"training: leave_out {goal!r} is not one goal of colours and shapes")
    return tuple(map(int, labels[0]))


def _row_shares(moments: Transitions, rows: AnyArray) -> AnyArray:
    """Return the cumulative chance of each row; every kind of goal counts alike, however long it takes."""
    kinds = moments.episodes["goals"][moments.of_episode[rows], 0, 1]
    count = moments.episodes["goals"][..., 1]
    several = (count >= 0).sum(1)[moments.of_episode[rows]]
    _, number, counts = np.unique(kinds * 8 + several, return_inverse=True, return_counts=True)
    shares = np.cumsum(1.0 / counts[number])
    return shares / shares[-1]


def _held(num_episodes: int, config: TrainConfig) -> AnyArray:
    count = min(round(config.validation_share * num_episodes), num_episodes - 1)
    held = np.zeros(num_episodes, dtype=bool)
    held[np.random.default_rng((config.seed, VALIDATION)).permutation(num_episodes)[:count]] = True
    return held


def _unscaled(names: Sequence[str]) -> Normaliser:
    zeros, ones = (0.0,) * len(names), (1.0,) * len(names)
    return Normaliser(
        names=tuple(names), method="none", q01=zeros, q99=ones, mean=zeros, std=ones, mask=(False,) * len(names)
    )


def _about_zero(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return 2 * torch.rand(shape, generator=generator) - 1
