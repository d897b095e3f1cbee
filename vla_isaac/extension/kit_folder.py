"""`open_folder`: show a folder in the system's file browser, without waiting for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from vla_isaac.core.errors import UsageError


def open_folder(folder: Path) -> None:
    """Show a folder in the file browser.

    Raises:
        UsageError: If the folder does not exist, or no file browser can be started.
    """
    if not folder.is_dir():
        raise UsageError(f"the folder {folder} does not exist yet", remedy="press Record, then Run")
    try:
        if sys.platform == "win32":
            os.startfile(folder)
        else:
            opener = "open" if sys.platform == "darwin" else "xdg-open"
            subprocess.Popen([opener, str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    except OSError as error:
        raise UsageError(f"no file browser can be started ({error})", remedy=f"the recordings are in {folder}") from error
