"""`TrainingData`: batches as a model takes them, in an order that follows from seed and step; and some kept for validation.

A sample's sentence is drawn each time from the sentences of its demonstration, and now and then it is one that names
what is not there, so that the model learns to notice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import UsageError
from vla_isaac.core.goals import goal_from_json
from vla_isaac.core.registry import unknown_name
from vla_isaac.core.specs import CameraView
from vla_isaac.datasets.episode import EpisodeMeta
from vla_isaac.datasets.loading import FrameCache, VLADataset, collate_fn
from vla_isaac.datasets.loading.dataset import Draw, Sample
from vla_isaac.datasets.loading.order import BatchOrder
from vla_isaac.datasets.normaliser import Normaliser
from vla_isaac.language import lexicon
from vla_isaac.models.base import Batch
from vla_isaac.models.processor import VLAProcessor
from vla_isaac.tasks.families import family_names
from vla_isaac.training.config import TrainConfig
from vla_isaac.training.demonstration_sentences import DemonstrationSentences, sentences_of
from vla_isaac.training.pixels import goal_pixels

VALIDATION = 1_000_003  # keeps the random numbers of validation apart from those of training


class TrainingData:
    """Training and validation batches of one or several datasets."""

    def __init__(
        self,
        paths: Sequence[Path],
        config: TrainConfig,
        *,
        num_corrections: int = 0,
        cache: Path | None = None,
        normalisers: tuple[Normaliser, Normaliser] | None = None,
    ) -> None:
        """Read and check all numbers; pictures are read when batches are.

        Args:
            paths: Datasets of any format, such as demonstrations and corrections.
            config: What a sample is, and how many are kept for validation.
            num_corrections: How many of the datasets, the last ones, are corrections, which have a share of their own.
            cache: Folder for decoded pictures; None decodes them each time.
            normalisers: Of state and actions, those of a model that is trained further; None makes them of these rows.

        Raises:
            UsageError: If there is nothing to draw from, or datasets do not fit together.
            DatasetError: If numbers are not finite, or files are broken.
        """
        self._config = config
        frames = FrameCache(cache, max_mb=config.cache_mb) if cache is not None else None
        of_state, of_actions = normalisers or (None, None)
        self.dataset = VLADataset(
            list(paths), config.samples, state_normaliser=of_state, action_normaliser=of_actions, cache=frames
        )
        self._still = self.dataset.unchanged()
        self.metas = [place.meta for place in self.dataset.rows.places]
        self._firsts = np.array([0, *itertools.accumulate(place.length for place in self.dataset.rows.places)])
        sources = np.array([place.source for place in self.dataset.rows.places])
        self._is_correction = sources >= len(paths) - num_corrections
        self._held = _held_for_validation(self.metas, config)
        self._left_out = [n for n, meta in enumerate(self.metas) if _goals(meta) & set(config.leave_out)]
        self._left_out += _beyond(self.metas, config, set(self._held.tolist()))
        self._pixels = goal_pixels(self.dataset.rows, config.cameras)
        self._sentences: dict[int, DemonstrationSentences] = {}
        self.processor: VLAProcessor | None = None

    @property
    def state_normaliser(self) -> Normaliser:
        """Of the state's numbers."""
        return self.dataset.state_normaliser

    @property
    def action_normaliser(self) -> Normaliser:
        """Of the actions' numbers."""
        return self.dataset.action_normaliser

    @property
    def num_episodes(self) -> int:
        """Episodes in all."""
        return len(self.metas)

    @property
    def num_rows(self) -> int:
        """Samples in all."""
        return len(self.dataset)

    @property
    def seeds(self) -> tuple[int, int]:
        """First and last seed of the episodes."""
        seeds = [meta.seed for meta in self.metas]
        return min(seeds), max(seeds)

    @property
    def sentences(self) -> list[str]:
        """Sentences of the demonstrations."""
        return list(self.dataset.instructions)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the task families."""
        return tuple(self.dataset.tasks)

    @property
    def action_spec(self) -> Mapping[str, Any]:
        """What the actions mean; empty if the data does not say."""
        return self.dataset.action_spec or {}

    @property
    def views(self) -> dict[str, CameraView]:
        """Where the cameras stood, before any jitter if the data knows that, else on the median episode."""
        return _views(self.metas, self._config.cameras)

    @property
    def batches_per_epoch(self) -> int:
        """Batches in which every training sample comes once."""
        return self._order(0).batches_per_epoch

    def fill_cache(self, num_workers: int) -> None:
        """Decode what is not in the cache yet, with several processes; training then reads it as fast as from memory."""
        episodes = _Filling(self.dataset)
        for _ in DataLoader(episodes, batch_size=None, num_workers=num_workers if len(episodes) > num_workers else 0):  # type: ignore[arg-type]
            pass

    def training(self, first_batch: int) -> Iterator[Batch]:
        """Yield batches without end, from the one with this number, counted from the start of training."""
        loader = _loader(self.dataset, self._order(first_batch), self._config.workers)
        for number, samples in enumerate(loader, start=first_batch):
            yield self._finished(samples, np.random.default_rng((self._config.seed, number)))

    def validation(self) -> Iterator[Batch]:
        """Yield the batches of a validation, the same each time; none if no episode was kept for it."""
        numbers = self._numbers(self._held)
        if not len(numbers):
            return
        spread = np.random.default_rng(self._config.seed).permutation(numbers)
        order = BatchOrder({"": np.sort(spread[: self._config.validation_batches * self._config.batch_size])},
                           self._config.batch_size, shuffle=False)  # fmt: skip
        for number, samples in enumerate(_loader(self._still, order, 0)):
            yield self._finished(samples, np.random.default_rng((self._config.seed, VALIDATION, number)))

    def sentences_of_episode(self, episode: int) -> DemonstrationSentences:
        """Return the sentences an episode is trained with; made when they are first needed."""
        found = self._sentences.get(episode)
        if found is None:
            meta, count = self.metas[episode], self._config.wordings
            found = sentences_of(meta, seed=self._config.seed + episode, count=count) if count else _only(meta)
            self._sentences[episode] = found
        return found

    # ------------------------------------------------------------------

    def _order(self, first_batch: int) -> BatchOrder:
        groups, mix = self._groups()
        return BatchOrder(
            groups, self._config.batch_size, seed=self._config.seed, mix=mix, first_batch=first_batch, endless=True
        )

    def _groups(self) -> tuple[dict[str, AnyArray], dict[str, float] | None]:
        """Return the samples that are drawn from, in groups, and the share of each; None draws all samples alike."""
        config = self._config
        kept = self._numbers(np.setdiff1d(np.arange(len(self.metas)), [*self._held, *self._left_out]))
        corrected = self._numbers(np.flatnonzero(self._is_correction))
        tasks = {task: np.intersect1d(numbers, kept) for task, numbers in self.dataset.tasks.items()}
        tasks = {task: numbers for task, numbers in tasks.items() if len(numbers)}
        if config.mix is None:
            parts = {"": (np.concatenate(list(tasks.values())), 1.0)} if len(corrected) else {}
        else:
            parts = {task: (numbers, _share_of(task, config.mix)) for task, numbers in tasks.items()}
        if not parts:
            return tasks, None
        groups: dict[str, AnyArray] = {}
        mix: dict[str, float] = {}
        for name, (numbers, share) in parts.items():
            ours = np.intersect1d(numbers, corrected)
            both = {name: np.setdiff1d(numbers, ours), f"{name}, corrected": ours}
            shares = dict(zip(both, (1 - config.corrected_share, config.corrected_share), strict=True))
            whole = sum(shares[part] for part, found in both.items() if len(found))
            groups |= {part: found for part, found in both.items() if len(found)}
            mix |= {part: share * shares[part] / whole for part, found in both.items() if len(found)}
        return groups, mix

    def _numbers(self, episodes: AnyArray) -> AnyArray:
        ranges = [np.arange(self._firsts[e], self._firsts[e + 1]) for e in episodes]
        return np.concatenate([np.zeros(0, dtype=np.int64), *ranges])

    def _finished(self, batch: dict[str, Any], random: np.random.Generator) -> Batch:
        """Return the batch with its sentences as numbers."""
        if self.processor is None:
            raise UsageError("the training data has no processor yet; make a model for it first")
        numbers = batch.pop("sample")
        episodes = np.searchsorted(self._firsts, numbers, side="right") - 1
        fits = random.random(len(episodes)) >= self._config.unfitting_share
        texts = [self._sentence(int(episode), bool(fit), random) for episode, fit in zip(episodes, fits, strict=True)]
        tokens = self.processor.sentences(texts)
        length = max(1, int((tokens.words > 0).sum(1).max()))
        batch["sentence"] = texts
        batch["words"] = torch.from_numpy(tokens.words[:, :length])
        batch["pieces"] = torch.from_numpy(tokens.pieces[:, :length])
        if self._pixels is not None:
            batch["goal_pixels"] = {name: torch.from_numpy(places[numbers]) for name, places in self._pixels.items()}
        batch["is_fitting"] = torch.from_numpy(fits.astype(np.float32))
        return batch

    def _sentence(self, episode: int, fits: bool, random: np.random.Generator) -> str:
        choices = self.sentences_of_episode(episode)
        texts = choices.matching if fits else choices.mismatching
        return texts[int(random.integers(len(texts)))]


class _Numbered:
    """The dataset with the number of each sample in it."""

    def __init__(self, dataset: VLADataset) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitems__(self, draws: list[Draw]) -> list[Sample]:
        samples = self._dataset.__getitems__(draws)
        return [{**sample, "sample": draw.sample} for sample, draw in zip(samples, draws, strict=True)]


class _Filling:
    """Episodes by number; who asks for one finds its pictures in the cache afterwards."""

    def __init__(self, dataset: VLADataset) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return self._dataset.num_episodes

    def __getitem__(self, place: int) -> int:
        self._dataset.fill_cache(place)
        return place


def _collated(samples: list[Sample]) -> dict[str, Any]:
    return {**collate_fn(samples), "sample": np.array([sample["sample"] for sample in samples])}


def _loader(dataset: VLADataset, order: BatchOrder, workers: int) -> Any:
    more = {"prefetch_factor": 4} if workers else {}
    return DataLoader(_Numbered(dataset), batch_sampler=order, num_workers=workers, collate_fn=_collated, **more)  # type: ignore[arg-type]


def _share_of(task: str, mix: Mapping[str, float]) -> float:
    """Return a family's share; the mix may name families that the data does not have, and has to name those it has."""
    unknown = [name for name in mix if name != task and name not in family_names()]
    if unknown:
        raise unknown_name("task family of the mix", unknown[0], family_names())
    if task not in mix:
        raise UsageError(
            f"training: the mix does not name the task family {task!r} of the data; give its share, 0 leaves it out"
        )
    return mix[task]


def _goals(meta: EpisodeMeta) -> set[str]:
    """Return the goals of an episode one by one, as they are written."""
    plan = goal_from_json(meta.goal)
    return {str(goal) for goal in plan.goals} if plan is not None else set()


def _held_for_validation(metas: Sequence[EpisodeMeta], config: TrainConfig) -> AnyArray:
    count = min(round(config.validation_share * len(metas)), len(metas) - 1)
    held = np.sort(np.random.default_rng((config.seed, VALIDATION)).permutation(len(metas))[:count])
    wanted = config.demonstrations
    return held if wanted is None else held[[metas[n].task in wanted for n in held]]


def _beyond(metas: Sequence[EpisodeMeta], config: TrainConfig, held: set[int]) -> list[int]:
    """Return the episodes that are more than `demonstrations` wants of their family; those held for validation do not count.

    Raises:
        UsageError: If a family has fewer.
    """
    if config.demonstrations is None:
        return []
    beyond, seen = [], dict.fromkeys(config.demonstrations, 0)
    for number, meta in enumerate(metas):
        if number in held:
            continue
        if seen.get(meta.task, 0) >= config.demonstrations.get(meta.task, 0):
            beyond.append(number)
        else:
            seen[meta.task] += 1
    short = [(task, count, seen[task]) for task, count in config.demonstrations.items() if seen[task] < count]
    if short:
        task, wanted, found = short[0]
        raise UsageError(f"training: {wanted} demonstrations of {task!r} are wanted, there are {found}; collect more")
    return beyond


def _only(meta: EpisodeMeta) -> DemonstrationSentences:
    return DemonstrationSentences(matching=(meta.instruction,), mismatching=lexicon().sentences.nonsense)


def _views(metas: Sequence[EpisodeMeta], cameras: Sequence[str]) -> dict[str, CameraView]:
    """Return where the cameras stood, before any jitter if the data knows that, else on the median episode."""
    views: dict[str, CameraView] = {}
    for name in cameras:
        nominal = {c["name"]: c for meta in metas[:1] for c in meta.extra.get("scene_spec", {}).get("cameras", ())}
        found = [nominal[name]] if name in nominal else [asdict(m.cameras[name]) for m in metas if name in m.cameras]
        if found:
            middle = {key: np.median([one[key] for one in found], axis=0) for key in ("eye", "target", "up", "fov_y")}
            eye, target, up = (_three(middle[key]) for key in ("eye", "target", "up"))
            views[name] = CameraView(
                mount=str(found[0].get("mount", "world")), eye=eye, target=target, up=up, fov_y=float(middle["fov_y"])
            )
    return views


def _three(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z
