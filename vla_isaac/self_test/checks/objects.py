"""Checks of rigid objects: poses, gravity, velocities, contact with the table."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.self_test.bench import TestBench
from vla_isaac.self_test.check import Curve, Measurement, check, worst
from vla_isaac.self_test.checks.robot import angle_between
from vla_isaac.self_test.scene import DROPPED, RATE, SIDE, falling_layout
from vla_isaac.sim.backend import Steps

GROUP = "objects"
GRAVITY = 9.81  # [m/s^2] as `scene.usd` writes it
GRAVITY_TOLERANCE = 0.02  # share: of second differences over 0.16 s at 1e-5 m
SPEED_TOLERANCE = 0.03  # [m/s] the speed gained in 1.5 physics steps
PLACE_TOLERANCE = 0.002  # [m] contact offset and settling
TURN_TOLERANCE = 1.0  # [degrees]
FREE_PERIODS = 8  # of 20 ms: falls 0.13 m of the 0.39 m
REST_SPEED = 0.005  # [m/s]


@check(
    "object-poses",
    GROUP,
    "Objects lie where the layout puts them, quaternions scalar first.",
    remedy="the order of quaternions or the unit of lengths differs; post this report",
)
def object_poses(bench: TestBench) -> Steps[Measurement]:
    """Compare the state after a reset with the layout."""
    yield from bench.scene()
    assert bench.layout is not None
    yield from bench.stage(bench.layout)
    state = bench.backend.state()
    off = worst(state.object_pos - np.array([o.pos for o in bench.layout.objects]))
    turns = [angle_between(q, np.array(o.quat_wxyz)) for q, o in zip(state.object_quat, bench.layout.objects, strict=True)]
    return Measurement(
        holds=off <= PLACE_TOLERANCE and max(turns) <= TURN_TOLERANCE,
        found=f"at most {1000 * off:.2f} mm and {max(turns):.2f} degrees away",
        expected=f"{1000 * PLACE_TOLERANCE:g} mm and {TURN_TOLERANCE:g} degree",
        values={"off_m": off, "turn_deg": max(turns)},
    )


@check(
    "gravity",
    GROUP,
    "Objects fall with 9.81 m/s^2.",
    remedy="check the gravity of the physics scene and the unit of the stage",
)
def gravity(bench: TestBench) -> Steps[Measurement]:
    """Fit a parabola to a free fall."""
    time, height, _ = yield from bench.shared("a cube that falls", _fall)
    fitted = -2 * float(np.polyfit(time[: FREE_PERIODS + 1], height[: FREE_PERIODS + 1], 2)[0])
    return Measurement(
        holds=abs(fitted / GRAVITY - 1) <= GRAVITY_TOLERANCE,
        found=f"{fitted:.3f} m/s^2",
        expected=f"{GRAVITY} m/s^2 within {100 * GRAVITY_TOLERANCE:g} %",
        values={"gravity": fitted},
        curves=(Curve("height of the falling cube", time, height, unit="m"),),
    )


@check(
    "object-velocities",
    GROUP,
    "Velocities of objects are in m/s and point along the axes of the world.",
    remedy="velocities are in another unit or frame; post this report",
)
def object_velocities(bench: TestBench) -> Steps[Measurement]:
    """Compare reported velocities with differences of positions."""
    time, height, velocity = yield from bench.shared("a cube that falls", _fall)
    n = FREE_PERIODS
    by_places = (height[2 : n + 1] - height[: n - 1]) / (time[2 : n + 1] - time[: n - 1])
    reported = velocity[1:n]
    off = max(worst(reported[:, 2] - by_places), worst(reported[:, :2]))
    return Measurement(
        holds=off <= SPEED_TOLERANCE,
        found=f"{off:.4f} m/s apart at speeds up to {worst(by_places):.2f} m/s",
        expected=f"at most {SPEED_TOLERANCE} m/s",
        values={"off_m_s": off},
        curves=(
            Curve(
                "vertical speed, in the band of differences of the height",
                time[1:n],
                reported[:, 2],
                by_places - SPEED_TOLERANCE,
                by_places + SPEED_TOLERANCE,
                "m/s",
            ),
        ),
    )


@check(
    "contact-and-rest",
    GROUP,
    "A cube that fell on the table lies on it, at rest, neither sunk in nor floating.",
    remedy="collision shapes, contact offsets or the table's height differ; post this report",
)
def contact_and_rest(bench: TestBench) -> Steps[Measurement]:
    """Look at the cube two seconds after it was dropped, and at the others, which lay all the time."""
    time, height, velocity = yield from bench.shared("a cube that falls", _fall)
    state = bench.backend.state()
    sunk = worst(state.object_pos[:, 2] - SIDE / 2)
    speed = worst(velocity[-5:])
    return Measurement(
        holds=sunk <= PLACE_TOLERANCE and speed <= REST_SPEED,
        found=f"centres {1000 * sunk:.2f} mm from half the side; {1000 * speed:.2f} mm/s after {time[-1]:.1f} s",
        expected=f"at most {1000 * PLACE_TOLERANCE:g} mm and {1000 * REST_SPEED:g} mm/s",
        values={"off_m": sunk, "speed_m_s": speed},
        curves=(Curve("height of the cube", time, height, unit="m"),),
    )


def _fall(bench: TestBench) -> Steps[tuple[Array, Array, Array]]:
    """Drop a cube and return times (N,), its heights (N,) and its velocities (N, 3)."""
    yield from bench.scene()
    yield from bench.stage(falling_layout(bench.spec))
    samples = yield from bench.hold(round(2.0 * RATE))
    states = [sample.state for sample in samples]
    row = states[0].index(f"{DROPPED}_cube")
    time = np.array([state.time for state in states])
    return time, np.array([s.object_pos[row, 2] for s in states]), np.array([s.object_linvel[row] for s in states])
