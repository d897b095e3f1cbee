"""`check_self_contained`: refuse an HDF5 file that takes its numbers from other files.

HDF5 has three ways to name other files: external links, external storage of raw data, and virtual datasets. A reader follows
each silently, so an untrusted dataset could copy any file of this machine into a converted one.
Source: HDF5 user's guide, chapters "Groups" (external links) and "Datasets" (external storage, virtual datasets).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.errors import ForeignFileError
from vla_isaac.core.optional import require

LARGE = 64 * 2**20  # [bytes] smaller arrays are not checked for their stored size
MOST_CHUNK = 256 * 2**20  # [bytes] a chunk is decompressed as a whole
MOST_COMPRESSION = 1100  # deflate's limit is 1032: a larger array is not in the file


def check_self_contained(file: Any, path: Path) -> None:
    """Check every link and every dataset of an open file, without following a link.

    Args:
        file: An `h5py.File`.
        path: Its name, for errors.

    Raises:
        ForeignFileError: If a part of it is in another file, or is declared larger than it can be.
    """
    h5py = require("h5py", extra="data", need="the dataset format hdf5", instead="choose another format")
    links: list[tuple[bytes, int]] = []
    file.id.links.visit(lambda name, info: links.append((name, info.type)), info=True)
    for name, kind in links:
        if kind not in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT):
            raise _refused(path, name, "is a link into another file")
    for name, kind in links:  # only now: a soft link may lead through one of the links above
        if kind == h5py.h5l.TYPE_HARD:
            _check_object(h5py, file, name, path)
        else:
            _check_soft_link(h5py, file, name, path)


def _check_object(h5py: Any, file: Any, name: bytes, path: Path) -> None:
    found = h5py.h5o.open(file.id, name)
    if not isinstance(found, h5py.h5d.DatasetID):
        return
    layout = found.get_create_plist()
    if layout.get_external_count():
        raise _refused(path, name, "keeps its numbers in another file (external storage)")
    if layout.get_layout() == h5py.h5d.VIRTUAL:
        raise _refused(path, name, "is composed of other files (virtual dataset)")
    size = int(np.prod(found.shape, dtype=object)) * found.dtype.itemsize if found.shape else 0
    chunk = int(np.prod(layout.get_chunk(), dtype=object)) * found.dtype.itemsize if _is_chunked(h5py, layout) else 0
    if chunk > MOST_CHUNK:
        raise ForeignFileError(
            f"{path}: {_text(name)} is stored in chunks of {chunk} bytes, at most {MOST_CHUNK} are read at once; write "
            "it again in smaller ones"
        )
    if size > max(LARGE, MOST_COMPRESSION * found.get_storage_size()):
        raise ForeignFileError(
            f"{path}: {_text(name)} is declared as {size} bytes and stores {found.get_storage_size()}; it is broken, get it "
            "again from where it came from"
        )


def _is_chunked(h5py: Any, layout: Any) -> bool:
    return bool(layout.get_layout() == h5py.h5d.CHUNKED)


def _check_soft_link(h5py: Any, file: Any, name: bytes, path: Path) -> None:
    try:
        h5py.h5o.open(file.id, name)
    except KeyError:
        return  # a dangling link, like a missing object
    except (RuntimeError, OSError) as error:
        raise ForeignFileError(f"{path}: {_text(name)} is a circular soft link; write the file again") from error


def _text(name: bytes) -> str:
    return name.decode(errors="replace")


def _refused(path: Path, name: bytes, why: str) -> ForeignFileError:
    return ForeignFileError(
        f"{path}: {_text(name)} {why}, and a dataset must contain all its data; if you trust it, write that array into this "
        "file with h5py, then try again"
    )
