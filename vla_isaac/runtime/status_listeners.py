"""`StatusListeners`: those who are told a live session's status at every change."""

from __future__ import annotations

import logging
from collections.abc import Callable

from vla_isaac.runtime.live_status import LiveStatus

logger = logging.getLogger(__name__)

MAX_ROUNDS = 3  # watchers that change something while being told are told again, but not for ever


class StatusListeners:
    """Tells them all; one that raises is logged and gets no more calls."""

    def __init__(self) -> None:
        self._watchers: list[Callable[[LiveStatus], None]] = []
        self._is_telling = self._is_changed = False

    def __len__(self) -> int:
        return len(self._watchers)

    def add(self, tell: Callable[[LiveStatus], None]) -> Callable[[], None]:
        """Call `tell` from now on, and return what ends that."""
        self._watchers.append(tell)

        def remove() -> None:
            if tell in self._watchers:
                self._watchers.remove(tell)

        return remove

    def clear(self) -> None:
        """Forget them all."""
        self._watchers.clear()

    def tell(self, status: Callable[[], LiveStatus]) -> None:
        """Tell everybody; `status` is only asked for where somebody listens."""
        self._is_changed = True
        if self._is_telling:
            return
        self._is_telling = True
        try:
            for _ in range(MAX_ROUNDS):
                if not (self._is_changed and self._watchers):
                    break
                self._is_changed = False
                self._tell_once(status())
        finally:
            self._is_telling = False

    def _tell_once(self, status: LiveStatus) -> None:
        for tell in list(self._watchers):
            try:
                tell(status)
            except Exception:
                if tell in self._watchers:
                    self._watchers.remove(tell)
                logger.exception("a watcher of the live session failed and was dropped")
