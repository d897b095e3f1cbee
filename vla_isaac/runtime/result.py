"""`EpisodeResult`: the end of an episode, with every number a report needs."""

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
    """The outcome of one episode."""

    end: End
    """Why the loop stopped."""

    success: bool | None
    """Whether the goal was reached; None without a goal (``--goal none``)."""

    failure: str | None
    """Name of the failure, such as ``"missed_grasp"``; None on success or without a goal."""

    reason: str
    """Reason of the verdict, or the error message."""

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
    """Why this policy acted: chosen by name, a default, or in place of the default; empty where no reason is given."""

    understood: float | None = None
    """Confidence with which the goals were read from the instruction, 1 by the grammar; None where they were given."""

    clipped: dict[str, int] = field(default_factory=dict)
    """How often each limit of the safety stage was applied, by name."""

    warnings: tuple[str, ...] = ()
    """Problems outside the loop, such as a video that could not be written."""

    video: str | None = None
    """Path of the video, if one was written."""

    def to_json(self) -> dict[str, Any]:
        """Return the keys of ``run --json``."""
        return {**vars(self), "end": self.end.value, "warnings": list(self.warnings)}


class Judged(Protocol):
    """What a summary needs from an episode."""

    @property
    def success(self) -> bool | None:
        """Return whether the goal was reached; None without a goal."""
        ...

    @property
    def failure(self) -> str | None:
        """Return the name of the failure, None on success."""
        ...

    @property
    def seed(self) -> int:
        """Return the seed of all random numbers."""
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
