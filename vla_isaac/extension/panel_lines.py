"""`Line`: one text of the panel and its tone; and the lines about robot, stage, physics, episodes and self-test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from vla_isaac.core.intervals import wilson95
from vla_isaac.core.rotations import quat_to_rpy
from vla_isaac.core.types import SceneState
from vla_isaac.extension.episode_series import EpisodeSeries
from vla_isaac.extension.stage_content import StageContent

Tone = Literal["plain", "muted", "busy", "good", "warn", "bad"]
"""Tone of a text; the panel has a colour for each."""

MOST_PRIMS = 3  # names of prims in the line about the stage


@dataclass(frozen=True)
class Line:
    """One text and its tone."""

    text: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, kw_only=True)
class SelfTestView:
    """What is known about the self-test."""

    progress: str = ""
    """What it does now; empty while it does not run."""

    report: str = ""
    """Path of the last report; empty if there is none."""


def joints_line(state: SceneState | None, problem: str = "") -> Line:
    """Return the seven joint angles [deg]."""
    if state is None:
        return Line(problem or "-", "warn" if problem else "muted")
    return Line("  ".join(f"{math.degrees(q):.0f}" for q in state.qpos) + " deg")


def hand_line(state: SceneState | None) -> Line:
    """Return position [m] and below it roll, pitch, yaw [deg] of the point between the fingertips, in the world frame."""
    if state is None:
        return Line("-", "muted")
    x, y, z = state.pose_world_ee.pos
    roll, pitch, yaw = (math.degrees(angle) for angle in quat_to_rpy(state.pose_world_ee.quat_wxyz))
    return Line(f"x {x:.3f}  y {y:.3f}  z {z:.3f} m\nroll {roll:.0f}  pitch {pitch:.0f}  yaw {yaw:.0f} deg")


def gripper_line(state: SceneState | None) -> Line:
    """Return the distance between the fingers [mm]."""
    return Line("-", "muted") if state is None else Line(f"{1000 * state.gripper_width:.0f} mm open")


def stage_line(content: StageContent, *, makes_new: bool) -> Line:
    """Return what Load does to the open stage."""
    if not content.others:
        return Line("An empty stage is opened for the scene." if makes_new else "", "muted")
    names = ", ".join(content.others[:MOST_PRIMS]) + (", ..." if len(content.others) > MOST_PRIMS else "")
    unsaved = " with unsaved changes" if content.is_unsaved else ""
    if makes_new:
        return Line(f"Load closes the open stage{unsaved}: {names}. It asks first.", "warn")
    return Line(f"The open stage{unsaved} has other prims: {names}. They stay; their lights add to the scene's.", "warn")


def episodes_line(series: EpisodeSeries | None) -> Line:
    """Return how many episodes of a series succeeded, with the 95 % Wilson interval of the rate."""
    if series is None:
        return Line("-", "muted")
    done, successes = len(series.outcomes), sum(series.outcomes)
    progress = f"{done} of {series.num_episodes} done"
    if not done:
        return Line(progress, "busy")
    low, high = wilson95(successes, done)
    rate = f"{successes} succeeded, {100 * successes / done:.0f} % (95 % interval {100 * low:.0f} to {100 * high:.0f} %)"
    return Line(f"{progress}: {rate}", "busy" if series.is_active else "plain")


def self_test_line(view: SelfTestView) -> Line:
    """Return the progress of the self-test, or where its report is."""
    if view.progress:
        return Line(view.progress, "busy")
    return Line(f"report: {view.report}", "good") if view.report else Line("not run yet", "muted")
