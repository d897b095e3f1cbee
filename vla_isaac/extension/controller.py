"""`PanelController`: creates and owns everything of the extension while it is enabled.

Kit calls it from its own thread: updates, timeline, stage, buttons. An error in such a call becomes a message in panel
and log and is never raised into Kit.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import message_and_remedy
from vla_isaac.core.prebundle import Prebundle
from vla_isaac.extension.extras import missing_extras
from vla_isaac.extension.factory import MakeBackend, MakePolicy
from vla_isaac.extension.job import JobSlot, end_in_words
from vla_isaac.extension.kit import require
from vla_isaac.extension.kit_entrances import Entrances
from vla_isaac.extension.kit_events import KitEvents, extension_folder
from vla_isaac.extension.kit_stage import OpenStage
from vla_isaac.extension.kit_viewport import frame_robot
from vla_isaac.extension.messages import Messages
from vla_isaac.extension.operations import Operations
from vla_isaac.extension.panel import Panel
from vla_isaac.extension.panel_model import TOOLS, PanelContext, can_press, make_view, sentences
from vla_isaac.extension.panel_start import start_of
from vla_isaac.extension.session_manager import SessionManager
from vla_isaac.extension.settings import read_settings
from vla_isaac.runtime.live import LiveSession, Phase, Problem
from vla_isaac.sim.backend import Steps

carb = require("carb")  # source: docs.omniverse.nvidia.com Carbonite SDK, Python: carb.log_*; stubs in the 6.2 kernel
carb_settings = require("carb.settings")  # source: docs.omniverse.nvidia.com Carbonite SDK, carb.settings.ISettings

LONGEST_WAIT = 2.0  # [s] for a recording that is still being written when the extension is disabled
_LOADED_PHASES = (Phase.READY, Phase.RUNNING, Phase.PAUSED, Phase.ENDED)


class PanelController:
    """Session, panel, menu, actions, subscriptions and tasks, from `start` to `close`."""

    def __init__(
        self,
        ext_id: str,
        *,
        make_backend: MakeBackend,
        make_policy: MakePolicy,
        clock: Callable[[], float],
        open_folder: Callable[[Path], None],
    ) -> None:
        """Store the arguments; nothing happens before `start`."""
        self._messages = Messages()
        self._warn, self._safely = self._messages.warn, self._messages.safely
        self._ext_id, self._clock, self._open_folder = ext_id, clock, open_folder
        self._make_backend, self._make_policy = make_backend, make_policy
        self._events: KitEvents | None = None
        self._panel: Panel | None = None
        self._entrances: Entrances | None = None
        self._prebundle: Prebundle | None = None
        self._jobs = JobSlot(self._safely, self._redraw)
        self._stage: Any = None
        self._is_closed = False
        self._next_redraw = 0.0

    def start(self) -> None:
        """Read the settings, open the panel, subscribe; a part that fails is reported and the others continue."""
        self._settings, errors = read_settings(carb_settings.get_settings().get)
        self._manager = SessionManager(
            self._settings,
            make_backend=self._make_backend,
            make_policy=self._make_policy,
            on_period=self._period,
            on_change=self._messages.on_change,
            may_play=self._may_play,
        )
        self._open_stage = OpenStage(self._settings.stage)
        self._safely("the folder of packages", self._add_prebundle)
        self._operations = Operations(
            self._manager,
            self._settings,
            begin=self._jobs.begin,
            begin_reset=self._begin_episode,
            warn=self._warn,
            make_session=self._make_session,
            open_folder=self._open_folder,
        )
        self._missing = missing_extras()
        self._safely("the panel", self._open_panel)
        self._entrances = Entrances(
            self._ext_id, press=self.press, toggle=self.toggle_window, show=self.show_window, safely=self._safely
        )
        self._safely("Kit's events", self._subscribe)
        self._make_session()
        for error in errors:
            self._warn(*message_and_remedy(error))
        self._redraw()

    def close(self) -> None:
        """Close everything, callers of this object first; may be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        self._messages.close()
        self._jobs.abandon()
        for part in (self._events, self._entrances):
            if part is not None:
                self._safely("closing", part.close)
        self._safely("closing the session", self._manager.close)
        if self._panel is not None:
            self._safely("closing the panel", self._panel.close)
        if not self._manager.wait_for_recordings(LONGEST_WAIT):
            carb.log_warn("[vla_isaac] a recording is still being written; it will be complete when Isaac Sim has ended")
        if self._prebundle is not None:
            self._prebundle.remove()
        self._events = self._entrances = self._panel = self._prebundle = None

    # commands of the user

    def press(self, button: str) -> None:
        """Run the command of a button or of the action of that name; a disabled one shows why it is disabled."""
        if self._is_closed:
            return
        phase = self._manager.status.phase
        context = self._context()
        if button != "load":
            self._open_stage.asks = ""
        if not can_press(button, phase, context.surroundings):
            view = make_view(self._manager.status, context)
            self._warn(f"{button.replace('_', ' ')} does nothing now", view.buttons[button].why_not)
        else:
            self._messages.clear()
            command = getattr(self._operations, button) if button in TOOLS else getattr(self, f"_{button}")
            self._safely(button.replace("_", " "), command)
        self._redraw()

    def choose(self, name: str, value: Any) -> None:
        """Set a setting of the panel."""
        if self._is_closed:
            return
        self._messages.clear()
        if name == "stage":
            self._open_stage.choose(value)
        elif name == "episodes":
            self._operations.choose_episodes(value)
        else:
            self._safely(f"choosing {name}={value!r}", lambda: self._manager.choose(name, value))
        if name == "scene" and self._panel is not None:
            self._safely("the example instructions", self._show_examples)
        self._redraw()

    def instruct(self, text: str) -> None:
        """Set the instruction to the text of the field."""
        self.choose("instruction", text)

    def toggle_window(self) -> None:
        """Show or hide the panel; a run continues."""
        if self._panel is not None:
            self._panel.visible = not self._panel.visible
            self._redraw()

    def show_window(self) -> None:
        """Show the panel."""
        if self._panel is not None:
            self._panel.visible = True
            self._redraw()

    def _load(self) -> None:
        if self._manager.needs_making and not self._make_session():
            return
        if not self._open_stage.may_load():
            self._warn(self._open_stage.asks, "press Confirm to go on, or choose Stage: the open stage")
            return
        self._manager.note_load()
        self._begin("loading", self._load_steps(self._need_session()), self._after_load)

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

    def _run(self) -> None:
        session = self._need_session()
        if session.status.phase is Phase.ENDED:
            self._begin_episode(None)
        else:
            self._go()

    def _pause(self) -> None:
        session = self._need_session()
        session.pause()
        if session.status.phase is Phase.PAUSED:
            self._manager.set_playing(False)

    def _stop(self) -> None:
        self._operations.end_series()
        if self._jobs.doing:
            self._jobs.give_up()
        else:
            self._need_session().stop()

    def _reset(self) -> None:
        self._operations.end_series()
        self._manager.note_reset()
        self._begin("resetting", self._need_session().reset())

    def _record(self) -> None:
        session = self._need_session()
        session.record(None if session.status.recording else self._recording_folder())

    def _go(self) -> None:
        session = self._need_session()
        session.run()
        if session.status.phase is Phase.RUNNING:
            self._manager.set_playing(True)

    # jobs of several updates

    def _begin_episode(self, seed: int | None) -> None:
        """Lay the scene out, from another seed if given, and run."""
        session = self._need_session()
        if seed is None:
            self._manager.note_reset()
        self._begin("resetting", session.reset(seed), self._go)

    def _begin(self, doing: str, steps: Steps[None], after: Callable[[], None] | None = None) -> None:
        """Drive a job that makes or lays out the scene; without its success there is none."""

        def when_done(error: BaseException | None) -> None:
            self._stage = None if self._events is None else self._events.stage
            if error is not None:
                self._lose(end_in_words(doing, error))
            elif after is not None:
                self._safely(f"after {doing}", after)

        self._jobs.begin(doing, steps, when_done)

    # events of Kit

    def _period(self) -> None:
        """Call the session after a control period; an exception must not reach Kit's physics callback."""
        session = self.session
        if session is None or self._jobs.doing or self._is_closed:
            return
        try:
            session.period()
        except Exception as error:
            self._lose(f"the session failed with {type(error).__name__}: {error}")

    def _on_update(self) -> None:
        self._manager.update()
        if self._manager.is_waiting_for_policy:  # physics is paused and calls nothing, but the answer may have arrived
            self._period()
        if not self._jobs.doing:
            self._safely("the next episode", self._operations.continue_series)
        if self._clock() >= self._next_redraw:
            self._redraw()

    def _on_timeline(self, word: str) -> None:
        """Handle a timeline event that the user caused, as the states of the timeline and the session show."""
        session, events = self.session, self._events
        if session is None or events is None or self._jobs.doing:
            return
        phase = session.status.phase
        if word == "stop" and events.is_stopped and phase in _LOADED_PHASES:
            self._lose("the timeline was stopped by hand, which ends the simulation of the scene")
        elif self._manager.expects_events:
            return
        elif word == "pause" and phase is Phase.RUNNING and not events.is_playing:
            session.pause()
            self._warn("the timeline was paused by hand, so the run is paused as well", "press Resume")
        elif word == "play" and phase is Phase.PAUSED and events.is_playing:
            self._warn("the timeline was started by hand while the run is paused", "the arm holds until you press Resume")
        elif word == "play" and phase is Phase.FAILED and events.is_playing:
            self._warn("the timeline was started by hand, but the scene of the session is gone", "press Load")

    def _on_stage(self, word: str) -> None:
        session, events = self.session, self._events
        self._open_stage.asks = ""
        if (
            self._open_stage.is_being_renewed
            or session is None
            or events is None
            or session.status.phase not in (*_LOADED_PHASES, Phase.LOADING)
        ):
            return
        if word == "closing" or (self._stage is not None and events.stage != self._stage):
            self._lose("the stage was closed or replaced while the session used it")

    # the session

    @property
    def problem(self) -> Problem | None:
        """The message of the panel; None if there is none."""
        return self._messages.problem

    @property
    def session(self) -> LiveSession | None:
        """The live session; None while no backend can be made."""
        return self._manager.session

    def _make_session(self) -> bool:
        """Make the session again; return whether there is one."""
        try:
            self._manager.make()
        except Exception as error:
            self._messages.report("there is no session", error, "fix that, then press Load")
            return False
        self._messages.clear()
        self._safely("the example instructions", self._show_examples)
        return True

    def _may_play(self) -> bool:
        """Return whether lock-step may play the timeline: not after it was stopped by hand."""
        return not self._is_closed and self._events is not None and not self._events.is_stopped

    def _lose(self, why: str) -> None:
        """Mark the simulation as lost: the run ends, and only Load is possible."""
        if self.session is not None:
            session = self.session
            self._safely("the session", lambda: session.backend_lost(why))
        self._redraw()

    def _need_session(self) -> LiveSession:
        assert self.session is not None  # without one `can_press` allows only Load
        return self.session

    def _recording_folder(self) -> Path:
        return self._operations.folder / f"{self._manager.status.scene or 'scene'}-{datetime.now():%Y%m%d-%H%M%S}"

    # the panel

    def _context(self) -> PanelContext:
        backend = self._manager.backend
        return PanelContext(
            busy=self._jobs.doing,
            problem=self._messages.problem,
            has_session=self.session is not None,
            takes_effect_with=self._manager.takes_effect_with,
            port=backend.describe() if backend is not None else "",
            missing=self._missing,
            stage=self._open_stage.content(),
            makes_new_stage=self._open_stage.makes_new,
            asks=self._open_stage.asks,
            state=self._operations.read_state(),
            no_state=self._operations.no_state,
            series=self._operations.series,
            device=self._manager.physics,
            self_test=self._operations.self_test_view,
        )

    def _redraw(self) -> None:
        self._next_redraw = self._clock() + 1.0 / self._settings.redraw_hz
        panel = self._panel
        if panel is None or not panel.visible:
            return
        try:
            panel.show(make_view(self._manager.status, self._context()))
            panel.show_pictures(self._manager.pictures)
        except Exception as error:  # a panel that cannot be drawn must not stop the simulation
            self._panel = None
            carb.log_error(f"[vla_isaac] the panel cannot be drawn ({type(error).__name__}: {error}); disable and enable it")
            self._safely("closing the panel", panel.close)

    def _open_panel(self) -> None:
        self._panel = Panel(self, start_of(self._settings), visible=self._settings.show_window)

    def _show_examples(self) -> None:
        """Show example instructions for the chosen scene; an empty field takes the scene's default."""
        if self.session is None or self._panel is None:
            return
        from vla_isaac.scene.builder import scene_preset

        scene = scene_preset(self._manager.scene)
        self._panel.offer(sentences(scene.instruction, scene.bodies))
        self._panel.show_instruction(self._manager.status.instruction)

    def _subscribe(self) -> None:
        self._events = KitEvents(on_update=self._on_update, on_timeline=self._on_timeline, on_stage=self._on_stage)

    def _add_prebundle(self) -> None:
        self._prebundle = Prebundle(Path(extension_folder(self._ext_id)))
        self._prebundle.add()
