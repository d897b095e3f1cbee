"""What Kit's timeline does when somebody plays, pauses or stops it by hand, for the self-test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vla_isaac.sim.backend import Steps

MOST_UPDATES = 10  # app updates to wait for an event

Redraw = Callable[[], Steps[None]]
"""Makes or awaits one app update without physics steps."""


def timeline_events(redraw: Redraw) -> Steps[Mapping[str, int]]:
    """Play and pause by hand, and leave the timeline as it was.

    Returns:
        App updates until the event of ``play`` and of ``pause`` came, -1 where it did not in `MOST_UPDATES`; ``dropped``:
        the events that came after the subscription was dropped.
    """
    import omni.timeline  # source: docs.omniverse.nvidia.com Kit manual, omni.timeline: ITimeline, TimelineEventType

    timeline: Any = omni.timeline.get_timeline_interface()
    kinds: Any = omni.timeline.TimelineEventType
    wishes = [("pause", timeline.pause, int(kinds.PAUSE)), ("play", timeline.play, int(kinds.PLAY))]
    if not timeline.is_playing():
        wishes.reverse()
    heard: list[int] = []
    stream = timeline.get_timeline_event_stream()
    held = [stream.create_subscription_to_pop(lambda event: heard.append(int(event.type)), name="vla_isaac self-test")]
    found = {}
    for word, wish, kind in wishes:
        heard.clear()
        wish()
        found[word] = yield from _updates_until(lambda kind=kind: kind in heard, redraw)  # type: ignore[misc]
    held.clear()
    heard.clear()
    for _, wish, _ in wishes:
        wish()
        for _ in range(2):
            yield from redraw()
    return {**found, "dropped": len(heard)}


def stop_by_hand(redraw: Redraw) -> Steps[bool]:
    """Stop the timeline as the button of the toolbar does; return whether it says that it is stopped."""
    import omni.timeline  # source: docs.omniverse.nvidia.com Kit manual, omni.timeline: ITimeline.stop, is_stopped

    timeline: Any = omni.timeline.get_timeline_interface()
    timeline.stop()
    yield from redraw()
    return bool(timeline.is_stopped())


def _updates_until(is_true: Callable[[], bool], redraw: Redraw) -> Steps[int]:
    for number in range(MOST_UPDATES + 1):
        if is_true():
            return number
        yield from redraw()
    return -1
