"""`TrainingData`: training and validation batches of demonstrations.

The sentence of a sample is drawn at random from the sentences of its demonstration. A fraction of the sentences names an
absent object, so that the model learns to recognise this.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import UsageError
from vla_isaac.core.goals import goal_from_json
from vla_isaac.core.registry import unknown_name
from vla_isaac.core.specs import CameraView
from vla_isaac.datasets.episode import EpisodeMeta
from vla_isaac.datasets.loading import FrameCache, VLADataLoader, VLADataset
from vla_isaac.datasets.loading.order import BatchOrder, in_batches
from vla_isaac.datasets.normaliser import Normaliser
from vla_isaac.language import lexicon
from vla_isaac.models.base import Batch
from vla_isaac.tasks.families import family_names
from vla_isaac.training.config import TrainConfig
from vla_isaac.training.data_module import VALIDATION, DataModule, held_out
from vla_isaac.training.demonstration_sentences import DemonstrationSentences, sentences_of
from vla_isaac.training.goal_pixels import goal_pixels

_log = logging.getLogger(__name__)


class TrainingData(DataModule):
    """Training and validation batches of one or several datasets of demonstrations."""

    dataset: VLADataset

    def __init__(
        self,
        paths: Sequence[Path],
        config: TrainConfig,
        *,
        num_corrections: int = 0,
        cache: Path | None = None,
        normalisers: tuple[Normaliser, Normaliser] | None = None,
    ) -> None:
        """Read and check all numbers; pictures are read with the batches.

        Args:
            paths: Datasets of any format, such as demonstrations and corrections.
            config: Settings of samples and validation.
            num_corrections: Number of datasets at the end of `paths` that are corrections, which have their own fraction.
            cache: Folder for decoded pictures; None decodes them at each use.
            normalisers: Normalisers of state and actions of a model to fine-tune; None computes them from the data.

        Raises:
            UsageError: If there are no samples, or the datasets do not match.
            DatasetError: If numbers are not finite, or files are broken.
        """
        self.config = config
        frames = FrameCache(cache, max_mb=config.cache_mb) if cache is not None else None
        of_state, of_actions = normalisers or (None, None)
        dataset = VLADataset(
            list(paths), config.samples, state_normaliser=of_state, action_normaliser=of_actions, cache=frames
        )
        self.dataset = dataset
        places = dataset.rows.places
        self.metas = metas = [place.meta for place in places]
        self._firsts = np.array([0, *itertools.accumulate(place.length for place in places)])
        self._is_correction = np.array([place.source for place in places]) >= len(paths) - num_corrections
        _warn_of_failures(
            [meta for meta, is_correction in zip(metas, self._is_correction, strict=True) if not is_correction]
        )
        self._held = _held_for_validation(metas, config)
        self._left_out = [n for n, meta in enumerate(metas) if _goals(meta) & set(config.leave_out)]
        self._left_out += _beyond(metas, config, set(self._held.tolist()))
        self._pixels = goal_pixels(dataset.rows, config.cameras)
        self._sentences: dict[tuple[int, str], DemonstrationSentences] = {}
        self.state_normaliser, self.action_normaliser = dataset.state_normaliser, dataset.action_normaliser
        self.num_episodes, self.num_rows = len(metas), len(dataset)
        seeds = [meta.seed for meta in metas]
        self.seeds = min(seeds), max(seeds)
        self.sentences, self.tasks = list(dataset.instructions), tuple(dataset.tasks)
        self.action_spec = dataset.action_spec or {}
        self.views = _views(metas, config.cameras)

    @property
    def batches_per_epoch(self) -> int:
        """Number of batches in which every training sample occurs once."""
        return self._order(0).batches_per_epoch

    def validation(self) -> Iterator[Batch]:
        """Yield the batches of a validation, the same each time; none if no episode was held out for it."""
        config = self.config
        spread = np.random.default_rng(config.seed).permutation(self._numbers(self._held))
        chosen = np.sort(spread[: config.validation_batches * config.batch_size])
        loader = VLADataLoader(self.dataset.unchanged(), in_batches(chosen, config.batch_size))
        for number, batch in enumerate(loader):
            yield self._completed(batch, np.random.default_rng((config.seed, VALIDATION, number)))

    def sentences_of_episode(self, episode: int, row: int = 0) -> DemonstrationSentences:
        """Return the training sentences of a row of an episode, generated at first use."""
        meta, count = self.metas[episode], self.config.wordings
        text = meta.sentence(row)
        found = self._sentences.get((episode, text))
        if found is None:
            if meta.sentences:  # the goal is that of the whole episode
                meta = replace(meta, instruction=text, goal=None)
            found = sentences_of(meta, seed=self.config.seed + episode, count=count) if count else _only(meta)
            self._sentences[episode, text] = found
        return found

    # ------------------------------------------------------------------

    def _order(self, first_batch: int) -> BatchOrder:
        groups, mix = self._groups()
        return BatchOrder(
            groups, self.config.batch_size, seed=self.config.seed, mix=mix, first_batch=first_batch, endless=True
        )

    def _groups(self) -> tuple[dict[str, AnyArray], dict[str, float] | None]:
        """Return the training samples in groups, and the sampling fraction of each; None draws all samples uniformly."""
        config = self.config
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

    def _completed(self, batch: dict[str, Any], random: np.random.Generator) -> Batch:
        """Return the batch with tokenised sentences."""
        numbers = batch.pop("index").numpy()
        episodes = np.searchsorted(self._firsts, numbers, side="right") - 1
        fits = random.random(len(episodes)) >= self.config.unfitting_share
        places = zip(episodes.tolist(), (numbers - self._firsts[episodes]).tolist(), fits.tolist(), strict=True)
        texts = [self._sentence(episode, row, fit, random) for episode, row, fit in places]
        words, pieces = self._tokens(texts)
        length = max(1, int((words > 0).sum(1).max()))
        batch |= {"sentence": texts, "words": words[:, :length], "pieces": pieces[:, :length]}
        if self._pixels is not None:
            batch["goal_pixels"] = {name: torch.from_numpy(places[numbers]) for name, places in self._pixels.items()}
        batch["is_fitting"] = torch.from_numpy(fits.astype(np.float32))
        return batch

    def _sentence(self, episode: int, row: int, fits: bool, random: np.random.Generator) -> str:
        choices = self.sentences_of_episode(episode, row)
        texts = choices.matching if fits else choices.mismatching
        return texts[int(random.integers(len(texts)))]


def _warn_of_failures(metas: Sequence[EpisodeMeta]) -> None:
    failed = sum(meta.success is False for meta in metas)
    if failed:
        _log.warning(
            "training: %d of %d episodes failed, and are learned like the others; leave them out with: "
            "vla-isaac dataset filter DATASET NEW --success yes",
            failed,
            len(metas),
        )


def _share_of(task: str, mix: Mapping[str, float]) -> float:
    """Return a family's fraction; the mix must name all families of the data, and may name others."""
    unknown = [name for name in mix if name != task and name not in family_names()]
    if unknown:
        raise unknown_name("task family of the mix", unknown[0], family_names())
    if task not in mix:
        raise UsageError(
            f"training: the mix does not name the task family {task!r} of the data; give its fraction, 0 leaves it out"
        )
    return mix[task]


def _goals(meta: EpisodeMeta) -> set[str]:
    """Return the goals of an episode, in the notation of plans."""
    plan = goal_from_json(meta.goal)
    return {str(goal) for goal in plan.goals} if plan is not None else set()


def _held_for_validation(metas: Sequence[EpisodeMeta], config: TrainConfig) -> AnyArray:
    held = np.sort(held_out(len(metas), config))
    limits = config.demonstrations
    return held if limits is None else held[[metas[n].task in limits for n in held]]


def _beyond(metas: Sequence[EpisodeMeta], config: TrainConfig, held: set[int]) -> list[int]:
    """Return the episodes beyond the `demonstrations` limit of their family, without those held out for validation.

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
        task, count, found = short[0]
        raise UsageError(f"training: {count} demonstrations of {task!r} are required, there are {found}; collect more")
    return beyond


def _only(meta: EpisodeMeta) -> DemonstrationSentences:
    return DemonstrationSentences(matching=(meta.instruction,), mismatching=lexicon().sentences.nonsense)


def _views(metas: Sequence[EpisodeMeta], cameras: Sequence[str]) -> dict[str, CameraView]:
    """Return the camera poses, without jitter if the data has them, else of the median episode."""
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
