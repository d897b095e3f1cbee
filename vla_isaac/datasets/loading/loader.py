"""`create_vla_dataloader`: batches of any dataset, by worker processes, in an order that a seed decides."""

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
    """What a loader reads: `VLADataset`, `TransitionDataset`."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def __getitems__(self, draws: list[Draw]) -> list[Sample]:
        """Return the samples of a batch."""
        ...


class VLADataLoader:
    """Batches, an epoch each time it is iterated; see `create_vla_dataloader`."""

    def __init__(
        self,
        dataset: SampleDataset,
        order: BatchOrder | Sequence[list[Draw]],
        *,
        workers: int = 0,
        prefetch: int = PREFETCH,
    ) -> None:
        """Read a dataset in an order; see `create_vla_dataloader` for the rest."""
        self.dataset, self.order = dataset, order
        more = {"prefetch_factor": prefetch, "persistent_workers": True} if workers else {}
        self._batches = _torch_loader(
            _Reporting(dataset.__getitems__), batch_sampler=order, num_workers=workers, collate_fn=_collated, **more
        )

    def __len__(self) -> int:
        """Batches of the next epoch."""
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


def fill_cache(dataset: VLADataset, workers: int = 0) -> None:
    """Decode what the cache of a dataset lacks, several episodes at a time; reading is as fast as from memory afterwards.

    Args:
        dataset: One with a cache.
        workers: Processes; 0, or more than there are episodes, decodes in this one.

    Raises:
        DatasetError: If a file is missing or broken.
    """
    episodes = range(dataset.num_episodes)
    num_workers = workers if len(episodes) > workers else 0
    for _ in _raised(
        _torch_loader(_Reporting(dataset.fill_cache), sampler=episodes, batch_size=None, num_workers=num_workers)
    ):
        pass


class _Reporting:
    """Returns an error of ours as a value: torch would bury it below the traceback of a worker."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self._read = read

    def __getitem__(self, which: Any) -> Any:
        try:
            return self._read(which)
        except VlaIsaacError as error:
            return error

    __getitems__ = __getitem__


def _torch_loader(samples: _Reporting, **more: Any) -> Any:
    torch_data: Any = require("torch.utils.data", extra="train", need="batches for training")
    return torch_data.DataLoader(samples, **more)


def _raised(found: Iterable[Any]) -> Iterator[Any]:
    """Yield what a loader gives; raise the first of our errors in it."""
    for one in found:
        if isinstance(one, VlaIsaacError):
            raise one
        yield one


def _collated(samples: list[Sample] | VlaIsaacError) -> dict[str, Any] | VlaIsaacError:
    return samples if isinstance(samples, VlaIsaacError) else collate_fn(samples)
