"""Checks of when a picture was taken: its time stamp, and whether it shows the state it is given for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_isaac.core.arrays import Image
from vla_isaac.core.types import JointTarget
from vla_isaac.self_test.bench import TestBench, in_turn
from vla_isaac.self_test.check import Measurement, ReportPicture, check
from vla_isaac.sim.backend import Steps
from vla_isaac.sim.clock import Clock
from vla_isaac.sim.inspection import InspectionError

GROUP = "time"
SWING = 0.04  # [rad] per control period of 20 ms; the first joint swings the wrist camera by 2 cm
STALE = 0.5  # below it a picture is nearer to the state now than to that of one period earlier
LEAST_MOTION = 0.3  # mean difference of two pictures one period apart, of 255; noise of a still picture is below


@dataclass(frozen=True, eq=False)
class Moving:
    """Pictures of the moving arm."""

    before: Image
    """One period earlier, drawn until it was settled."""

    given: Image
    """What the backend gave for the state now."""

    now: Image
    """The state now, drawn until it was settled."""

    stamp_off: float | None
    """Time stamp of the settled picture minus simulation time [s]; None where pictures carry none."""

    no_stamp: str
    """Why there is none."""


def moving(bench: TestBench) -> Steps[Moving]:
    """Return pictures of the moving arm, made once."""
    return (yield from bench.shared("the pictures of the moving arm", _move))


def _move(bench: TestBench) -> Steps[Moving]:
    yield from bench.scene()
    assert bench.layout is not None
    yield from bench.stage(bench.layout)
    home = bench.home()
    way = np.eye(7)[0] * SWING
    targets = [JointTarget(home.qpos + k * way, home.gripper_width) for k in range(1, 10)]
    yield from bench.walk(in_turn(targets[:-1]))
    yield from bench.look()
    yield from bench.redraw()
    before = (yield from bench.look())["wrist"].rgb
    yield from bench.walk(in_turn(targets[-1:]))
    given = (yield from bench.look())["wrist"].rgb
    yield from bench.redraw()
    now = (yield from bench.look())["wrist"].rgb
    try:
        off, why = bench.inspector.picture_time("wrist") - bench.inspector.simulator_time(), ""
    except InspectionError as error:
        return Moving(before, given, now, None, str(error))
    return Moving(before, given, now, off, why)


@check(
    "picture-fresh",
    GROUP,
    "A picture shows the state it is given for, not that of an earlier period.",
    remedy="raise PIPELINE_DEPTH in backends/isaac/cameras.py above 3 app updates, and post this report",
)
def picture_fresh(bench: TestBench) -> Steps[Measurement]:
    """Compare the given picture with the settled ones of now and of one period earlier."""
    seen = yield from moving(bench)
    apart, off = _difference(seen.before, seen.now), _difference(seen.given, seen.now)
    if apart < LEAST_MOTION:
        raise InspectionError(f"the pictures before and after a period differ by {apart:.2f} of 255, too little to compare")
    return Measurement(
        holds=off / apart < STALE,
        found=f"{100 * off / apart:.0f} % of the way back to the picture of one period earlier",
        expected=f"less than {100 * STALE:g} %",
        values={"share": off / apart},
        pictures=(
            ReportPicture("one period earlier", seen.before),
            ReportPicture("given", seen.given),
            ReportPicture("now", seen.now),
        ),
    )


@check(
    "picture-stamp",
    GROUP,
    "Pictures are stamped with the simulation time, warm-up steps included.",
    remedy="time stamps are ignored then and app updates counted: correct, but each picture costs up to 3 updates",
)
def picture_stamp(bench: TestBench) -> Steps[Measurement]:
    """Compare the stamp of a settled picture with the simulation time."""
    seen = yield from moving(bench)
    if seen.stamp_off is None:
        raise InspectionError(seen.no_stamp)
    accepted = Clock.from_timing(bench.spec.timing).physics_dt / 2
    return Measurement(
        holds=abs(seen.stamp_off) <= accepted,
        found=f"{1000 * seen.stamp_off:+.2f} ms",
        expected=f"within {1000 * accepted:.2f} ms, half a physics step",
        values={"off_s": seen.stamp_off},
    )


def _difference(first: Image, second: Image) -> float:
    return float(np.abs(first.astype(np.float64) - second).mean())
