"""`CustomVLADataset`: user-provided images, instructions and actions as samples, from a list in memory or a manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.core.images import check_image
from vla_isaac.datasets.episode import Episode, EpisodeMeta, action_feature
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.images_on_disk import read_picture
from vla_isaac.datasets.loading.dataset import VLADataset
from vla_isaac.datasets.loading.options import SampleOptions

CAMERA = "image"
Triplet: TypeAlias = "tuple[Image | str | Path, str, Sequence[float] | AnyArray]"
"""An image or its file, an instruction, and the values of an action."""


class CustomVLADataset(VLADataset):
    """Like `VLADataset`; triplets in a list are not ordered in time, so each is a sample with a chunk of one action."""

    def __init__(self, data: Sequence[Triplet] | str | Path, options: SampleOptions | None = None, **changes: Any) -> None:
        """Take a list of (image, instruction, action), or the path of a ``manifest.json`` or of a folder with one.

        Raises:
            UsageError: If the list is empty, or a sample cannot be made.
            DatasetError: If an item is not an image, an instruction and an action like the others; its index is named.
        """
        if isinstance(data, str | Path):
            super().__init__(data, options or SampleOptions(chunk=1), **changes)
        else:
            super().__init__(ListReader(data), options or SampleOptions(chunk=1), **changes)


class ListReader:
    """A list of triplets as a dataset, each an episode of one row; image files are read on access."""

    format = "list"

    def __init__(self, items: Sequence[Triplet]) -> None:
        self.path = Path("list of samples")
        if not items:
            raise UsageError("the list of samples is empty; give (picture, sentence, action) at least once")
        self._items = [_checked(item, place) for place, item in enumerate(items)]
        width = len(self._items[0][2])
        for place, item in enumerate(self._items):
            if len(item[2]) != width:
                raise DatasetError(
                    f"list of samples, episode {place}: the action has {len(item[2])} numbers, the first has {width}; "
                    "all need the same"
                )
        size = self._picture(0).shape
        self.info = DatasetInfo(
            fps=EpisodeMeta(instruction="").fps,
            features={"action": action_feature(width)},
            cameras={CAMERA: (size[0], size[1])},
            robot_type="unknown",
        )

    def __len__(self) -> int:
        return len(self._items)

    def length(self, episode: int) -> int:
        """Return 1."""
        return len(self._items[episode : episode + 1])

    def meta(self, episode: int) -> EpisodeMeta:
        """Return the metadata: the instruction."""
        return EpisodeMeta(instruction=self._items[episode][1])

    def columns(self, episode: int, names: Sequence[str] | None = None) -> Mapping[str, AnyArray]:
        """Return the action."""
        return {"action": np.asarray(self._items[episode][2], np.float32)[None]}

    def episode(self, episode: int) -> Episode:
        """Return the episode."""
        return Episode(meta=self.meta(episode), columns=self.columns(episode), images={CAMERA: OnePicture(self, episode)})

    def close(self) -> None:
        """Do nothing: no file is open."""

    def picture(self, place: int) -> Image:
        """Return the image of an item.

        Raises:
            DatasetError: If its file is missing, or its size differs from the first.
        """
        rgb = self._picture(place)
        if rgb.shape[:2] != self.info.cameras[CAMERA]:
            raise DatasetError(
                f"list of samples, episode {place}: picture of {rgb.shape[0]} x {rgb.shape[1]}, the first has "
                f"{self.info.cameras[CAMERA][0]} x {self.info.cameras[CAMERA][1]}; resize them first"
            )
        return rgb

    def _picture(self, place: int) -> Image:
        given = self._items[place][0]
        if isinstance(given, str | Path):
            return read_picture(Path(given), where=f"list of samples, episode {place}, row 0")
        check_image(f"list of samples, episode {place}: the picture", given)
        return given


class OnePicture:
    """The image of an item as the images of an episode of one row."""

    def __init__(self, reader: ListReader, place: int) -> None:
        self._reader, self._place = reader, place

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: Any) -> AnyArray:
        rows = range(1)[index]
        picture = self._reader.picture(self._place)
        return picture[None][: len(rows)] if isinstance(rows, range) else picture

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return 1, height, width, 3."""
        height, width = self._reader.info.cameras[CAMERA]
        return (1, height, width, 3)


def _checked(item: Any, place: int) -> tuple[Any, str, AnyArray]:
    try:
        picture, sentence, action = item
        numbers = np.asarray(action, np.float64)
    except (TypeError, ValueError) as error:
        raise DatasetError(
            f"list of samples, episode {place}: expected (picture, sentence, action), got {type(item).__name__} ({error})"
        ) from error
    if not isinstance(sentence, str) or numbers.ndim != 1 or numbers.size == 0:
        raise DatasetError(
            f"list of samples, episode {place}: the sentence is a {type(sentence).__name__} and the action has shape "
            f"{numbers.shape}; expected text and a list of numbers"
        )
    return picture, sentence, numbers
