"""Buttons of the panel: caption, whether each is enabled, and why not."""

from __future__ import annotations

from dataclasses import dataclass

from vla_isaac.runtime.live_status import LiveStatus, Phase

BUTTONS = ("load", "run", "pause", "stop", "reset", "record")
"""The buttons of a session in their order in the panel."""

TOOLS = ("home", "open_gripper", "run_episodes", "self_test", "recordings")
"""The other buttons; Kit's actions have the names of all."""

_AT_REST = (Phase.READY, Phase.ENDED)
_ALLOWED_PHASES = {
    "load": (Phase.EMPTY, Phase.READY, Phase.ENDED, Phase.FAILED),
    "run": (Phase.READY, Phase.PAUSED, Phase.ENDED),
    "pause": (Phase.RUNNING,),
    "stop": (Phase.LOADING, Phase.RUNNING, Phase.PAUSED),
    "reset": (Phase.READY, Phase.RUNNING, Phase.PAUSED, Phase.ENDED),
    "record": tuple(Phase),
    "home": _AT_REST,
    "open_gripper": _AT_REST,
    "run_episodes": _AT_REST,
    "self_test": (Phase.EMPTY, Phase.READY, Phase.ENDED, Phase.FAILED),
    "recordings": tuple(Phase),
}

_TOOLTIPS = {
    "load": "Build the chosen scene below /World/VLA, in the open stage or in a new one as chosen under Stage",
    "run": "Let the policy follow the instruction",
    "pause": "Hold the arm and stop time",
    "stop": "End the run; the arm holds",
    "reset": "End the run and lay the scene out again from its seed",
    "record": "Record every run from the next one on",
    "home": "Move the arm to its ready posture, straight in joint space; nothing is avoided on the way",
    "open_gripper": "Open the fingers; what they hold falls",
    "run_episodes": "Run this many episodes with the seeds from the chosen one up, and count the successes",
    "self_test": "Check what this extension assumes about Isaac Sim and write a report; replaces the scene below /World/VLA",
    "recordings": "Open the folder of the recordings in the file browser",
}

_CAPTIONS = {
    "open_gripper": "Open gripper",
    "run_episodes": "Run episodes",
    "self_test": "Self-test",
    "recordings": "Open recordings",
}

_WHY_NOT = {
    Phase.EMPTY: "load a scene first",
    Phase.LOADING: "wait until the scene is built",
    Phase.READY: "nothing runs yet",
    Phase.RUNNING: "stop the run first",
    Phase.PAUSED: "stop the run first",
    Phase.ENDED: "the run has ended",
    Phase.FAILED: "load the scene again",
}


@dataclass(frozen=True)
class ButtonView:
    """One button."""

    text: str
    enabled: bool
    tooltip: str
    """What it does, or why it cannot be pressed now."""

    why_not: str = ""
    """Why it cannot be pressed now; empty if it can."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What decides about buttons in addition to the phase of the session."""

    busy: str = ""
    has_session: bool = True
    asks: str = ""
    """The question that a second Load confirms; empty if there is none."""


def can_press(button: str, phase: Phase, around: Surroundings | None = None) -> bool:
    """Return whether a button is enabled."""
    around = around or Surroundings()
    if button == "recordings":
        return True
    if not around.has_session:
        return button == "load"
    if around.busy:
        return button in ("stop", "record")
    return phase in _ALLOWED_PHASES[button]


def button_views(status: LiveStatus, around: Surroundings) -> dict[str, ButtonView]:
    """Return every button by its name."""
    views = {}
    for name in (*BUTTONS, *TOOLS):
        why_not = "" if can_press(name, status.phase, around) else _why_not(name, status, around)
        tooltip = f"Not now: {why_not}" if why_not else _TOOLTIPS[name]
        views[name] = ButtonView(_caption(name, status, around), not why_not, tooltip, why_not)
    return views


def _why_not(name: str, status: LiveStatus, around: Surroundings) -> str:
    if not around.has_session:
        return "the simulator backend could not be made"
    if around.busy:
        return "wait until the simulator is ready, or press Stop"
    if name == "run" and status.phase is Phase.RUNNING:
        return "it runs already"
    if name == "pause" and status.phase is Phase.PAUSED:
        return "it is paused already"
    return _WHY_NOT[status.phase]


def _caption(name: str, status: LiveStatus, around: Surroundings) -> str:
    if name == "run" and status.phase is Phase.PAUSED:
        return "Resume"
    if name == "load" and around.asks:
        return "Confirm"
    if name == "load" and status.phase is Phase.FAILED:
        return "Reload"
    if name == "stop" and around.busy:
        return "Cancel"
    if name == "record":
        return "Recording" if status.recording else "Record"
    return _CAPTIONS.get(name, name.capitalize())
