"""`DataModule`: batches for training and validation through the public loader, whatever the data is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import UsageError
from vla_isaac.core.specs import CameraView
from vla_isaac.datasets.loading.loader import SampleDataset, VLADataLoader
from vla_isaac.datasets.loading.order import BatchOrder
from vla_isaac.datasets.normaliser import Normaliser
from vla_isaac.models.base import Batch
from vla_isaac.models.processor import VLAProcessor
from vla_isaac.training.config import TrainConfig

VALIDATION = 1_000_003  # keeps the random numbers of validation apart from those of training


class DataModule(ABC):
    """What the trainer is given. A kind of data says which samples come in which order, and what completes their batches."""

    config: TrainConfig
    dataset: SampleDataset
    processor: VLAProcessor | None = None
    """Set with the model; turns sentences into numbers."""

    state_normaliser: Normaliser
    action_normaliser: Normaliser
    num_episodes: int
    num_rows: int
    """Control periods in all."""

    seeds: tuple[int, int]
    """First and last seed of the episodes."""

    sentences: list[str]
    """Instructions of the demonstrations."""

    tasks: tuple[str, ...]
    """Names of the task families in alphabetical order; empty where the data does not go by them."""

    action_spec: Mapping[str, Any]
    """Fields of the `ActionSpec` that says what actions mean; empty if the data does not say."""

    views: dict[str, CameraView]
    """Poses of the cameras."""

    def training(self, first_batch: int) -> Iterator[Batch]:
        """Yield batches without end, from the one with this number, counted from the start of training."""
        loader = VLADataLoader(self.dataset, self._order(first_batch), workers=self.config.workers)
        for number, batch in enumerate(loader, start=first_batch):
            yield self._completed(batch, np.random.default_rng((self.config.seed, number)))

    @abstractmethod
    def validation(self) -> Iterator[Batch]:
        """Yield the batches of a validation, the same each time; none if no episode was held out for it."""

    @abstractmethod
    def _order(self, first_batch: int) -> BatchOrder:
        """Return the order of the samples of training."""

    @abstractmethod
    def _completed(self, batch: dict[str, Any], random: np.random.Generator) -> Batch:
        """Return a batch of the loader with what a model of this data also takes."""

    def _tokens(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Return the words and pieces of sentences, see `models.text`."""
        if self.processor is None:
            raise UsageError("the training data has no processor yet; make a model for it first")
        tokens = self.processor.sentences(texts)
        return torch.from_numpy(tokens.words), torch.from_numpy(tokens.pieces)


def held_out(num_episodes: int, config: TrainConfig) -> AnyArray:
    """Return the numbers of the episodes that are held out for validation, in no order; at least one is left."""
    count = min(round(config.validation_share * num_episodes), num_episodes - 1)
    return np.random.default_rng((config.seed, VALIDATION)).permutation(num_episodes)[:count]
