"""`ahead`: batches made by a thread while the one before is learned from; the batches themselves stay what they were."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

Item = TypeVar("Item")

WAIT = 0.2  # [s] after which a thread that nobody listens to looks up


def ahead(items: Iterator[Item], depth: int = 2) -> Generator[Item, None, None]:
    """Yield the same items in the same order; what fails in the thread fails here, at the same item.

    Args:
        items: What makes them; nobody else may ask it from now on.
        depth: How many are kept ready.
    """
    ready: queue.Queue[tuple[Item | None, BaseException | None, bool]] = queue.Queue(depth)
    is_over = threading.Event()

    def make() -> None:
        try:
            for item in items:
                if not _put(ready, (item, None, False), is_over):
                    return
            _put(ready, (None, None, True), is_over)
        except BaseException as error:
            _put(ready, (None, error, True), is_over)

    threading.Thread(target=make, name="batches", daemon=True).start()
    try:
        while True:
            item, error, is_end = ready.get()
            if error is not None:
                raise error
            if is_end:
                return
            yield item  # type: ignore[misc]
    finally:
        is_over.set()


def _put(ready: queue.Queue[Item], item: Item, is_over: threading.Event) -> bool:
    """Put an item as soon as there is room, unless nobody listens any more."""
    while not is_over.is_set():
        with contextlib.suppress(queue.Full):
            ready.put(item, timeout=WAIT)
            return True
    return False
