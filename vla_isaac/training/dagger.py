"""DAgger corrections: the policy acts, and the expert labels every visited state with its own action.

A policy trained on demonstrations alone drifts into states that no demonstration has; corrections cover these states. At
random the expert takes over for a short time, so that later parts of a task are visited too. All episodes are kept, also
failed ones: their labels are right.

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

RETRIES = 2  # of an episode whose worker died
TAKEOVER_RATE = 0.25  # takeovers per second in which the policy acts
TAKEOVER_SECONDS = (0.5, 2.0)  # shortest and longest


@dataclass(frozen=True, kw_only=True)
class CorrectionPlan:
    """Settings of a collection of corrections."""

    checkpoint: Path
    """Checkpoint of the policy that acts."""

    tasks: tuple[str, ...]
    """Task families, in rotation."""

    episodes: int
    seed: int
    """First seed of the episodes."""

    randomisation: str = "full"
    backend: str = "mujoco"


class CorrectedPolicy:
    """Policy that executes the learner's actions and records the expert's; privileged, as the expert is.

    It has `perturbation`, as `Demonstrator`, but does not use it: the learner makes its own errors.
    """

    def __init__(self, learner: Policy, expert: Demonstrator) -> None:
        """Combine learner and expert.

        Raises:
            ConventionError: If their action conventions differ.
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
        """Begin an episode; the learner receives the same context as at inference."""
        self._rng = stream(context.seed, "takeover")
        self._left = 0
        self._expert.reset(context)
        self._learner.reset(replace(context, goal=None, state=None))

    def act(self, observation: Observation) -> ActionChunk:
        """Return the executed action; the label is in its `info`."""
        chunk = self._expert.act(observation)
        label = chunk[0]
        learned = self._learner.act(replace(observation, state=None))[0]  # also during a takeover: it keeps a history
        done = label if self._expert_acts() else learned
        gripper = None if done.gripper is None else min(1.0, max(0.0, done.gripper))
        return ActionChunk.single(done.arm, gripper, **{**chunk.info, DEMONSTRATED: label})

    def _expert_acts(self) -> bool:
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
        plan: The settings.
        num_workers: Worker processes.
        resume: Whether to complete what an earlier call began.
        deadline: Longest time for one episode [s] with several workers; after it the worker is stopped.

    Raises:
        BackendError: If the worker of an episode died repeatedly; what was written stays.
    """
    collection = collection_of(plan)
    done = 0
    if resume and path.exists():
        reader = open_dataset(path)
        done = len(reader)
        reader.close()
    if done >= plan.episodes:
        return done
    writer = create_dataset(path, dataset_info(collection), resume=resume and path.exists())
    try:
        # episodes come in the order of their seeds, so the first `done` ones are those already written
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
    collection = collection_of(plan)
    jobs = (collection.job(i % len(plan.tasks), i // len(plan.tasks)) for i in range(3 * plan.episodes))
    pool = open_pool(partial(CorrectionWorker, plan), num_workers=num_workers, retries=RETRIES, deadline=deadline)
    try:
        results = in_order(pool, jobs)
        yield from _after((result.check(remedy="resume with fewer workers") for result in results), skip)
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
    """Collects episodes with one backend, in a worker of a pool."""

    def __init__(self, plan: CorrectionPlan) -> None:
        """Create the backend, the expert and the policy."""
        self._collector = Collector(collection_of(plan))
        correct(self._collector, plan.checkpoint)

    def __call__(self, job: DemonstrationJob) -> Episode | None:
        """Return one episode; None if the layout does not allow the task, or nothing was recorded."""
        failure, recorder, _ = self._collector.try_one(job)
        if failure == IMPOSSIBLE or recorder.episode is None:
            return None
        episode = recorder.episode
        return replace(episode, images={name: np.asarray(pictures) for name, pictures in episode.images.items()})

    def close(self) -> None:
        """Close the backend."""
        self._collector.close()


def correct(collector: Collector, checkpoint: Path) -> None:
    """Replace the collector's policy by a checkpoint that is labelled by the expert."""
    learner = LearnedPolicy(checkpoint, threads=1, declines=False)
    collector.policy = CorrectedPolicy(learner, collector.policy)  # type: ignore[assignment]


def collection_of(plan: CorrectionPlan) -> CollectionPlan:
    """Return the collection plan with the cameras and rate of the checkpoint."""
    card = PolicyCard.load(plan.checkpoint)
    if card.action != demonstration_spec(card.action.rate_hz):
        raise ConventionError(
            f"{plan.checkpoint}: was not trained on demonstrations of the expert, which corrections require"
        )
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
