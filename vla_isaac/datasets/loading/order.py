"""`BatchOrder`: the order of samples: shuffled, reproducible by seed, and random access to every batch.

It is a pure function of seed and batch number. So any number of worker processes gives the same batches, and interrupted
training resumes with exactly the next batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import ConfigError, UsageError
from vla_isaac.core.registry import unknown_name
from vla_isaac.datasets.loading.dataset import Draw

PERMUTATION, MIXING = 0, 1  # keys of separate random streams


class BatchOrder:
    """Batches of draws for a `DataLoader`'s ``batch_sampler``.

    An iteration is one epoch, with as many samples as the dataset has; the next iteration is the next epoch; with `endless`
    it never ends. Without a mix every sample occurs once per epoch. With a mix each family has its share of every epoch, and
    its samples repeat only after all have occurred.
    """

    def __init__(
        self,
        tasks: Mapping[str, AnyArray],
        batch_size: int,
        *,
        seed: int = 0,
        mix: Mapping[str, float] | None = None,
        first_batch: int = 0,
        shuffle: bool = True,
        drop_last: bool = False,
        endless: bool = False,
        stream: int | None = None,
    ) -> None:
        """Prepare an order.

        Args:
            tasks: Indices of the samples of each family.
            batch_size: Samples of a batch.
            seed: Determines the order.
            mix: Share of each family, in any unit; 0 leaves it out. None gives every sample once.
            first_batch: Begin with the batch of this number, counted from the start of training.
            shuffle: False gives samples in stored order.
            drop_last: Drop the last batch of an epoch if it is incomplete.
            endless: Continue with the next epoch instead of ending.
            stream: Separates the permutations of one group of samples from those of other orders with the same seed.

        Raises:
            ConfigError: If a number is not accepted.
            UsageError: If `mix` does not name each family, leaves out all, or an epoch has no batch.
        """
        if batch_size < 1 or first_batch < 0 or seed < 0:
            raise ConfigError(
                f"loader: batch_size={batch_size}, first_batch={first_batch}, seed={seed} are not accepted; "
                "give whole numbers, batch_size from 1, the others from 0"
            )
        self.batch_size, self.next_batch = batch_size, first_batch
        self._seed, self._shuffle, self._endless, self._stream = seed, shuffle, endless, stream
        self._groups, self._counts = _shares(tasks, mix)
        if mix is not None and not shuffle:
            raise UsageError("loader: a mix of tasks is always shuffled; leave out shuffle=False, or the mix")
        self._epoch_size = int(self._counts.sum())
        full = self._epoch_size // batch_size
        self.batches_per_epoch = full if drop_last else -(-self._epoch_size // batch_size)
        if self.batches_per_epoch == 0:
            raise UsageError(
                f"loader: {self._epoch_size} samples do not fill one batch of {batch_size}; choose a smaller batch_size"
            )

    def __len__(self) -> int:
        """Return the number of batches of the next iteration; of an endless one, of one epoch."""
        return self.batches_per_epoch - (0 if self._endless else self.next_batch % self.batches_per_epoch)

    def __iter__(self) -> Iterator[list[Draw]]:
        batch = self.next_batch
        epoch = batch // self.batches_per_epoch
        self.next_batch = (epoch + 1) * self.batches_per_epoch
        while True:
            order = self.epoch(epoch)
            for within in range(batch % self.batches_per_epoch, self.batches_per_epoch):
                first = within * self.batch_size
                numbers = order[first : first + self.batch_size].tolist()
                yield [Draw(index, epoch * self._epoch_size + first + i) for i, index in enumerate(numbers)]
            if not self._endless:
                return
            epoch, batch = epoch + 1, 0

    def epoch(self, epoch: int) -> AnyArray:
        """Return the indices of all samples of an epoch in order."""
        if not self._shuffle:
            return np.sort(np.concatenate(self._groups))
        drawn = [self._walk(which, epoch * count, count) for which, count in enumerate(self._counts.tolist())]
        mixed: AnyArray = np.concatenate(drawn)
        return mixed if len(drawn) == 1 else self._random(MIXING, epoch).permutation(mixed)

    def _walk(self, which: int, first: int, count: int) -> AnyArray:
        """Return draws `first` and following of a family: its samples in one shuffled pass after another."""
        group = self._groups[which]
        rounds = range(first // len(group), (first + count - 1) // len(group) + 1) if count else range(0)
        stream = (PERMUTATION, which) if self._stream is None else (self._stream,)
        walked = [group[self._random(*stream, number).permutation(len(group))] for number in rounds]
        start = first - rounds.start * len(group)
        return np.concatenate([group[:0], *walked])[start : start + count]

    def _random(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, *stream))


def in_batches(samples: AnyArray, batch_size: int) -> list[list[Draw]]:
    """Return each of these samples once, in order, for a validation without augmentation."""
    draws = [Draw(index, number) for number, index in enumerate(samples.tolist())]
    return [draws[first : first + batch_size] for first in range(0, len(draws), batch_size)]


def _shares(tasks: Mapping[str, AnyArray], mix: Mapping[str, float] | None) -> tuple[list[AnyArray], AnyArray]:
    """Return the groups of samples, and how many samples of each an epoch has."""
    if mix is None:
        everything = np.concatenate(list(tasks.values()))
        return [np.sort(everything)], np.array([len(everything)])
    for name, weight in mix.items():
        if name not in tasks:
            raise unknown_name("task family of this dataset", name, {**tasks})
        if not np.isfinite(weight) or weight < 0:
            raise ConfigError(f"loader: mix[{name!r}]={weight} is not accepted; give a share, 0 or more")
    missing = [name for name in tasks if name not in mix]
    if missing:
        raise UsageError(f"loader: the mix does not name the task family {missing[0]!r}; give its share, 0 leaves it out")
    names = [name for name in tasks if mix[name] > 0]
    if not names:
        raise UsageError("loader: the mix leaves out every task family; give at least one a share above 0")
    total = sum(len(samples) for samples in tasks.values())
    exact = np.array([mix[name] for name in names]) / sum(mix.values()) * total
    counts = np.floor(exact).astype(int)
    largest = np.argsort(-(exact - counts), kind="stable")[: total - counts.sum()]
    counts[largest] += 1
    return [tasks[name] for name in names], counts
