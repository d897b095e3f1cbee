"""Nothing outside the limits ever leaves the converter, whatever a policy says."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_isaac.control import ACTION_PRESETS, ActionConverter, ControlConfig
from vla_isaac.control.ik import joint_limits
from vla_isaac.core.errors import PolicyError
from vla_isaac.core.specs import ActionSpec
from vla_isaac.core.types import Action
from vla_isaac.robots import panda
from vla_isaac.robots.kinematics import forward_kinematics

CONFIG = ControlConfig()
SPECS = [
    *ACTION_PRESETS.values(),
    *(
        ActionSpec(translation="position_base_m", rotation=f"absolute_{form}")
        for form in ("quat_wxyz", "quat_xyzw", "rot6d_columns", "rot6d_interleaved", "rpy_rad", "axis_angle_rad")
    ),
    ActionSpec(translation="delta_tool_m", rotation="rpy_difference_rad", axes="tool", reference="commanded"),
    ActionSpec(joints="velocity_rad_s", reference="commanded"),
    ActionSpec(joints="velocity_fraction", joint_scale=0.2),
    ActionSpec(joints="delta_rad"),
]
EPSILON = 1e-9


def run(spec: ActionSpec, actions: list[Action], rng: np.random.Generator) -> None:
    """Convert the actions one by one on an arm that follows badly, then check all targets at once."""
    start = np.array(panda.QPOS_HOME)
    converter = ActionConverter(spec, CONFIG)
    converter.reset(start, 0.04)
    qpos, width, targets = start, 0.04, []
    for action in actions:
        try:
            target = converter.convert(action, qpos=qpos, gripper_width=width)
        except PolicyError:  # only degenerate absolute rotations may be refused
            assert spec.rotation.startswith("absolute")
            continue
        targets.append((target.qpos, target.gripper_width))
        qpos, width = qpos + rng.uniform(0.2, 1.0) * (target.qpos - qpos), target.gripper_width
    if targets:
        check(start, 0.04, targets, converter.period)


def check(start: np.ndarray, width: float, targets: list, period: float) -> None:
    qpos = np.array([start, *(t[0] for t in targets)])
    widths = np.array([width, *(t[1] for t in targets)])
    assert np.isfinite(qpos).all() and np.isfinite(widths).all()
    lower, upper = joint_limits(CONFIG)
    assert (qpos >= lower).all() and (qpos <= upper).all()
    assert (np.abs(np.diff(qpos, axis=0)) <= panda.QVEL_LIMIT * CONFIG.speed_scale * period + EPSILON).all()
    pose = forward_kinematics(qpos)
    position, turns = pose[:, :3, 3], pose[1:, :3, :3] @ pose[:-1, :3, :3].swapaxes(1, 2)
    cosines = np.clip(0.5 * (np.trace(turns, axis1=1, axis2=2) - 1.0), -1.0, 1.0)
    assert (np.linalg.norm(np.diff(position, axis=0), axis=1) <= CONFIG.ee_speed * period + EPSILON).all()
    assert (np.arccos(cosines) <= CONFIG.ee_turn_rate * period + 1e-7).all()  # an arc cosine has half of the digits
    assert (position >= np.array(CONFIG.workspace_low) - EPSILON).all()
    assert (position <= np.array(CONFIG.workspace_high) + EPSILON).all()
    assert (widths >= 0.0).all() and (widths <= panda.GRIPPER_MAX_WIDTH).all()
    assert (np.abs(np.diff(widths)) <= CONFIG.gripper_speed * period + EPSILON).all()


def odd_actions(spec: ActionSpec, count: int, rng: np.random.Generator) -> list[Action]:
    """Sizes from a micrometre to 1e300, with zeros, repeated pushes and missing grippers among them."""
    scales = 10.0 ** np.where(rng.random((count, 1)) < 0.8, rng.uniform(-3, 1, (count, 1)), rng.uniform(-6, 300, (count, 1)))
    rows = rng.normal(size=(count, spec.arm_width)) * scales * (rng.random((count, spec.arm_width)) < 0.8)
    pushes = rng.random(count) < 0.5
    for i in range(1, count):
        if pushes[i]:
            rows[i] = rows[i - 1]
    grippers = rng.normal(size=count) * 10.0 ** rng.uniform(-2, 2, count)
    missing = rng.random(count) < 0.1
    no_gripper = spec.gripper == "none"
    return [
        Action(row, None if gone or no_gripper else float(g)) for row, g, gone in zip(rows, grippers, missing, strict=True)
    ]


def fuzz(total: int) -> None:
    rng = np.random.default_rng(20)
    for spec in SPECS:
        for _ in range(4):
            run(spec, odd_actions(spec, math.ceil(total / len(SPECS) / 4), rng), rng)


def test_five_thousand_odd_actions_over_all_conventions_leave_every_limit_unbroken():
    fuzz(5_000)


@pytest.mark.slow
def test_a_hundred_thousand_odd_actions_over_all_conventions_leave_every_limit_unbroken():
    fuzz(100_000)


def one_step_from_anywhere(count: int) -> None:
    """Ask for poses and joints near and far, each from a random posture, and check the one target of each."""
    rng = np.random.default_rng(26)
    lower, upper = joint_limits(CONFIG)
    specs = [ACTION_PRESETS["vla_isaac"], ActionSpec(joints="delta_rad"), ActionSpec(translation="position_base_m")]
    converters = [ActionConverter(spec, CONFIG) for spec in specs]
    for i in range(count):
        converter = converters[i % len(converters)]
        start = rng.uniform(lower, upper)
        while worst_outside(start) > 0.0:
            start = rng.uniform(lower, upper)
        converter.reset(start, 0.04)
        arm = rng.normal(size=converter.spec.arm_width) * 10.0 ** rng.uniform(-3, 0)
        target = converter.convert(Action(arm, 0.04), qpos=start, gripper_width=0.04)
        check(start, 0.04, [(target.qpos, target.gripper_width)], converter.period)


def test_a_thousand_targets_from_random_postures_keep_every_limit():
    one_step_from_anywhere(1_000)


@pytest.mark.slow
def test_a_hundred_thousand_targets_from_random_postures_keep_every_limit():
    one_step_from_anywhere(100_000)


finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SPECS), st.data())
def test_hypothesis_finds_no_action_that_breaks_a_limit(spec, data):
    rows = data.draw(st.lists(st.lists(finite, min_size=spec.arm_width, max_size=spec.arm_width), min_size=1, max_size=5))
    gripper = data.draw(st.none() | finite)
    run(spec, [Action(np.array(row), gripper) for row in rows], np.random.default_rng(0))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-10, 10), min_size=7, max_size=7), st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_from_any_start_joints_keep_their_limits_and_the_hand_goes_no_farther_outside(start, arm):
    spec = dataclasses.replace(ACTION_PRESETS["vla_isaac"], reference="commanded")
    converter = ActionConverter(spec, CONFIG)
    qpos = np.array(start)
    converter.reset(qpos, 0.04)
    lower, upper = joint_limits(CONFIG)
    outside = worst_outside(np.clip(qpos, lower, upper))
    for _ in range(4):
        target = converter.convert(Action(np.array(arm), 0.04), qpos=qpos, gripper_width=0.04)
        assert (target.qpos >= lower).all() and (target.qpos <= upper).all()
        now = worst_outside(target.qpos)
        assert now <= max(outside, 0.0) + EPSILON
        outside = now


def worst_outside(qpos: np.ndarray) -> float:
    position = forward_kinematics(qpos)[:3, 3]
    return float(np.maximum(np.array(CONFIG.workspace_low) - position, position - np.array(CONFIG.workspace_high)).max())
