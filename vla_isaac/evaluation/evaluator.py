"""`Evaluator`: one backend and one policy in one process that run one job after another."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from vla_isaac.backends import BACKENDS
from vla_isaac.control.config import ControlConfig
from vla_isaac.core.errors import BackendError, GoalError, PolicyDeclined, RenderError, SceneError, VlaIsaacError
from vla_isaac.evaluation.instructions import instruction_for
from vla_isaac.evaluation.outcome import DECLINED, Outcome, outcome_of
from vla_isaac.evaluation.plan import EvaluationJob, EvaluationPlan
from vla_isaac.evaluation.sentence_tasks import goal_in, sentences_by_family
from vla_isaac.evaluation.trials.blackened import BlackImagePolicy
from vla_isaac.evaluation.trials.moved import MovedObjectBackend, check_moves_objects, draw_new_position
from vla_isaac.evaluation.trials.wrong_instruction import TaskWithOriginalGoal, other_draw
from vla_isaac.grounding.said_sentences import SaidSentence
from vla_isaac.policies.base import Policy
from vla_isaac.policies.factory import make_policy
from vla_isaac.runtime.episode import EpisodeRequest, set_stage
from vla_isaac.runtime.inference import POLICY_TIMEOUT
from vla_isaac.runtime.policy_calls import PolicyCalls
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
"""Processor cores per policy and process; fixed, so that the numerical results do not depend on the number of processes."""


@dataclass(frozen=True, kw_only=True)
class PolicyAndBackendFactory:
    """Makes policy and backend: functions of a module, so that other processes can call them too."""

    policy: Callable[[], Policy]
    backend: Callable[[], Backend]
    policy_timeout: float = POLICY_TIMEOUT
    """Timeout of each of the policy's answers after its first decision, in real time [s]; 0 waits for ever."""


Cast = PolicyAndBackendFactory
"""Its name in earlier versions."""


def factory_of(plan: EvaluationPlan, policy_timeout: float = POLICY_TIMEOUT) -> PolicyAndBackendFactory:
    """Return the factory of the policy and the backend that a plan names."""
    return PolicyAndBackendFactory(
        policy_timeout=policy_timeout,
        policy=functools.partial(make_policy, plan.policy, threads=THREADS, must_act=plan.must_act),
        backend=functools.partial(_make_backend, plan.backend),
    )


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """The start of an episode."""

    start: EpisodeStart
    task: Task
    backend: Backend
    original: TaskDraw
    """The sampled task, before the trial replaced it."""


class Evaluator:
    """Runs jobs of a plan; the policy is made once, the backend again only after a fault."""

    def __init__(self, plan: EvaluationPlan, factory: PolicyAndBackendFactory) -> None:
        """Make the policy and the backend.

        Raises:
            UsageError: If the backend does not support the trial.
            VlaIsaacError: If the policy or the backend cannot be made.
        """
        self.plan = plan
        self._factory = factory
        self._calls = self._make_policy()
        self._backend: Backend | None = self._factory.backend()
        if plan.trial == "moved":
            check_moves_objects(self._backend, self._backend.name)
        self._control = ControlConfig()

    def __call__(self, job: EvaluationJob) -> Outcome:
        """Run one job and return its outcome, which may be a fault of the simulator.

        Raises:
            VlaIsaacError: If policy and scene do not fit, so that every attempt would fail.
        """
        begin = time.perf_counter()
        try:
            outcome = self._run(job)
        except (BackendError, RenderError) as error:
            outcome = self._fault(job, str(error))
        except VlaIsaacError:
            raise
        except Exception as error:
            logger.warning("%s, seed %d", job.task, job.seed, exc_info=True)
            outcome = self._fault(job, f"{type(error).__name__}: {error}")
        return replace(outcome, wall_seconds=time.perf_counter() - begin)

    def close(self) -> None:
        """Release the backend and the policy's thread."""
        self._calls.leave()
        self._close_backend()

    def _close_backend(self) -> None:
        if self._backend is not None:
            self._backend.close()
            self._backend = None

    def _run(self, job: EvaluationJob) -> Outcome:
        try:
            stage = self._prepare(job)
            runner = connect(stage.start, stage.task, stage.backend, self._calls, self._control)
            runner.begin()
        except (SceneError, GoalError) as error:
            return outcome_of(job, "impossible_layout", str(error))
        result = runner.run()
        if self._calls.is_hung:  # neither its thread nor the policy can be used again
            self._calls = self._make_policy()
        if result.end is End.BACKEND_FAILED:
            return self._fault(job, result.reason)
        return _outcome(job, stage, result, runner.error)

    def _make_policy(self) -> PolicyCalls:
        policy = self._factory.policy()
        acting: Policy = BlackImagePolicy(policy) if self.plan.trial == "blackened" else policy
        return PolicyCalls(acting, timeout=self._factory.policy_timeout)

    def _prepare(self, job: EvaluationJob) -> _Stage:
        """Prepare the episode as ``run --task`` does, then apply the trial."""
        plan, backend = self.plan, self._open_backend()
        if plan.sentences:
            return self._prepare_sentence(sentences_by_family(plan.sentences)[job.task], job, backend)
        request, family = self._request(job), task_family(job.task)
        drawn = drive(set_stage(request, backend, self._calls.policy, plan.policy))
        assert drawn.plan is not None  # a family always has one
        original = TaskDraw(drawn.instruction, drawn.plan)
        requested, task = original, Task(original.plan, dwell=request.dwell)
        if plan.trial == "wrong_instruction":
            requested = other_draw(family, drawn.state, original.plan, job.seed)
            task = TaskWithOriginalGoal(requested.plan, original.plan, dwell=request.dwell)
        if plan.trial == "moved":
            target = original.plan.goals[0].objects[0]
            place = draw_new_position(drawn.state, target, request.randomisation, job.seed)
            backend = MovedObjectBackend(backend, target, place)
        is_silent = plan.trial == "no_instruction"
        sentence = "" if is_silent else instruction_for(plan.wording, job, requested, drawn.scene.bodies)
        start = replace(drawn, instruction=sentence, plan=requested.plan)
        return _Stage(start=start, task=task, backend=backend, original=original)

    def _prepare_sentence(self, some: Sequence[SaidSentence], job: EvaluationJob, backend: Backend) -> _Stage:
        """Prepare the episode of a sentence, which is judged by its goal however it is understood."""
        said, preset = some[job.number % len(some)], task_family(job.task).preset
        request = EpisodeRequest(
            scene=scene_preset(said.scene),
            randomisation=randomisation_preset(self.plan.randomisation),
            seed=job.seed,
            instruction=said.sentence,
            judge=False,
        )
        drawn = drive(set_stage(request, backend, self._calls.policy, self.plan.policy))
        goal = goal_in(said, drawn.state)
        steps = self.plan.max_steps or max(1, round(preset.max_seconds * drawn.scene.timing.control_hz))
        start = replace(drawn, plan=goal, max_steps=steps)
        return _Stage(
            start=start, task=Task(goal, dwell=preset.dwell), backend=backend, original=TaskDraw(said.sentence, goal)
        )

    def _request(self, job: EvaluationJob) -> EpisodeRequest:
        plan, family = self.plan, task_family(job.task)
        return EpisodeRequest(
            scene=scene_preset(plan.scene or family.preset.scene),
            randomisation=randomisation_preset(plan.randomisation),
            seed=job.seed,
            family=family,
            max_steps=plan.max_steps,
        )

    def _open_backend(self) -> Backend:
        if self._backend is None:
            self._backend = self._factory.backend()
        return self._backend

    def _fault(self, job: EvaluationJob, reason: str) -> Outcome:
        """Return a fault as the outcome, and close the backend: the next job gets a new one."""
        try:
            self._close_backend()
        except Exception as error:
            logger.warning("the backend could not be closed: %s", error)
            self._backend = None
        return outcome_of(job, "fault", reason)


def _make_backend(name: str) -> Backend:
    backend: Backend = BACKENDS.load(name)()
    return backend


def _outcome(job: EvaluationJob, stage: _Stage, result: EpisodeResult, error: Exception | None) -> Outcome:
    task, backend = stage.task, stage.backend
    with_original = task if isinstance(task, TaskWithOriginalGoal) else None
    moving = backend if isinstance(backend, MovedObjectBackend) else None
    return outcome_of(
        job,
        "episode",
        result.reason,
        success=result.success,
        failure=_failure(result, error),
        steps=result.steps,
        progress=result.progress,
        sim_seconds=result.sim_seconds,
        instruction=result.instruction,
        goal=str(stage.start.plan),
        original_goal=str(stage.original.plan) if with_original else None,
        original_reached=with_original.original_was_reached if with_original else None,
        moved_by_cm=None if moving is None or moving.moved_by is None else round(100 * moving.moved_by, 3),
        moved_at_step=moving.moved_at_step if moving else None,
        clipped=result.clipped,
        warnings=result.warnings,
    )


def _failure(result: EpisodeResult, error: Exception | None) -> str | None:
    return DECLINED if isinstance(error, PolicyDeclined) else result.failure
