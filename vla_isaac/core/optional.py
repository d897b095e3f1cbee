"""Import of optional packages; a missing one raises one error that names the extra to install."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from vla_isaac.core.errors import MissingDependencyError
from vla_isaac.core.installation import install_remedy
from vla_isaac.core.telemetry import turn_off_telemetry


def require(module: str, *, extra: str, need: str, instead: str = "") -> ModuleType:
    """Import an optional module, or raise an error that names its extra.

    Its telemetry is turned off first; see `core.telemetry`.

    Args:
        module: Import name, such as ``"mujoco"``.
        extra: The extra of this package that installs it.
        need: What needs it, such as ``"the mujoco backend"``.
        instead: What to do without it, such as ``"choose --backend stub"``.

    Raises:
        MissingDependencyError: If the module is not installed.
    """
    turn_off_telemetry(module.partition(".")[0])
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module == error.name or module.startswith(error.name + ".")):
            raise
        raise missing(module, extra=extra, need=need, instead=instead) from error


def missing(module: str, *, extra: str, need: str, instead: str = "") -> MissingDependencyError:
    """Return the error of `require`, for a module that is known to be missing."""
    choice = f", or {instead}" if instead else ""
    return MissingDependencyError(
        f"{need} needs the package {module.partition('.')[0]!r}", remedy=f"{install_remedy(extra)}{choice}"
    )


def is_installed(module: str) -> bool:
    """Return whether `module` can be found, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):
        return False
