"""Kit's timeline: the same in every release, so both ports share it."""

from __future__ import annotations

from typing import Any

from vla_isaac.backends.isaac.app_loop import Loop
from vla_isaac.sim.backend import Steps


class Timeline:
    """Play, pause and stop, and what it is doing now."""

    def __init__(self, loop: Loop) -> None:
        import omni.timeline  # source: docs.omniverse.nvidia.com Kit manual, omni.timeline: ITimeline

        self._loop = loop
        # source: docs.omniverse.nvidia.com Kit manual, omni.timeline: get_timeline_interface(), play, pause, stop
        self._timeline: Any = omni.timeline.get_timeline_interface()

    @property
    def is_playing(self) -> bool:
        """Whether time passes."""
        return bool(self._timeline.is_playing())

    @property
    def is_stopped(self) -> bool:
        """Whether it stands at its beginning, with all physics handles void."""
        return bool(self._timeline.is_stopped())

    def stop(self) -> Steps[None]:
        """Stop, and let one update pass, in which Isaac puts the stage back as it was before play."""
        if not self.is_stopped:
            self._timeline.stop()
            yield from self._loop.update()

    def stop_now(self, *, is_in_step: bool = False) -> None:
        """Stop without letting an update pass; within a physics step, which must not be entered again, at the next one."""
        if not self.is_stopped:
            self._timeline.stop()
            if not is_in_step:
                self._commit()

    def pause(self) -> None:
        """Let no time pass from now on; physics handles stay good."""
        self._timeline.pause()
        self._commit()

    def resume(self) -> None:
        """Let time pass again."""
        self._timeline.play()
        self._commit()

    def _commit(self) -> None:
        """Make it so at once; a timeline that cannot does it in the next update."""
        if hasattr(self._timeline, "commit"):
            # source: isaacsim-core 6.2 wheel, isaacsim/core/experimental/utils/impl/app.py: timeline.commit()
            self._timeline.commit()
