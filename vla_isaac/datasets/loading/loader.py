"""`create_vla_dataloader`: batches of any dataset, read by worker processes, in an order that depends only on a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from vla_isaac.core.errors import ConfigError, VlaIsaacError
from vla_isaac.core.optional import require
from vla_isaac.datasets.loading.batches import collate_fn
from vla_isaac.datasets.loading.dataset import Data, Draw, Sample, VLADataset
from vla_isaac.datasets.loading.options import SampleOptions
from vla_isaac.datasets.loading.order import BatchOrder

PREFETCH = 4  # batches that each worker has ready


class SampleDataset(Protocol):
    """Interface of the datasets of a loader: `VLADataset`, `TransitionDataset`."""

    def __len__(self) -> int:
        """Return the number of samples."""
        ...

    def __getitems__(self, draws: list[Draw]) -> list[Sample]:
        """Return the samples of a batch."""
        ...


class VLADataLoader:
    """Batches, one epoch per iteration; see `create_vla_dataloader`."""

    def __init__(
        self,
        dataset: SampleDataset,
        order: BatchOrder | Sequence[list[Draw]],
        *,
        workers: int = 0,
        prefetch: int = PREFETCH,
    ) -> None:
        """Read a dataset in an order; see `create_vla_dataloader` for the arguments."""
        self.dataset, self.order = dataset, order
        more = {"prefetch_factor": prefetch, "persistent_workers": True} if workers else {}
        self._batches = _torch_loader(
            _ErrorsAsValues(dataset.__getitems__), batch_sampler=order, num_workers=workers, collate_fn=_collated, **more
        )

    def __len__(self) -> int:
        """Return the number of batches of the next epoch."""
        return len(self.order)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield from _raised(self._batches)


def create_vla_dataloader(
    data: Data | Sequence[Data] | VLADataset,
    batch_size: int = 32,
    options: SampleOptions | None = None,
    *,
    seed: int = 0,
    mix: Mapping[str, float] | None = None,
    workers: int = 0,
    prefetch: int = PREFETCH,
    first_batch: int = 0,
    shuffle: bool = True,
    drop_last: bool = False,
    endless: bool = False,
    **more: Any,
) -> VLADataLoader:
    """Return batches of a dataset; see `collate_fn` for the content of a batch.

    Args:
        data: Path of a dataset of any format, several of them, or a `VLADataset`.
        batch_size: Samples of a batch.
        options: Options of a sample; its fields can be given by name instead.
        seed: Determines order and augmentation.
        mix: Share of each task family, such as ``{"pick": 1, "stack": 2}``; None gives every sample once per epoch.
        workers: Processes that read ahead; 0 reads in this process. The batches do not depend on their number.
        prefetch: Batches that each worker prefetches.
        first_batch: Resume with the batch of this number, counted from the start of training.
        shuffle: False gives samples in stored order.
        drop_last: Drop the last batch of an epoch if it is incomplete.
        endless: Never end; the epochs follow each other.
        more: Arguments of `VLADataset` and fields of `SampleOptions`, by name.

    Raises:
        UsageError, DatasetError, ConfigError: As for `VLADataset` and `BatchOrder`.
        MissingDependencyError: If torch is not installed.
    """
    if workers < 0 or prefetch < 1:
        raise ConfigError(f"loader: workers={workers}, prefetch={prefetch} are not accepted; give at least 0 and 1")
    if isinstance(data, VLADataset):
        if options is not None or more:
            raise ConfigError("loader: the dataset exists already; give its options to VLADataset")
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


def fill_cache(dataset: VLADataset, workers: int = 0) -> None:
    """Decode the missing images of a dataset's cache, several episodes at a time; later reads are as fast as from memory.

    Args:
        dataset: A dataset with a cache.
        workers: Processes; 0, or more than there are episodes, decodes in this one.

    Raises:
        DatasetError: If a file is missing or broken.
    """
    episodes = range(dataset.num_episodes)
    num_workers = workers if len(episodes) > workers else 0
    for _ in _raised(
        _torch_loader(_ErrorsAsValues(dataset.fill_cache), sampler=episodes, batch_size=None, num_workers=num_workers)
    ):
        pass


class _ErrorsAsValues:
    """Returns an error of this package as a value: torch would hide it below the traceback of a worker."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self._read = read

    def __getitem__(self, which: Any) -> Any:
        try:
            return self._read(which)
        except VlaIsaacError as error:
            return error

    __getitems__ = __getitem__


def _torch_loader(samples: _ErrorsAsValues, **more: Any) -> Any:
    torch_data: Any = require("torch.utils.data", extra="train", need="loading batches for training")
    return torch_data.DataLoader(samples, **more)


def _raised(found: Iterable[Any]) -> Iterator[Any]:
    """Yield the batches of a loader; raise the first error of this package in it."""
    for one in found:
        if isinstance(one, VlaIsaacError):
            raise one
        yield one


def _collated(samples: list[Sample] | VlaIsaacError) -> dict[str, Any] | VlaIsaacError:
    return samples if isinstance(samples, VlaIsaacError) else collate_fn(samples)
