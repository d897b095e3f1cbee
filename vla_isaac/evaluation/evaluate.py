"""`evaluate`: run the episodes of a plan on a number of processes and return a report."""

from __future__ import annotations

import contextlib
import functools
import time
from pathlib import Path

from vla_isaac.backends import BACKENDS
from vla_isaac.core.errors import BackendError, UsageError
from vla_isaac.evaluation.evaluator import Evaluator, PolicyAndBackendFactory, factory_of
from vla_isaac.evaluation.outcome import Outcome, outcome_of
from vla_isaac.evaluation.plan import EvaluationJob, EvaluationPlan
from vla_isaac.evaluation.report import EvaluationReport
from vla_isaac.evaluation.results_file import ResultsFile
from vla_isaac.evaluation.schedule import EvaluationSchedule
from vla_isaac.evaluation.sentence_tasks import sentences_by_family
from vla_isaac.evaluation.trials.moved import check_moves_objects
from vla_isaac.jobs import JobPool, JobResult, ReportProgress, open_pool, run_jobs
from vla_isaac.jobs.pool import JOB_DEADLINE, check_num_workers
from vla_isaac.runtime.inference import POLICY_TIMEOUT
from vla_isaac.runtime.policy_calls import checked_timeout
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.tasks.families import task_family
from vla_isaac.tasks.paraphrases import paraphrases

MAX_FAULTS = 10
"""Faults after which an evaluation is stopped: the cause is then permanent."""


def evaluate(
    plan: EvaluationPlan,
    *,
    out: Path | None = None,
    num_workers: int = 1,
    resume: bool = False,
    progress: ReportProgress | None = None,
    factory: PolicyAndBackendFactory | None = None,
    deadline: float | None = JOB_DEADLINE,
    cast: PolicyAndBackendFactory | None = None,
    policy_timeout: float = POLICY_TIMEOUT,
) -> EvaluationReport:
    """Run the episodes of a plan; the outcomes are the same for any number of workers.

    Args:
        plan: What to evaluate.
        out: File for one JSON line per attempt, written as the attempts end; None keeps them in memory only.
        num_workers: Number of processes; 1 uses this process.
        resume: Whether to resume with a file that an earlier run began.
        progress: Called first and after each attempt with the numbers of finished, requested and failed episodes.
        factory: Makes policy and backend instead of those the plan names; with several workers, from functions of a module.
        deadline: Timeout of one attempt [s] with several workers; one that takes longer is a fault.
        cast: Name of `factory` in earlier versions.
        policy_timeout: Timeout of each of the policy's answers after its first decision, in real time [s]; 0 waits for ever.
            An episode in which it does not answer in time ends as ``policy_failed``. A `factory` has its own.

    Returns:
        The report; its `problems` list what is missing.

    Raises:
        UsageError: If the file exists, or is of another plan; if the backend does not support the trial.
        UnknownNameError: If a policy, scene, randomisation or camera does not exist.
        BackendError: If there are too many faults; finished attempts stay in the file.
    """
    check_plan(plan, num_workers)
    checked_timeout(policy_timeout)
    if resume and out is None:
        raise UsageError("resuming needs the file of the earlier run; give it with --out FILE --resume")
    begin = time.perf_counter()
    with contextlib.ExitStack() as stack:
        file = ResultsFile(out, plan, resume=resume) if out is not None else None
        if file is not None:
            stack.callback(file.close)
        schedule = EvaluationSchedule(plan, file.known if file else None)
        make_worker = functools.partial(Evaluator, plan, factory or cast or factory_of(plan, policy_timeout))
        pool = open_pool(make_worker, num_workers=num_workers, deadline=deadline)
        stack.callback(pool.close)
        if file is not None:
            file.begin()
        _run(pool, schedule, file, progress)
    return EvaluationReport(plan=plan, outcomes=schedule.outcomes, wall_seconds=time.perf_counter() - begin)


def check_plan(plan: EvaluationPlan, num_workers: int) -> None:
    """Check a plan before anything is written or started.

    Raises:
        UsageError: If the number of workers is not accepted, or the backend does not support the trial.
        UnknownNameError: If a scene, a randomisation or the templates of a family do not exist.
    """
    check_num_workers(num_workers)
    randomisation_preset(plan.randomisation)
    known = sentences_by_family(plan.sentences) if plan.sentences else {}
    for name in plan.tasks:
        if plan.sentences and name not in known:
            raise UsageError(
                f"{plan.sentences} has no sentence of the family {name!r}", remedy=f"choose among {', '.join(known)}"
            )
        scene_preset(plan.scene or task_family(name).preset.scene)
        if plan.wording != "plain":
            paraphrases(name)
    if plan.trial == "moved":
        check_moves_objects(BACKENDS.load(plan.backend), plan.backend)


def _run(pool: JobPool, schedule: EvaluationSchedule, file: ResultsFile | None, progress: ReportProgress | None) -> None:
    """Keep the pool busy until all jobs are done."""
    faults = 0
    _report(progress, schedule)
    for result in run_jobs(pool, schedule.next_job):
        outcome = _outcome_of(result)
        if file is not None:
            file.add(outcome)
        schedule.take(outcome)
        _report(progress, schedule)
        faults += outcome.kind == "fault"
        if faults >= MAX_FAULTS:
            raise BackendError(
                f"{faults} attempts were lost to faults, the last ({outcome.task}, seed {outcome.seed}) because "
                f"{outcome.reason}; fix that and run the same command with --resume"
            )


def _report(progress: ReportProgress | None, schedule: EvaluationSchedule) -> None:
    if progress is not None:
        episodes = [outcome for outcome in schedule.outcomes if outcome.kind == "episode"]
        progress(len(episodes), schedule.total, sum(not episode.success for episode in episodes))


def _outcome_of(result: JobResult[EvaluationJob, Outcome]) -> Outcome:
    """Return the outcome of an attempt; a lost worker is a fault.

    Raises:
        VlaIsaacError: If the cause affects all attempts, such as a policy that does not fit the scene.
    """
    if result.error is not None:
        raise result.error
    return result.value or outcome_of(result.job, "fault", result.fault)
