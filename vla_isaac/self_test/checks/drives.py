"""Checks of the drives: which joint moves, and how it responds compared with the reference curves."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.core.types import JointTarget
from vla_isaac.robots import panda
from vla_isaac.self_test.bench import TestBench, in_turn
from vla_isaac.self_test.check import Curve, Measurement, check
from vla_isaac.self_test.scene import RATE
from vla_isaac.sim.backend import Steps

GROUP = "robot"
STRIDE = 0.02  # [rad] per control period of 20 ms: 1 rad/s, below every joint's speed limit
RAMP, HELD, BACK = 5, 10, 15  # control periods towards the target, at it, and back
FINGER_STRIDE = 0.004  # [m] of width per control period: 0.1 m/s per finger, half its speed limit
OTHERS_TOLERANCE = 0.01  # [rad] that other joints may move


@check(
    "joint-order",
    GROUP,
    "Target i moves joint i, and no other, in the direction asked for.",
    remedy="the asset's joints have another order or sign; choose robot 'embedded'",
)
def joint_order(bench: TestBench) -> Steps[Measurement]:
    """Look which joint has moved when one was commanded."""
    responses = yield from bench.shared("the responses of the drives", responses_of)
    wrong = []
    for i, name in enumerate(panda.ARM_JOINTS):
        moved = responses[name][RAMP + HELD]
        others = np.delete(moved, i)
        if moved[i] < RAMP * STRIDE / 2 or np.abs(others).max() > OTHERS_TOLERANCE:
            wrong.append(f"{name}: joints moved by {' '.join(f'{value:+.3f}' for value in moved)} rad")
    return Measurement(
        holds=not wrong,
        found="; ".join(wrong) or "each command moved its joint alone",
        expected=f"+{RAMP * STRIDE:g} rad of one joint, at most {OTHERS_TOLERANCE} rad of the others",
        values={"wrong": len(wrong)},
    )


@check(
    "drive-response",
    GROUP,
    "Each drive follows its target as in MuJoCo with the same gains.",
    remedy="gains, their unit, or force limits differ from what was set; see the curves outside their band",
)
def drive_response(bench: TestBench) -> Steps[Measurement]:
    """Compare each response with its band."""
    responses = yield from bench.shared("the responses of the drives", responses_of)
    curves, outside = [], []
    for name, values in own_curves(responses).items():
        low, high = bench.reference.drives[name].band()
        curves.append(Curve(name, np.arange(len(values)) / RATE, values, low, high, "m" if name == "gripper" else "rad"))
        most = float(np.maximum(low - values, values - high).max())
        if not most <= 0.0:
            outside.append(f"{name} by {most:.4f}")
    return Measurement(
        holds=not outside,
        found=f"outside the band: {', '.join(outside)}" if outside else f"{len(curves)} curves inside their bands",
        expected="every curve inside its band, which covers other inertias and one physics step of delay",
        values={"outside": len(outside)},
        curves=tuple(curves),
    )


def responses_of(bench: TestBench) -> Steps[dict[str, Array]]:
    """Return, by commanded joint, the distance of all nine joints from the start, shape (periods + 1, 9)."""
    yield from bench.scene()
    assert bench.layout is not None
    yield from bench.stage(bench.layout)
    home, found = bench.home(), {}
    for i, name in enumerate(panda.ARM_JOINTS):
        way = np.eye(panda.NUM_ARM_JOINTS)[i] * STRIDE
        found[name] = yield from _response(
            bench, home, [JointTarget(home.qpos + k * way, home.gripper_width) for k in _ks()]
        )
    closing = [JointTarget(home.qpos, home.gripper_width - k * FINGER_STRIDE) for k in _ks()]
    found["gripper"] = yield from _response(bench, home, closing)
    return found


def own_curves(responses: dict[str, Array]) -> dict[str, Array]:
    """Return the commanded quantity of each response: the joint, or the distance between the fingers."""
    curves = {name: responses[name][:, i] for i, name in enumerate(panda.ARM_JOINTS)}
    fingers = responses["gripper"][:, panda.NUM_ARM_JOINTS :]
    return {**curves, "gripper": -fingers.sum(axis=1)}


def _ks() -> list[int]:
    return [*range(1, RAMP + 1), *[RAMP] * HELD]


def _response(bench: TestBench, home: JointTarget, targets: list[JointTarget]) -> Steps[Array]:
    """Hold for a period, follow the targets, go back; return the joints on the way there."""
    yield from bench.hold(5)
    samples = yield from bench.walk(in_turn([home, *targets]))
    returning = [
        JointTarget(home.qpos + s * (targets[-1].qpos - home.qpos), home.gripper_width) for s in (0.8, 0.6, 0.4, 0.2)
    ]
    yield from bench.walk(in_turn([*returning, *[home] * BACK]))
    return np.array([sample.joints for sample in samples]) - samples[0].joints
