"""`Source`: one dataset of a loader; worker processes open it again where its files cannot be shared."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vla_isaac.datasets.episode import Episode, Images
from vla_isaac.datasets.formats import DatasetInfo, DatasetReader, open_dataset
from vla_isaac.datasets.images_on_disk import ImageFiles
from vla_isaac.datasets.video_files import VideoImages

SHARED = (VideoImages, ImageFiles)
"""Images that store only their path: small, and valid in every process."""

OPEN_EPISODES = 64  # open episodes per process, for formats whose images need an open file


class Source:
    """A dataset by its path, or a custom reader that can be copied to other processes."""

    def __init__(self, data: str | Path | DatasetReader) -> None:
        """Open it.

        Raises:
            UsageError: If there is no dataset.
        """
        self._own = None if isinstance(data, str | Path) else data
        self._path = Path(data) if isinstance(data, str | Path) else data.path
        self.name = str(self._path)
        self._process = os.getpid()
        self._reader: DatasetReader | None = None
        self._open: OrderedDict[int, Mapping[str, Images]] = OrderedDict()
        self._inherited: Any = None
        self._shared: dict[int, Mapping[str, Images]] = {}
        self.info: DatasetInfo = self.reader().info

    def reader(self) -> DatasetReader:
        """Return the reader of this process."""
        if self._process != os.getpid():
            self._inherited = self._reader, self._open  # closing them here would affect the parent process
            self._forget()
        if self._own is not None:
            return self._own
        if self._reader is None:
            self._reader = open_dataset(self._path)
        return self._reader

    def read(self, episode: int) -> Episode:
        """Return an episode, and cache its images if they can be shared."""
        found = self.reader().episode(episode)
        if all(isinstance(images, SHARED) for images in found.images.values()):
            self._shared[episode] = dict(found.images)
        return found

    def images(self, episode: int) -> Mapping[str, Images]:
        """Return an episode's images by camera."""
        if episode in self._shared:
            return self._shared[episode]
        reader = self.reader()
        if episode not in self._open:
            self._open[episode] = reader.episode(episode).images
            if len(self._open) > OPEN_EPISODES:
                self._open.popitem(last=False)
        self._open.move_to_end(episode)
        return self._open[episode]

    def close(self) -> None:
        """Release files; they are opened again on access."""
        if self._reader is not None and self._process == os.getpid():
            self._reader.close()
        self._forget()

    def _forget(self) -> None:
        self._process, self._reader = os.getpid(), None
        self._open = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_process": -1, "_reader": None, "_open": OrderedDict(), "_inherited": None}
