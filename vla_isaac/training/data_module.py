"""`DataModule`: training and validation batches for the trainer; base class of all kinds of training data."""

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

VALIDATION = 1_000_003  # separates the random stream of validation from that of training


class DataModule(ABC):
    """Data interface of the trainer; a subclass defines the order of samples, and the entries it adds to batches."""

    config: TrainConfig
    dataset: SampleDataset
    processor: VLAProcessor | None = None
    """Processor of the model, set with it; tokenises sentences."""

    state_normaliser: Normaliser
    action_normaliser: Normaliser
    num_episodes: int
    num_rows: int
    """Total number of control periods."""

    seeds: tuple[int, int]
    """Smallest and largest seed of the episodes."""

    sentences: list[str]
    """Instructions of the demonstrations."""

    tasks: tuple[str, ...]
    """Names of the task families in alphabetical order; empty if the data has none."""

    action_spec: Mapping[str, Any]
    """Fields of the `ActionSpec` of the actions; empty if the data does not declare it."""

    views: dict[str, CameraView]
    """Poses of the cameras."""

    def training(self, first_batch: int) -> Iterator[Batch]:
        """Yield batches without end, starting at this batch number, counted from the start of training."""
        loader = VLADataLoader(self.dataset, self._order(first_batch), workers=self.config.workers)
        for number, batch in enumerate(loader, start=first_batch):
            yield self._completed(batch, np.random.default_rng((self.config.seed, number)))

    @abstractmethod
    def validation(self) -> Iterator[Batch]:
        """Yield the batches of a validation, the same each time; none if no episode was held out for it."""

    @abstractmethod
    def _order(self, first_batch: int) -> BatchOrder:
        """Return the order of the training samples."""

    @abstractmethod
    def _completed(self, batch: dict[str, Any], random: np.random.Generator) -> Batch:
        """Return a batch of the loader with the further inputs of the model."""

    def _tokens(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Return the word ids and n-grams of sentences, see `models.text`."""
        if self.processor is None:
            raise UsageError("the training data has no processor yet; make a model for it first")
        tokens = self.processor.sentences(texts)
        return torch.from_numpy(tokens.words), torch.from_numpy(tokens.pieces)


def held_out(num_episodes: int, config: TrainConfig) -> AnyArray:
    """Return the numbers of the episodes held out for validation, in random order; at least one is left for training."""
    count = min(round(config.validation_share * num_episodes), num_episodes - 1)
    return np.random.default_rng((config.seed, VALIDATION)).permutation(num_episodes)[:count]
