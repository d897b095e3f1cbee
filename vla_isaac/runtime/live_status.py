"""`LiveStatus`: everything a view of a live session shows, as one immutable snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from vla_isaac.core.errors import VlaIsaacError, message_and_remedy


class Phase(Enum):
    """Phase of a live session; views enable their buttons by it."""

    EMPTY = "empty"
    """Nothing is loaded."""

    LOADING = "loading"
    """The scene is being built or laid out."""

    READY = "ready"
    """The scene is loaded and nothing moves."""

    RUNNING = "running"
    """The policy acts."""

    PAUSED = "paused"
    """A run is paused and can be resumed; the arm holds."""

    ENDED = "ended"
    """A run is over; the arm holds."""

    FAILED = "failed"
    """The simulator failed; only another load helps."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """The last error, for panel and log."""

    message: str
    """What went wrong; names subject and value."""

    remedy: str = ""
    """What to try next; empty where the message already says it."""

    kind: str
    """Name of the exception class."""

    @property
    def what(self) -> str:
        """Return message and remedy as one text."""
        return str(VlaIsaacError(self.message, remedy=self.remedy))

    @classmethod
    def of(cls, error: BaseException, *, doing: str = "", remedy: str = "", always: bool = False) -> Problem:
        """Return the problem of an error.

        Args:
            error: What was raised.
            doing: The operation that failed; comes before the error's message.
            remedy: What to try next where the error has no remedy.
            always: Whether to add `remedy` after the error's own.
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
    """Snapshot of a live session; the defaults are those of no session.

    During a run (running, paused) scene, seed, policy and instruction are those of the run; otherwise those of the
    next load.
    """

    phase: Phase = Phase.EMPTY
    """Phase of the session."""

    scene: str = ""
    """Name of the scene."""

    seed: int = 0
    """Seed of all random numbers."""

    policy: str = ""
    """Name of the policy."""

    instruction: str = ""
    """The instruction; empty where a task family samples it at the next load."""

    goal: str = ""
    """Goal of the instruction, such as ``"on(red_cube, blue_box)"``; empty if it cannot be parsed."""

    instruction_problem: str = ""
    """Why the instruction cannot be parsed; empty if it can."""

    step: int = 0
    """Control periods since the first action."""

    max_steps: int = 0
    """Control periods allowed; 0 before the first load."""

    rate_hz: float = 0.0
    """Requested control rate [Hz]; 0 before the first load."""

    measured_hz: float = 0.0
    """Control periods per second of real time, smoothed [Hz]; 0 while not known."""

    progress: float = 0.0
    """0 at the start, 1 when done."""

    verdict: str = ""
    """Reason of the task's verdict."""

    success: bool | None = None
    """Whether the run reached its goal; None before its end, or without a goal."""

    clipped: Mapping[str, int] = field(default_factory=dict)
    """How often each limit of the safety stage was applied, by name."""

    frame_age: float = 0.0
    """Simulated age of the observation behind the current action [s]."""

    stale_share: float = 0.0
    """Share of the control periods, 0 to 1, that held the target because no new action was available."""

    is_recording: bool = False
    """Whether the present run is being recorded."""

    recording: str = ""
    """Path of the recording, of this run or from the next one on; empty if none."""

    problem: Problem | None = None
    """The last error; None after the next success."""

    notes: tuple[str, ...] = ()
    """Notes that are no problem, such as a robot model that replaces another."""
