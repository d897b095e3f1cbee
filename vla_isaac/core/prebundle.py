"""Packages that Kit lacks travel with the extension, in ``pip_prebundle/py311`` and its like, found last of all."""

from __future__ import annotations

import sys
from pathlib import Path


class Prebundle:
    """One entry at the end of `sys.path`, so that Kit's own packages always win."""

    def __init__(self, extension: Path) -> None:
        """Take the folder of the extension; nothing happens yet."""
        self.folder = extension / "pip_prebundle" / f"py{sys.version_info.major}{sys.version_info.minor}"
        self._entry: str | None = None

    def add(self) -> bool:
        """Put the folder last on the import path if it exists; tell whether it is there."""
        entry = str(self.folder)
        if self._entry is None and self.folder.is_dir() and entry not in sys.path:
            sys.path.append(entry)
            self._entry = entry
        return entry in sys.path

    def remove(self) -> None:
        """Take away what `add` put there; may be called twice."""
        if self._entry is not None and self._entry in sys.path:
            sys.path.remove(self._entry)
        self._entry = None
