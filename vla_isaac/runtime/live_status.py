"""`LiveStatus`: everything a view of a live session shows, as one immutable snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from vla_isaac.core.errors import VlaIsaacError, message_and_remedy


class Phase(Enum):
    """What a live session is doing; views enable their buttons by it."""

    EMPTY = "empty"
    """Nothing is loaded."""

    LOADING = "loading"
    """The scene is being built or laid out."""

    READY = "ready"
    """The stage is set and nothing moves."""

    RUNNING = "running"
    """The policy acts."""

    PAUSED = "paused"
    """A run is interrupted and can go on; the arm holds."""

    ENDED = "ended"
    """A run is over; the arm holds."""

    FAILED = "failed"
    """The simulator cannot go on; only loading again helps."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """The last thing that went wrong, for panel and log."""

    message: str
    """What went wrong; names subject and value."""

    remedy: str = ""
    """What to try next; empty where the message says all."""

    kind: str
    """Name of the exception class."""

    @property
    def what(self) -> str:
        """Message and remedy as one text."""
        return str(VlaIsaacError(self.message, remedy=self.remedy))

    @classmethod
    def of(cls, error: BaseException, *, doing: str = "", remedy: str = "", always: bool = False) -> Problem:
        """Return the problem an error stands for.

        Args:
            error: What was raised.
            doing: What failed by it; comes before the error's message.
            remedy: What to try next where the error does not say it itself.
            always: Whether to give `remedy` even so, after the error's own.
        """
        message, own = message_and_remedy(error)
        remedies = (own, remedy) if always or not own else (own,)
        return cls(
            message=f"{doing}: {message}" if doing else message,
            remedy="; ".join(filter(None, remedies)),
            kind=type(error).__name__,
        )


@dataclass(frozen=True, kw_only=True)
class LiveStatus:
    """What a live session is, wants and does at one moment.

    During a run (running, paused) scene, seed, policy and instruction are those of the run; otherwise those of the
    next load.
    """

    phase: Phase
    """What it is doing."""

    scene: str
    """Name of the scene."""

    seed: int
    """From which everything random is drawn."""

    policy: str
    """Name of the policy."""

    instruction: str
    """The sentence; empty where a task family draws it at the next load."""

    goal: str
    """What the instruction is read as, such as ``"on(red_cube, blue_box)"``; empty if it cannot be read."""

    instruction_problem: str
    """Why the instruction cannot be read; empty if it can."""

    step: int
    """Control periods since the first action."""

    max_steps: int
    """Control periods allowed; 0 before the first load."""

    rate_hz: float
    """Control rate asked for [Hz]; 0 before the first load."""

    measured_hz: float
    """Control periods per second of real time, smoothed [Hz]; 0 while not known."""

    progress: float
    """0 at the start, 1 when done."""

    verdict: str
    """The task's verdict in words."""

    success: bool | None
    """Whether the run reached its goal; None before its end, or where nothing was judged."""

    clipped: Mapping[str, int]
    """What the safety stage had to limit, by name."""

    frame_age: float
    """Simulated age of the observation behind the action now carried out [s]."""

    stale_share: float
    """Share of the control periods, 0 to 1, that held because no new action was there."""

    is_recording: bool
    """Whether the present run is being recorded."""

    recording: str
    """Path that is recorded to, in this run or from the next one on; empty if none."""

    problem: Problem | None
    """What went wrong last; None after the next thing that went well."""

    notes: tuple[str, ...]
    """What is worth knowing but no problem, such as a robot model that stands in for another."""
