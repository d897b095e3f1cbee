"""Files of the extension that need no Kit, loaded without their package: importing the package asks for Kit."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

EXTENSION = Path(__file__).resolve().parents[2] / "vla_isaac" / "extension"
PACKAGE = "vla_isaac.extension"


def load_alone(name: str) -> ModuleType:
    """Return ``vla_isaac/extension/<name>.py`` and its neighbours as modules; fails if one of them imports Kit."""
    package = ModuleType(PACKAGE)
    package.__path__ = [str(EXTENSION)]  # the package without its __init__, which imports Kit
    before = {module: sys.modules.pop(module) for module in list(sys.modules) if f"{module}.".startswith(f"{PACKAGE}.")}
    kit = {module for module in sys.modules if module.partition(".")[0] in ("omni", "carb")}
    sys.modules[PACKAGE] = package
    try:
        module = importlib.import_module(f"{PACKAGE}.{name}")
        assert {m for m in sys.modules if m.partition(".")[0] in ("omni", "carb")} == kit, f"{name} imports Kit"
        return module
    finally:
        for loaded in [module for module in sys.modules if f"{module}.".startswith(f"{PACKAGE}.")]:
            del sys.modules[loaded]
        sys.modules.update(before)
