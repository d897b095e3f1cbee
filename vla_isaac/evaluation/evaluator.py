"""`Evaluator`: one backend and one policy, held together in one process for one attempt after another."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from vla_isaac.backends import BACKENDS
from vla_isaac.control.config import ControlConfig
from vla_isaac.core.errors import BackendError, GoalError, PolicyDeclined, RenderError, SceneError, VlaIsaacError
from vla_isaac.evaluation.moving import MovingBackend, check_moves_objects, new_place
from vla_isaac.evaluation.outcome import DECLINED, Outcome
from vla_isaac.evaluation.plan import Attempt, EvaluationPlan
from vla_isaac.evaluation.trials import Blackened, TaskBesideAnother
from vla_isaac.evaluation.wording import other_draw, worded
from vla_isaac.policies.base import Policy
from vla_isaac.policies.factory import make_policy
from vla_isaac.runtime.episode import EpisodeRequest, set_stage
from vla_isaac.runtime.result import End, EpisodeResult
from vla_isaac.runtime.session import connect
from vla_isaac.runtime.subscriber import EpisodeStart
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.backend import Backend
from vla_isaac.sim.drive import drive
from vla_isaac.tasks.families import TaskDraw, task_family
from vla_isaac.tasks.task import Task

logger = logging.getLogger(__name__)

THREADS = 1
"""Processor cores a policy may use in each process; the same for any number of processes, so that its numbers are too."""


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who takes part, as functions of a module, so that other processes can make them too."""

    policy: Callable[[], Policy]
    backend: Callable[[], Backend]


def cast_of(plan: EvaluationPlan) -> Cast:
    """Return who takes part by the names of the plan."""
    return Cast(
        policy=functools.partial(make_policy, plan.policy, threads=THREADS, must_act=plan.must_act),
        backend=functools.partial(_make_backend, plan.backend),
    )


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """An episode about to begin."""

    start: EpisodeStart
    task: Task
    backend: Backend
    original: TaskDraw
    """What the family drew, before it was replaced by something else."""


class Evaluator:
    """Runs attempts of a plan; the policy is made once, the backend again only after a fault."""

    def __init__(self, plan: EvaluationPlan, cast: Cast | None = None) -> None:
        """Make the policy and the backend.

        Raises:
            UsageError: If the backend cannot do what the trial needs.
            VlaIsaacError: If the policy or the backend cannot be made.
        """
        self.plan = plan
        self._cast = cast or cast_of(plan)
        policy = self._cast.policy()
        self._policy: Policy = Blackened(policy) if plan.trial == "blackened" else policy
        self._backend: Backend | None = self._cast.backend()
        if plan.trial == "moved":
            check_moves_objects(self._backend, self._backend.name)
        self._control = ControlConfig()

    def __call__(self, attempt: Attempt) -> Outcome:
        """Make one attempt; what a worker of a pool does."""
        return self.try_one(attempt)

    def try_one(self, attempt: Attempt) -> Outcome:
        """Run one attempt and return what came of it; a fault of the simulator is among what may come.

        Raises:
            VlaIsaacError: If policy and scene do not fit together, so that no other attempt will do better.
        """
        begin = time.perf_counter()
        try:
            outcome = self._run(attempt)
        except (BackendError, RenderError) as error:
            outcome = self._fault(attempt, str(error))
        except VlaIsaacError:
            raise
        except Exception as error:
            logger.warning("%s, seed %d", attempt.task, attempt.seed, exc_info=True)
            outcome = self._fault(attempt, f"{type(error).__name__}: {error}")
        return replace(outcome, wall_seconds=time.perf_counter() - begin)

    def close(self) -> None:
        """Free the backend."""
        if self._backend is not None:
            self._backend.close()
            self._backend = None

    def _run(self, attempt: Attempt) -> Outcome:
        try:
            stage = self._set(attempt)
            runner = connect(stage.start, stage.task, stage.backend, self._policy, self._control)
            runner.begin()
        except (SceneError, GoalError) as error:
            return _nothing(attempt, "impossible_layout", str(error))
        result = runner.run()
        if result.end is End.BACKEND_FAILED:
            return self._fault(attempt, result.reason)
        return _outcome(attempt, stage, result, runner.error)

    def _set(self, attempt: Attempt) -> _Stage:
        """Set the stage as ``run --task`` does, then change what the trial changes."""
        plan, backend, request = self.plan, self._open_backend(), self._request(attempt)
        family = task_family(attempt.task)
        drawn = drive(set_stage(request, backend, self._policy, plan.policy))
        assert drawn.plan is not None  # a family always has one
        original = TaskDraw(drawn.instruction, drawn.plan)
        asked_for, task = original, Task(original.plan, dwell=request.dwell)
        if plan.trial == "wrong_instruction":
            asked_for = other_draw(family, drawn.state, original.plan, attempt.seed)
            task = TaskBesideAnother(asked_for.plan, original.plan, dwell=request.dwell)
        if plan.trial == "moved":
            target = original.plan.goals[0].objects[0]
            place = new_place(drawn.state, target, request.randomisation, attempt.seed)
            backend = MovingBackend(backend, target, place)
        is_silent = plan.trial == "no_instruction"
        sentence = "" if is_silent else worded(plan.wording, attempt, asked_for, drawn.scene.bodies)
        start = replace(drawn, instruction=sentence, plan=asked_for.plan)
        return _Stage(start=start, task=task, backend=backend, original=original)

    def _request(self, attempt: Attempt) -> EpisodeRequest:
        plan, family = self.plan, task_family(attempt.task)
        return EpisodeRequest(
            scene=scene_preset(plan.scene or family.preset.scene),
            randomisation=randomisation_preset(plan.randomisation),
            seed=attempt.seed,
            family=family,
            max_steps=plan.max_steps,
        )

    def _open_backend(self) -> Backend:
        if self._backend is None:
            self._backend = self._cast.backend()
        return self._backend

    def _fault(self, attempt: Attempt, reason: str) -> Outcome:
        """Say that the simulator failed, and let go of it: the next attempt gets a new one."""
        try:
            self.close()
        except Exception as error:
            logger.warning("the backend could not be closed: %s", error)
            self._backend = None
        return _nothing(attempt, "fault", reason)


def _make_backend(name: str) -> Backend:
    backend: Backend = BACKENDS.load(name)()
    return backend


def _nothing(attempt: Attempt, kind: str, reason: str) -> Outcome:
    is_fault = kind == "fault"
    return Outcome(
        task=attempt.task,
        number=attempt.number,
        seed=attempt.seed,
        kind="fault" if is_fault else "impossible_layout",
        reason=reason,
    )


def _outcome(attempt: Attempt, stage: _Stage, result: EpisodeResult, error: Exception | None) -> Outcome:
    task, backend = stage.task, stage.backend
    beside = task if isinstance(task, TaskBesideAnother) else None
    moving = backend if isinstance(backend, MovingBackend) else None
    return Outcome(
        task=attempt.task,
        number=attempt.number,
        seed=attempt.seed,
        kind="episode",
        reason=result.reason,
        success=result.success,
        failure=_failure(result, error),
        steps=result.steps,
        progress=result.progress,
        sim_seconds=result.sim_seconds,
        instruction=result.instruction,
        goal=str(stage.start.plan),
        original_goal=str(stage.original.plan) if beside else None,
        original_reached=beside.other_was_reached if beside else None,
        moved_by_cm=None if moving is None or moving.moved_by is None else round(100 * moving.moved_by, 3),
        moved_at_step=moving.moved_at_step if moving else None,
        clipped=result.clipped,
        warnings=result.warnings,
    )


def _failure(result: EpisodeResult, error: Exception | None) -> str | None:
    return DECLINED if isinstance(error, PolicyDeclined) else result.failure
