"""`collect`: run attempts until there are enough successes, and write these to a dataset in a fixed order.

Workers simulate, render and encode into a staging folder of the dataset; only this process numbers and commits episodes.
"""

from __future__ import annotations

import functools
import logging
import shutil
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.collection.collector import DemonstrationResult
from vla_isaac.collection.demonstrator import demonstration_spec
from vla_isaac.collection.journal import CollectionJournal
from vla_isaac.collection.plan import CollectionPlan, DemonstrationJob
from vla_isaac.collection.recorder import action_columns
from vla_isaac.collection.schedule import CollectionSchedule
from vla_isaac.collection.worker import DemonstrationWorker
from vla_isaac.core.config import to_mapping
from vla_isaac.core.interrupts import interrupts_deferred
from vla_isaac.datasets.episode import OUTCOME, PRIVILEGED, PROPRIOCEPTION
from vla_isaac.datasets.formats import WRITERS, DatasetInfo, DatasetWriter, create_dataset, open_dataset
from vla_isaac.datasets.robomimic.layout import PARTS
from vla_isaac.jobs import JobPool, JobResult, ReportProgress, open_pool, run_jobs
from vla_isaac.jobs.pool import JOB_DEADLINE, check_num_workers
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.tasks.families import task_family
from vla_isaac.tasks.paraphrases import paraphrases

logger = logging.getLogger(__name__)

WORKER_LOST = "worker_lost"
"""Failure name of a seed that lost its worker process in every retry."""

RETRIES = 2  # of a seed that lost its worker: helps if it was killed by chance, not if the seed needs too much memory
AHEAD_PER_WORKER = 8  # episodes that may be staged while an earlier one is in progress


@dataclass(frozen=True, kw_only=True)
class CollectionReport:
    """Result of a collection; the keys of ``collect --json``."""

    dataset: str
    is_complete: bool
    episodes: int
    """Episodes in the dataset now."""

    collected: int
    """Episodes of this run."""

    frames: int
    """Rows of this run."""

    attempts: int
    failures: dict[str, int]
    tasks: dict[str, int]
    """Episodes of this run by family."""

    seconds: float
    encoding_seconds: float
    """Worker time spent on encoding images [s], summed over all workers."""

    workers: int
    problem: str | None = None
    """Why the dataset is not complete."""


def collect(
    path: Path,
    plan: CollectionPlan,
    *,
    format: str = "lerobot",
    num_workers: int = 1,
    resume: bool = False,
    use_ray: bool = False,
    progress: ReportProgress | None = None,
    deadline: float | None = JOB_DEADLINE,
) -> CollectionReport:
    """Collect demonstrations of the scripted expert into a dataset.

    Args:
        path: The dataset.
        plan: What to collect.
        format: A key of `datasets.formats.WRITERS`.
        num_workers: Number of processes; 1 uses this process.
        resume: Whether to complete a dataset that an earlier run began.
        use_ray: Whether to use a Ray cluster.
        progress: Called first and after each attempt: episodes in the dataset, episodes requested, failed attempts.
        deadline: Timeout of one attempt [s] with several workers; a worker that takes longer is killed.

    Returns:
        The report; `is_complete` is false if a family failed too often.

    Raises:
        UsageError: If the path exists, or was collected with other options.
        MissingDependencyError: If a package is not installed.
        BackendError: If the simulator failed; committed episodes stay.
    """
    check_plan(plan, num_workers)
    WRITERS.load(format)
    writer = create_dataset(path, dataset_info(plan), format, resume=resume)
    try:
        journal = CollectionJournal(path, plan)
        try:
            kept = _seeds_in(path, format) if resume else ()
            schedule = CollectionSchedule(plan, kept=kept, failed=set(journal.failures) - set(kept))
            encode = hasattr(writer, "add_encoded")
            make_worker = functools.partial(DemonstrationWorker, plan, journal.staging, encode=encode)
            pool = open_pool(make_worker, num_workers=num_workers, use_ray=use_ray, retries=RETRIES, deadline=deadline)
            try:
                return _Run(path, plan, writer, journal, schedule, pool, progress).to_the_end()
            finally:
                pool.close()
        finally:
            journal.close()
    finally:
        writer.close()


def check_plan(plan: CollectionPlan, num_workers: int) -> None:
    """Check a plan before anything is written or started.

    Raises:
        UsageError: If the number of workers is not accepted.
        UnknownNameError: If a family, scene, camera or randomisation does not exist.
    """
    check_num_workers(num_workers)
    randomisation_preset(plan.randomisation)
    for name in plan.tasks:
        family = task_family(name)
        paraphrases(name)
        scene = scene_preset(plan.scene or family.preset.scene)
        for camera in plan.cameras:
            scene.camera(camera)


def dataset_info(plan: CollectionPlan) -> DatasetInfo:
    """Return the metadata that all episodes of the plan share."""
    spec = demonstration_spec(plan.fps)
    return DatasetInfo(
        fps=plan.fps,
        features={"action": action_columns(spec), **PROPRIOCEPTION, **OUTCOME, **PRIVILEGED},
        cameras=dict.fromkeys(plan.cameras, plan.image_hw),
        action_spec=to_mapping(spec),
        has_annotations=plan.language_columns,
    )


class _Run:
    """State of one run of a collection."""

    def __init__(
        self,
        path: Path,
        plan: CollectionPlan,
        writer: DatasetWriter,
        journal: CollectionJournal,
        schedule: CollectionSchedule,
        pool: JobPool,
        progress: ReportProgress | None,
    ) -> None:
        self._path, self._plan, self._writer, self._journal = path, plan, writer, journal
        self._schedule, self._pool, self._progress = schedule, pool, progress
        self._begin = time.perf_counter()
        self._fresh, self._frames, self._encoding = 0, 0, 0.0
        self._tasks: Counter[str] = Counter()

    def to_the_end(self) -> CollectionReport:
        """Continue until all episodes are in the dataset, or a family has used up its attempts."""
        self._report_progress()
        for result in run_jobs(self._pool, self._next_job):
            self._take(_check(result))
            while (success := self._schedule.next_episode()) is not None:
                self._commit(success)
                self._report_progress()
            self._report_progress()
        return self._report()

    def _next_job(self) -> DemonstrationJob | None:
        if self._schedule.is_complete or (self._schedule.hopeless() is not None and not self._pool.is_busy):
            return None
        return self._schedule.next_job(ahead=AHEAD_PER_WORKER * self._pool.num_workers + len(self._plan.tasks))

    def _take(self, result: DemonstrationResult) -> None:
        self._encoding += result.encoding_seconds
        if result.failure is not None:
            self._journal.add_failure(result.job.seed, result.failure)
        self._schedule.take(result)

    def _commit(self, result: DemonstrationResult) -> None:
        """Pass an episode to the writer; signals are deferred until it is complete."""
        episode = result.episode
        assert episode is not None  # only successes are passed on
        with interrupts_deferred():
            if hasattr(self._writer, "add_encoded"):
                writer: Any = self._writer
                videos = {name: Path(file) for name, file in result.pictures.items()}
                writer.add_encoded(episode, videos, result.statistics)
            else:
                images = {name: np.load(file, mmap_mode="r") for name, file in result.pictures.items()}
                self._writer.add(replace(episode, images=images))
        shutil.rmtree(self._journal.staging / str(result.job.seed), ignore_errors=True)
        self._fresh += 1
        self._frames += len(episode)
        self._tasks[result.job.task] += 1

    def _report_progress(self) -> None:
        if self._progress is not None:
            self._progress(self._schedule.committed, self._plan.episodes, len(self._journal.failures))

    def _report(self) -> CollectionReport:
        failures = self._journal.counts()
        family = None if self._schedule.is_complete else self._schedule.hopeless()
        counted = ", ".join(f"{name} {count}" for name, count in failures.items())
        return CollectionReport(
            dataset=str(self._path),
            is_complete=self._schedule.is_complete,
            episodes=self._schedule.committed,
            collected=self._fresh,
            frames=self._frames,
            attempts=self._schedule.attempts,
            failures=failures,
            tasks=dict(self._tasks),
            seconds=time.perf_counter() - self._begin,
            encoding_seconds=self._encoding,
            workers=self._pool.num_workers,
            problem=None
            if family is None
            else f"{family} did not give its share of {self._plan.episodes} episodes in three times as many attempts; "
            f"failures: {counted}; choose another family, backend or randomisation",
        )


def _check(result: JobResult[DemonstrationJob, DemonstrationResult]) -> DemonstrationResult:
    """Return the result of an attempt; lost workers are logged, and too many of them are the attempt's failure.

    Raises:
        VlaIsaacError: If the worker raised it.
    """
    if result.error is not None:
        raise result.error
    if result.losses:
        logger.warning(
            "%s, seed %d: lost %d worker processes%s",
            *(result.job.task, result.job.seed, result.losses, f"; {result.fault}" if result.fault else ", then completed"),
        )
    return result.value or DemonstrationResult(job=result.job, failure=WORKER_LOST)


def _seeds_in(path: Path, format: str) -> tuple[int, ...]:
    """Return the seeds of the episodes of a dataset; those of an HDF5 file may still be in parts next to it."""
    seeds: list[int] = []
    for place in (path, path.with_name(path.name + PARTS)):
        if place.exists():
            reader = open_dataset(place, format)
            try:
                seeds += [reader.meta(k).seed for k in range(len(reader))]
            finally:
                reader.close()
    return tuple(dict.fromkeys(seeds))
