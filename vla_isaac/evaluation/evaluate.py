"""`evaluate`: run the episodes of a plan, on as many processes as asked for, and say how they went."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vla_isaac.backends import BACKENDS
from vla_isaac.core.errors import BackendError, UsageError
from vla_isaac.evaluation.evaluator import Cast, Evaluator, cast_of
from vla_isaac.evaluation.moving import check_moves_objects
from vla_isaac.evaluation.outcome import Outcome
from vla_isaac.evaluation.plan import Attempt, EvaluationPlan
from vla_isaac.evaluation.report import EvaluationReport
from vla_isaac.evaluation.results_file import ResultsFile
from vla_isaac.evaluation.schedule import Schedule
from vla_isaac.jobs import JobPool, JobResult, open_pool
from vla_isaac.jobs.pool import JOB_DEADLINE
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.tasks.families import task_family
from vla_isaac.tasks.paraphrases import paraphrases

MAX_FAULTS = 10
"""Faults after which an evaluation is given up: what fails so often is broken, and no episode will tell anything."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far an evaluation is."""

    done: int
    """Episodes that are there."""

    wanted: int
    successes: int
    fresh: int
    """Episodes of this run."""

    seconds: float
    """Since this run began [s]."""


def evaluate(
    plan: EvaluationPlan,
    *,
    out: Path | None = None,
    num_workers: int = 1,
    resume: bool = False,
    watch: Callable[[Progress], None] | None = None,
    cast: Cast | None = None,
    deadline: float | None = JOB_DEADLINE,
) -> EvaluationReport:
    """Run the episodes of a plan; the outcomes are the same for any number of workers.

    Args:
        plan: What is to be evaluated.
        out: File for one JSON line per attempt, written as they come; None keeps them in memory only.
        num_workers: Processes; 1 works in this one.
        resume: Whether to go on with a file that an earlier run began.
        watch: Told how far it is after each attempt.
        cast: Who takes part, instead of whom the plan names; with several workers, functions of a module.
        deadline: Longest time for one attempt [s] where several workers are; one that takes longer is a fault.

    Returns:
        The report; its `problems` say what is missing.

    Raises:
        UsageError: If the file is taken, or of another plan; if the backend cannot do what the trial needs.
        UnknownNameError: If a policy, scene, randomisation or camera does not exist.
        BackendError: If there are too many faults; what was found out stays in the file.
    """
    check_plan(plan, num_workers)
    if resume and out is None:
        raise UsageError("going on needs the file of the earlier run; give it with --out FILE --resume")
    begin = time.perf_counter()
    file = ResultsFile(out, plan, resume=resume) if out is not None else None
    schedule = Schedule(plan, file.known if file else None)
    with contextlib.ExitStack() as stack:
        make_worker = functools.partial(Evaluator, plan, cast or cast_of(plan))
        pool = open_pool(make_worker, num_workers=num_workers, deadline=deadline)
        stack.callback(pool.close)
        if file is not None:
            stack.callback(file.close)
            file.begin()
        _run(pool, schedule, file, lambda fresh: _tell(watch, plan, schedule, fresh, begin))
    return EvaluationReport(plan=plan, outcomes=schedule.outcomes, wall_seconds=time.perf_counter() - begin)


def check_plan(plan: EvaluationPlan, num_workers: int) -> None:
    """Find out what is wrong before anything is written or started.

    Raises:
        UsageError: If the number of workers is odd, or the backend cannot do what the trial needs.
        UnknownNameError: If a scene, a randomisation or the templates of a family do not exist.
    """
    if not 1 <= num_workers <= 256:
        raise UsageError(f"{num_workers} workers are not accepted; give a whole number from 1 to 256")
    randomisation_preset(plan.randomisation)
    for name in plan.tasks:
        scene_preset(plan.scene or task_family(name).preset.scene)
        if plan.wording != "plain":
            paraphrases(name)
    if plan.trial == "moved":
        check_moves_objects(BACKENDS.load(plan.backend), plan.backend)


def _run(pool: JobPool, schedule: Schedule, file: ResultsFile | None, tell: Callable[[int], None]) -> None:
    """Keep the pool busy until nothing is left to do."""
    fresh, faults = 0, list[Outcome]()
    while True:
        while pool.is_free and (attempt := schedule.next_attempt()) is not None:
            pool.submit(attempt)
        if not pool.is_busy:
            return
        for outcome in map(_outcome_of, pool.wait()):
            if file is not None:
                file.add(outcome)
            schedule.take(outcome)
            fresh += outcome.kind == "episode"
            faults += [outcome] if outcome.kind == "fault" else []
        tell(fresh)
        if len(faults) >= MAX_FAULTS:
            last = faults[-1]
            raise BackendError(
                f"{len(faults)} attempts were lost to faults, the last ({last.task}, seed {last.seed}) because "
                f"{last.reason}; mend that and give the same command with --resume"
            )


def _outcome_of(result: JobResult[Attempt, Outcome]) -> Outcome:
    """Return what came of an attempt; a worker that was lost is a fault.

    Raises:
        VlaIsaacError: What was wrong with all attempts alike, such as a policy that does not fit the scene.
    """
    if result.error is not None:
        raise result.error
    if result.value is not None:
        return result.value
    attempt = result.job
    return Outcome(task=attempt.task, number=attempt.number, seed=attempt.seed, kind="fault", reason=result.fault)


def _tell(
    watch: Callable[[Progress], None] | None, plan: EvaluationPlan, schedule: Schedule, fresh: int, begin: float
) -> None:
    if watch is None:
        return
    episodes = [outcome for outcome in schedule.outcomes if outcome.kind == "episode"]
    watch(
        Progress(
            done=len(episodes),
            wanted=plan.episodes * len(plan.tasks),
            successes=sum(bool(outcome.success) for outcome in episodes),
            fresh=fresh,
            seconds=time.perf_counter() - begin,
        )
    )
