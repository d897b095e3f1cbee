"""Facts about the machine: memory of this process, GPU and driver, Python and platform."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from vla_isaac import __version__
from vla_isaac.core.input_files import read_text
from vla_isaac.sim.inspection import InspectionError

STATM = Path("/proc/self/statm")
QUERY = ("--query-gpu=name,driver_version,memory.used,memory.total", "--format=csv,noheader")


def resident_bytes() -> int:
    """Return the memory of this process that is in RAM.

    Raises:
        InspectionError: If this system does not tell.
    """
    if not STATM.exists():
        raise InspectionError(f"memory is read from {STATM}, which this system does not have")
    pages = read_text(STATM, error=InspectionError, remedy="").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def machine_facts() -> dict[str, str]:
    """Return platform, Python, version of this package, GPU and driver."""
    return {
        "vla_isaac": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "gpu and driver": _gpu(),
    }


def _gpu() -> str:
    """Return what nvidia-smi says, or why it says nothing."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "no nvidia-smi on this machine"
    try:
        done = subprocess.run([program, *QUERY], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return f"nvidia-smi failed: {error}"
    return "; ".join(done.stdout.strip().splitlines())
