"""`make_view`: the panel's texts and enabled buttons as plain values, without Kit.

`make_view` converts the status of a live session to the text, tone and enabled flag of every widget; the panel only
copies them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vla_isaac.core.types import Body, SceneState
from vla_isaac.extension.episode_series import EpisodeSeries
from vla_isaac.extension.panel_buttons import BUTTONS, TOOLS, ButtonView, Surroundings, button_views, can_press
from vla_isaac.extension.panel_lines import (
    Line,
    SelfTestView,
    episodes_line,
    gripper_line,
    hand_line,
    joints_line,
    self_test_line,
    stage_line,
)
from vla_isaac.extension.stage_content import StageContent
from vla_isaac.runtime.live_status import LiveStatus, Phase, Problem
from vla_isaac.tasks.language import examples

__all__ = ["BUTTONS", "TOOLS", "Line", "PanelContext", "PanelView", "can_press", "make_view", "parse_line", "sentences"]

OLD_FRAME = 0.5  # [s] a picture older than this gives a warning
STALE_SHARE = 0.25  # a larger share of held periods gives a warning


@dataclass(frozen=True, kw_only=True)
class PanelView:
    """Everything the panel shows except the user's input."""

    phase: Line
    """State of the session, in one word."""

    hint: Line
    """What to do next."""

    buttons: Mapping[str, ButtonView]
    """By the names in `BUTTONS` and `TOOLS`."""

    can_choose: bool
    """Whether scene, seed, robot and policy may be changed."""

    parse: Line
    """Goal of the instruction, or why it cannot be parsed."""

    step: Line
    rate: Line

    progress: float
    """0 to 1."""

    verdict: Line
    clipped: Line
    freshness: Line
    """Age of the picture behind the action, and share of periods held without a new action."""

    error: Line
    """Last error; empty if none."""

    remedy: Line
    """What to try next."""

    recording: Line
    notes: Line
    port: Line
    """Which of Isaac's APIs is used and why."""

    missing: Line
    """Missing optional packages."""

    stage: Line
    """What Load does to the open stage."""

    joints: Line
    hand: Line
    gripper: Line
    episodes: Line
    """Successes of a series of episodes."""

    device: Line
    """Physics engine and its device, and the device of the policy."""

    self_test: Line


@dataclass(frozen=True, kw_only=True)
class PanelContext:
    """What the panel shows in addition to the session's status."""

    busy: str = ""
    """Running job, such as ``"loading"``."""

    problem: Problem | None = None
    """Problem outside the session, such as a backend that cannot be made; shown before the session's."""

    has_session: bool = True
    """Whether there is a session."""

    takes_effect_with: str = ""
    """Buttons that apply settings changed since the load, such as ``"Load or Reset"``; empty if there are none."""

    port: str = ""
    """The backend's description of its port."""

    missing: Sequence[str] = ()
    """Missing optional packages, each with the feature that needs it."""

    stage: StageContent = field(default_factory=StageContent)
    makes_new_stage: bool = False
    asks: str = ""
    """The question that a second Load confirms; empty if there is none."""

    state: SceneState | None = None
    """State of the robot; None while there is none."""

    no_state: str = ""
    """Why it cannot be read; empty if it can, or if nothing is loaded."""

    series: EpisodeSeries | None = None
    device: str = ""
    """Physics engine, its device, and the policy's, as the backend reports them."""

    self_test: SelfTestView = field(default_factory=SelfTestView)

    @property
    def surroundings(self) -> Surroundings:
        """Return what the buttons need of it."""
        return Surroundings(busy=self.busy, has_session=self.has_session, asks=self.asks)


def make_view(status: LiveStatus, context: PanelContext | None = None) -> PanelView:
    """Return what every widget shows."""
    context = context or PanelContext()
    error, remedy = _error(status, context)
    return PanelView(
        phase=_phase(status, context),
        hint=_hint(status, context, remedy.text),
        buttons=button_views(status, context.surroundings),
        can_choose=not context.busy and status.phase not in (Phase.LOADING, Phase.RUNNING, Phase.PAUSED),
        parse=parse_line(status.goal, status.instruction_problem),
        step=_step(status),
        rate=_rate(status),
        progress=min(max(status.progress, 0.0), 1.0),
        verdict=_verdict(status),
        clipped=_clipped(status.clipped),
        freshness=_freshness(status),
        error=error,
        remedy=remedy,
        recording=_recording(status),
        notes=Line("\n".join(status.notes), "muted"),
        port=Line(context.port or "no simulator interface yet", "muted"),
        missing=_missing(context.missing),
        stage=stage_line(context.stage, makes_new=context.makes_new_stage),
        joints=joints_line(context.state, context.no_state),
        hand=hand_line(context.state),
        gripper=gripper_line(context.state),
        episodes=episodes_line(context.series),
        device=Line(context.device or "known after Load", "muted"),
        self_test=self_test_line(context.self_test),
    )


def parse_line(goal: str, problem: str) -> Line:
    """Return the goal of an instruction, such as ``goal: on(red_cube, blue_box)``, or why it cannot be parsed."""
    if problem:
        return Line(problem, "warn")
    return Line(f"goal: {goal}", "good") if goal else Line("type what the arm should do", "muted")


def sentences(own: str, bodies: Sequence[Body]) -> tuple[str, ...]:
    """Return example instructions: the scene's default first, then others that can be parsed in it."""
    return tuple(dict.fromkeys(text for text in (own, *examples(bodies)) if text))


_PHASE_LINES: dict[Phase, Line] = {
    Phase.EMPTY: Line("nothing loaded", "muted"),
    Phase.LOADING: Line("loading", "busy"),
    Phase.READY: Line("ready", "good"),
    Phase.RUNNING: Line("running", "busy"),
    Phase.PAUSED: Line("paused", "warn"),
    Phase.ENDED: Line("ended", "plain"),
    Phase.FAILED: Line("failed", "bad"),
}


def _phase(status: LiveStatus, context: PanelContext) -> Line:
    if not context.has_session:
        return Line("unavailable", "bad")
    if context.busy:
        return Line(context.busy, "busy")
    if status.phase is Phase.ENDED and status.success is not None:
        return Line("succeeded", "good") if status.success else Line("not succeeded", "bad")
    return _PHASE_LINES[status.phase]


_HINTS = {
    Phase.EMPTY: "Press Load to build the scene.",
    Phase.LOADING: "The scene is being built.",
    Phase.READY: "Press Run to let the policy act.",
    Phase.RUNNING: "The policy acts. Pause holds the arm, Stop ends the run.",
    Phase.PAUSED: "The arm holds. Resume continues the run, Stop ends it.",
    Phase.ENDED: "The arm holds. Run starts again from the same seed.",
    Phase.FAILED: "Press Load to build the scene again.",
}
_BUSY_HINTS = {
    "moving": "The arm moves; Stop cancels, and the arm holds.",
    "self-test": "The simulator is being checked; Stop cancels.",
}


def _hint(status: LiveStatus, context: PanelContext, remedy: str) -> Line:
    """Return what the user can do now; nothing where the remedy of the problem says the same."""
    if not context.has_session:
        return Line("See the message below; then press Load to try again.", "bad")
    if context.busy:
        return Line(_BUSY_HINTS.get(context.busy, "The simulator is being prepared; Stop cancels."), "muted")
    if context.takes_effect_with and status.phase in (Phase.READY, Phase.ENDED):
        return Line(f"Your choice takes effect with the next {context.takes_effect_with}.", "warn")
    if status.instruction_problem and status.phase in (Phase.EMPTY, Phase.READY, Phase.ENDED):
        return Line("Change the instruction, or choose one of the examples.", "warn")
    hint = _HINTS[status.phase]
    return Line("" if hint == remedy else hint, "muted")


def _step(status: LiveStatus) -> Line:
    if not status.max_steps:
        return Line("-", "muted")
    return Line(f"{status.step} of {status.max_steps}")


def _rate(status: LiveStatus) -> Line:
    if not status.rate_hz:
        return Line("-", "muted")
    if not status.measured_hz:
        return Line(f"{status.rate_hz:.0f} Hz required", "muted")
    is_slow = status.phase is Phase.RUNNING and status.measured_hz < 0.8 * status.rate_hz
    return Line(f"{status.measured_hz:.1f} Hz of {status.rate_hz:.0f} Hz", "warn" if is_slow else "plain")


def _verdict(status: LiveStatus) -> Line:
    if not status.verdict:
        return Line("-", "muted")
    if status.phase is Phase.ENDED and status.success is not None:
        return Line(status.verdict, "good" if status.success else "bad")
    return Line(status.verdict)


def _clipped(clipped: Mapping[str, int]) -> Line:
    limited = {name.replace("_", " "): count for name, count in clipped.items() if count}
    if not limited:
        return Line("nothing was limited", "muted")
    return Line(", ".join(f"{name} {count}" for name, count in limited.items()), "warn")


def _freshness(status: LiveStatus) -> Line:
    if not status.step and not status.stale_share:
        return Line("-", "muted")
    is_late = status.frame_age > OLD_FRAME or status.stale_share > STALE_SHARE
    age = f"{1000 * status.frame_age:.0f} ms old"
    return Line(f"{age}; held in {100 * status.stale_share:.0f} % of the periods", "warn" if is_late else "plain")


def _error(status: LiveStatus, context: PanelContext) -> tuple[Line, Line]:
    """Return the error and its remedy."""
    problem = context.problem or status.problem
    if problem is None:
        return Line("", "bad"), Line("", "plain")
    return Line(_sentence(problem.message), "bad"), Line(_sentence(problem.remedy), "plain")


def _sentence(text: str) -> str:
    if not text:
        return ""
    start = text[:1].upper() if text.split(" ", 1)[0].isalpha() else text[:1]  # names such as vla_isaac are not capitalised
    return f"{start}{text[1:]}" + ("" if text.endswith((".", "?", "!")) else ".")


def _recording(status: LiveStatus) -> Line:
    if not status.recording:
        return Line("off", "muted")
    if status.is_recording:
        return Line(f"writing to {status.recording}", "bad")
    return Line(f"from the next run on, to {status.recording}", "warn")


def _missing(packages: Sequence[str]) -> Line:
    if not packages:
        return Line("", "muted")
    return Line(f"Not installed here: {', '.join(packages)}.", "muted")
