"""`Registry`: names to objects imported on demand, with near matches and entry points of other packages."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

from vla_isaac.core.errors import UnknownNameError, unknown


def unknown_name(kind: str, name: str, known: Mapping[str, Any] | list[str] | tuple[str, ...]) -> UnknownNameError:
    """Return the error for a name that is not registered, with the nearest match and all known names."""
    return unknown(UnknownNameError, f"no {kind} named {name!r}", name, sorted(known), cutoff=0.5)


class Registry:
    """Name → ``"module:attribute"``, imported on demand.

    Other packages add names through the entry-point group ``vla_isaac.<group>``; they cannot override a built-in name.
    """

    def __init__(self, kind: str, group: str, own: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = f"vla_isaac.{group}"
        self._own = dict(own)

    def targets(self) -> dict[str, str]:
        """Return every known name with its target."""
        foreign = {point.name: point.value for point in entry_points(group=self.group)}
        return {**foreign, **self._own}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.targets()))

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self.targets()

    def is_own(self, name: str) -> bool:
        """Return whether a name is built in, not added by another package."""
        return name in self._own

    def load(self, name: str) -> Any:
        """Import and return the object registered under `name`.

        Raises:
            UnknownNameError: If the name is not registered.
        """
        target = self._own.get(name) or self.targets().get(name)
        if target is None:
            raise unknown_name(self.kind, name, self.targets())
        module, _, attribute = target.partition(":")
        return getattr(importlib.import_module(module), attribute)
