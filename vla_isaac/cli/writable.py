"""`check_writable`: report before a run that its result could not be written."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

from vla_isaac.core.atomic_files import unwritable
from vla_isaac.core.errors import UsageError

FULL = (errno.ENOSPC, errno.EDQUOT)


def check_writable(folder: Path) -> None:
    """Check that files can be written to `folder`, which is created if necessary.

    Raises:
        UsageError: If they cannot.
        WriteError: If the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:  # on Linux without a name, so that a kill leaves nothing
            probe.write(b"x")
    except OSError as error:
        if error.errno == errno.EFBIG:  # a limit of this process, not of the folder
            return
        if error.errno in FULL:
            raise unwritable(folder, error) or error from error
        raise UsageError(f"cannot write to {folder}: {error.strerror or error}; choose another folder") from error
