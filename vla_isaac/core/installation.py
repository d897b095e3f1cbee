"""`install_command`: the command that installs an extra of this package in the environment in use."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

Kind = Literal["checkout", "wheel", "kit"]

_ABOVE_PACKAGE = Path(__file__).resolve().parents[2]

IN_KIT: Mapping[str, str] = {
    "": "use the extension folder that `make extension` builds in a checkout; it has the package under pip_prebundle",
    "cli": "use the extension folder that `make extension` builds in a checkout; it has the package under pip_prebundle",
    "policy": 'in Isaac Sim\'s folder run: ./python.sh -m pip install "onnxruntime>=1.23"',
    "video": 'in Isaac Sim\'s folder run: ./python.sh -m pip install "av>=15"',
}
"""Extra to remedy inside Kit, where an extra as a whole would replace packages that Kit depends on."""

ELSEWHERE = "use an ordinary Python for this, outside Isaac Sim"


def kind_of_installation() -> Kind:
    """Return where this package runs from: Isaac Sim's Python, a checkout of the repository, or an installed wheel."""
    if "omni.kit.app" in sys.modules or _is_isaac_python():
        return "kit"
    return "checkout" if (_ABOVE_PACKAGE / "pyproject.toml").is_file() else "wheel"


def install_command(extra: str) -> str:
    """Return the command that installs an extra of this package; inside Kit, what to do instead.

    Args:
        extra: An extra of pyproject.toml; empty for the packages that are always required.
    """
    kind = kind_of_installation()
    if kind == "kit":
        return IN_KIT.get(extra, ELSEWHERE)
    names = f"[{extra}]" if extra else ""
    if kind == "wheel":
        return f'{pip()} install "vla_isaac{names}"'
    return f'{pip()} install -e "{_from_here(_ABOVE_PACKAGE)}{names}"'


def install_remedy(extra: str) -> str:
    """Return `install_command` as the remedy of an error, such as ``'run: pip install -e ".[data]"'``."""
    return install_command(extra) if kind_of_installation() == "kit" else f"run: {install_command(extra)}"


def pip() -> str:
    """Return how to call the pip of this Python: ``pip`` where that is the one on the path, else ``PYTHON -m pip``."""
    found = shutil.which("pip")
    if found is not None and Path(found).parent == Path(sys.executable).parent:
        return "pip"
    python = _from_here(Path(sys.executable))
    return f'"{python}" -m pip' if " " in python else f"{python} -m pip"


def _from_here(path: Path) -> str:
    """Return a path relative to the working directory if it lies below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (OSError, ValueError):  # the working directory is gone, or elsewhere
        return str(path)


def _is_isaac_python() -> bool:
    """Return whether this is the Python of Isaac Sim's binary release; its python.sh sets this variable to Kit's folder."""
    kit = os.environ.get("CARB_APP_PATH")
    return bool(kit) and Path(sys.executable).is_relative_to(Path(str(kit)))
