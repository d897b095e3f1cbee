"""`StatusListeners`: the callbacks that receive a live session's status at every change."""

from __future__ import annotations

import logging
from collections.abc import Callable

from vla_isaac.runtime.live_status import LiveStatus

logger = logging.getLogger(__name__)

MAX_ROUNDS = 3  # a callback that changes the status causes another round, up to this limit


class StatusListeners:
    """Calls every callback; one that raises is logged and removed."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[LiveStatus], None]] = []
        self._is_calling = self._is_changed = False

    def __len__(self) -> int:
        return len(self._listeners)

    def add(self, listener: Callable[[LiveStatus], None]) -> Callable[[], None]:
        """Call `listener` from now on, and return a function that removes it."""
        self._listeners.append(listener)

        def remove() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return remove

    def clear(self) -> None:
        """Remove all callbacks."""
        self._listeners.clear()

    def tell(self, status: Callable[[], LiveStatus]) -> None:
        """Call every callback; `status` is only called where there is a callback."""
        self._is_changed = True
        if self._is_calling:
            return
        self._is_calling = True
        try:
            for _ in range(MAX_ROUNDS):
                if not (self._is_changed and self._listeners):
                    break
                self._is_changed = False
                self._call_all(status())
        finally:
            self._is_calling = False

    def _call_all(self, status: LiveStatus) -> None:
        for listener in list(self._listeners):
            try:
                listener(status)
            except Exception:
                if listener in self._listeners:
                    self._listeners.remove(listener)
                logger.exception("a listener of the live session failed and was removed")
