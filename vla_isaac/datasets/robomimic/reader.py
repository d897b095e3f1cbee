"""`RobomimicReader`: files of this package, and plain robomimic or LIBERO files."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.core.input_files import MEBIBYTE, parse_json
from vla_isaac.datasets.description import check_description, info_from_json, read_json
from vla_isaac.datasets.episode import Episode, EpisodeMeta, Feature, stored_column
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.meta_json import meta_from_text
from vla_isaac.datasets.robomimic.demos import find_demos
from vla_isaac.datasets.robomimic.images import ImagesInFile
from vla_isaac.datasets.robomimic.layout import (
    ABOUT,
    ABOUT_FILE,
    COPY_AGAIN,
    ENDINGS,
    PARTS,
    demo_number,
    is_group,
    open_h5,
    picture_place,
    place,
)
from vla_isaac.datasets.robomimic.plain import guess_info
from vla_isaac.datasets.robomimic.provenance import meta_of
from vla_isaac.datasets.untrusted_paths import file_inside, reading

MOST_BYTES = 512 * MEBIBYTE
"""Bytes of one column of an episode; images are read in parts."""

_log = logging.getLogger(__name__)


class RobomimicReader:
    """A ``.hdf5`` file, or the folder ``NAME.hdf5.parts`` of a writer that was killed."""

    format = "hdf5"

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            DatasetError: If it is broken, or has no demos in robomimic's layout.
        """
        self.path = path
        self._files: list[Any] = []
        self.left_out: dict[str, str] = {}
        """What is wrong with each demo that cannot be read, by its name."""
        try:
            with reading(path):
                self._demos = self._open_parts() if path.is_dir() else self._open_file()
                self._masks = {} if path.is_dir() else _masks(self._files[0])
                self.info, self._picture_places = self._read_info()
                check_description(self.info, source=str(path))
        except BaseException:
            self.close()
            raise

    @staticmethod
    def recognises(path: Path) -> bool:
        """Return whether the name is that of an HDF5 file, or of its unfinished demos."""
        if path.is_dir():
            return path.name.endswith(PARTS) and (path / ABOUT_FILE).is_file()
        return path.suffix.lower() in ENDINGS

    def __len__(self) -> int:
        return len(self._demos)

    def length(self, episode: int) -> int:
        """Return the number of rows of its actions."""
        with reading(self._where(episode)):
            return int(self._array(episode, "actions").shape[0])

    def meta(self, episode: int) -> EpisodeMeta:
        """Return the metadata of an episode; derived from the attributes in a plain file."""
        demo, where = self.demo(episode), self._where(episode)
        with reading(where):
            if ABOUT in demo.attrs:
                return meta_from_text(self._attribute(demo), source=where)
            name = demo.name.rpartition("/")[2]
            masks = [mask for mask, names in self._masks.items() if name in names]
            return meta_of(demo.parent, demo, masks, self.info.fps)

    def columns(self, episode: int, names: Sequence[str] | None = None) -> Mapping[str, AnyArray]:
        """Return the columns of an episode."""
        selected = self.info.features if names is None else {name: self.info.features[name] for name in names}
        return {name: self._column(episode, name, feature) for name, feature in selected.items()}

    def episode(self, episode: int) -> Episode:
        """Return an episode; images can be read until `close`."""
        images = {camera: self._images(episode, camera, where) for camera, where in self._picture_places.items()}
        columns = self.columns(episode)
        self._check_lengths(episode, {name: len(v) for name, v in columns.items()} | {n: len(v) for n, v in images.items()})
        return Episode(meta=self.meta(episode), columns=columns, images=images)

    def demo(self, episode: int) -> Any:
        """Return the group of an episode in the file."""
        if not 0 <= episode < len(self):
            raise UsageError(f"dataset {self.path}: there is no episode {episode}; it has {len(self)}, counted from 0")
        return self._demos[episode]

    def close(self) -> None:
        """Release the file."""
        for file in self._files:
            file.close()
        self._files = []

    def _open_file(self) -> list[Any]:
        file = open_h5(self.path)
        self._files.append(file)
        demos = find_demos(file, self.path)
        self.left_out = demos.left_out
        if demos.left_out:
            faults = ", ".join(f"{name} {fault}" for name, fault in demos.left_out.items())
            _log.warning("%s: left out: %s", self.path, faults)
        return demos.usable

    def _open_parts(self) -> list[Any]:
        paths = sorted(self.path.glob("demo_*.hdf5"))
        numbers = [demo_number(path.stem) for path in paths]
        lacking = [number + 1 for number, later in pairwise(numbers) if later != number + 1]
        if lacking:
            raise DatasetError(f"{self.path}: demo {lacking[0]} is missing between others", remedy=COPY_AGAIN)
        for path in paths:
            self._files.append(open_h5(file_inside(self.path, path.name)))
        return [file["data/demo"] for file in self._files]

    def _read_info(self) -> tuple[DatasetInfo, dict[str, str]]:
        if self.path.is_dir():
            info = info_from_json(read_json(file_inside(self.path, ABOUT_FILE)), source=str(self.path / ABOUT_FILE))
        elif ABOUT in self._files[0]["data"].attrs:
            text = self._attribute(self._files[0]["data"])
            about = parse_json(text, self.path, error=DatasetError, remedy=COPY_AGAIN)
            info = info_from_json(about, source=str(self.path))
        elif self._demos:
            return guess_info(self._files[0]["data"], self._demos, self.path)
        else:
            raise UsageError(f"dataset {self.path}: has no demos, so there is no dataset in it yet")
        return info, {camera: picture_place(camera) for camera in info.cameras}

    def _column(self, episode: int, name: str, feature: Feature) -> AnyArray:
        array = self._array(episode, place(name))
        with reading(f"{self._where(episode)}: {place(name)}"):
            if array.nbytes > MOST_BYTES:
                raise DatasetError(
                    f"{self._where(episode)}: {place(name)} has {array.nbytes} bytes, at most {MOST_BYTES} are read",
                    remedy=COPY_AGAIN,
                )
            values = np.asarray(array)
        is_one_each = values.ndim == 1 and feature.shape == (1,)
        if values.dtype.kind not in "fiub" or not values.ndim or not (is_one_each or values.shape[1:] == feature.shape):
            raise DatasetError(
                f"{self._where(episode)}: {place(name)} is {values.dtype}{list(values.shape[1:])}, "
                f"expected {feature.dtype}{list(feature.shape)}"
            )
        with reading(f"{self._where(episode)}: {place(name)}"):
            return stored_column(values, feature)

    def _images(self, episode: int, camera: str, where: str) -> ImagesInFile:
        array, name = self._array(episode, where, camera), f"{self._where(episode)}, camera {camera!r}"
        if array.ndim != 4 or array.dtype != "uint8":
            what = f"{where} is {array.dtype}{list(array.shape)}, expected uint8 pictures"
            raise DatasetError(f"{name}: {what}", remedy=COPY_AGAIN, camera=camera)
        return ImagesInFile(array, where=name)

    def _check_lengths(self, episode: int, lengths: Mapping[str, int]) -> None:
        for name, length in lengths.items():
            if length != lengths["action"]:
                raise DatasetError(
                    f"{self._where(episode)}: {name!r} has {length} rows, the actions have {lengths['action']}",
                    camera=name if name in self._picture_places else None,
                )

    def _array(self, episode: int, where: str, camera: str | None = None) -> Any:
        demo = self.demo(episode)
        with reading(f"{self._where(episode)}: {where}"):
            array = demo.get(where)
            if array is None or is_group(array) or array.ndim == 0:
                what = "is missing" if array is None else "is not an array with a row per step"
                raise DatasetError(f"{self._where(episode)}: {where} {what}", camera=camera)
            return array

    def _attribute(self, group: Any) -> str | bytes:
        """Return the text that this package stores with a file or a demo."""
        with reading(self.path):
            text = group.attrs[ABOUT]
        if not isinstance(text, str | bytes):
            raise DatasetError(f"{self.path}: the attribute {ABOUT} is not text", remedy=COPY_AGAIN)
        return text

    def _where(self, episode: int) -> str:
        return f"{self.path}: episode {episode} ({self.demo(episode).name.rpartition('/')[2]})"


def _masks(file: Any) -> dict[str, set[str]]:
    """Return the names of the demos of each mask (robomimic's filter keys)."""
    masks = file.get("mask")
    arrays = {name: masks[name] for name in masks} if is_group(masks) else {}
    return {
        name: {_text(entry) for entry in array[()]}
        for name, array in arrays.items()
        if not is_group(array) and array.ndim == 1
    }


def _text(entry: bytes | str) -> str:
    return entry.decode() if isinstance(entry, bytes) else str(entry)
