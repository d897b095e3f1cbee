"""`create_vla_dataloader`: batches of any dataset, by worker processes, in an order that a seed decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vla_isaac.core.errors import ConfigError, VlaIsaacError
from vla_isaac.core.optional import require
from vla_isaac.datasets.loading.batches import collate_fn
from vla_isaac.datasets.loading.dataset import Data, Draw, Sample, VLADataset
from vla_isaac.datasets.loading.options import SampleOptions
from vla_isaac.datasets.loading.order import BatchOrder


class VLADataLoader:
    """Batches, an epoch each time it is iterated; see `create_vla_dataloader`."""

    def __init__(self, dataset: VLADataset, order: BatchOrder, *, workers: int, prefetch: int) -> None:
        torch_data: Any = require("torch.utils.data", extra="train", need="batches for training")
        self.dataset, self.order = dataset, order
        more = {"prefetch_factor": prefetch, "persistent_workers": True} if workers else {}
        self._batches = torch_data.DataLoader(
            _Telling(dataset), batch_sampler=order, num_workers=workers, collate_fn=_collated, **more
        )

    def __len__(self) -> int:
        """Batches of the next epoch."""
        return len(self.order)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch in self._batches:
            if isinstance(batch, VlaIsaacError):
                raise batch
            yield batch


def create_vla_dataloader(
    data: Data | Sequence[Data] | VLADataset,
    batch_size: int = 32,
    options: SampleOptions | None = None,
    *,
    seed: int = 0,
    mix: Mapping[str, float] | None = None,
    workers: int = 0,
    prefetch: int = 4,
    first_batch: int = 0,
    shuffle: bool = True,
    drop_last: bool = False,
    endless: bool = False,
    **more: Any,
) -> VLADataLoader:
    """Return batches of a dataset; see `collate_fn` for what a batch is.

    Args:
        data: Path of a dataset of any format, several of them, or a `VLADataset`.
        batch_size: Samples of a batch.
        options: What a sample is; its fields can be given by name instead.
        seed: Decides order and augmentation.
        mix: Share of each task family, such as ``{"pick": 1, "stack": 2}``; None draws every sample once an epoch.
        workers: Processes that read ahead; 0 reads when a batch is asked for. Their number changes no batch.
        prefetch: Batches that each worker has ready.
        first_batch: Go on with the batch of this number, counted from the start of training.
        shuffle: False gives samples as they are stored.
        drop_last: Leave out what does not fill the last batch of an epoch.
        endless: Never end; an epoch follows the other.
        more: Arguments of `VLADataset` and fields of `SampleOptions`, by name.

    Raises:
        UsageError, DatasetError, ConfigError: As `VLADataset` and `BatchOrder` say.
        MissingDependencyError: If torch is not installed.
    """
    if workers < 0 or prefetch < 1:
        raise ConfigError(f"loader: workers={workers}, prefetch={prefetch} are not accepted; give at least 0 and 1")
    if isinstance(data, VLADataset):
        if options is not None or more:
            raise ConfigError("loader: this dataset is made already; give its options to VLADataset")
        dataset = data
    else:
        dataset = VLADataset(data, options, **{"seed": seed, **more} if options is None else more)
    order = BatchOrder(
        dataset.tasks,
        batch_size,
        seed=seed,
        mix=mix,
        first_batch=first_batch,
        shuffle=shuffle,
        drop_last=drop_last,
        endless=endless,
    )
    return VLADataLoader(dataset, order, workers=workers, prefetch=prefetch)


class _Telling:
    """Hands an error of ours over as a value: torch would bury it below the traceback of a worker."""

    def __init__(self, dataset: VLADataset) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitems__(self, draws: list[Draw]) -> list[Sample] | VlaIsaacError:
        try:
            return self._dataset.__getitems__(draws)
        except VlaIsaacError as error:
            return error


def _collated(samples: list[Sample] | VlaIsaacError) -> dict[str, Any] | VlaIsaacError:
    return samples if isinstance(samples, VlaIsaacError) else collate_fn(samples)
