"""Exported scenes in NVIDIA's Newton, on the CPU: the same robot as in MuJoCo, standing still among resting objects."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

pytest.importorskip("newton", reason="needs newton; run: make test-isaac")
pytest.importorskip("mujoco", reason="the model to compare with")

import mujoco
import newton
import warp as wp
from newton.solvers import SolverMuJoCo

from tests.isaac_usd.newton_backend import JOINTS, imported, leaf, values
from vla_isaac.core import rotations
from vla_isaac.core.poses import Pose
from vla_isaac.core.resources import resource
from vla_isaac.robots import kinematics, panda

DT, STEPS = 0.002, 1000  # [s]: two seconds


class Motion(NamedTuple):
    """How far things went from where they began, at most, within two seconds."""

    joints: np.ndarray
    """[rad], fingers [m]; shape (9,)."""

    shift: dict[str, float]
    """By object [m]."""

    turn: dict[str, float]
    """By object [rad]."""


def simulate(model, *, offset=(0.0,) * 9, **engine):
    """Step for two seconds and return the motion, and where the joints are in the end.

    The solver is Newton's for articulations. Below it lies MuJoCo's C engine, which is fast on a CPU, or, where
    `engine` says so, Newton's own kernels. How contact is generated is what the file says (`mjc:flag:multiccd`).
    """
    solver = SolverMuJoCo(model, **(engine or {"use_mujoco_cpu": True}))
    state, following, control = model.state(), model.state(), model.control()
    newton.eval_fk(model, model.joint_q, model.joint_qd, state)
    target = values(control.joint_target_q)
    target[:9] += np.array(offset)
    control.joint_target_q.assign(target)
    bodies, joints = values(state.body_q), values(state.joint_q)[:9]
    away, shift, turn = np.zeros(9), np.zeros(len(bodies)), np.zeros(len(bodies))
    for _ in range(STEPS):
        state.clear_forces()
        solver.step(state, following, control, None, DT)
        state, following = following, state
        now = values(state.body_q)
        shift = np.maximum(shift, np.linalg.norm(now[:, :3] - bodies[:, :3], axis=1))
        turn = np.maximum(turn, 2 * np.arccos(np.clip(np.abs(np.sum(now[:, 3:] * bodies[:, 3:], axis=1)), 0.0, 1.0)))
        away = np.maximum(away, np.abs(values(state.joint_q)[:9] - joints))
    objects = {leaf(label): i for i, label in enumerate(model.body_label) if "/Objects/" in label}
    motion = Motion(away, *({name: float(far[i]) for name, i in objects.items()} for far in (shift, turn)))
    return motion, values(state.joint_q)[:9]


@pytest.fixture(scope="module")
def model(exported):
    return imported(exported.file)


@pytest.fixture(scope="module")
def motion(model):
    return simulate(model)[0]


# ---------------------------------------------------------------- every preset


def test_newton_finds_the_nine_joints_where_the_layout_has_them(exported, model):
    kinds = (int(newton.JointType.REVOLUTE), int(newton.JointType.PRISMATIC))
    labels = [leaf(label) for label, kind in zip(model.joint_label, model.joint_type.numpy(), strict=True) if kind in kinds]
    assert tuple(labels) == JOINTS
    fingers = [exported.layout.gripper_width / 2] * 2
    assert model.joint_q.numpy()[:9] == pytest.approx([*exported.layout.qpos, *fingers], abs=1e-6)


def test_the_arm_holds_its_posture_within_a_fiftieth_of_a_radian(motion):
    assert motion.joints[:7].max() < 0.02
    assert motion.joints[7:].max() < 0.001


def test_the_links_carry_their_own_weight(motion):
    """By the drives alone it would sag by 6 mrad."""
    assert motion.joints[:7].max() < 1e-4


def test_every_object_lies_still_within_two_millimetres(exported, motion, record_property):
    record_property("largest shift [mm]", 1000 * max(motion.shift.values()))
    assert set(motion.shift) == {o.name for o in exported.spec.objects if not o.fixed}
    assert max(motion.shift.values()) < 0.002, motion.shift


def test_no_object_tips(motion):
    assert max(motion.turn.values()) < 0.02, motion.turn


def test_objects_weigh_what_the_layout_says(exported, model):
    masses = {leaf(label): mass for label, mass in zip(model.body_label, model.body_mass.numpy(), strict=True)}
    for o, placement in zip(exported.spec.objects, exported.layout.objects, strict=True):
        if not o.fixed:
            assert masses[o.name] == pytest.approx(placement.mass, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("exported", [("clutter", "full")], indirect=True)
def test_all_stands_still_on_newtons_own_kernels_too(model):
    """The engine that a GPU runs, here on the CPU: a minute, most of it to compile."""
    motion, _ = simulate(model, njmax=1000, nconmax=300)  # its first guess has no room for a bowl
    assert motion.joints.max() < 1e-4
    assert max(motion.shift.values()) < 0.002, motion.shift
    assert max(motion.turn.values()) < 0.02, motion.turn


# ---------------------------------------------------------------- the robot, compared with MuJoCo's


@pytest.fixture(scope="module")
def reference():
    return mujoco.MjModel.from_xml_path(str(resource("data", "robots", "panda", "panda.xml")))


def matrix_of(quat_xyzw) -> np.ndarray:
    return rotations.quat_to_matrix(np.roll(np.asarray(quat_xyzw, dtype=np.float64), 1))


def test_newton_sees_the_masses_and_inertias_of_the_mujoco_model(model, reference):
    masses, centers, inertias = (a.numpy() for a in (model.body_mass, model.body_com, model.body_inertia))
    for i, name in enumerate(panda.LINKS):
        assert leaf(model.body_label[i]) == name
        body = reference.body(name)
        axes = rotations.quat_to_matrix(body.iquat)
        inertia = axes @ np.diag(body.inertia) @ axes.T
        assert masses[i] == pytest.approx(body.mass[0], rel=1e-6)
        assert centers[i] == pytest.approx(body.ipos, abs=1e-7)
        assert inertias[i] == pytest.approx(inertia, abs=1e-5 * np.abs(inertia).max())


def test_newton_sees_the_joint_frames_of_the_mujoco_model(model, reference):
    for i, label in enumerate(model.joint_label[: len(panda.LINKS)]):
        body = reference.body(leaf(model.body_label[model.joint_child.numpy()[i]]))
        parent, child = model.joint_X_p.numpy()[i], model.joint_X_c.numpy()[i]
        assert child == pytest.approx([0, 0, 0, 0, 0, 0, 1], abs=1e-7), label
        assert parent[:3] == pytest.approx(body.pos, abs=1e-6), label
        assert matrix_of(parent[3:]) == pytest.approx(rotations.quat_to_matrix(body.quat), abs=1e-6), label


def test_newton_sees_the_axes_limits_and_motors_of_the_mujoco_model(model, reference):
    joints = [reference.joint(name) for name in JOINTS]
    assert model.joint_axis.numpy()[:9] == pytest.approx(np.array([j.axis for j in joints]), abs=1e-7)
    assert model.joint_limit_lower.numpy()[:9] == pytest.approx([j.range[0] for j in joints], abs=1e-6)
    assert model.joint_limit_upper.numpy()[:9] == pytest.approx([j.range[1] for j in joints], abs=1e-6)
    assert model.joint_armature.numpy()[:9] == pytest.approx([j.armature[0] for j in joints], rel=1e-6)
    arm = [reference.actuator(name) for name in panda.ARM_JOINTS]
    assert model.joint_target_ke.numpy()[:7] == pytest.approx([a.gainprm[0] for a in arm], rel=1e-5)
    assert model.joint_effort_limit.numpy()[:7] == pytest.approx([a.forcerange[1] for a in arm], rel=1e-6)


def test_newton_puts_the_hand_where_our_kinematics_put_it(model):
    hand = [leaf(label) for label in model.body_label].index("panda_hand")
    rng = np.random.default_rng(0)
    from_ee = Pose(np.array([0.0, 0.0, -panda.HAND_TO_EE]), rotations.QUAT_IDENTITY)
    for qpos in rng.uniform(panda.QPOS_LOWER, panda.QPOS_UPPER, size=(20, 7)):
        joint_q = values(model.joint_q)
        joint_q[:7] = qpos
        state = model.state()
        newton.eval_fk(model, wp.array(joint_q, dtype=float, device="cpu"), model.joint_qd, state)
        found, expected = state.body_q.numpy()[hand], kinematics.pose_base_ee(qpos) @ from_ee
        assert found[:3] == pytest.approx(expected.pos, abs=1e-4)
        assert matrix_of(found[3:]) == pytest.approx(rotations.quat_to_matrix(expected.quat_wxyz), abs=1e-4)


def test_a_drive_brings_its_joint_to_a_new_target(model):
    """A tenth of a radian on joint 1, a centimetre on each finger: what holds the arm are motors, not glue."""
    offset = np.array([0.1, 0, 0, 0, 0, 0, 0, -0.01, -0.01])
    start = values(model.joint_q)[:9]
    _, end = simulate(model, offset=offset)
    assert end - start == pytest.approx(offset, abs=1e-3)
