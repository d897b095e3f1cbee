"""The fakes as modules, and how they get into Python's import system and out again without trace."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType

from tests.simulated_kit_ui.menus import MenuWorld
from tests.simulated_kit_ui.widgets import UiWorld, ui_module

ROOTS = ("omni", "carb", "isaacsim")


def modules(ui: UiWorld | None = None, menus: MenuWorld | None = None) -> dict[str, ModuleType]:
    """Return omni.ui, omni.kit.menu.utils and omni.kit.actions.core; give worlds to look at what happens in them."""
    return {"omni.ui": ui_module(ui or UiWorld()), **(menus or MenuWorld()).modules()}


@contextmanager
def installed(found: Mapping[str, ModuleType]) -> Iterator[None]:
    """Make these modules importable, with the packages above them; our own extension is imported anew."""
    parents = {name.rpartition(".")[0] for name in found} | {"omni", "omni.kit"}
    everything = {name: ModuleType(name) for name in parents if name} | dict(found)
    for name, module in everything.items():
        module.__path__ = []  # type: ignore[attr-defined]
        above, _, last = name.rpartition(".")
        if above in everything:
            setattr(everything[above], last, module)
    before = {name: sys.modules[name] for name in sys.modules if name.partition(".")[0] in ROOTS}
    for name in before:
        del sys.modules[name]
    sys.modules.update(everything)
    forget_extension()
    try:
        yield
    finally:
        forget_extension()
        for name in [n for n in sys.modules if n.partition(".")[0] in ROOTS]:
            del sys.modules[name]
        sys.modules.update(before)


def forget_extension() -> None:
    """Let the next import load the extension again, as Kit does when it was disabled."""
    for name in [name for name in sys.modules if f"{name}.".startswith("vla_isaac.extension.")]:
        del sys.modules[name]
    package = sys.modules.get("vla_isaac")
    if package is not None and hasattr(package, "extension"):
        del package.extension
