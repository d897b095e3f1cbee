"""Kit's event streams: subscriptions live as long as someone holds them, and a callback that raises is only logged."""

from __future__ import annotations

import itertools
import traceback
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_ids = itertools.count()


@dataclass
class Event:
    """What a subscriber is given; `type` is an int, as in Kit."""

    type: int = 0
    payload: dict[str, Any] = field(default_factory=dict)
    sender: int = 0

    def consume(self) -> None:
        """Accept the call; nothing here stops an event."""


class Subscription:
    """One callback of one stream; dropped when nobody holds it or by `unsubscribe`."""

    def __init__(self, stream: Stream, call: Callable[..., Any], name: str, order: int, of_type: int | None) -> None:
        self.stream, self.call, self.name, self.order, self.of_type = stream, call, name, order, of_type
        self.number = next(_ids)
        self.is_live = True

    def unsubscribe(self) -> None:
        self.is_live = False
        self.stream.subscriptions.discard(self)

    def reset(self) -> None:
        self.unsubscribe()

    def __repr__(self) -> str:
        return f"<{self.stream.name}: {self.name or getattr(self.call, '__qualname__', self.call)}>"


class Held:
    """A subscription whose bound method Kit holds, so that its owner lives until this is dropped."""

    def __init__(self, pinned: dict[int, Any], subscription: Subscription) -> None:
        self._pinned, self._number = pinned, subscription.number
        self._pinned[self._number] = subscription

    def __del__(self) -> None:
        self._pinned.pop(self._number).unsubscribe()


class Stream:
    """Who listens to one kind of event."""

    def __init__(self, name: str, log: Callable[[str, str], None], around: Callable[[str], Any]) -> None:
        self.name, self._log, self._around = name, log, around
        self.subscriptions: weakref.WeakSet[Subscription] = weakref.WeakSet()

    def subscribe(
        self, call: Callable[..., Any], *, name: str = "", order: int = 0, of_type: int | None = None
    ) -> Subscription:
        found = Subscription(self, call, name or "", order, of_type)
        self.subscriptions.add(found)
        return found

    def listeners(self) -> list[Subscription]:
        return sorted(self.subscriptions, key=lambda s: (s.order, s.number))

    def emit(self, *args: Any, of_type: int | None = None) -> None:
        for subscription in self.listeners():
            if not subscription.is_live or (subscription.of_type is not None and subscription.of_type != of_type):
                continue
            with self._around(self.name):
                try:
                    subscription.call(*args)
                except Exception:  # Kit prints it and goes on
                    self._log("error", f"exception in a callback of {self.name}:\n{traceback.format_exc()}")


class EventStream:
    """A stream as Kit's `carb.events.IEventStream` shows it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def create_subscription_to_pop(self, fn: Callable[..., Any], order: int = 0, name: str | None = None) -> Subscription:
        return self._stream.subscribe(fn, name=name or "", order=order)

    def create_subscription_to_pop_by_type(
        self, event_type: int, fn: Callable[..., Any], order: int = 0, name: str | None = None
    ) -> Subscription:
        return self._stream.subscribe(fn, name=name or "", order=order, of_type=int(event_type))

    create_subscription_to_push = create_subscription_to_pop
    create_subscription_to_push_by_type = create_subscription_to_pop_by_type
