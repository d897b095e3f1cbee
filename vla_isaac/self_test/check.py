"""`SelfCheck`: one check of the self-test; `Measurement` is what it found, `CheckResult` its line in the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from vla_isaac.core.arrays import Array, Image
from vla_isaac.sim.backend import Steps


class Status(str, Enum):
    """What a check says about the rows of the ledger it covers."""

    HOLDS = "holds"
    FAILS = "does not hold"
    CRASHED = "error"
    """The check raised; counted as not holding."""

    NOT_CHECKED = "not checked"
    """The check cannot be made here; `found` says why."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A measured curve with the band it must lie in."""

    title: str
    time: Array
    """[s], shape (N,)."""

    values: Array
    """Shape (N,)."""

    low: Array | None = None
    high: Array | None = None
    """The band, shape (N,) each; None draws none."""

    unit: str = "rad"


@dataclass(frozen=True, eq=False)
class ReportPicture:
    """An image with a caption, for the report."""

    caption: str
    rgb: Image


@dataclass(frozen=True, eq=False, kw_only=True)
class Measurement:
    """What a check found."""

    holds: bool
    found: str
    """The measured values, as text."""

    expected: str
    """What is accepted, as text."""

    values: dict[str, float | int | str] = field(default_factory=dict)
    """The measured values, for the JSON file."""

    curves: tuple[Curve, ...] = ()
    pictures: tuple[ReportPicture, ...] = ()


Measure = Callable[[Any], Steps[Measurement]]
"""A generator function of a `bench.TestBench`."""


@dataclass(frozen=True, kw_only=True)
class SelfCheck:
    """One check: what it proves, how, and what to do if it does not hold."""

    id: str
    """Lasting name; the ledger's column `self_test` refers to it."""

    group: str
    claim: str
    """What is believed, as a sentence."""

    remedy: str
    """What to do if it does not hold."""

    measure: Measure


@dataclass(frozen=True, eq=False, kw_only=True)
class CheckResult:
    """A check's line in the report."""

    check: SelfCheck
    status: Status
    found: str
    expected: str = ""
    rows: dict[str, str] = field(default_factory=dict)
    """Ids of the ledger's rows that the check covers, each with its belief."""

    assumed: tuple[str, ...] = ()
    """Those of `rows` that no source proves."""

    seconds: float = 0.0
    measurement: Measurement | None = None

    @property
    def is_bad(self) -> bool:
        """Return whether the report asks for something to be done."""
        return self.status in (Status.FAILS, Status.CRASHED)


CHECKS: list[SelfCheck] = []
"""Every check, in the order in which they run; the modules in `self_test.checks` add theirs."""


def check(check_id: str, group: str, claim: str, *, remedy: str) -> Callable[[Measure], Measure]:
    """Return a decorator that adds a generator function to `CHECKS`."""

    def add(measure: Measure) -> Measure:
        CHECKS.append(SelfCheck(id=check_id, group=group, claim=claim, remedy=remedy, measure=measure))
        return measure

    return add


def worst(values: Array) -> float:
    """Return the largest absolute value; not a number counts as infinite."""
    largest = np.max(np.abs(np.asarray(values, dtype=np.float64)), initial=0.0)
    return float(largest) if np.isfinite(largest) else float("inf")
