"""`LiveSession`: an interactive session with one simulated scene; the model behind the Kit panel and other live views."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from vla_isaac.control.config import ControlConfig
from vla_isaac.core.errors import BackendError, UsageError
from vla_isaac.policies import POLICIES
from vla_isaac.policies.base import Policy
from vla_isaac.runtime.inference import POLICY_TIMEOUT
from vla_isaac.runtime.live_run import LiveRun
from vla_isaac.runtime.live_settings import LiveSettings, checked_seed, with_changes
from vla_isaac.runtime.live_state import LiveState
from vla_isaac.runtime.live_status import LiveStatus, Phase, Problem
from vla_isaac.runtime.loaded_scene import LoadedScene, load_scene
from vla_isaac.runtime.policy_thread import PolicyThread
from vla_isaac.runtime.result import End
from vla_isaac.runtime.session import make_episode
from vla_isaac.runtime.subscriber import Subscriber
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.randomisation import Randomisation
from vla_isaac.scene.spec import SceneSpec
from vla_isaac.sim.backend import Backend, Steps

__all__ = ["LiveSession", "LiveStatus", "Phase", "Problem"]

logger = logging.getLogger(__name__)

FIRST_SCENE = "tabletop"


class LiveSession(LiveState):
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
        super().__init__(backend, make_scene(FIRST_SCENE), view_cameras)
        self._make_scene, self._make_recorder = make_scene, make_recorder
        self._control = control or ControlConfig()
        self._lock_step, self._hold_time, self._timeout = lock_step, hold_time, patience
        self._thread = PolicyThread(make_policy)
        self._loading = object()  # identifies the latest load; earlier ones that are still in progress are dropped

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
                self._thread.policy(policy)
        except Exception as error:
            self._refuse(error, "choose something else")
            return
        is_late = self._is_busy and instruction is not None and instruction != self._parse_instruction()[0]
        self._settings = settings
        self._clear_problem()
        if is_late:
            late = UsageError(f'the instruction "{instruction}" is changed for the next run', remedy="press Stop, then Run")
            self._problem = Problem.of(late)
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
            policy = self._thread.policy(settings.policy)
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
        policy = self._thread.policy(self._settings.policy)
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
            episode, policy, self._thread.worker, hold_time=self._hold_time, lock_step=self._lock_step, timeout=self._timeout
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

    def backend_lost(self, why: str) -> None:
        """Report that the simulator was stopped or replaced outside the session."""
        if self._is_closed or self._phase in (Phase.EMPTY, Phase.FAILED):
            return
        if self._is_busy and self._run is not None:
            self._run.lose_backend(why)
            self._update_after(self._run)
        else:
            self._fail(BackendError(why, remedy="press Load to build the scene again"))

    def close(self) -> None:
        """End a run, release the policy's thread without waiting for it, close the backend; may be called twice."""
        if self._is_closed:
            return
        self.stop("the session was closed")
        self._is_closed = True
        self._thread.leave()
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

    def __exit__(self, *error: object) -> None:
        self.close()

    def _update_after(self, run: LiveRun) -> None:
        """Update phase and problem after the run, and notify the listeners."""
        end = run.episode.end
        if end is not None and self._is_busy:
            self._phase = Phase.FAILED if end is End.BACKEND_FAILED else Phase.ENDED
            if run.is_hung:  # its thread and the policy cannot be used again
                self._thread.renew()
            self._problem = run.problem or self._problem
        self._notify()
