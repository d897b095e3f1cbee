"""`contained_file`: symbolic links in a folder from a stranger, restricted to the folder.

A link in an unpacked archive can lead to any file of this machine, whose content would then be in a converted dataset. Links
within the folder are followed, and those of the Hugging Face cache, whose snapshots consist of links to
``OWNER/blobs/`` of the same repository. The folder itself may be reached by a link: its user has named it.
Source: huggingface.co/docs/huggingface_hub/guides/manage-cache (layout of the cache).
"""

from __future__ import annotations

import os
from pathlib import Path

from vla_isaac.core.errors import VlaIsaacError
from vla_isaac.core.input_files import regular_file

REPOSITORIES = ("datasets--", "models--", "spaces--")
"""What the folder of a repository in the Hugging Face cache begins with."""


def contained_file(root: Path, path: Path, *, error: type[VlaIsaacError]) -> Path:
    """Return the path of a file in a folder, unless a link leads out of it.

    Args:
        root: The folder.
        path: A file or folder below it; it need not exist.
        error: The class of the error.

    Raises:
        error: If the file is outside of the folder, and of the blobs of its repository in the Hugging Face cache.
    """
    real, home = os.path.realpath(path), os.path.realpath(root)
    if _is_below(real, home) or any(_is_below(real, place) for place in _blobs(Path(home))):
        return path
    raise error(
        f"{path} is a link to {real}, outside of {root}, and is not followed",
        remedy=f"if you trust it, copy the files in place of the links: cp -rL {root} NEW",
    )


def check_folder(folder: Path, suffixes: tuple[str, ...], *, error: type[VlaIsaacError], remedy: str) -> None:
    """Check the files of a folder before a library opens them, which would wait for a pipe and follow any link.

    Args:
        folder: The folder; folders in it are not looked into.
        suffixes: Endings of the files that the library may open.
        error: The class of the error.
        remedy: What to do about a file that is not a regular one.

    Raises:
        error: If a file is a device or a pipe, or a link that leads out of the folder.
    """
    for path in sorted(folder.iterdir()):
        if path.suffix in suffixes:
            regular_file(contained_file(folder, path, error=error), error=error, remedy=remedy)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _blobs(home: Path) -> list[str]:
    """Return where the Hugging Face cache stores the files of a snapshot; empty for other folders."""
    snapshots = next((folder for folder in (home, *home.parents) if folder.parent.name == "snapshots"), None)
    if snapshots is None or not snapshots.parents[1].name.startswith(REPOSITORIES):
        return []
    return [str(snapshots.parents[1] / "blobs")]
