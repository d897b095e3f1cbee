"""`SessionCommands`: what the buttons of a session do: load, run, pause, stop, reset, record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from vla_isaac.extension.job import JobSlot, end_in_words
from vla_isaac.extension.kit_stage import OpenStage
from vla_isaac.extension.kit_viewport import frame_robot
from vla_isaac.extension.messages import Messages
from vla_isaac.extension.session_manager import SessionManager
from vla_isaac.extension.settings import ExtensionSettings
from vla_isaac.runtime.live import LiveSession, Phase
from vla_isaac.sim.backend import Steps


class SessionCommands:
    """Commands of `panel_buttons.BUTTONS`, by their names; called only where the buttons allow it."""

    def __init__(
        self,
        manager: SessionManager,
        settings: ExtensionSettings,
        jobs: JobSlot,
        open_stage: OpenStage,
        messages: Messages,
        *,
        on_made: Callable[[], None],
        lose: Callable[[str], None],
    ) -> None:
        """Store the arguments.

        Args:
            manager: The panel's session.
            settings: Settings of the extension.
            jobs: Drives what takes several app updates.
            open_stage: The choice between the open stage and a new one.
            messages: Shows and logs messages.
            on_made: Called after a session was made.
            lose: Marks the simulation as lost, with the reason.
        """
        self._manager, self._settings, self._jobs = manager, settings, jobs
        self._open_stage, self._messages = open_stage, messages
        self._on_made, self._lose = on_made, lose

    def make_session(self) -> bool:
        """Make the session again; return whether there is one."""
        try:
            self._manager.make()
        except Exception as error:
            self._messages.report("there is no session", error, "fix that, then press Load")
            return False
        self._messages.clear()
        self._messages.safely("the example instructions", self._on_made)
        return True

    def load(self) -> None:
        """Build the chosen scene, after a question if that closes a stage with prims of the user's."""
        if self._manager.needs_making and not self.make_session():
            return
        if not self._open_stage.may_load():
            self._messages.warn(self._open_stage.asks, "press Confirm to go on, or choose Stage: the open stage")
            return
        self._manager.note_load()
        self._begin("loading", self._load_steps(self._session), self._after_load)

    def run(self) -> None:
        """Let the policy act; after a run, from a new layout."""
        if self._session.status.phase is Phase.ENDED:
            self.begin_episode(None)
        else:
            self._go()

    def pause(self) -> None:
        """Hold the arm and stop time."""
        session = self._session
        session.pause()
        if session.status.phase is Phase.PAUSED:
            self._manager.set_playing(False)

    def stop(self) -> None:
        """Cancel the job, or end the run."""
        if self._jobs.doing:
            self._jobs.give_up()
        else:
            self._session.stop()

    def reset(self) -> None:
        """Lay the scene out again."""
        self._manager.note_reset()
        self._begin("resetting", self._session.reset())

    def record(self) -> None:
        """Record from the next run on, or no longer."""
        name = f"{self._manager.status.scene or 'scene'}-{datetime.now():%Y%m%d-%H%M%S}"
        is_on = self._session.status.recording
        self._session.record(None if is_on else self._settings.recordings_folder / name)

    def begin_episode(self, seed: int | None) -> None:
        """Lay the scene out, from another seed if given, and run."""
        if seed is None:
            self._manager.note_reset()
        self._begin("resetting", self._session.reset(seed), self._go)

    @property
    def _session(self) -> LiveSession:
        assert self._manager.session is not None  # without one `can_press` allows only Load
        return self._manager.session

    def _go(self) -> None:
        session = self._session
        session.run()
        if session.status.phase is Phase.RUNNING:
            self._manager.set_playing(True)

    def _load_steps(self, session: LiveSession) -> Steps[None]:
        if self._open_stage.makes_new and self._manager.backend is not None:
            session.stop("a new stage is opened")
            yield from self._open_stage.renew(self._manager.backend.new_stage())
        yield from session.load()

    def _after_load(self) -> None:
        if self._manager.status.phase is Phase.READY:
            self._manager.note_physics()
            if self._settings.frame_viewport:
                frame_robot()

    def _begin(self, doing: str, steps: Steps[None], after: Callable[[], None] | None = None) -> None:
        """Drive a job that makes or lays out the scene; without its success there is none."""

        def when_done(error: BaseException | None) -> None:
            self._open_stage.remember()
            if error is not None:
                self._lose(end_in_words(doing, error))
            elif after is not None:
                self._messages.safely(f"after {doing}", after)

        self._jobs.begin(doing, steps, when_done)
