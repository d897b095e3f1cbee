"""Events of Kit: app updates, timeline changes, stage opened or closing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vla_isaac.extension.kit import require

omni_app = require("omni.kit.app")  # source: docs.omniverse.nvidia.com omni.kit.app: IApp; stubs in the 6.2 kernel
timeline = require("omni.timeline")  # source: docs.omniverse.nvidia.com omni.timeline, TimelineEventType, event stream
usd = require("omni.usd")  # source: docs.omniverse.nvidia.com omni.usd, UsdContext, StageEventType


class KitEvents:
    """Subscriptions to three of Kit's streams, held until `close`."""

    def __init__(
        self, *, on_update: Callable[[], None], on_timeline: Callable[[str], None], on_stage: Callable[[str], None]
    ) -> None:
        """Subscribe.

        Args:
            on_update: Called after every app update.
            on_timeline: Called with ``play``, ``pause`` or ``stop``.
            on_stage: Called with ``opened`` or ``closing``.
        """
        kinds = timeline.TimelineEventType
        timeline_words = {int(kinds.PLAY): "play", int(kinds.PAUSE): "pause", int(kinds.STOP): "stop"}
        stage_words = {int(usd.StageEventType.OPENED): "opened", int(usd.StageEventType.CLOSING): "closing"}
        self._timeline = timeline.get_timeline_interface()
        updates = omni_app.get_app().get_update_event_stream()
        times = self._timeline.get_timeline_event_stream()
        stages = usd.get_context().get_stage_event_stream()
        self._held: list[Any] = [
            updates.create_subscription_to_pop(lambda event: on_update(), name="vla_isaac update"),
            times.create_subscription_to_pop(_event_handler(on_timeline, timeline_words), name="vla_isaac timeline"),
            stages.create_subscription_to_pop(_event_handler(on_stage, stage_words), name="vla_isaac stage"),
        ]

    @property
    def is_playing(self) -> bool:
        """Whether the timeline plays now; an event may be out of date."""
        return bool(self._timeline.is_playing())

    @property
    def is_stopped(self) -> bool:
        """Whether the timeline is stopped now."""
        return bool(self._timeline.is_stopped())

    def close(self) -> None:
        """Drop the subscriptions; may be called twice."""
        self._held.clear()


def _event_handler(handle: Callable[[str], None], words: dict[int, str]) -> Callable[[Any], None]:
    def on_event(event: Any) -> None:
        word = words.get(int(event.type))
        if word is not None:
            handle(word)

    return on_event


async def next_update() -> None:
    """Wait for one app update."""
    await omni_app.get_app().next_update_async()


def extension_folder(ext_id: str) -> str:
    """Return the folder of an extension, whatever its name."""
    return str(omni_app.get_app().get_extension_manager().get_extension_path(ext_id))
