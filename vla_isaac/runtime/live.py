"""`LiveSession`: an interactive session with one simulated scene; the model behind the Kit panel and other live views."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from vla_isaac.control.config import ControlConfig
from vla_isaac.control.converter import ActionConverter
from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import BackendError, InstructionError, UsageError, VlaIsaacError
from vla_isaac.core.types import Body, Frame, SceneState
from vla_isaac.grounding import places_of, understand
from vla_isaac.policies import POLICIES
from vla_isaac.policies.base import Policy
from vla_isaac.runtime.camera_preview import CameraPreview
from vla_isaac.runtime.episode_run import EpisodeRun
from vla_isaac.runtime.inference import POLICY_TIMEOUT, InferenceWorker
from vla_isaac.runtime.live_run import LiveRun
from vla_isaac.runtime.live_settings import LiveSettings, checked_seed, with_changes
from vla_isaac.runtime.live_status import LiveStatus, Phase, Problem
from vla_isaac.runtime.loaded_scene import LoadedScene, load_scene
from vla_isaac.runtime.result import End, EpisodeResult
from vla_isaac.runtime.session import make_episode
from vla_isaac.runtime.status_listeners import StatusListeners
from vla_isaac.runtime.subscriber import Subscriber
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.randomisation import Randomisation
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.sim.backend import Backend, Steps

__all__ = ["LiveSession", "LiveStatus", "Phase", "Problem"]

logger = logging.getLogger(__name__)

FIRST_SCENE = "tabletop"


class LiveSession:
    """A backend controlled interactively: load, run, pause, stop, reset; listeners are notified of every change.

    All calls come from the simulator's thread; only the policy runs on its own thread. Nothing blocks, and an error is
    not raised: `status.problem` has it, with its remedy.

    For example, where the caller owns the clock::

        session = LiveSession(backend, make_policy=make_policy)
        drive(session.load())
        session.run()
        while session.status.phase is Phase.RUNNING:
            session.period()
            backend.step()
    """

    def __init__(
        self,
        backend: Backend,
        *,
        make_policy: Callable[[str], Policy],
        make_scene: Callable[[str], SceneSpec] = scene_preset,
        control: ControlConfig | None = None,
        lock_step: bool = False,
        hold_time: Callable[[bool], None] | None = None,
        make_recorder: Callable[[Path], Subscriber] | None = None,
        view_cameras: Sequence[str] = (),
        patience: float = POLICY_TIMEOUT,
    ) -> None:
        """Hold a backend; nothing is loaded yet.

        Args:
            backend: The simulator; closed with the session.
            make_policy: Makes a policy by name; what it raises for an unknown name becomes the problem of the status.
            make_scene: Makes a scene by name.
            control: Limits and inverse kinematics; None takes the defaults.
            lock_step: Whether simulated time stands still while the policy runs.
            hold_time: Called in lock-step with True to pause the simulation and with False to resume it; a caller that
                steps the simulation itself reads `is_time_held` instead.
            make_recorder: Makes the subscriber that records a run to a path.
            view_cameras: Which cameras `frames` shows, the first one also as `frame`. For a policy without cameras they
                are rendered only for display.
            patience: Timeout of a policy's answer [s] of real time.

        Raises:
            UnknownNameError: If `make_scene` does not know the first scene, ``"tabletop"``.
        """
        self._backend = backend
        self._make_policy, self._make_scene, self._make_recorder = make_policy, make_scene, make_recorder
        self._control = control or ControlConfig()
        self._lock_step, self._hold_time, self._timeout = lock_step, hold_time, patience
        self._preview = CameraPreview(backend, view_cameras)
        self._worker = InferenceWorker()
        self._settings = LiveSettings(scene=make_scene(FIRST_SCENE))
        self._phase = Phase.EMPTY
        self._problem: Problem | None = None
        self._policies: dict[str, Policy] = {}  # at most one: the last one made
        self._loading = object()  # identifies the latest load; earlier ones that are still in progress are dropped
        self._loaded: LoadedScene | None = None
        self._run: LiveRun | None = None  # the present one, or the last one until the next load
        self._recording: Path | None = None
        self._recorder: tuple[Path, Subscriber] | None = None
        self._listeners = StatusListeners()
        self._is_closed = False
        self._parsed: tuple[str, tuple[Body, ...], tuple[str, str]] | None = None

    # ------------------------------------------------------------------ properties

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

    def watch(self, tell: Callable[[LiveStatus], None]) -> Callable[[], None]:
        """Call `tell` at every change and return a function that removes it; one that raises is removed and logged."""
        return self._listeners.add(tell)

    # ------------------------------------------------------------------ settings

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

    def choose(
        self,
        *,
        scene: str | SceneSpec | None = None,
        seed: int | None = None,
        policy: str | None = None,
        instruction: str | None = None,
        randomisation: str | Randomisation | None = None,
        task: str | None = None,
    ) -> None:
        """Change the settings of the next load or run; all of them or, with a problem, none.

        Args:
            scene: A preset, a YAML file, or a scene.
            seed: From 0 up.
            policy: Its name.
            instruction: What to do; ends a task chosen before. During a run it is kept for the next one.
            randomisation: A preset, a YAML file, or ranges.
            task: A family that samples instruction and goal at the next load, in its own scene unless one is given here;
                an empty name chooses none.
        """
        if not self._accepts("change its settings", while_loading=True):
            return
        try:
            settings = with_changes(
                self._settings,
                self._make_scene,
                scene=scene,
                seed=seed,
                policy=policy,
                instruction=instruction,
                randomisation=randomisation,
                task=task,
            )
            if policy is not None and policy not in POLICIES:
                self._policy_named(policy)
        except Exception as error:
            self._refuse(error, "choose something else")
            return
        is_late = self._is_busy and instruction is not None and instruction != self._parse_instruction()[0]
        self._settings = settings
        self._clear_problem()
        if is_late:
            self._problem = Problem(
                message=f'the instruction "{instruction}" is changed for the next run',
                remedy="press Stop, then Run",
                kind=UsageError.__name__,
            )
        self._notify()

    def record(self, path: Path | None) -> None:
        """Record every run from the next one on to `path`; None switches that off."""
        if not self._accepts("record", while_loading=True):
            return
        if path is not None and self._make_recorder is None:
            self._refuse(UsageError("the session cannot record", remedy="give LiveSession a make_recorder"))
            return
        self._recording = path
        self._clear_problem()
        self._notify()

    # ------------------------------------------------------------------ loading

    def load(self) -> Steps[None]:
        """Build the chosen scene and lay it out; the phase becomes ready, or failed with a problem. Stops a run first."""
        yield from self._load(self._settings)

    def reset(self, seed: int | None = None) -> Steps[None]:
        """Lay out the loaded scene again, with another seed if given; stops a run first."""
        if not self._accepts("reset"):
            return
        if self._loaded is None or self._phase is Phase.FAILED:
            self._refuse(UsageError("there is no scene to reset", remedy="press Load first"))
            return
        try:
            seed = self._settings.seed if seed is None else checked_seed(seed)
        except UsageError as error:
            self._refuse(error)
            return
        self._settings = replace(self._settings, seed=seed)
        yield from self._load(replace(self._settings, scene=self._loaded.settings.scene))

    def _load(self, settings: LiveSettings) -> Steps[None]:
        if not self._accepts("load"):
            return
        self.stop("the scene was loaded again")
        self._phase, self._problem, self._loaded, self._run = Phase.LOADING, None, None, None
        self._loading = loading = object()
        self._notify()
        try:
            policy = self._policy_named(settings.policy)
            self._preview.reset(policy)
            loaded = yield from load_scene(
                settings, self._backend, policy, self._control, self._preview, goes_on=lambda: self._is_loading(loading)
            )
        except GeneratorExit:
            if self._is_loading(loading):
                self._fail(BackendError("loading was interrupted", remedy="press Load to try again"))
            raise
        except Exception as error:
            if self._is_loading(loading):
                self._fail(error, doing=f"scene {settings.scene.name!r} cannot be loaded", remedy="press Load to try again")
            return
        if loaded is not None and self._is_loading(loading):
            self._loaded, self._phase = loaded, Phase.READY
            self._notify()

    def _is_loading(self, loading: object) -> bool:
        return self._phase is Phase.LOADING and self._loading is loading

    # ------------------------------------------------------------------ running

    def run(self) -> None:
        """Start a run, or resume it after a pause."""
        if self._phase is Phase.RUNNING or not self._accepts("run"):
            return
        if self._phase is Phase.PAUSED and self._run is not None:
            self._run.resume()
        elif self._phase is Phase.READY and self._loaded is not None:
            try:
                self._run = self._begin(self._loaded)
            except Exception as error:
                self._refuse(error, "choose something else, or press Load")
                return
        else:
            first = "Reset" if self._phase is Phase.ENDED else "Load"
            self._refuse(
                UsageError(f"the session is {self._phase.value}, so nothing can run", remedy=f"press {first} first")
            )
            return
        self._phase, self._problem = Phase.RUNNING, None
        self._notify()

    def _begin(self, loaded: LoadedScene) -> LiveRun:
        """Return a run of the current settings on the loaded scene."""
        policy = self._policy_named(self._settings.policy)
        stage = loaded.for_run(self._settings, policy, self._backend.state())
        recorder = None
        if self._recording is not None and self._make_recorder is not None:
            recorder = (self._recording, self._make_recorder(self._recording))
        watching = [recorder[1]] if recorder else []
        episode = make_episode(stage.start, stage.task, self._backend, self._control, watching)
        episode.begin()
        self._loaded, self._recorder = stage, recorder
        self._preview.reset(policy)
        return LiveRun(
            episode,
            policy,
            self._worker,
            hold_time=self._hold_time,
            lock_step=self._lock_step,
            timeout=self._timeout,
        )

    def pause(self) -> None:
        """Pause a run; the arm holds its last target."""
        if self._phase is Phase.RUNNING and self._run is not None:
            self._run.pause()
            self._phase = Phase.PAUSED
            self._notify()

    def stop(self, why: str = "stopped by hand") -> None:
        """End a run; the arm holds its last target."""
        if self._is_busy and self._run is not None:
            self._run.stop(why)
            self._update_after(self._run)

    def period(self) -> None:
        """Do the work of one control period; never blocks, and does nothing unless a run is active."""
        run = self._run
        if self._phase is not Phase.RUNNING or run is None:
            return
        run.period()
        self._preview.show(run)
        self._update_after(run)

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` [s] for the policy and return whether no answer is pending; for scripts, never in Kit."""
        return self._run is None or self._run.wait(timeout)

    def backend_lost(self, why: str) -> None:
        """Report that the simulator was stopped or replaced outside the session."""
        if self._is_closed or self._phase in (Phase.EMPTY, Phase.FAILED):
            return
        if self._is_busy and self._run is not None:
            self._run.lose_backend(why)
            self._update_after(self._run)
        else:
            self._fail(BackendError(f"{why}", remedy="press Load to build the scene again"))

    def close(self) -> None:
        """End a run, release the policy's thread without waiting for it, close the backend; may be called twice."""
        if self._is_closed:
            return
        self.stop("the session was closed")
        self._is_closed = True
        self._worker.leave()
        self._policies.clear()
        self._phase, self._loaded = Phase.EMPTY, None
        try:
            self._backend.close()
        except Exception as error:
            self._problem = Problem.of(
                error, doing="the simulator could not be closed", remedy="restart the application", always=True
            )
            logger.exception("the simulator could not be closed")
        self._notify()
        self._listeners.clear()

    def __enter__(self) -> LiveSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------------

    @property
    def _is_busy(self) -> bool:
        return self._phase in (Phase.RUNNING, Phase.PAUSED)

    def _update_after(self, run: LiveRun) -> None:
        """Update phase and problem after the run, and notify the listeners."""
        end, error = run.episode.end, run.episode.error
        if end is not None and self._is_busy:
            self._phase = Phase.FAILED if end is End.BACKEND_FAILED else Phase.ENDED
            if run.is_hung:  # its thread and the policy cannot be used again
                self._worker.leave()
                self._worker = InferenceWorker()
                self._policies.clear()
            if end is End.POLICY_FAILED and error is not None:
                self._problem = Problem.of(
                    error,
                    doing=f"the policy {run.episode.start.policy!r} failed",
                    remedy="press Reset, then Run to try again, or choose another policy",
                    always=True,
                )
            elif end is End.BACKEND_FAILED and error is not None:
                self._problem = Problem.of(
                    error, doing="the simulator failed", remedy="press Load to build the scene again", always=True
                )
        self._notify()

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

    def _policy_named(self, name: str) -> Policy:
        """Return the policy, made again unless it is the one made last."""
        if name not in self._policies:
            policy = self._make_policy(name)
            self._policies = {name: policy}
        return self._policies[name]

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
