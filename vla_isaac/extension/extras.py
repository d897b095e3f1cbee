"""Which optional packages this Python has, found without importing them."""

from __future__ import annotations

from collections.abc import Callable

from vla_isaac.core.optional import is_installed

USES = {
    "yaml": ("pyyaml", "scenes from files"),
    "PIL": ("pillow", "policies that see"),
    "onnxruntime": ("onnxruntime", "learned policies"),
}
"""Import name, package, and what does not work without it; the scripted policy needs none but pyyaml."""


def missing_extras(has: Callable[[str], bool] = is_installed) -> tuple[str, ...]:
    """Return the packages that are not here, each with what it is for."""
    return tuple(f"{package} ({use})" for module, (package, use) in USES.items() if not has(module))
