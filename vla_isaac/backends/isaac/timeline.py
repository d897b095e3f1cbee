"""Kit's timeline, shared by both APIs."""

from __future__ import annotations

from typing import Any

from vla_isaac.backends.isaac.app_loop import Loop
from vla_isaac.sim.backend import Steps


class Timeline:
    """Play, pause and stop, and the current state."""

    def __init__(self, loop: Loop) -> None:
        import omni.timeline  # source: docs.omniverse.nvidia.com Kit manual, omni.timeline: ITimeline

        self._loop = loop
        # source: docs.omniverse.nvidia.com Kit manual, omni.timeline: get_timeline_interface(), play, pause, stop
        self._timeline: Any = omni.timeline.get_timeline_interface()

    @property
    def is_playing(self) -> bool:
        """Whether the timeline is playing."""
        return bool(self._timeline.is_playing())

    @property
    def is_stopped(self) -> bool:
        """Whether the timeline is stopped, with all physics handles invalid."""
        return bool(self._timeline.is_stopped())

    def stop(self) -> Steps[None]:
        """Stop, and make one update, in which Isaac restores the stage as it was before play."""
        if not self.is_stopped:
            self._timeline.stop()
            yield from self._loop.update()

    def stop_now(self, *, is_in_step: bool = False) -> None:
        """Stop without an app update; inside a physics step, which must not be re-entered, at the next update."""
        if not self.is_stopped:
            self._timeline.stop()
            if not is_in_step:
                self._commit()

    def pause(self, *, is_in_step: bool = False) -> None:
        """Pause; physics handles stay valid. Inside a physics step, as `stop_now`."""
        self._timeline.pause()
        if not is_in_step:
            self._commit()

    def resume(self, *, is_in_step: bool = False) -> None:
        """Resume after a pause. Inside a physics step, as `stop_now`."""
        self._timeline.play()
        if not is_in_step:
            self._commit()

    def _commit(self) -> None:
        """Apply at once; a timeline without `commit` applies it in the next update."""
        if hasattr(self._timeline, "commit"):
            # source: isaacsim-core 6.2 wheel, isaacsim/core/experimental/utils/impl/app.py: timeline.commit()
            self._timeline.commit()
