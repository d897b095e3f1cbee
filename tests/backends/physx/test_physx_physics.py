"""PhysX has the physics that the scene describes; expected values are from mechanics, or measured in MuJoCo."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tests.backends.physx.conftest import HOME, hold, layout_of, scene_of, shove
from vla_isaac.backends.physx.matter import mass_properties, object_material, pad_material
from vla_isaac.core.errors import SceneError
from vla_isaac.core.rotations import angle_between, quat_to_matrix
from vla_isaac.core.types import JointTarget
from vla_isaac.robots import kinematics, panda
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.convex_pieces import pieces_of
from vla_isaac.scene.objects import DEFAULTS, make_object
from vla_isaac.scene.spec import JointGains, SceneSpec
from vla_isaac.sim.drive import drive

PLACE = (0.45, 0.0)
GRAVITY = 9.81


@pytest.mark.parametrize("shape", DEFAULTS)
def test_mass_and_inertia_are_those_of_the_mujoco_model(shape):
    pytest.importorskip("mujoco")
    from vla_isaac.rendering.model import build_model

    o = make_object(shape, "red", fixed=False)
    model, index = build_model(FrankaSceneBuilder("mass").add(shape, "red", fixed=False).build(), None)
    body = index.object_bodies[0]
    expected = quat_to_matrix(model.body_iquat[body])
    centre, moments, axes = mass_properties(pieces_of(o), o.mass)
    turn = quat_to_matrix(axes)
    assert centre == pytest.approx(model.body_ipos[body], abs=1e-12)
    assert turn @ np.diag(moments) @ turn.T == pytest.approx(
        expected @ np.diag(model.body_inertia[body]) @ expected.T, rel=1e-6, abs=1e-12
    )


@pytest.mark.parametrize(("friction", "table"), list(product([0.4, 1.0, 1.3], repeat=2)))
def test_the_average_with_the_table_is_the_larger_friction_and_pads_grip_with_two_at_least(friction, table):
    material = object_material(friction, table)
    assert (material + table) / 2 == pytest.approx(max(friction, table))
    pad = pad_material(2.0, [material, object_material(1.0, table)])
    assert min((pad + one) / 2 for one in (material, object_material(1.0, table))) >= 2.0 - 1e-12


@pytest.mark.parametrize(("friction", "table"), [(0.2, 0.6), (0.6, 0.2), (0.6, 0.6), (0.3, 0.3)])
def test_a_sliding_cube_stops_after_the_way_that_the_larger_friction_gives(laid_out, friction, table):
    spec = scene_of("cube", size=(0.06, 0.06, 0.02), mass=0.1)
    backend = laid_out(spec, layout_of(spec, (*PLACE, 0.01), friction=friction, table=table))
    shove(backend, 0, (0.0, 0.8, 0.0))
    way = hold(backend, 1.0).object_pos[0, 1]
    assert way == pytest.approx(0.8**2 / (2 * max(friction, table) * GRAVITY), rel=0.06)


def test_a_ball_that_rolls_comes_to_rest_after_a_few_centimetres(laid_out):
    """At 0.2 m/s MuJoCo's ball, with its rolling friction, stops after 32 mm."""
    spec = scene_of("ball")
    backend = laid_out(spec, layout_of(spec, (*PLACE, 0.0225)))
    shove(backend, 0, (0.0, 0.2, 0.0))
    state = hold(backend, 3.0)
    assert state.object_pos[0, 1] == pytest.approx(0.032, abs=0.008)
    assert np.abs(state.object_linvel).max() < 1e-3


def test_a_cylinder_stands_where_it_was_put(laid_out):
    spec = scene_of("cylinder")
    backend = laid_out(spec, layout_of(spec, (*PLACE, 0.025)))
    state = hold(backend, 3.0)
    assert state.object_pos[0] == pytest.approx((*PLACE, 0.025), abs=2e-4)
    assert state.pose_world("cylinder_0").rotation[2, 2] == pytest.approx(1.0, abs=1e-4)


def test_an_object_above_the_table_falls_on_it_while_the_scene_settles(laid_out):
    spec = scene_of("cube", "cube")
    state = laid_out(spec, layout_of(spec, (*PLACE, 0.05), (0.45, 0.2, 0.02))).state()
    assert state.object_pos[:, 2] == pytest.approx([0.02, 0.02], abs=1e-3)
    assert np.array_equal(state.object_linvel, np.zeros((2, 3)))


def test_home_is_held_without_sagging(laid_out):
    spec = scene_of()
    errors = []
    backend = laid_out(spec, layout_of(spec))
    hold(backend, 2.0, lambda state: errors.append(np.abs(state.qpos - panda.QPOS_HOME).max()))
    assert max(errors) < 1e-5


def test_no_joint_is_faster_than_its_limit(laid_out):
    spec = scene_of()
    backend = laid_out(spec, layout_of(spec))
    speeds = []
    for _ in range(10):
        backend.apply(JointTarget(panda.QPOS_HOME + np.array([1.5, 0, 0, 0, 0, 0, 1.5]), 0.08))
        backend.step()
        speeds.append(np.abs(backend.state().qvel))
    fastest = np.max(speeds, axis=0)
    assert (fastest <= panda.QVEL_LIMIT * 1.001).all()
    assert fastest[0] > 0.9 * panda.QVEL_LIMIT[0]


def test_the_hand_is_where_the_published_kinematics_puts_it(laid_out):
    """The state's `ee` is computed from the joints; this compares PhysX's own pose of the hand."""
    spec = scene_of()
    backend = laid_out(spec, layout_of(spec))
    for step in range(5):
        backend.apply(JointTarget(panda.QPOS_HOME + 0.2 * np.sin(step + np.arange(7)), 0.08))
        backend.step()
    expected, hand = kinematics.pose_base_ee(backend.state().qpos), backend._world.robot.link_pose("panda_hand")
    found = quat_to_matrix(np.asarray(hand.q, dtype=np.float64))
    assert hand.p + panda.HAND_TO_EE * found[:, 2] == pytest.approx(expected.pos, abs=2e-6)
    assert angle_between(found, expected.rotation) < 1e-3  # of single precision near zero


def test_joints_are_matched_by_name_and_gains_are_those_of_the_scene(laid_out):
    wanted = JointGains(stiffness=(900, 800, 700, 600, 500, 400, 300), damping=(9, 8, 7, 6, 5, 4, 3))
    spec = SceneSpec(name="gains", gains=wanted)
    robot = laid_out(spec, layout_of(spec))._world.robot
    stiffness, damping = robot.gains()
    assert stiffness == pytest.approx(wanted.stiffness)
    assert damping == pytest.approx(np.array(wanted.damping) + 2.0)  # the joints' own, panda.xml
    assert set(robot.joint_names()) == set(panda.JOINTS)


def test_the_mass_of_the_layout_counts(laid_out):
    spec = scene_of("cube")
    backend = laid_out(spec, layout_of(spec, (*PLACE, 0.02), mass=0.4))
    assert backend._world.objects[0].body.mass == pytest.approx(0.4)
    drive(backend.reset(layout_of(spec, (*PLACE, 0.02))))
    assert backend._world.objects[0].body.mass == pytest.approx(0.05)


def test_a_moved_object_lies_at_its_new_place_and_keeps_its_first_one(laid_out):
    spec = scene_of("cube", "box")
    backend = laid_out(spec, layout_of(spec, (*PLACE, 0.02), (0.55, 0.2, 0.015)))
    backend.move_object("cube_0", np.array([0.5, -0.2, 0.02]))
    state = hold(backend, 0.2)
    assert state.object_pos[0] == pytest.approx((0.5, -0.2, 0.02), abs=1e-3)
    assert state.initial_object_pos[0] == pytest.approx((*PLACE, 0.02), abs=1e-3)
    with pytest.raises(SceneError, match="box_1 is fastened"):
        backend.move_object("box_1", np.zeros(3))


def test_fingers_close_on_a_cube_and_lift_it(laid_out):
    spec = scene_of("cube", mass=0.3)
    start = kinematics.pose_base_ee(panda.QPOS_HOME).pos
    backend = laid_out(spec, layout_of(spec, (start[0], 0.0, 0.02)))
    reach = [0.0, 0.2516, 0.0, -2.9474, 0.0, 3.1991, np.pi / 4]  # the ee 2 cm above the table, straight down
    for qpos, width, seconds in ((reach, 0.08, 2.0), (reach, 0.0, 0.6), (HOME.qpos, 0.0, 1.5)):
        from_qpos = backend.state().qpos
        count = round(20 * seconds)
        for k in range(count):
            share = min(1.0, 1.5 * (k + 1) / count)
            backend.apply(JointTarget(from_qpos + share * (np.array(qpos) - from_qpos), width))
            backend.step()
    state = backend.state()
    assert state.gripper_width == pytest.approx(0.04, abs=0.001)
    assert state.object_pos[0, 2] > 0.3
