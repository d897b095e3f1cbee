"""`read_arrays`: the arrays of an ``.npz`` file, bounded by the size of the file."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import VlaIsaacError
from vla_isaac.core.input_files import MEBIBYTE, reading, regular_file

E = TypeVar("E", bound=VlaIsaacError)

SMALL = 256 * MEBIBYTE
"""Bytes to which any archive may unpack."""

MOST_EXPANSION = 4
"""Bytes per byte of a larger archive; those of this package are not compressed, so that they have 1."""


def read_arrays(path: Path, *, error: type[E], remedy: str) -> dict[str, AnyArray]:
    """Return the arrays of an ``.npz`` file by name; without pickled objects.

    Args:
        path: The file.
        error: The class of the error.
        remedy: What to do about a broken file.

    Raises:
        E: If it is missing, broken, not a regular file, has a value that is not an array of numbers, or would unpack to much
            more than its size.
    """
    place = regular_file(path, error=error, remedy=remedy)
    with reading(path, error=error, remedy=remedy), zipfile.ZipFile(place) as archive:
        size, most = (
            sum(member.file_size for member in archive.infolist()),
            max(SMALL, MOST_EXPANSION * place.stat().st_size),
        )
        if size > most:
            raise error(f"{path} would unpack to {size // MEBIBYTE} MiB, at most {most // MEBIBYTE} are read", remedy=remedy)
        return {member.filename.removesuffix(".npy"): _read(archive, member) for member in archive.infolist()}


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> AnyArray:
    """Return one array; its declared size is compared with the stored one before memory is taken for it."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        headers: dict[tuple[int, int], Any] = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        shape, is_fortran, dtype = headers[version](file)
        if dtype.hasobject:
            raise ValueError(f"{member.filename} holds Python objects, not numbers")
        size = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if min(shape, default=0) < 0 or size != member.file_size - file.tell():
            raise ValueError(f"{member.filename} declares {dtype}{list(shape)} and has {member.file_size} bytes")
        values = np.frombuffer(bytearray(file.read()), dtype)
        return values.reshape(shape[::-1]).T if is_fortran else values.reshape(shape)
