"""Our Panda read without a simulator is the Panda that MuJoCo reads."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vla_isaac.core.resources import resource
from vla_isaac.robots import kinematics, panda
from vla_isaac.scene.panda_description import panda_description

HOME = {**dict(zip(panda.ARM_JOINTS, panda.QPOS_HOME, strict=True)), **dict.fromkeys(panda.FINGER_JOINTS, 0.04)}


@pytest.fixture(scope="module")
def compiled():
    mujoco = pytest.importorskip("mujoco", reason="compares with MuJoCo's reader; pip install mujoco")
    return mujoco, mujoco.MjModel.from_xml_path(str(resource("data", "robots", "panda", "panda.xml")))


def test_links_and_joints_are_the_pandas_in_order():
    robot = panda_description()
    assert tuple(link.name for link in robot.links) == panda.LINKS
    assert tuple(link.joint.name for link in robot.links if link.joint) == (*panda.ARM_JOINTS, *panda.FINGER_JOINTS)


def test_joint_limits_are_the_published_ones():
    arm = [link.joint for link in panda_description().links if link.joint and link.joint.kind == "revolute"]
    assert [j.lower for j in arm] == pytest.approx(panda.QPOS_LOWER)
    assert [j.upper for j in arm] == pytest.approx(panda.QPOS_UPPER)


def test_the_chain_of_links_ends_where_forward_kinematics_says():
    hand = panda_description().poses_base_link(HOME)["panda_hand"]
    assert hand.apply(np.array([0, 0, panda.HAND_TO_EE])) == pytest.approx(
        kinematics.pose_base_ee(panda.QPOS_HOME).pos, abs=1e-12
    )


def test_masses_and_inertia_are_those_mujoco_compiles(compiled):
    _, model = compiled
    for link in panda_description().links:
        body = model.body(link.name)
        moments, _ = link.inertial.principal()
        assert link.inertial.mass == pytest.approx(body.mass[0])
        assert link.inertial.center == pytest.approx(body.ipos)
        assert np.sort(moments) == pytest.approx(np.sort(body.inertia), rel=1e-6)


def test_principal_axes_give_the_inertia_back():
    for link in panda_description().links:
        moments, quat = link.inertial.principal()
        from vla_isaac.core.rotations import quat_to_matrix

        axes = quat_to_matrix(quat)
        assert axes @ np.diag(moments) @ axes.T == pytest.approx(link.inertial.matrix, abs=1e-9)


def test_shapes_stand_where_mujoco_puts_them(compiled):
    mujoco, model = compiled
    data = mujoco.MjData(model)
    for name, value in HOME.items():
        data.qpos[model.joint(name).qposadr[0]] = value
    mujoco.mj_forward(model, data)
    poses = panda_description().poses_base_link(HOME)
    for link in panda_description().links:
        geoms = np.flatnonzero(model.geom_bodyid == model.body(link.name).id)
        assert len(geoms) == len(link.solids)
        for solid, geom in zip(link.solids, geoms, strict=True):
            placed = poses[link.name] @ solid.pose_link_solid
            assert placed.pos == pytest.approx(data.geom_xpos[geom], abs=1e-9)
            # the z axis carries capsules and cylinders, which look the same turned about it or end to end
            if solid.kind in ("capsule", "cylinder"):
                along = float(placed.rotation[:, 2] @ data.geom_xmat[geom].reshape(3, 3)[:, 2])
                assert abs(along) == pytest.approx(1.0, abs=1e-9)
            else:
                assert placed.rotation == pytest.approx(data.geom_xmat[geom].reshape(3, 3), abs=1e-9)
            assert solid.size == pytest.approx(model.geom_size[geom][: len(solid.size)])
            assert solid.is_collision == bool(model.geom_contype[geom])


def test_the_two_fingers_share_the_force_of_their_one_motor():
    fingers = [link.joint for link in panda_description().links if link.joint and link.joint.kind == "prismatic"]
    assert [(j.stiffness, j.damping, j.max_force) for j in fingers] == [(500.0, 40.0, 10.0)] * 2
    assert [(j.lower, j.upper) for j in fingers] == [(0.0, panda.FINGER_TRAVEL)] * 2
    assert math.isclose(fingers[0].passive_damping, 10.0)
