"""`Operations`: what the panel offers besides one run: moves by hand, several episodes, the self-test, the recordings."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Protocol

from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import BackendError
from vla_isaac.core.types import SceneState
from vla_isaac.extension.episode_series import MOST_EPISODES, EpisodeSeries
from vla_isaac.extension.joint_move import joint_move
from vla_isaac.extension.panel_lines import SelfTestView
from vla_isaac.extension.session_manager import SessionManager
from vla_isaac.extension.settings import ExtensionSettings
from vla_isaac.robots.panda import GRIPPER_MAX_WIDTH, QPOS_HOME
from vla_isaac.runtime.live import Phase
from vla_isaac.sim.backend import Steps


class Begin(Protocol):
    """Starts a job of several app updates."""

    def __call__(self, doing: str, steps: Steps[None], when_done: Callable[[BaseException | None], None]) -> None:
        """Drive `steps`; `when_done` receives the error, None if there is none."""
        ...


class Operations:
    """Commands that begin a job; one at a time, as the buttons allow."""

    def __init__(
        self,
        manager: SessionManager,
        settings: ExtensionSettings,
        *,
        begin: Begin,
        begin_reset: Callable[[int], None],
        warn: Callable[[str, str], None],
        make_session: Callable[[], bool],
        open_folder: Callable[[Path], None],
    ) -> None:
        """Store the arguments.

        Args:
            manager: The panel's session.
            settings: Settings of the extension.
            begin: Starts a job.
            begin_reset: Lays the scene out from a seed and runs the policy.
            warn: Shows a message and its remedy.
            make_session: Makes the session again; returns whether there is one.
            open_folder: Shows a folder in the file browser.
        """
        self._manager, self._settings = manager, settings
        self._begin, self._begin_reset, self._warn = begin, begin_reset, warn
        self._make_session, self._open_folder = make_session, open_folder
        self._checking = self._report = ""
        self.num_episodes = settings.episodes
        self.series: EpisodeSeries | None = None
        self.no_state = ""

    def recordings(self) -> None:
        """Show the folder of the recordings."""
        self._open_folder(self._settings.recordings_folder)

    def choose_episodes(self, number: int) -> None:
        """Set the number of episodes of a series."""
        self.num_episodes = min(max(number, 1), MOST_EPISODES)

    # moves by hand

    def home(self) -> None:
        """Move the arm to its ready posture."""
        self._move(QPOS_HOME, None)

    def open_gripper(self) -> None:
        """Open the fingers."""
        self._move(None, GRIPPER_MAX_WIDTH)

    def _move(self, qpos: Array | None, gripper_width: float | None) -> None:
        backend, was_ready = self._manager.backend, self._manager.status.phase is Phase.READY
        assert backend is not None  # without one `can_press` allows only Load
        width = backend.state().gripper_width if gripper_width is None else gripper_width

        def when_done(error: BaseException | None) -> None:
            if was_ready:  # a loaded scene stands still until Run
                self._manager.set_playing(False)
            if isinstance(error, Exception):
                raise error

        steps = joint_move(backend, qpos=qpos, gripper_width=width, speed_scale=self._manager.speed_scale)
        self._manager.set_playing(True)
        self._begin("moving", steps, when_done)

    # several episodes

    def run_episodes(self) -> None:
        """Run episodes with the seeds from the chosen one up."""
        self.series = EpisodeSeries(self.num_episodes, self._manager.status.seed)
        self._begin_reset(self.series.seed)

    def end_series(self) -> None:
        """Begin no further episode, and choose the first seed again."""
        if self.series is not None and self.series.is_active:
            self._end(self.series.ended())

    def _end(self, series: EpisodeSeries) -> None:
        self.series = series
        if self._manager.session is not None:
            self._manager.session.choose(seed=series.first_seed)
            self._manager.note_reset()

    def continue_series(self) -> None:
        """Count an episode that has ended and begin the next one; called once per app update without a job."""
        series, status = self.series, self._manager.status
        if series is None or not series.is_active or status.phase in (Phase.RUNNING, Phase.PAUSED, Phase.LOADING):
            return
        if status.phase is not Phase.ENDED:  # the simulator failed, or the run was refused
            self.end_series()
            return
        after = series.with_outcome(bool(status.success))
        if after.is_active:
            self.series = after
            self._begin_reset(after.seed)
        else:
            self._end(after)

    # the robot

    def read_state(self) -> SceneState | None:
        """Return the robot's state for display; why there is none is in `no_state`."""
        session, self.no_state = self._manager.session, ""
        if session is None:
            return None
        try:
            return session.read_state()
        except BackendError as error:
            self.no_state = str(error)
            return None

    # the self-test

    @property
    def self_test_view(self) -> SelfTestView:
        """What the panel shows of the self-test."""
        return SelfTestView(progress=self._checking, report=self._report)

    def self_test(self) -> None:
        """Check the simulator with a backend of its own; there is an empty session afterwards."""
        if not self._make_session() or self._manager.backend is None:
            return
        self._checking, self._report = "beginning", ""
        self._begin("self-test", self._checked(), self._after_self_test)

    def _checked(self) -> Generator[None, None, None]:
        from vla_isaac.self_test import self_test  # needs packages that may be missing

        assert self._manager.backend is not None
        folder = self._settings.recordings_folder.parent / "self-test"
        self._report = str((yield from self_test(self._manager.backend, self._note, folder)))

    def _note(self, done: int, total: int, claim: str) -> None:
        self._checking = f"check {done + 1} of {total}: {claim}"

    def _after_self_test(self, error: BaseException | None) -> None:
        self._checking = ""
        self._make_session()  # the self-test closed the backend of the old one
        if isinstance(error, Exception):
            raise error
        if error is not None:
            self._warn("the self-test was cancelled", "press Self-test to begin again")
