"""Corrections: the policy drives, and at every state it comes to the expert says what it should have done.

What is learned from demonstrations alone goes astray where no demonstration has been; corrections are about just these
states. Now and then the expert takes over for a while, so that later parts of a task are seen too. All episodes are kept,
also those that fail: their labels are right.

Source: S. Ross, G. Gordon, D. Bagnell (2011), "A Reduction of Imitation Learning and Structured Prediction to No-Regret
Online Learning" (DAgger).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from vla_isaac.collection.collect import dataset_info
from vla_isaac.collection.collector import IMPOSSIBLE, Collector
from vla_isaac.collection.demonstrator import Demonstrator, demonstration_spec
from vla_isaac.collection.plan import CollectionPlan, DemonstrationJob
from vla_isaac.collection.recorder import DEMONSTRATED
from vla_isaac.core.errors import ConventionError
from vla_isaac.core.seeding import stream
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation
from vla_isaac.datasets.episode import Episode
from vla_isaac.datasets.formats import create_dataset, open_dataset
from vla_isaac.jobs import in_order, open_pool
from vla_isaac.jobs.pool import JOB_DEADLINE
from vla_isaac.policies.base import Policy
from vla_isaac.policies.learned import LearnedPolicy
from vla_isaac.policies.learned_checkpoint import PolicyCard

RETRIES = 2  # of an episode that lost its worker
TAKEOVER_RATE = 0.25  # per second of the policy's own driving
TAKEOVER_SECONDS = (0.5, 2.0)  # shortest and longest


@dataclass(frozen=True, kw_only=True)
class CorrectionPlan:
    """What is to be corrected."""

    checkpoint: Path
    """The policy that drives."""

    tasks: tuple[str, ...]
    """Families, in turn."""

    episodes: int
    seed: int
    """The first of the seeds that are tried."""

    randomisation: str = "full"
    backend: str = "mujoco"


class CorrectedPolicy:
    """Carries out what the learner says, records what the expert would have done; privileged, as the expert is.

    Has `perturbation`, as a `Demonstrator` has, and leaves it unused: the learner errs by itself.
    """

    def __init__(self, learner: Policy, expert: Demonstrator) -> None:
        """Put both together.

        Raises:
            ConventionError: If their actions mean different things.
        """
        ours, theirs = learner.spec.action, expert.spec.action
        if ours != theirs:
            raise ConventionError(
                f"the policy's actions ({ours}) are not those of demonstrations ({theirs}); train it on these"
            )
        self._learner, self._expert = learner, expert
        self.perturbation: object = None
        self.spec = replace(learner.spec, privileged=True, chunk_length=1)

    def reset(self, context: EpisodeContext) -> None:
        """Begin an episode; the learner is told no more than at work."""
        self._rng = stream(context.seed, "takeover")
        self._left = 0
        self._expert.reset(context)
        self._learner.reset(replace(context, goal=None, state=None))

    def act(self, observation: Observation) -> ActionChunk:
        """Return what is carried out; what is to be learned is in its `info`."""
        label = self._expert.act(observation)[0]
        learned = self._learner.act(replace(observation, state=None))[0]  # also while the expert drives: it keeps a history
        done = label if self._expert_drives() else learned
        gripper = None if done.gripper is None else min(1.0, max(0.0, done.gripper))
        return ActionChunk.single(done.arm, gripper, **{DEMONSTRATED: label})

    def _expert_drives(self) -> bool:
        rate = self.spec.action.rate_hz
        if self._left == 0 and self._rng.random() < TAKEOVER_RATE / rate:
            self._left = max(1, round(float(self._rng.uniform(*TAKEOVER_SECONDS)) * rate))
        if self._left > 0:
            self._left -= 1
            return True
        return False


def collect_corrections(
    path: Path,
    plan: CorrectionPlan,
    *,
    num_workers: int = 2,
    resume: bool = False,
    deadline: float | None = JOB_DEADLINE,
) -> int:
    """Write a dataset of corrected episodes and return how many there are.

    Args:
        path: The dataset; with `resume`, what is there is completed.
        plan: What is wanted.
        num_workers: Processes that drive.
        resume: Whether to complete what an earlier call began.
        deadline: Longest time for one episode [s] where several workers are; one that takes longer loses its worker.

    Raises:
        BackendError: If an episode lost its worker again and again; what was written stays.
    """
    wanted = collection_of(plan)
    done = 0
    if resume and path.exists():
        reader = open_dataset(path)
        done = len(reader)
        reader.close()
    if done >= plan.episodes:
        return done
    writer = create_dataset(path, dataset_info(wanted), resume=resume and path.exists())
    try:
        # numbers of attempts below the first that is still missing are taken: every attempt gives an episode, or never will
        for episode in _episodes(plan, num_workers, deadline, skip=done):
            writer.add(episode)
            done += 1
            if done >= plan.episodes:
                break
    finally:
        writer.close()
    return done


def _episodes(plan: CorrectionPlan, num_workers: int, deadline: float | None, *, skip: int) -> Iterator[Episode]:
    """Yield episodes in the order of their seeds, without the first `skip`."""
    wanted = collection_of(plan)
    jobs = (wanted.job(i % len(plan.tasks), i // len(plan.tasks)) for i in range(3 * plan.episodes))
    pool = open_pool(partial(CorrectionWorker, plan), num_workers=num_workers, retries=RETRIES, deadline=deadline)
    try:
        results = in_order(pool, jobs)
        yield from _after((result.check(remedy="go on with fewer workers") for result in results), skip)
    finally:
        pool.close()


def _after(found: Iterator[Episode | None], skip: int) -> Iterator[Episode]:
    for episode in found:
        if episode is None:
            continue
        if skip > 0:
            skip -= 1
            continue
        yield episode


class CorrectionWorker:
    """Drives episodes with one backend; what a worker of a pool does."""

    def __init__(self, plan: CorrectionPlan) -> None:
        """Make the backend, the expert and the policy that drives."""
        self._collector = Collector(collection_of(plan))
        correct(self._collector, plan.checkpoint)

    def __call__(self, job: DemonstrationJob) -> Episode | None:
        """Drive one episode; None where the layout does not allow the task, or nothing happened."""
        failure, recorder, _ = self._collector.try_one(job)
        if failure == IMPOSSIBLE or recorder.episode is None:
            return None
        episode = recorder.episode
        return replace(episode, images={name: np.asarray(pictures) for name, pictures in episode.images.items()})

    def close(self) -> None:
        """Free the backend."""
        self._collector.close()


def correct(collector: Collector, checkpoint: Path) -> None:
    """Let a checkpoint drive while the expert says what it would do."""
    learner = LearnedPolicy(checkpoint, threads=1, declines=False)
    collector.policy = CorrectedPolicy(learner, collector.policy)  # type: ignore[assignment]


def collection_of(plan: CorrectionPlan) -> CollectionPlan:
    """Return the plan of demonstrations that fits the checkpoint."""
    card = PolicyCard.load(plan.checkpoint)
    if card.action != demonstration_spec(card.action.rate_hz):
        raise ConventionError(f"{plan.checkpoint}: was not trained on demonstrations of the expert; corrections need that")
    return CollectionPlan(
        tasks=plan.tasks,
        episodes=plan.episodes,
        seed=plan.seed,
        randomisation=plan.randomisation,
        backend=plan.backend,
        cameras=card.cameras,
        image_hw=card.image_hw,
        fps=card.action.rate_hz,
        steps_after_success=4,
    )
