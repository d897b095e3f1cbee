"""Names turned into things: a small registry with near matches and entry points for other people's packages."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

from vla_isaac.core.errors import UnknownNameError, unknown


def unknown_name(kind: str, name: str, known: Mapping[str, Any] | list[str] | tuple[str, ...]) -> UnknownNameError:
    """Return the error for a name nobody registered, with the nearest match and all known names."""
    return unknown(UnknownNameError, f"no {kind} named {name!r}", name, sorted(known), cutoff=0.5)


class Registry:
    """Name → ``"module:attribute"``, imported only when asked for.

    Third parties add names through the entry-point group ``vla_isaac.<group>`` of their own package; a name of
    ours is never overridden by theirs.
    """

    def __init__(self, kind: str, group: str, own: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = f"vla_isaac.{group}"
        self._own = dict(own)

    def targets(self) -> dict[str, str]:
        """Return every known name with the place its object comes from."""
        foreign = {point.name: point.value for point in entry_points(group=self.group)}
        return {**foreign, **self._own}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.targets()))

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self.targets()

    def load(self, name: str) -> Any:
        """Import and return the object registered under `name`.

        Raises:
            UnknownNameError: If nobody registered that name.
        """
        target = self._own.get(name) or self.targets().get(name)
        if target is None:
            raise unknown_name(self.kind, name, self.targets())
        module, _, attribute = target.partition(":")
        return getattr(importlib.import_module(module), attribute)
