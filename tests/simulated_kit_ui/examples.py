"""Isaac Sim's examples browser, as small as our extension uses it; it counts what is registered.

Source: isaac-sim/IsaacSim v5.0.0 to v6.0.1, isaacsim.examples.browser: extension.py, model.py, property_delegate.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType


@dataclass
class Example:
    """model.py:29: these keywords and no others."""

    name: str = ""
    execute_entrypoint: Callable[[], None] | None = None
    ui_hook: Callable[[], None] | None = None
    category: str = ""
    thumbnail: str | None = None


class ExamplesBrowser:
    """What `get_instance` returns; None while its extension is disabled."""

    def __init__(self) -> None:
        self.found: list[Example] = []
        self.is_enabled = True

    def alive(self) -> dict[str, int]:
        return {"examples": len(self.found)}

    def register_example(self, **keywords: object) -> None:
        for needed in ("name", "category"):  # v5.1.0 extension.py:80
            if needed not in keywords:
                raise ValueError(f"Missing required parameter {needed!r} for register_example")
        self.found.append(Example(**keywords))

    def deregister_example(self, **keywords: object) -> None:
        left = [e for e in self.found if (e.name, e.category) != (keywords["name"], keywords["category"])]
        if len(left) == len(self.found):  # v5.1.0 extension.py:107
            raise KeyError(f"Example {keywords['name']!r} does not exist")
        self.found = left

    def select(self, name: str) -> None:
        """Click an entry: v5.1.0 property_delegate.py:41 calls the hook, whatever it is, inside a container."""
        self._example(name).ui_hook()

    def double_click(self, name: str) -> None:
        """model.py:149."""
        entry = self._example(name).execute_entrypoint
        if entry:
            entry()

    def _example(self, name: str) -> Example:
        return next(example for example in self.found if example.name == name)

    def modules(self) -> dict[str, ModuleType]:
        names = ("isaacsim", "isaacsim.examples", "isaacsim.examples.browser")
        found = {name: ModuleType(name) for name in names}
        for module in found.values():
            module.__path__ = []
        found[names[-1]].get_instance = lambda: self if self.is_enabled else None
        return found
