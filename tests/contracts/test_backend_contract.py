"""What every backend must satisfy: the stub, MuJoCo, and Isaac Sim in each release we have a recording of, simulated.

The quick suite takes the oldest and the newest release, `make test-all` every one.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from tests.contracts.worlds import WORLDS, cannot_draw, marks_of
from vla_isaac.backends import BACKENDS
from vla_isaac.core.errors import BackendError, SceneError, UnknownNameError
from vla_isaac.core.rotations import angle_between
from vla_isaac.core.types import JointTarget
from vla_isaac.robots import kinematics, panda
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.spec import Placement, SceneLayout, SceneSpec
from vla_isaac.sim.backend import RenderRequest
from vla_isaac.sim.drive import drive

SPEC = FrankaSceneBuilder("contract").add_cube("red").add_cube("green").add_box("blue").build()
PLACES = ((0.42, -0.10, 0.02), (0.42, 0.10, 0.02), (0.56, 0.0, 0.015))
RED, SIZE = 0, 0.04
PERIOD = 1 / SPEC.timing.control_hz
ONE_SECOND = round(1 / PERIOD)
HOME = JointTarget(panda.QPOS_HOME, panda.GRIPPER_MAX_WIDTH)
REST_TOLERANCE = {"stub": 0.001}  # [m]; contacts of a physics engine creep a little more
ARRAYS = (
    *("qpos", "qvel", "object_pos", "object_quat", "object_linvel"),
    *("initial_object_pos", "initial_object_quat"),
)

GL_FAULT = cannot_draw()
"""Why MuJoCo, which draws for every world but the stub's, cannot draw here; decided once, before any test."""

needs_gl = (pytest.mark.gl, pytest.mark.skipif(GL_FAULT is not None, reason=f"no OpenGL here: {GL_FAULT}"))
drawing = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=(*marks_of(n), *(() if n == "stub" else needs_gl))) for n in WORLDS]
)


@pytest.fixture(params=[pytest.param(name, marks=marks_of(name)) for name in WORLDS])
def name(request):
    return request.param


@pytest.fixture
def make(name):
    """What constructs backends of one kind in one world."""
    with WORLDS[name]() as make:
        yield make


@pytest.fixture
def fresh(make):
    """A backend that was only constructed."""
    backend = make()
    yield backend
    backend.close()


@pytest.fixture
def backend(fresh):
    drive(fresh.load(SPEC))
    drive(fresh.reset(layout()))
    return fresh


def layout(spec: SceneSpec = SPEC, places=PLACES, **changes) -> SceneLayout:
    objects = tuple(
        Placement(pos=pos, rgb=_rgb(o.colour), mass=o.mass, friction=o.friction)
        for o, pos in zip(spec.objects, places, strict=True)
    )
    usual = SceneLayout(
        objects=objects,
        qpos=tuple(panda.QPOS_HOME),
        table=spec.table,
        lights=spec.lights,
        ambient=spec.ambient,
        cameras=spec.cameras,
    )
    return dataclasses.replace(usual, **changes)


def _rgb(colour: str):
    return {"red": (0.8, 0.09, 0.09), "green": (0.1, 0.58, 0.16), "blue": (0.1, 0.25, 0.78)}[colour]


def run(backend, target: JointTarget, steps: int):
    for _ in range(steps):
        backend.apply(target)
        backend.step()
    return backend.state()


def waving(step: int) -> JointTarget:
    """A target that moves every joint and the fingers."""
    return JointTarget(panda.QPOS_HOME + 0.1 * np.sin(0.3 * step + np.arange(7)), 0.04 + 0.04 * math.cos(0.3 * step))


def wave(backend) -> list[np.ndarray]:
    drive(backend.reset(layout()))
    record = []
    for step in range(20):
        backend.apply(waving(step))
        backend.step()
        state = backend.state()
        record += [getattr(state, name) for name in ARRAYS]
        record += [state.pose_world_ee.pos, state.pose_world_ee.quat_wxyz, np.array([state.time, state.gripper_width])]
    return record


def look(backend, *cameras: str, resolution_hw=(120, 160), **options):
    return drive(backend.render([RenderRequest(camera=c, resolution_hw=resolution_hw, **options) for c in cameras]))


# ------------------------------------------------------------------ state


def test_a_backend_knows_its_registry_name(fresh, name):
    assert fresh.name == name.partition("-")[0]
    assert fresh.name in BACKENDS


def test_the_state_has_the_shapes_and_the_precision_it_promises(backend):
    state = backend.state()
    shapes = [getattr(state, name).shape for name in ARRAYS]
    assert shapes == [(7,), (7,), (3, 3), (3, 4), (3, 3), (3, 3), (3, 4)]
    assert all(getattr(state, name).dtype == np.float64 for name in ARRAYS)
    assert np.linalg.norm(state.object_quat, axis=1) == pytest.approx(1.0)


def test_objects_are_in_the_order_of_the_scene(backend):
    state = backend.state()
    assert state.bodies == SPEC.bodies
    assert state.object_pos == pytest.approx(np.array(PLACES), abs=0.002)
    assert state.initial_object_pos == pytest.approx(np.array(PLACES), abs=0.002)


def test_a_scene_without_objects_has_empty_arrays(fresh):
    spec = FrankaSceneBuilder("empty").build()
    drive(fresh.load(spec))
    drive(fresh.reset(layout(spec, ())))
    state = run(fresh, HOME, 1)
    assert [getattr(state, name).shape for name in ARRAYS[2:]] == [(0, 3), (0, 4), (0, 3), (0, 3), (0, 4)]


def test_after_a_reset_all_is_at_rest_at_time_zero_where_the_layout_says(backend):
    run(backend, waving(3), 5)
    drive(backend.reset(layout(gripper_width=0.05)))
    state = backend.state()
    assert state.time == 0.0
    assert state.qpos == pytest.approx(panda.QPOS_HOME, abs=0.005)
    assert state.gripper_width == pytest.approx(0.05, abs=0.001)
    assert state.qvel == pytest.approx(np.zeros(7), abs=1e-9)
    assert state.object_linvel == pytest.approx(np.zeros((3, 3)), abs=1e-9)


def test_the_scene_at_the_start_is_the_initial_one(backend):
    state = backend.state()
    assert np.array_equal(state.object_pos, state.initial_object_pos)
    assert np.array_equal(state.object_quat, state.initial_object_quat)


@pytest.mark.parametrize("rate", [20.0, 15.0, 7.0])
def test_every_step_lasts_one_control_period(fresh, rate):
    spec = SPEC.with_rate(rate)
    drive(fresh.load(spec))
    drive(fresh.reset(layout(spec)))
    times = [run(fresh, HOME, 1).time for _ in range(10)]
    assert times == pytest.approx([(i + 1) / rate for i in range(10)], abs=1e-12)


def test_the_same_layout_and_targets_give_the_same_states_to_the_last_bit(backend):
    first, second = wave(backend), wave(backend)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_two_worlds_with_the_same_layout_do_not_differ(backend, make):
    other = make()
    drive(other.load(SPEC))
    assert all(np.array_equal(a, b) for a, b in zip(wave(backend), wave(other), strict=True))
    other.close()


def test_later_steps_do_not_change_a_state_already_given(backend):
    state = run(backend, waving(0), 2)
    before = {name: getattr(state, name).copy() for name in ARRAYS}
    ee = state.pose_world_ee.pos.copy()
    run(backend, waving(7), 5)
    assert all(np.array_equal(before[name], getattr(state, name)) for name in ARRAYS)
    assert np.array_equal(ee, state.pose_world_ee.pos)


def test_changing_a_state_does_not_change_the_world(backend):
    given = backend.state()
    kept = {name: getattr(given, name).copy() for name in ARRAYS}
    for array in (getattr(given, name) for name in ARRAYS):
        if array.flags.writeable:
            array[:] = 9.0
    assert all(np.array_equal(getattr(backend.state(), name), kept[name]) for name in ARRAYS)


def test_changing_a_target_after_it_was_applied_does_nothing(backend):
    qpos = panda.QPOS_HOME.copy()
    backend.apply(JointTarget(qpos, 0.08))
    qpos += 0.3
    for _ in range(ONE_SECOND):
        backend.step()
    assert backend.state().qpos == pytest.approx(panda.QPOS_HOME, abs=0.02)


# ------------------------------------------------------------------ motion


@pytest.mark.parametrize("motion", [0.15, -0.15])
def test_a_target_nearby_is_reached_within_a_second(backend, motion):
    target = JointTarget(panda.QPOS_HOME + motion, 0.08)
    state = run(backend, target, ONE_SECOND)
    assert np.abs(state.qpos - target.qpos).max() <= 0.02
    assert np.abs(state.qvel).max() <= 0.05


def test_while_the_arm_holds_still_objects_stay_where_they_are(backend, name):
    start = backend.state().object_pos
    state = run(backend, HOME, ONE_SECOND)
    assert np.linalg.norm(state.object_pos - start, axis=1).max() <= REST_TOLERANCE.get(name, 0.002)


@pytest.mark.parametrize("width", [0.0, 0.03, 0.06])
def test_empty_fingers_go_to_the_commanded_width_and_open_again(backend, width):
    closed = run(backend, JointTarget(panda.QPOS_HOME, width), ONE_SECOND)
    assert closed.gripper_width == pytest.approx(width, abs=0.002)
    assert run(backend, HOME, ONE_SECOND).gripper_width == pytest.approx(panda.GRIPPER_MAX_WIDTH, abs=0.002)


def test_the_end_effector_is_where_forward_kinematics_says(backend):
    for step in range(5):
        state = run(backend, waving(5 * step), 2)
        expected = state.pose_world_base @ kinematics.pose_base_ee(state.qpos)
        assert state.pose_world_ee.pos == pytest.approx(expected.pos, abs=1e-6)
        assert angle_between(state.pose_world_ee.rotation, expected.rotation) <= 1e-6


def test_the_base_stands_in_the_origin_of_the_table_top(backend):
    base = backend.state().pose_world_base
    assert base.matrix() == pytest.approx(np.eye(4), abs=1e-9)


# ------------------------------------------------------------------ pictures


@drawing
@pytest.mark.parametrize("steps", [0, 3])
def test_a_frame_is_never_older_than_the_state(backend, steps):
    state = run(backend, HOME, steps)
    frame = look(backend, "front")["front"]
    assert frame.time >= state.time
    assert frame.camera == "front"


@drawing
def test_a_picture_after_a_reset_shows_the_new_layout(backend):
    before = look(backend, "front")["front"].rgb
    drive(backend.reset(layout(places=((0.60, -0.20, 0.02), *PLACES[1:]))))
    assert not np.array_equal(before, look(backend, "front")["front"].rgb)


@drawing
def test_a_picture_after_steps_shows_the_arm_moved(backend):
    before = look(backend, "wrist")["wrist"].rgb
    run(backend, JointTarget(panda.QPOS_HOME + 0.2, 0.08), ONE_SECOND // 2)
    assert not np.array_equal(before, look(backend, "wrist")["wrist"].rgb)


@drawing
def test_images_have_the_requested_shape_and_type(backend):
    frame = look(backend, "side", resolution_hw=(48, 64), depth=True, segmentation=True)["side"]
    assert (frame.rgb.shape, frame.rgb.dtype) == ((48, 64, 3), np.uint8)
    assert (frame.depth.shape, frame.depth.dtype) == ((48, 64), np.float32)
    assert (frame.segmentation.shape, frame.segmentation.dtype) == ((48, 64), np.int32)


@drawing
def test_an_image_takes_the_cameras_own_size_unless_told_and_no_layers_unasked(backend):
    frame = look(backend, "front", resolution_hw=None)["front"]
    assert frame.rgb.shape == (*SPEC.camera("front").resolution_hw, 3)
    assert frame.depth is None
    assert frame.segmentation is None


@drawing
def test_a_frame_belongs_to_the_caller(backend):
    first = look(backend, "front", depth=True)["front"]
    kept = first.rgb.copy(), first.depth.copy()
    second = look(backend, "front", depth=True)["front"]
    second.rgb[:], second.depth[:] = 0, 0
    assert np.array_equal(first.rgb, kept[0])
    assert np.array_equal(first.depth, kept[1])
    assert np.array_equal(look(backend, "front")["front"].rgb, kept[0])


@drawing
def test_different_cameras_see_different_pictures(backend):
    frames = look(backend, "front", "side", "wrist")
    assert set(frames) == {"front", "side", "wrist"}
    assert not np.array_equal(frames["front"].rgb, frames["side"].rgb)
    assert not np.array_equal(frames["front"].rgb, frames["wrist"].rgb)


@drawing
@pytest.mark.parametrize("resolution_hw", [None, (48, 64)])
def test_an_unknown_camera_is_an_error_that_names_the_known_ones(backend, resolution_hw):
    with pytest.raises(UnknownNameError, match=r"no camera named 'frnt'; did you mean 'front'\? Known: front, side"):
        look(backend, "frnt", resolution_hw=resolution_hw)


@drawing
@pytest.mark.parametrize("camera", ["front", "side", "wrist"])
def test_a_red_cube_appears_where_the_camera_model_says(backend, camera):
    column, row, _ = projected_red_cube(backend.state(), camera, (240, 320))
    red, green, blue = look(backend, camera, resolution_hw=(240, 320))[camera].rgb[row, column].astype(int)
    assert red > 40
    assert red > 2 * max(green, blue)


@drawing
@pytest.mark.parametrize("camera", ["front", "side", "wrist"])
def test_segmentation_names_the_cube_and_depth_is_its_distance_along_the_camera_axis(backend, camera):
    column, row, distance = projected_red_cube(backend.state(), camera, (240, 320))
    frame = look(backend, camera, resolution_hw=(240, 320), depth=True, segmentation=True)[camera]
    assert frame.segmentation[row, column] == RED
    assert abs(frame.depth[row, column] - distance) <= SIZE / 2 * math.sqrt(3)


@drawing
def test_segmentation_tells_robot_table_and_background_apart(backend):
    codes = look(backend, "video", segmentation=True)["video"].segmentation
    assert {-3, -2, -1, 0, 1, 2} == set(np.unique(codes))


def projected_red_cube(state, camera: str, resolution_hw):
    """Return column and row [px] of the cube's centre and its distance along the camera axis [m], by hand."""
    config = SPEC.camera(camera)
    mount = np.eye(4)
    if config.mount == "hand":
        mount = state.pose_world_ee.matrix()
        mount[:3, 3] -= panda.HAND_TO_EE * mount[:3, 2]
    world_from_camera = mount @ config.pose_mount_camera.matrix()
    x, y, z = (np.linalg.inv(world_from_camera) @ [*state.object_pos[RED], 1.0])[:3]
    u, v, w = config.intrinsics(resolution_hw) @ [x, y, z]
    return int(u / w), int(v / w), z


# ------------------------------------------------------------------ order of use


@pytest.mark.parametrize(
    "use",
    [
        lambda b: b.state(),
        lambda b: b.step(),
        lambda b: b.apply(HOME),
        lambda b: drive(b.reset(layout())),
        lambda b: drive(b.render([RenderRequest(camera="front")])),
    ],
    ids=["state", "step", "apply", "reset", "render"],
)
def test_use_before_load_says_to_load_first(fresh, use):
    with pytest.raises(BackendError, match="load"):
        use(fresh)


def test_use_before_reset_says_to_reset_first(fresh):
    drive(fresh.load(SPEC))
    with pytest.raises(BackendError, match="reset"):
        fresh.state()


def test_a_layout_of_another_scene_is_refused_and_the_world_stays_as_it_was(backend):
    state = run(backend, waving(2), 3)
    other = FrankaSceneBuilder("other").add_cube("red").build()
    with pytest.raises(SceneError, match=r"places 1 objects but the scene 'contract' has 3"):
        drive(backend.reset(layout(other, PLACES[:1])))
    assert backend.state().time == state.time


def test_loading_again_replaces_the_scene(backend):
    other = FrankaSceneBuilder("other").add_cube("red").build()
    drive(backend.load(other))
    drive(backend.reset(layout(other, PLACES[:1])))
    assert [body.name for body in backend.state().bodies] == ["red_cube"]


def test_loading_the_same_scene_twice_works_and_asks_for_a_reset(backend):
    drive(backend.load(SPEC))
    with pytest.raises(BackendError, match="reset"):
        backend.state()
    drive(backend.reset(layout()))
    assert backend.state().time == 0.0


def test_closing_twice_is_fine_and_nothing_works_afterwards(backend):
    backend.close()
    backend.close()
    with pytest.raises(BackendError):
        backend.state()


def test_a_closed_backend_can_be_loaded_again(backend):
    backend.close()
    drive(backend.load(SPEC))
    drive(backend.reset(layout()))
    assert run(backend, HOME, 1).time == pytest.approx(PERIOD)
