"""`PanelController`: creates and owns everything of the extension while it is enabled.

Kit calls it from its own thread: updates, timeline, stage, buttons. An error in such a call becomes a message in panel
and log and is never raised into Kit.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import message_and_remedy
from vla_isaac.core.prebundle import Prebundle
from vla_isaac.extension.extras import missing_extras
from vla_isaac.extension.factory import MakeBackend, MakePolicy
from vla_isaac.extension.job import JobSlot
from vla_isaac.extension.kit import require
from vla_isaac.extension.kit_entrances import Entrances
from vla_isaac.extension.kit_events import KitEvents, extension_folder
from vla_isaac.extension.kit_stage import OpenStage
from vla_isaac.extension.messages import Messages
from vla_isaac.extension.operations import Operations
from vla_isaac.extension.panel import Panel
from vla_isaac.extension.panel_model import TOOLS, PanelContext, can_press, make_view
from vla_isaac.extension.panel_start import start_of
from vla_isaac.extension.session_commands import SessionCommands
from vla_isaac.extension.session_manager import SessionManager
from vla_isaac.extension.settings import read_settings
from vla_isaac.runtime.live import LiveSession, Phase, Problem

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
        self._commands = SessionCommands(
            self._manager,
            self._settings,
            self._jobs,
            self._open_stage,
            self._messages,
            on_made=self._show_examples,
            lose=self._lose,
        )
        self._operations = Operations(
            self._manager,
            self._settings,
            begin=self._jobs.begin,
            begin_reset=self._commands.begin_episode,
            warn=self._warn,
            make_session=self._commands.make_session,
            open_folder=self._open_folder,
        )
        self._missing = missing_extras()
        self._safely("the panel", self._open_panel)
        self._entrances = Entrances(
            self._ext_id, press=self.press, toggle=self.toggle_window, show=self.show_window, safely=self._safely
        )
        self._safely("Kit's events", self._subscribe)
        self._commands.make_session()
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
            self._safely(button.replace("_", " "), lambda: self._do(button))
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
        self.show_window(self._panel is not None and not self._panel.visible)

    def show_window(self, visible: bool = True) -> None:
        """Show the panel, or hide it."""
        if self._panel is not None:
            self._panel.visible = visible
            self._redraw()

    def _do(self, button: str) -> None:
        if button in ("stop", "reset"):
            self._operations.end_series()
        getattr(self._operations if button in TOOLS else self._commands, button)()

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
        self._open_stage.asks = ""
        is_in_use = self._manager.status.phase in (*_LOADED_PHASES, Phase.LOADING)
        if self._open_stage.is_being_renewed or not is_in_use:
            return
        if word == "closing" or self._open_stage.is_replaced:
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

    def _may_play(self) -> bool:
        """Return whether lock-step may play the timeline: not after it was stopped by hand."""
        return not self._is_closed and self._events is not None and not self._events.is_stopped

    def _lose(self, why: str) -> None:
        """Mark the simulation as lost: the run ends, and only Load is possible."""
        if self.session is not None:
            session = self.session
            self._safely("the session", lambda: session.backend_lost(why))
        self._redraw()

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
        self._panel.offer(self._manager.examples())
        self._panel.show_instruction(self._manager.status.instruction)

    def _subscribe(self) -> None:
        self._events = KitEvents(on_update=self._on_update, on_timeline=self._on_timeline, on_stage=self._on_stage)

    def _add_prebundle(self) -> None:
        self._prebundle = Prebundle(Path(extension_folder(self._ext_id)))
        self._prebundle.add()
