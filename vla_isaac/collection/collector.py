"""`Collector`: run one attempt of the expert after another; only successes become demonstrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vla_isaac.backends import BACKENDS
from vla_isaac.collection.demonstrator import Demonstrator
from vla_isaac.collection.plan import CollectionPlan, DemonstrationJob
from vla_isaac.collection.recorder import EpisodeRecorder, Recording
from vla_isaac.control.config import ControlConfig
from vla_isaac.core.errors import BackendError, GoalError, PolicyError, SceneError
from vla_isaac.core.goals import GoalPlan
from vla_isaac.core.seeding import stream
from vla_isaac.core.types import SceneState, Verdict
from vla_isaac.datasets.episode import Episode
from vla_isaac.datasets.statistics import Statistics
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.episode import EpisodeRequest, set_stage
from vla_isaac.runtime.policy_calls import PolicyCalls
from vla_isaac.runtime.result import End, EpisodeResult
from vla_isaac.runtime.session import connect
from vla_isaac.runtime.subscriber import EpisodeStart, Subscriber
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.backend import Backend
from vla_isaac.sim.drive import drive
from vla_isaac.tasks.families import task_family
from vla_isaac.tasks.paraphrases import paraphrase
from vla_isaac.tasks.task import Task

IMPOSSIBLE = "impossible_layout"
"""Failure name of a seed whose layout does not allow the task."""


@dataclass(frozen=True, kw_only=True)
class DemonstrationResult:
    """Result of an attempt; plain data that a worker sends back, its images are in files."""

    job: DemonstrationJob
    failure: str | None
    """Failure name, None for a success."""

    steps: int = 0
    episode: Episode | None = None
    """The episode of a success, without images."""

    pictures: dict[str, str] = field(default_factory=dict)
    """File of each camera: a video, or an array in NumPy's format."""

    statistics: dict[str, Statistics] = field(default_factory=dict)
    """Statistics of each camera's images, where they became videos."""

    encoding_seconds: float = 0.0
    """Time spent on encoding or storing images [s], part of `seconds`."""

    seconds: float = 0.0


class LingeringTask(Task):
    """A task that continues for some control periods after success; the goal must hold until then."""

    def __init__(self, plan: GoalPlan | None, *, dwell: float, steps_after_success: int) -> None:
        super().__init__(plan, dwell=dwell)
        self._linger = steps_after_success
        self._judged = 0
        self.succeeded_at: int | None = None
        """Control period in which the goal had held for its dwell time, None while it does not hold."""

    def judge(self, state: SceneState) -> Verdict:
        """Judge one state; `success` is reported only after the last of the extra periods."""
        verdict = super().judge(state)
        self._judged += 1
        if not verdict.done:
            self.succeeded_at = None
            return verdict
        if self.succeeded_at is None:
            self.succeeded_at = self._judged
        return replace(verdict, success=self._judged - self.succeeded_at >= self._linger)


class Collector:
    """A backend and an expert that run one attempt after another."""

    def __init__(self, plan: CollectionPlan, *, backend: Backend | None = None) -> None:
        """Prepare the plan; `backend` None makes the one that the plan names."""
        self.plan = plan
        self.backend: Backend = backend or BACKENDS.load(plan.backend)()
        self.expert = ScriptedPolicy(rate_hz=plan.fps)
        self.policy = Demonstrator(self.expert)
        self._calls = PolicyCalls(self.policy)
        self._control = ControlConfig()

    def try_one(self, job: DemonstrationJob) -> tuple[str | None, EpisodeRecorder, int]:
        """Run one attempt and return its failure (None for a success), its recorder and its number of steps.

        Raises:
            BackendError: If the simulator failed; that does not depend on the seed.
        """
        scene = self.plan.scene or task_family(job.task).preset.scene
        recorder = EpisodeRecorder(self.backend, self._recording(job, scene, is_perturbed=self._is_perturbed(job)))
        failure, steps = self.run(job, [recorder])
        return failure, recorder, steps

    def run(self, job: DemonstrationJob, subscribers: Sequence[Subscriber]) -> tuple[str | None, int]:
        """Run one attempt with subscribers and return its failure (None for a success) and its number of steps.

        Raises:
            BackendError: If the simulator failed; that does not depend on the seed.
            PolicyError: If the policy did not answer in time, or the attempt could not be recorded.
        """
        plan, family = self.plan, task_family(job.task)
        self.policy.perturbation = plan.perturbation if self._is_perturbed(job) else None
        request = EpisodeRequest(
            scene=scene_preset(plan.scene or family.preset.scene),
            randomisation=randomisation_preset(plan.randomisation),
            seed=job.seed,
            family=family,
        )
        try:
            drawn = drive(set_stage(request, self.backend, self.policy, "scripted"))
        except SceneError:
            return IMPOSSIBLE, 0
        start = replace(self._with_paraphrase(job, drawn), max_steps=drawn.max_steps + plan.steps_after_success)
        task = LingeringTask(start.plan, dwell=request.dwell, steps_after_success=plan.steps_after_success)
        runner = connect(start, task, self.backend, self._calls_of_policy(), self._control, list(subscribers))
        try:
            runner.begin()
        except GoalError:
            return IMPOSSIBLE, 0
        result = runner.run()
        if result.end is End.BACKEND_FAILED:
            raise BackendError(f"{job.task}, seed {job.seed}: {result.reason}")
        if self._calls.is_hung:
            raise PolicyError(f"{job.task}, seed {job.seed}: {result.reason}")
        if result.warnings:
            raise PolicyError(f"{job.task}, seed {job.seed} could not be recorded: {'; '.join(result.warnings)}")
        return _failure(result, task, drawn.max_steps), result.steps

    def close(self) -> None:
        """Release the backend and the policy's thread."""
        self._calls.leave()
        self.backend.close()

    def _calls_of_policy(self) -> PolicyCalls:
        """Return the calls of the present policy: that of `policy` may be another one than at the start."""
        if self._calls.policy is not self.policy:
            self._calls.leave()
            self._calls = PolicyCalls(self.policy)
        return self._calls

    def _is_perturbed(self, job: DemonstrationJob) -> bool:
        return bool(stream(job.seed, "perturbed").random() < self.plan.perturb)

    def _with_paraphrase(self, job: DemonstrationJob, start: EpisodeStart) -> EpisodeStart:
        """Return the start with an instruction of the training templates, sampled from a separate random stream."""
        assert start.plan is not None  # a family always has one
        rng = stream(job.seed, f"paraphrase {job.task}")
        sentence = paraphrase(job.task, start.plan, start.scene.bodies, rng)
        return replace(start, instruction=sentence or start.instruction)

    def _recording(self, job: DemonstrationJob, scene: str, *, is_perturbed: bool) -> Recording:
        plan = self.plan
        extra: dict[str, Any] = {"steps_after_success": plan.steps_after_success, "perturbed": is_perturbed}
        return Recording(
            cameras=plan.cameras,
            image_hw=plan.image_hw,
            task=job.task,
            scene=scene,
            randomisation=plan.randomisation,
            extra=extra,
        )


def _failure(result: EpisodeResult, task: LingeringTask, max_steps: int) -> str | None:
    if not result.success:
        return result.failure or result.end.value
    is_in_time = task.succeeded_at is not None and task.succeeded_at <= max_steps
    return None if is_in_time else "timed_out"
