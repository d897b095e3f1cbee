"""`Source`: what the trainer asks of data, whatever it is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from vla_isaac.core.specs import CameraView
from vla_isaac.datasets.normaliser import Normaliser
from vla_isaac.models.base import Batch
from vla_isaac.models.processor import VLAProcessor


class Source(Protocol):
    """Batches for training and for validation, and what a checkpoint should know of them."""

    processor: VLAProcessor | None
    """Set with the model; turns sentences into numbers."""

    @property
    def state_normaliser(self) -> Normaliser:
        """Of the state's numbers."""
        ...

    @property
    def action_normaliser(self) -> Normaliser:
        """Of the actions' numbers."""
        ...

    @property
    def num_episodes(self) -> int:
        """Episodes in all."""
        ...

    @property
    def num_rows(self) -> int:
        """Samples in all."""
        ...

    @property
    def seeds(self) -> tuple[int, int]:
        """First and last seed of the episodes."""
        ...

    @property
    def sentences(self) -> list[str]:
        """Sentences of the demonstrations."""
        ...

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the task families, in alphabetical order."""
        ...

    @property
    def action_spec(self) -> Mapping[str, Any]:
        """What the actions mean, as JSON; empty if the data does not say."""
        ...

    @property
    def views(self) -> dict[str, CameraView]:
        """Where the cameras stood."""
        ...

    def training(self, first_batch: int) -> Iterator[Batch]:
        """Yield batches without end, from the one with this number, counted from the start of training."""
        ...

    def validation(self) -> Iterator[Batch]:
        """Yield the batches of a validation, the same each time."""
        ...
