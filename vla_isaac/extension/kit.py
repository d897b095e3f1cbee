"""Kit's modules, taken in one place: they have no stubs, and outside Isaac Sim they do not exist."""

from __future__ import annotations

import importlib
from typing import Any

from vla_isaac.core.errors import MissingDependencyError


def require(module: str) -> Any:
    """Return a module of Kit.

    Raises:
        MissingDependencyError: If this process is not Isaac Sim, or the extension that brings the module is off.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise MissingDependencyError(
            f"the panel of vla_isaac runs inside Isaac Sim and needs its module {module!r}, which this Python has not",
            remedy=(
                "enable the extension in Isaac Sim (Window > Extensions), or run an instruction here: "
                'vla-isaac run "Pick up the red cube and place it on the blue box" --backend mujoco'
            ),
        ) from error
