"""`check_writable`: report before a run that its result could not be written."""

from __future__ import annotations

import os
from pathlib import Path

from vla_isaac.core.errors import UsageError


def check_writable(folder: Path) -> None:
    """Raise `UsageError` unless `folder` is writable; create it if necessary."""
    probe = folder / f".vla_isaac_write_test_{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror or error}; choose another folder") from error
