"""Files of the extension that need no Kit, loaded without their package: importing the package asks for Kit."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

EXTENSION = Path(__file__).resolve().parents[2] / "vla_isaac" / "extension"


def load_alone(name: str) -> ModuleType:
    """Return ``vla_isaac/extension/<name>.py`` as a module of its own; fails if it imports its neighbours."""
    spec = importlib.util.spec_from_file_location(f"alone_{name}", EXTENSION / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up
    spec.loader.exec_module(module)
    return module
