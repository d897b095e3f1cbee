"""How an episode ended, with every number a report needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from vla_isaac.core.intervals import wilson95


class End(Enum):
    """Why the loop stopped."""

    SUCCEEDED = "succeeded"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    POLICY_FAILED = "policy_failed"
    BACKEND_FAILED = "backend_failed"


@dataclass(frozen=True, kw_only=True)
class EpisodeResult:
    """One episode from its seed to its end."""

    end: End
    """Why the loop stopped."""

    success: bool | None
    """Whether the goal was reached; None where nothing was judged (``--goal none``)."""

    failure: str | None
    """Name of the failure, such as ``"missed_grasp"``; None on success or where nothing was judged."""

    reason: str
    """The verdict's words, or what went wrong."""

    progress: float
    """0 at the start, 1 when done."""

    steps: int
    """Control periods."""

    sim_seconds: float
    """Simulated time [s]."""

    wall_seconds: float
    """Real time [s]."""

    instruction: str
    goal: str | list[str] | None
    policy: str
    backend: str
    seed: int

    policy_reason: str = ""
    """Why this policy acted: chosen by name, a default, or in place of the default; empty where nobody said."""

    clipped: dict[str, int] = field(default_factory=dict)
    """What the safety stage had to limit, by name."""

    warnings: tuple[str, ...] = ()
    """What went wrong beside the loop, such as a video that could not be written."""

    video: str | None = None
    """Path of the video, if one was written."""

    def to_json(self) -> dict[str, Any]:
        """Return the keys of ``run --json``."""
        return {**vars(self), "end": self.end.value, "warnings": list(self.warnings)}


class Judged(Protocol):
    """What a summary needs to know of an episode."""

    @property
    def success(self) -> bool | None:
        """Whether the goal was reached; None where nothing was judged."""
        ...

    @property
    def failure(self) -> str | None:
        """Name of the failure, None on success."""
        ...

    @property
    def seed(self) -> int:
        """From which everything random was drawn."""
        ...


def summary(results: Sequence[Judged]) -> dict[str, Any]:
    """Return the keys of ``run --episodes N --json``: counts, the Wilson interval, failures by name."""
    judged = [r for r in results if r.success is not None]
    successes = sum(bool(r.success) for r in judged)
    low, high = wilson95(successes, len(judged))
    return {
        "episodes": len(results),
        "successes": successes,
        "success_rate": successes / len(judged) if judged else None,
        "wilson95": [low, high] if judged else None,
        "failures": dict(Counter(r.failure for r in judged if r.failure)),
        "seeds": [r.seed for r in results],
    }
