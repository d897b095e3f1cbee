"""`VLADataset`: every step of every episode as a training sample, from any format and from several datasets at once."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from vla_isaac.core import images
from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.formats import DatasetReader
from vla_isaac.datasets.loading.augmentation import augment, generator
from vla_isaac.datasets.loading.frame_cache import FrameCache
from vla_isaac.datasets.loading.options import SampleOptions
from vla_isaac.datasets.loading.rows import EpisodePlace, read_rows
from vla_isaac.datasets.loading.source import Source
from vla_isaac.datasets.normaliser import GRIPPER, Normaliser

Data: TypeAlias = str | Path | DatasetReader
Sample: TypeAlias = dict[str, Any]


class Draw(NamedTuple):
    """Index and draw index of a requested sample."""

    sample: int
    """Index of the step, among all."""

    number: int
    """Number of this draw since training began, from 0; determines the augmentation."""


class VLADataset:
    """Samples by index; has the interface that torch's `DataLoader` expects, without torch.

    A sample is a dict: ``images`` {camera: uint8 (F, H, W, 3), oldest first}, ``state`` float32 (F, S), ``actions`` float32
    (k, A), ``is_pad`` bool (k,) true past the episode's end where the last action is repeated, ``steps_left`` to that end,
    ``instruction`` (that of the row), ``subtask`` (its label, or empty), ``task``, ``episode``, ``step`` and ``index``, its
    number among all samples; ``past_actions`` float32
    (F - 1, A), those of the history before now; ``goal_objects`` float32 (6,) if the dataset has them. Before the start of
    an episode its first image and state are repeated.
    """

    def __init__(
        self,
        data: Data | Sequence[Data],
        options: SampleOptions | None = None,
        *,
        episodes: Sequence[int] | None = None,
        state_normaliser: Normaliser | None = None,
        action_normaliser: Normaliser | None = None,
        cache: FrameCache | None = None,
        **changes: Any,
    ) -> None:
        """Read and check all numbers; images are read on access.

        Args:
            data: Path of a dataset of any format, a reader, or several of them.
            options: Options of a sample; None takes the defaults.
            episodes: Numbers of the episodes to use, in each dataset; None takes all.
            state_normaliser: Normaliser of other data, such as the training set; None fits one to these rows.
            action_normaliser: The same for actions.
            cache: Cache of decoded images.
            changes: Fields of `SampleOptions` by name.

        Raises:
            UsageError: If there are no samples, a camera is missing, an episode is shorter than a sample, or
                datasets do not fit together.
            DatasetError: If numbers are not finite, or files are broken.
            ConfigError: If an option is not accepted.
        """
        self.options = replace(options or SampleOptions(), **changes)
        given = [data] if isinstance(data, str | Path) or not isinstance(data, Sequence) else data
        self._sources = [Source(one) for one in given]
        rows = self.rows = read_rows(self._sources, self.options, episodes)
        """The numbers of all episodes."""
        self.cameras = self._check_cameras()
        method = self.options.normalise
        self.state_normaliser = state_normaliser or Normaliser.of_rows(rows.state, rows.state_names, method)
        self.action_normaliser = action_normaliser or Normaliser.of_rows(
            rows.action, rows.action_names, method, unscaled=(GRIPPER,)
        )
        self._state = self.state_normaliser.normalise(rows.state)
        self._action = self.action_normaliser.normalise(rows.action)
        self._firsts = np.array([place.first for place in rows.places])
        self._caches = self._open_caches(cache) if cache is not None else []

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, which: int | Draw) -> Sample:
        """Return a sample; an index alone has draw index 0."""
        index, number = which if isinstance(which, Draw) else Draw(*[range(len(self))[which]] * 2)
        place = self._place(index)
        step = index - place.first
        options = self.options
        last = place.first + place.length - 1
        ahead = index + np.arange(options.chunk)
        past = np.maximum(index - np.arange(options.history)[::-1], place.first)
        sample: Sample = {
            "images": self._images(place, past - place.first, number),
            "state": self._state[past],
            "actions": self._action[np.minimum(ahead, last)],
            "is_pad": ahead > last,
            "steps_left": np.float32(last - index),
            "instruction": place.meta.sentence(step),
            "subtask": place.subtasks[step],
            "task": place.meta.task,
            "episode": place.episode,
            "step": step,
            "index": index,
        }
        if options.history > 1:
            sample["past_actions"] = self._action[past[:-1]]
        if self.rows.goals is not None:
            sample["goal_objects"] = self.rows.goals[index].reshape(-1)
        return sample

    def __getitems__(self, draws: Iterable[int | Draw]) -> list[Sample]:
        """Return a batch; read in file order, so that neighbours in a video are decoded together."""
        requested = list(draws)
        order = sorted(range(len(requested)), key=lambda i: _index(requested[i]))
        found = {i: self[requested[i]] for i in order}
        return [found[i] for i in range(len(requested))]

    def unchanged(self) -> VLADataset:
        """Return the same samples without augmentation; the data in memory is shared."""
        still = copy.copy(self)
        still.options = replace(self.options, augmentation=None)
        return still

    def fill_cache(self, place: int) -> None:
        """Decode all images of an episode into the cache: in order, which is several times faster than at random."""
        where = self.rows.places[place]
        for camera in self.cameras:
            for row in range(where.length):
                cache, number = self._kept(where, camera, row)
                if cache is not None and cache.has_room_for(number):
                    self._picture(where, camera, row)

    @property
    def tasks(self) -> Mapping[str, AnyArray]:
        """Return the indices of the samples of each task family, by its name."""
        found: dict[str, list[AnyArray]] = {}
        for place in self.rows.places:
            found.setdefault(place.meta.task, []).append(np.arange(place.first, place.first + place.length))
        return {task: np.concatenate(numbers) for task, numbers in sorted(found.items())}

    @property
    def instructions(self) -> tuple[str, ...]:
        """Return every sentence once, in order of first use."""
        return tuple(dict.fromkeys(text for place in self.rows.places for text in place.meta.texts))

    @property
    def num_episodes(self) -> int:
        """Return the number of episodes in use."""
        return len(self.rows.places)

    @property
    def action_spec(self) -> Mapping[str, Any]:
        """Return the fields of the `ActionSpec` of the actions; empty where the dataset has none."""
        return self._sources[0].info.action_spec

    def close(self) -> None:
        """Release files."""
        for source in self._sources:
            source.close()

    # ------------------------------------------------------------------

    def _place(self, index: int) -> EpisodePlace:
        return self.rows.places[int(np.searchsorted(self._firsts, index, side="right")) - 1]

    def _images(self, place: EpisodePlace, rows: AnyArray, number: int) -> dict[str, AnyArray]:
        how = self.options.augmentation
        random = generator(self.options.seed, number) if how else None
        pictures = {camera: self._pictures(place, camera, rows) for camera in self.cameras}
        return {c: augment(p, how, random) for c, p in pictures.items()} if how and random else pictures

    def _pictures(self, place: EpisodePlace, camera: str, rows: AnyArray) -> AnyArray:
        found = {int(row): None for row in rows}
        decoded = {row: self._picture(place, camera, row) for row in found}
        return np.stack([decoded[int(row)] for row in rows])

    def _picture(self, place: EpisodePlace, camera: str, row: int) -> AnyArray:
        cache, number = self._kept(place, camera, row)
        if cache is not None and (known := cache.get(number)) is not None:
            return known
        picture = self._sources[place.source].images(place.episode)[camera][row]
        if self.options.image_hw is not None:
            picture = images.resize(picture, *self.options.image_hw)
        if cache is not None:
            cache.put(number, picture)
        return picture

    def _kept(self, place: EpisodePlace, camera: str, row: int) -> tuple[FrameCache | None, int]:
        """Return the cache of an image, and its index there."""
        if not self._caches:
            return None, 0
        cache, begin, length = self._caches[place.source]
        return cache, self.cameras.index(camera) * length + place.first - begin + row

    def _check_cameras(self) -> tuple[str, ...]:
        first = self._sources[0].info.cameras
        cameras = tuple(sorted(first)) if self.options.cameras is None else self.options.cameras
        sizes: dict[str, tuple[tuple[int, int], str]] = {}
        for source in self._sources:
            for camera in cameras:
                if camera not in source.info.cameras:
                    known = ", ".join(source.info.cameras) or "none"
                    raise UsageError(
                        f"dataset {source.name}: has no camera {camera!r}; it has {known}",
                        remedy=f"choose among them, or name one so: vla-isaac dataset convert --camera OLD={camera}",
                    )
                size, other = sizes.setdefault(camera, (source.info.cameras[camera], source.name))
                if size != source.info.cameras[camera] and self.options.image_hw is None:
                    raise UsageError(
                        f"datasets do not fit together: camera {camera!r} has pictures of {size} in {other}, "
                        f"{source.info.cameras[camera]} in {source.name}; give image_hw to resize them"
                    )
        return cameras

    def _open_caches(self, cache: FrameCache) -> list[tuple[FrameCache, int, int]]:
        """Return the cache, the first row and the number of rows of each source; another set of sources reuses them."""
        sizes = {self.options.image_hw or self._sources[0].info.cameras[camera] for camera in self.cameras}
        if len(sizes) != 1:
            raise UsageError(f"frame cache: cameras have different sizes ({sorted(sizes)}); give image_hw, or no cache")
        away = [source.name for source in self._sources if not Path(source.name).exists()]
        if away:
            raise UsageError(f"frame cache: {away[0]} is no file, so a change of it cannot be noticed; give no cache")
        size = sizes.pop()
        opened = []
        for number, source in enumerate(self._sources):
            places = [place for place in self.rows.places if place.source == number]
            begin, length = places[0].first, sum(place.length for place in places)
            key = repr((_fingerprint(source), [(p.episode, p.length) for p in places], self.cameras, size))
            opened.append((cache.part(source.name, key, length * len(self.cameras), (*size, 3)), begin, length))
        return opened


def _index(which: int | Draw) -> int:
    return which.sample if isinstance(which, Draw) else which


def _fingerprint(source: Source) -> list[tuple[str, int, int]]:
    """Return name, size and time of every file that may hold images; it changes when the images change."""
    path = Path(source.name)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stats = [(str(file), file.stat()) for file in files if file.is_file() and file.suffix not in (".json", ".jsonl")]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
