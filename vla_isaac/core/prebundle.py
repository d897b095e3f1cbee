"""Packages that Kit lacks, shipped in the extension's ``pip_prebundle/py311`` (or the like) and last on `sys.path`."""

from __future__ import annotations

import sys
from pathlib import Path


class Prebundle:
    """One entry at the end of `sys.path`, so that Kit's own packages take precedence."""

    def __init__(self, extension: Path) -> None:
        """Store the extension's folder; `sys.path` is not changed yet."""
        self.folder = extension / "pip_prebundle" / f"py{sys.version_info.major}{sys.version_info.minor}"
        self._entry: str | None = None

    def add(self) -> bool:
        """Append the folder to `sys.path` if it exists; return whether it is on the path."""
        entry = str(self.folder)
        if self._entry is None and self.folder.is_dir() and entry not in sys.path:
            sys.path.append(entry)
            self._entry = entry
        return entry in sys.path

    def remove(self) -> None:
        """Remove the entry that `add` made; may be called twice."""
        if self._entry is not None and self._entry in sys.path:
            sys.path.remove(self._entry)
        self._entry = None
