"""Import of Kit's modules, which have no stubs and exist only inside Isaac Sim."""

from __future__ import annotations

import importlib
from typing import Any

from vla_isaac.core.errors import MissingDependencyError


def require(module: str) -> Any:
    """Return a module of Kit.

    Raises:
        MissingDependencyError: If this process is not Isaac Sim, or the extension with the module is disabled.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise MissingDependencyError(
            f"the panel of vla_isaac runs inside Isaac Sim and needs its module {module!r}, which this Python lacks",
            remedy=(
                "enable the extension in Isaac Sim (Window > Extensions), or run an instruction here: "
                'vla-isaac run "Pick up the red cube and place it on the blue box" --backend mujoco'
            ),
        ) from error
