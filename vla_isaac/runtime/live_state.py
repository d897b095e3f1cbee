"""`LiveState`: what can be read of a live session: status, pictures, robot, scene, how an instruction is understood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from vla_isaac.control.converter import ActionConverter
from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import InstructionError, UsageError, VlaIsaacError
from vla_isaac.core.types import Body, Frame, SceneState
from vla_isaac.grounding import places_of, understand
from vla_isaac.policies.base import Policy
from vla_isaac.runtime.camera_preview import CameraPreview
from vla_isaac.runtime.episode_run import EpisodeRun
from vla_isaac.runtime.live_run import LiveRun
from vla_isaac.runtime.live_settings import LiveSettings
from vla_isaac.runtime.live_status import LiveStatus, Phase, Problem
from vla_isaac.runtime.loaded_scene import LoadedScene
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.status_listeners import StatusListeners
from vla_isaac.runtime.subscriber import Subscriber
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.sim.backend import Backend


class LiveState:
    """State of a live session; `LiveSession` adds the commands that change it."""

    def __init__(self, backend: Backend, scene: SceneSpec, view_cameras: Sequence[str]) -> None:
        """Hold a backend with nothing loaded; `scene` is the one chosen first."""
        self._backend = backend
        self._preview = CameraPreview(backend, view_cameras)
        self._settings = LiveSettings(scene=scene)
        self._phase = Phase.EMPTY
        self._problem: Problem | None = None
        self._loaded: LoadedScene | None = None
        self._run: LiveRun | None = None  # the present one, or the last one until the next load
        self._recording: Path | None = None
        self._recorder: tuple[Path, Subscriber] | None = None
        self._listeners = StatusListeners()
        self._is_closed = False
        self._parsed: tuple[str, tuple[Body, ...], tuple[str, str]] | None = None

    @property
    def status(self) -> LiveStatus:
        """Return the current status as one snapshot."""
        stage, run = self._loaded, self._run
        settings = stage.settings if self._is_busy and stage else self._settings
        episode = run.episode if run else None
        instruction, goal, unreadable = self._parse_instruction()
        verdict = episode.verdict if episode else None
        is_waiting = self._phase is Phase.RUNNING and run is not None and run.is_waiting
        recorder = self._recorder
        return LiveStatus(
            phase=self._phase,
            scene=settings.scene.name,
            seed=settings.seed,
            policy=settings.policy,
            instruction=instruction,
            goal=goal,
            instruction_problem=unreadable,
            step=episode.steps if episode else 0,
            max_steps=stage.start.max_steps if stage else 0,
            rate_hz=stage.start.scene.timing.control_hz if stage else 0.0,
            measured_hz=run.measured_hz if run else 0.0,
            progress=verdict.progress if verdict else 0.0,
            verdict="waiting for the policy's first action" if is_waiting else verdict.reason if verdict else "",
            success=self.result.success if self.result else None,
            clipped=episode.converter.clipped.as_dict() if episode else {},
            frame_age=run.frame_age if run else 0.0,
            stale_share=run.stale_share if run else 0.0,
            is_recording=bool(self._is_busy and recorder and episode and recorder[1] in episode.subscribers),
            recording=str(recorder[0] if self._is_busy and recorder else self._recording or ""),
            problem=self._problem,
            notes=(*getattr(self._backend, "notes", ()), *self._preview.notes, *(episode.warnings if episode else ())),
        )

    @property
    def frame(self) -> Frame | None:
        """Return the last image for a view; may be older than the status."""
        return self._preview.frame

    @property
    def frames(self) -> Mapping[str, Frame]:
        """Return the last image of each camera that is shown, by name; may be older than the status."""
        return self._preview.frames

    def view(self, cameras: Sequence[str]) -> None:
        """Show these cameras instead of `view_cameras`."""
        self._preview.choose(cameras)

    def read_state(self) -> SceneState | None:
        """Return the last state of a run, else the simulator's state now; None while no scene is loaded.

        Raises:
            BackendError: If the simulator has none, because it was stopped or replaced.
        """
        if self._is_busy and self._run is not None:
            return self._run.episode.period.state
        return self._backend.state() if self._phase in (Phase.READY, Phase.ENDED) else None

    @property
    def backend(self) -> Backend:
        """Return the simulator."""
        return self._backend

    @property
    def scene(self) -> SceneSpec | None:
        """Return the loaded scene after randomisation."""
        return self._loaded.start.scene if self._loaded else None

    @property
    def layout(self) -> SceneLayout | None:
        """Return the layout of the loaded scene."""
        return self._loaded.start.layout if self._loaded else None

    @property
    def policy(self) -> Policy | None:
        """Return the policy of the loaded scene."""
        return self._loaded.policy if self._loaded else None

    @property
    def episode(self) -> EpisodeRun | None:
        """Return the episode of the present run, or of the last one."""
        return self._run.episode if self._run else None

    @property
    def converter(self) -> ActionConverter | None:
        """Return the converter from actions to joint targets of the present run, or of the last one."""
        return self._run.episode.converter if self._run else None

    @property
    def result(self) -> EpisodeResult | None:
        """Return how the last run ended; None before."""
        return self._run.episode.result if self._run and self._run.episode.end else None

    @property
    def is_time_held(self) -> bool:
        """Return whether lock-step requires the simulation to stand still now."""
        return self._run is not None and self._run.is_time_held

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` [s] for the policy and return whether no answer is pending; for scripts, never in Kit."""
        return self._run is None or self._run.wait(timeout)

    def watch(self, tell: Callable[[LiveStatus], None]) -> Callable[[], None]:
        """Call `tell` at every change and return a function that removes it; one that raises is removed and logged."""
        return self._listeners.add(tell)

    def parse(self, instruction: str) -> tuple[str, str]:
        """Return the goal of an instruction, and why it cannot be parsed; one of the two is empty.

        The objects are those of the chosen scene; the simulator is not used.
        """
        bodies = self._bodies()
        if self._parsed is None or self._parsed[:2] != (instruction, bodies):
            try:
                read = (str(understand(instruction, bodies, self._places()).plan), "")
            except InstructionError as error:
                read = ("", str(error))
            self._parsed = (instruction, bodies, read)
        return self._parsed[2]

    @property
    def _is_busy(self) -> bool:
        return self._phase in (Phase.RUNNING, Phase.PAUSED)

    def _parse_instruction(self) -> tuple[str, str, str]:
        """Return the instruction, its goal, and why it cannot be parsed."""
        stage, task = self._loaded, self._settings.task
        if stage is not None and (self._is_busy or (task is not None and task == stage.settings.task)):
            return stage.start.instruction, str(stage.start.plan), ""
        sentence = self._settings.sentence
        return (sentence, *(("", "") if task is not None else self.parse(sentence)))

    def _bodies(self) -> tuple[Body, ...]:
        """Return the objects at their poses where the chosen scene is loaded, else as the scene defines them."""
        if self._loaded is not None and self._settings.scene == self._loaded.settings.scene:
            return self._loaded.start.scene.bodies
        return self._settings.scene.bodies

    def _places(self) -> Mapping[str, AnyArray] | None:
        """Return the places of the objects where the chosen scene is loaded; None before."""
        if self._loaded is not None and self._settings.scene == self._loaded.settings.scene:
            return places_of(self._loaded.start.state)
        return None

    # ------------------------------------------------------------------ what goes wrong

    def _accepts(self, what: str, *, while_loading: bool = False) -> bool:
        """Return whether the session accepts a call now; if not, set the problem."""
        if self._is_closed:
            self._refuse(UsageError(f"the session is closed and cannot {what}", remedy="make another one"))
        elif self._phase is Phase.LOADING and not while_loading:
            self._refuse(
                UsageError(f"the scene is still loading and the session cannot {what}", remedy="wait until it is ready")
            )
        else:
            return True
        return False

    def _clear_problem(self) -> None:
        """Clear the last problem, unless the session has failed."""
        if self._phase is not Phase.FAILED:
            self._problem = None

    def _refuse(self, error: Exception, remedy: str = "") -> None:
        self._problem = Problem.of(error, remedy="" if isinstance(error, VlaIsaacError) else remedy)
        self._notify()

    def _fail(self, error: Exception, *, doing: str = "", remedy: str = "") -> None:
        self._phase, self._loaded = Phase.FAILED, None
        self._problem = Problem.of(error, doing=doing, remedy="" if isinstance(error, VlaIsaacError) else remedy)
        self._notify()

    def _notify(self) -> None:
        self._listeners.tell(lambda: self.status)
