"""The stub's own rules: what it grasps, how things drop, and how it draws."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from vla_isaac.backends.stub import draw
from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import ShapeError
from vla_isaac.core.poses import Pose, look_at
from vla_isaac.core.rotations import angle_between
from vla_isaac.core.types import JointTarget
from vla_isaac.robots import kinematics, panda
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.colours import rgb_of
from vla_isaac.scene.objects import WALL
from vla_isaac.scene.spec import Placement, SceneLayout, TableSpec
from vla_isaac.sim.backend import RenderRequest
from vla_isaac.sim.drive import drive

HOME = panda.QPOS_HOME
EE = kinematics.pose_base_ee(HOME).pos  # where the fingertips are at home: 0.49 m above the table
PERIOD = 0.05  # [s]
SHUT = JointTarget(HOME, 0.0)
OPEN = JointTarget(HOME, 0.08)


def yawed(yaw: float) -> tuple[float, float, float, float]:
    return math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2)


def world(*things, qpos=HOME, width=0.08) -> StubBackend:
    """Things are (shape, position, yaw, options of `make_object`)."""
    builder = FrankaSceneBuilder("stub")
    colours = ("red", "green", "blue", "yellow")
    for colour, (shape, _, _, options) in zip(colours, things, strict=False):
        builder.add(shape, colour, **options)
    spec = builder.build()
    layout = SceneLayout(
        objects=tuple(
            Placement(pos=tuple(map(float, pos)), quat_wxyz=yawed(yaw), rgb=rgb_of(o.colour), mass=o.mass, friction=1.0)
            for o, (_, pos, yaw, _) in zip(spec.objects, things, strict=True)
        ),
        qpos=tuple(qpos),
        gripper_width=width,
        table=spec.table,
        lights=spec.lights,
        ambient=spec.ambient,
        cameras=spec.cameras,
    )
    backend = StubBackend()
    drive(backend.load(spec))
    drive(backend.reset(layout))
    return backend


def thing(shape: str, pos, yaw: float = 0.0, **options):
    return shape, pos, yaw, options


def run(backend: StubBackend, target: JointTarget, steps: int = 1):
    for _ in range(steps):
        backend.apply(target)
        backend.step()
    return backend.state()


def under_the_hand(z: float, dx: float = 0.0, dy: float = 0.0) -> tuple[float, float, float]:
    return float(EE[0]) + dx, float(EE[1]) + dy, z


def at_the_fingers(dx: float = 0.0, dy: float = 0.0, dz: float = 0.0) -> np.ndarray:
    return EE + np.array([dx, dy, dz])


# ------------------------------------------------------------------ motion


def test_joints_move_no_faster_than_their_limits():
    state = run(world(), JointTarget(panda.QPOS_UPPER, 0.08))
    assert state.qpos - HOME == pytest.approx(panda.QVEL_LIMIT * PERIOD)
    assert state.qvel == pytest.approx(panda.QVEL_LIMIT)


def test_a_target_within_one_period_is_reached_exactly_and_then_all_is_at_rest():
    backend = world()
    moving = run(backend, JointTarget(HOME + 0.05, 0.08))
    assert moving.qpos == pytest.approx(HOME + 0.05, abs=1e-15)
    assert moving.qvel == pytest.approx(np.full(7, 0.05 / PERIOD))
    assert run(backend, JointTarget(HOME + 0.05, 0.08)).qvel == pytest.approx(np.zeros(7), abs=1e-12)


def test_fingers_move_at_twice_the_speed_of_one():
    assert run(world(), SHUT).gripper_width == pytest.approx(0.08 - 2 * 0.2 * PERIOD)


def test_targets_beyond_the_limits_are_cut_back_to_them():
    state = run(world(), JointTarget(np.full(7, 99.0), 1.0), 100)
    assert state.qpos == pytest.approx(panda.QPOS_UPPER)
    assert state.gripper_width == pytest.approx(0.08)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (JointTarget(np.zeros(8), 0.0), r"target\.qpos has shape \(8,\), expected \(7,\); the gripper is a separate field"),
        (JointTarget(np.full(7, np.nan), 0.0), r"target\.qpos\[0\] is nan"),
        (JointTarget(np.zeros(7), float("inf")), r"target\.gripper_width is inf"),
    ],
)
def test_a_broken_target_is_refused(target, message):
    with pytest.raises(ShapeError, match=message):
        world().apply(target)


# ------------------------------------------------------------------ grasping


@pytest.mark.parametrize("shape", ["cube", "cylinder", "ball"])
def test_closing_fingers_stop_at_the_width_of_what_is_between_them(shape):
    state = run(world(thing(shape, EE)), SHUT, 10)
    assert state.gripper_width == pytest.approx({"cube": 0.04, "cylinder": 0.04, "ball": 0.045}[shape])


def test_a_held_object_moves_rigidly_with_the_hand():
    backend = world(thing("cube", at_the_fingers(dx=0.01, dy=-0.01), 0.3))
    before = run(backend, SHUT, 10)
    after = run(backend, JointTarget(HOME + 0.3, 0.0), 20)
    grip_before = before.pose_world_ee.inverse() @ before.pose_world("red_cube")
    grip_after = after.pose_world_ee.inverse() @ after.pose_world("red_cube")
    assert grip_after.matrix() == pytest.approx(grip_before.matrix(), abs=1e-12)
    assert angle_between(before.pose_world("red_cube").rotation, after.pose_world("red_cube").rotation) > 0.1


def test_a_held_object_has_the_velocity_of_its_motion():
    backend = world(thing("cube", EE))
    before = run(backend, SHUT, 10).pos("red_cube")
    state = run(backend, JointTarget(HOME + np.array([0.05, 0, 0, 0, 0, 0, 0]), 0.0))
    assert state.object_linvel[0] == pytest.approx((state.pos("red_cube") - before) / PERIOD)
    assert np.linalg.norm(state.object_linvel[0]) == pytest.approx(0.30689 * 1.0, rel=0.01)  # radius times 1 rad/s


@pytest.mark.parametrize(
    "missed",
    [
        thing("cube", at_the_fingers(dx=0.031)),
        thing("cube", at_the_fingers(dy=0.041)),
        thing("cube", at_the_fingers(dz=0.031)),
        thing("box", EE),
        thing("box", EE, fixed=False),
        thing("cube", EE, fixed=True),
    ],
    ids=["beside", "along the fingers", "below", "fastened", "too wide", "fastened cube"],
)
def test_what_is_out_of_reach_too_wide_or_fastened_is_not_grasped(missed):
    state = run(world(missed), SHUT, 10)
    assert state.gripper_width == 0.0
    assert state.object_pos[0] == pytest.approx(missed[1])


@pytest.mark.parametrize("offset", [{"dx": 0.029}, {"dy": 0.039}, {"dz": 0.029}])
def test_a_small_error_of_the_approach_is_forgiven(offset):
    assert run(world(thing("cube", at_the_fingers(**offset))), SHUT, 10).gripper_width == pytest.approx(0.04)


def test_a_long_object_may_be_taken_farther_from_its_centre():
    slab = {"size": (0.10, 0.03, 0.04), "fixed": False}
    assert run(world(thing("box", at_the_fingers(dx=0.044), **slab)), SHUT, 10).gripper_width == pytest.approx(0.03)
    assert run(world(thing("box", at_the_fingers(dx=0.046), **slab)), SHUT, 10).gripper_width == 0.0


def test_the_narrow_side_counts_when_the_fingers_close_across_it():
    slab = {"size": (0.10, 0.03, 0.04), "fixed": False}
    assert run(world(thing("box", EE, **slab)), SHUT, 10).gripper_width == pytest.approx(0.03)
    assert run(world(thing("box", EE, math.pi / 2, **slab)), SHUT, 10).gripper_width == 0.0


def test_fingers_that_are_already_narrower_do_not_grasp():
    assert run(world(thing("cube", EE), width=0.03), SHUT, 10).gripper_width == 0.0


def test_of_two_things_between_the_fingers_the_nearer_is_grasped():
    backend = world(thing("cube", at_the_fingers(dz=-0.025)), thing("cube", at_the_fingers(dz=0.015)))
    run(backend, SHUT, 10)
    state = run(backend, JointTarget(HOME + 0.1, 0.0), 10)
    assert state.pos("red_cube") == pytest.approx(at_the_fingers(dz=-0.025))
    assert np.linalg.norm(state.pos("green_cube") - at_the_fingers(dz=0.015)) > 0.01


# ------------------------------------------------------------------ letting go


@pytest.mark.parametrize(("width", "held"), [(0.0, True), (0.0415, True), (0.0425, False), (0.08, False)])
def test_an_object_is_let_go_when_the_fingers_open_two_millimetres_beyond_it(width, held):
    backend = world(thing("cube", EE))
    run(backend, SHUT, 10)
    state = run(backend, JointTarget(HOME, width), 5)
    assert state.pos("red_cube")[2] == pytest.approx(EE[2] if held else 0.02)


def test_a_dropped_object_is_at_rest_within_the_step():
    backend = world(thing("cube", EE))
    run(backend, SHUT, 10)
    state = run(backend, OPEN)
    assert state.pos("red_cube") == pytest.approx(under_the_hand(0.02))
    assert state.object_linvel[0].tolist() == [0.0, 0.0, 0.0]


def test_a_dropped_object_comes_to_rest_upright_and_keeps_its_yaw():
    backend = world(thing("cube", EE, 0.3))
    run(backend, SHUT, 10)
    tilted = run(backend, JointTarget(HOME + np.array([0, 0, 0, 0, 0, 0.3, 0]), 0.0), 10)
    assert tilted.pose_world("red_cube").rotation[2, 2] < 0.99
    state = run(backend, OPEN)
    assert state.pose_world("red_cube").rotation[2, 2] == pytest.approx(1.0)
    assert state.object_quat[0] == pytest.approx(yawed(0.3), abs=0.02)


@pytest.mark.parametrize(
    ("support", "height"),
    [
        (thing("box", under_the_hand(0.015)), 0.03),
        (thing("cube", under_the_hand(0.02)), 0.04),
        (thing("cylinder", under_the_hand(0.025)), 0.05),
        (thing("bin", under_the_hand(0.025)), WALL),
        (thing("bowl", under_the_hand(0.0225)), WALL),
        (thing("ball", under_the_hand(0.0225)), 0.0),
        (thing("box", under_the_hand(0.015, dx=0.049)), 0.03),
        (thing("box", under_the_hand(0.015, dx=0.051)), 0.0),
        (thing("box", under_the_hand(0.015, dx=0.051), math.pi / 4), 0.03),
        (thing("cylinder", under_the_hand(0.025, dx=0.015, dy=0.015)), 0.0),
        (thing("bin", under_the_hand(0.025, dx=0.072)), 0.0),
    ],
    ids=[
        *("box", "cube", "cylinder", "bin floor", "bowl floor", "a ball carries nothing", "box edge", "off the box"),
        *("edge of a turned box", "off the cylinder", "wall of the bin"),
    ],
)
def test_a_dropped_cube_rests_on_the_highest_surface_under_its_centre(support, height):
    backend = world(thing("cube", EE), support)
    run(backend, SHUT, 10)
    assert run(backend, OPEN).pos("red_cube")[2] == pytest.approx(height + 0.02)


@pytest.mark.parametrize(
    ("direction", "yaw", "height"), [(1.085, 0.3, 0.03), (1.085, -0.3, 0.0), (0.485, -0.3, 0.03), (0.485, 0.3, 0.0)]
)
def test_the_turn_of_a_box_decides_whether_its_corner_is_under_an_object(direction, yaw, height):
    """A 0.1 m box reaches 0.071 m along its diagonals, which point 0.785 rad off its yaw; the cube is 0.065 m away."""
    dx, dy = -0.065 * math.cos(direction), -0.065 * math.sin(direction)
    backend = world(thing("cube", EE), thing("box", under_the_hand(0.015, dx, dy), yaw))
    run(backend, SHUT, 10)
    assert run(backend, OPEN).pos("red_cube")[2] == pytest.approx(height + 0.02)


def test_the_higher_of_two_supports_counts():
    backend = world(
        thing("cube", EE), thing("box", under_the_hand(0.015)), thing("cube", under_the_hand(0.05)), thing("cube", EE * 1.5)
    )
    run(backend, SHUT, 10)
    assert run(backend, OPEN).pos("red_cube")[2] == pytest.approx(0.03 + 0.04 + 0.02)


def test_an_object_let_go_a_little_too_deep_still_rests_on_its_support():
    backend = world(thing("cube", EE), thing("box", at_the_fingers(dz=-0.02 - 0.015 + 0.003)))
    run(backend, SHUT, 10)
    assert run(backend, OPEN).pos("red_cube")[2] == pytest.approx(EE[2] + 0.003)


def test_what_stood_on_a_lifted_object_drops_onto_what_is_below():
    above = at_the_fingers(dz=0.04)
    backend = world(thing("cube", EE), thing("cube", above), thing("box", under_the_hand(0.015)))
    assert run(backend, SHUT, 10).pos("green_cube") == pytest.approx(above)  # closing alone moves nothing
    state = run(backend, JointTarget(HOME + np.array([0, -0.1, 0, 0, 0, 0, 0]), 0.0))
    assert state.pos("green_cube") == pytest.approx([*above[:2], 0.03 + 0.02])
    assert state.object_linvel[1].tolist() == [0.0, 0.0, 0.0]


def test_a_whole_stack_comes_down_when_its_base_is_taken_away():
    stack = [thing("cube", at_the_fingers(dz=0.04 * i)) for i in range(4)]
    backend = world(*stack)
    run(backend, SHUT, 10)
    state = run(backend, JointTarget(HOME + np.array([0.3, 0, 0, 0, 0, 0, 0]), 0.0), 5)
    assert state.object_pos[1:, 2] == pytest.approx([0.02, 0.06, 0.10])


def test_an_object_can_be_grasped_again():
    backend = world(thing("cube", EE), thing("box", at_the_fingers(dz=-0.035), fixed=True))
    run(backend, SHUT, 10)
    run(backend, OPEN, 5)
    assert run(backend, SHUT, 10).gripper_width == pytest.approx(0.04)


def test_a_reset_leaves_everything_exactly_as_the_layout_says_even_in_the_air():
    backend = world(thing("cube", (0.5, 0.1, 0.3), 0.2), width=0.05)
    state = run(backend, JointTarget(HOME, 0.05), 20)
    assert state.object_pos.tolist() == [[0.5, 0.1, 0.3]]
    assert state.object_quat[0].tolist() == list(yawed(0.2))
    assert state.qpos.tolist() == HOME.tolist()


# ------------------------------------------------------------------ drawing

ABOVE = draw.StubCamera(
    look_at(np.array([0.5, 0.0, 1.0]), np.array([0.5, 0.0, 0.0]), np.array([1.0, 0.0, 0.0])),
    np.array([[100.0, 0, 50], [0, 100.0, 50], [0, 0, 1]]),
    (100, 100),
)
CODE = 0
NO_TURN = Pose.identity().quat_wxyz


def painted(*solids: draw.DrawnSolid, view: draw.StubCamera = ABOVE) -> draw.DrawnImage:
    return draw.paint(view, TableSpec(), solids, depth=True, segmentation=True)


def test_a_box_seen_from_above_covers_its_projected_rectangle():
    """0.2 x 0.1 m with its top 0.9 m from the camera: 0.2 * 100 / 0.9 = 22.2 px by 11.1 px about the middle."""
    solid = draw.box_solid(Pose(np.array([0.5, 0.0, 0.05]), NO_TURN), (0.1, 0.05, 0.05), (1.0, 0.0, 0.0), CODE)
    rows, columns = np.nonzero(painted(solid).segmentation == CODE)
    assert (rows.min(), rows.max()) == (39, 60)
    assert (columns.min(), columns.max()) == (44, 55)
    assert len(rows) == 22 * 12


def test_the_depth_of_a_solid_is_that_of_its_centre_and_of_the_table_that_of_its_plane():
    solid = draw.box_solid(Pose(np.array([0.5, 0.0, 0.05]), NO_TURN), (0.05, 0.05, 0.05), (1.0, 0.0, 0.0), CODE)
    depth = painted(solid).depth
    assert depth[50, 50] == pytest.approx(0.95)
    assert depth[50, 90] == pytest.approx(1.0)


def test_the_nearer_of_two_solids_hides_the_other():
    low = draw.box_solid(Pose(np.array([0.5, 0.0, 0.1]), NO_TURN), (0.1, 0.1, 0.1), (1.0, 0.0, 0.0), 0)
    high = draw.box_solid(Pose(np.array([0.5, 0.0, 0.4]), NO_TURN), (0.02, 0.02, 0.02), (0.0, 1.0, 0.0), 1)
    assert painted(high, low).segmentation[50, 50] == 1
    assert painted(low, high).rgb[50, 50].tolist() == [0, 255, 0]


def test_what_lies_behind_the_camera_is_not_drawn():
    behind = draw.box_solid(Pose(np.array([0.5, 0.0, 2.0]), NO_TURN), (0.1, 0.1, 0.1), (1.0, 0.0, 0.0), CODE)
    assert CODE not in painted(behind).segmentation


def test_a_solid_round_the_camera_is_cut_at_the_near_plane():
    around = draw.box_solid(Pose(np.array([0.5, 0.0, 1.0]), NO_TURN), (0.3, 0.3, 0.3), (1.0, 0.0, 0.0), CODE)
    assert (painted(around).segmentation == CODE).all()


def test_above_the_horizon_there_is_background_far_away():
    level = dataclasses.replace(ABOVE, pose_world_camera=look_at(np.array([2.0, 0.0, 0.5]), np.array([0.0, 0.0, 0.5])))
    picture = painted(view=level)
    assert (picture.segmentation[:50] == draw.BACKGROUND).all()
    assert (picture.depth[:50] == draw.FAR).all()
    assert (picture.segmentation[70:, 50] == draw.TABLE).any()


def test_the_hand_is_seen_from_the_wrist_and_opens_with_the_fingers():
    backend = world()
    request = RenderRequest(camera="wrist", segmentation=True)
    opened = drive(backend.render([request]))["wrist"].segmentation == draw.ROBOT
    run(backend, SHUT, 10)
    closed = drive(backend.render([request]))["wrist"].segmentation == draw.ROBOT
    assert 0.05 < opened.mean() < 0.5
    assert (opened != closed).any()


def test_the_picture_shows_the_colour_of_the_layout():
    backend = world(thing("cube", (0.47, 0.0, 0.05)))
    frame = drive(backend.render([RenderRequest(camera="front")]))["front"]
    assert frame.rgb[112, 112].tolist() == [204, 23, 23]  # 255 times (0.80, 0.09, 0.09)
