"""Paths of columns in a robomimic file, and opening of its files.

Source: robomimic, "Dataset overview" (robomimic.github.io/docs/datasets/overview.html): groups, attributes, masks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vla_isaac.core import input_files
from vla_isaac.core.errors import DatasetError
from vla_isaac.core.optional import require
from vla_isaac.datasets.robomimic.self_contained import check_self_contained
from vla_isaac.datasets.untrusted_paths import regular_file

ENDINGS = (".hdf5", ".h5")
PARTS = ".parts"
ABOUT = "vla_isaac"  # attribute with the metadata of this package, on `data` the dataset's, on each demo the demonstration's
ABOUT_FILE = "dataset.json"
COPY_AGAIN = "copy the file again, or write it again with the program that made it"
PICTURE_ENDINGS = ("_image", "_rgb")  # robosuite's and robomimic's; LIBERO's

_PLACES = {"action": "actions", "next.reward": "rewards", "next.done": "dones", "states": "states"}


def h5() -> Any:
    """Return the package h5py."""
    return require("h5py", extra="data", need="the dataset format hdf5", instead="choose another format")


def open_h5(path: Path, mode: str = "r") -> Any:
    """Open an HDF5 file.

    Raises:
        DatasetError: If it is not HDF5, is truncated, or refers to another file.
    """
    remedy = "it is no HDF5 file, or its writing was cut off; copy the dataset again"
    with input_files.reading(path, error=DatasetError, remedy=remedy):
        file = h5().File(regular_file(path) if mode == "r" else path.absolute(), mode)
    if mode == "r":
        try:
            with input_files.reading(path, error=DatasetError, remedy=remedy):
                check_self_contained(file, path)
        except BaseException:
            file.close()
            raise
    return file


def place(column: str) -> str:
    """Return the path of a column below its demo."""
    if column.startswith("observation."):
        return "obs/" + column.removeprefix("observation.")
    return _PLACES.get(column, column)


def picture_place(camera: str) -> str:
    """Return the path of a camera's images below its demo."""
    return f"obs/{camera}{PICTURE_ENDINGS[0]}"


def parts_folder(path: Path) -> Path:
    """Return the folder of finished demos until the file is written."""
    return path.with_name(path.name + PARTS)


def part_path(path: Path, number: int) -> Path:
    """Return the file of one demo."""
    return parts_folder(path) / f"demo_{number:06d}.hdf5"


def demo_number(name: str) -> int:
    """Return N of ``demo_N``, and -1 for another name."""
    digits = name.removeprefix("demo_")
    return int(digits) if digits.isdecimal() else -1


def is_group(item: Any) -> bool:
    """Return whether an object of the file holds others; false for an array and for None."""
    return isinstance(item, h5().Group)
