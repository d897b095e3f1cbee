"""`SelfTestReport`: the results of a self-test, as JSON and as one HTML file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from vla_isaac.self_test.check import CheckResult, Status


@dataclass(frozen=True, eq=False, kw_only=True)
class SelfTestReport:
    """Everything that was found, and where."""

    backend: str
    facts: dict[str, str]
    """Release, GPU, driver, engine, port and so on."""

    results: tuple[CheckResult, ...]
    seconds: float

    @property
    def bad(self) -> tuple[CheckResult, ...]:
        """The results that ask for something to be done."""
        return tuple(result for result in self.results if result.is_bad)

    @property
    def counts(self) -> dict[Status, int]:
        """How many checks have each status."""
        found = Counter(result.status for result in self.results)
        return {status: found[status] for status in Status}

    @property
    def verdict(self) -> str:
        """The result in one sentence."""
        counts = self.counts
        good, unchecked = counts[Status.HOLDS], counts[Status.NOT_CHECKED]
        rest = f", {unchecked} not checked" if unchecked else ""
        if not self.bad:
            return f"All {good} checks that could be made hold{rest}."
        return f"{len(self.bad)} of {len(self.results)} checks do not hold{rest}: {', '.join(r.check.id for r in self.bad)}."

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values, without pictures and curves."""
        return {
            "format": "vla_isaac self-test 1",
            "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "backend": self.backend,
            "facts": self.facts,
            "seconds": round(self.seconds, 1),
            "ok": not self.bad,
            "verdict": self.verdict,
            "checks": [_result_to_json(result) for result in self.results],
        }


def _result_to_json(result: CheckResult) -> dict[str, Any]:
    return {
        "check": result.check.id,
        "group": result.check.group,
        "claim": result.check.claim,
        "status": result.status.value,
        "found": result.found,
        "expected": result.expected,
        "remedy": result.check.remedy if result.is_bad else "",
        "rows": list(result.rows),
        "assumed": list(result.assumed),
        "seconds": round(result.seconds, 2),
        "values": result.measurement.values if result.measurement else {},
    }
