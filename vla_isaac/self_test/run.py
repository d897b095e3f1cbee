"""`self_test`: run the checks one after another and write the report; a generator, one yield per app update."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from vla_isaac.backends.isaac.beliefs import Belief, beliefs
from vla_isaac.core.errors import UsageError, describe
from vla_isaac.self_test.bench import TestBench
from vla_isaac.self_test.check import CHECKS, CheckResult, SelfCheck, Status
from vla_isaac.self_test.checks import cameras, drives, environment, freshness, grasping, objects, resources, robot
from vla_isaac.self_test.checks import time as clocks
from vla_isaac.self_test.inspectors import inspector_of
from vla_isaac.self_test.machine import machine_facts
from vla_isaac.self_test.page import write_report
from vla_isaac.self_test.reference import load_reference
from vla_isaac.self_test.report import SelfTestReport
from vla_isaac.sim.backend import Backend, Steps
from vla_isaac.sim.inspection import InspectionError

REPORT = Path("outputs") / "self_test"
"""Folder of the report unless another is given."""

MODULES = (environment, clocks, freshness, robot, drives, cameras, objects, grasping, resources)
"""Modules of the checks, in the order in which they run."""

Progress = Callable[[int, int, str], None]


def self_test(
    backend: Backend,
    progress: Progress | None = None,
    folder: Path | None = None,
    *,
    only: Sequence[str] = (),
) -> Steps[Path]:
    """Check what can be checked of a backend, close it, and return the path of the report.

    Inside Kit, await one app update per yield; in a script use `sim.drive`.

    Args:
        backend: A backend without a running episode; closed at the end, and whatever happens.
        progress: Called before each check with the number of checks done, their total, and the claim of the next.
        folder: Folder of ``report.html`` and ``report.json``; None takes `REPORT`.
        only: Ids of checks to run; empty runs all.

    Raises:
        UsageError: If the backend has no self-test, or there is no check of that id.
        WriteError: If the report cannot be written.
    """
    report = yield from examine(backend, progress, only=only)
    return write_report(report, folder or REPORT)


def examine(backend: Backend, progress: Progress | None = None, *, only: Sequence[str] = ()) -> Steps[SelfTestReport]:
    """Run the checks as `self_test` does and return the report without writing it."""
    chosen = _chosen(only)
    begun = time.perf_counter()
    inspector = inspector_of(backend)
    bench = TestBench(backend, inspector, load_reference())
    results: list[CheckResult] = []
    facts: dict[str, str] = {}
    try:
        bench.remember()
        for done, one in enumerate(chosen):
            if progress is not None:
                progress(done, len(chosen), one.claim)
            results.append((yield from _result(one, bench)))
            facts = facts if bench.is_closed else inspector.facts()
    finally:
        backend.close()
    seconds = time.perf_counter() - begun
    return SelfTestReport(backend=backend.name, facts={**facts, **machine_facts()}, results=tuple(results), seconds=seconds)


def all_checks() -> list[SelfCheck]:
    """Return every check in the order in which they run."""
    order = [module.__name__ for module in MODULES]
    return sorted(CHECKS, key=lambda one: order.index(one.measure.__module__))


def rows_covered_by(check_id: str) -> list[Belief]:
    """Return the ledger's rows that name a check."""
    return [belief for belief in beliefs().values() if belief.self_test == check_id]


def assumed_without_check() -> list[Belief]:
    """Return the ledger's rows that are assumed and that no check covers."""
    known = {one.id for one in CHECKS}
    return [belief for belief in beliefs().values() if belief.is_assumed and belief.self_test not in known]


def _chosen(only: Iterable[str]) -> list[SelfCheck]:
    known = {one.id for one in CHECKS}
    unknown = [name for name in only if name not in known]
    if unknown:
        raise UsageError(f"there is no check {unknown[0]!r}", remedy=f"choose from {', '.join(sorted(known))}")
    return [one for one in all_checks() if not only or one.id in only]


def _result(one: SelfCheck, bench: TestBench) -> Steps[CheckResult]:
    """Run a check; whatever it raises is its result."""
    begun = time.perf_counter()
    measurement = None
    try:
        measurement = yield from one.measure(bench)
        status = Status.HOLDS if measurement.holds else Status.FAILS
        found, expected = measurement.found, measurement.expected
    except InspectionError as error:
        status, found, expected = Status.NOT_CHECKED, str(error), ""
    except Exception as error:  # a check that crashes is one failed row, never the end of the report
        status, found, expected = Status.CRASHED, describe(error), "no error"
    covered = rows_covered_by(one.id)
    return CheckResult(
        check=one,
        status=status,
        found=found,
        expected=expected,
        rows={belief.id: belief.belief for belief in covered},
        assumed=tuple(belief.id for belief in covered if belief.is_assumed),
        seconds=time.perf_counter() - begun,
        measurement=measurement,
    )
