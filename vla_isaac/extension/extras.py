"""Detect optional packages without importing them."""

from __future__ import annotations

from collections.abc import Callable

from vla_isaac.core.optional import is_installed

USES = {
    "yaml": ("pyyaml", "scenes from files"),
    "PIL": ("pillow", "policies with cameras"),
    "onnxruntime": ("onnxruntime", "learned policies"),
}
"""Import name to package and the feature that needs it; the scripted policy needs only pyyaml."""


def missing_extras(has: Callable[[str], bool] = is_installed) -> tuple[str, ...]:
    """Return the missing packages, each with the feature that needs it."""
    return tuple(f"{package} ({use})" for module, (package, use) in USES.items() if not has(module))
