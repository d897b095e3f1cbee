"""Every trap of the simulated Isaac Sim shows itself, and can be switched off."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import math
import threading
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("pxr", reason="the simulated Isaac Sim needs usd-core")
pytest.importorskip("mujoco", reason="the simulated Isaac Sim draws and moves with MuJoCo")

from pxr import Usd, UsdGeom, UsdPhysics

from tests.simulated_isaac import Traps, of_releases, simulated_isaac
from tests.simulated_isaac.bench import (
    BOX,
    CUBE,
    FIRST_SUBSTEPS,
    FRONT,
    PERIOD,
    RED_POS,
    SIZE_WH,
    SPEC,
    START,
    SUBSTEPS,
    WARM,
    Table,
    as_sensor,
    classic_names,
    layout,
    new_world,
)
from tests.simulated_isaac.rates import MIN_FRAME_RATE, set_app_dt
from tests.simulated_isaac.traps import WARM_UP_STEPS
from vla_isaac.scene.usd import write_scene

CLASSIC = of_releases()


@pytest.fixture
def release():
    return "5.1"


@pytest.fixture
def traps():
    return Traps()


@pytest.fixture
def table(release, traps):
    with simulated_isaac(release, assets="none", traps=traps) as sim:
        yield Table(sim, release)


def off(*names: str):
    return pytest.mark.parametrize("traps", [Traps().without(*names)], ids=["off"])


# ------------------------------------------------------------------ handles


def test_getters_give_none_before_initialize_and_warn(table):
    robot = table.isaac.Articulation(prim_path="/World/Robot", name="another")
    assert robot.get_joint_positions() is None
    assert robot.dof_names is None
    assert "Articulation needs to be initialized." in table.sim.messages("warn")


def test_initialize_before_play_fails():
    with simulated_isaac("5.1") as sim:
        isaac = classic_names("5.1")
        write_scene(sim.stage, SPEC, layout())
        with pytest.raises(Exception, match="needs a simulation that plays"):
            isaac.Articulation(prim_path="/World/Robot").initialize()


def test_stop_discards_handles_until_initialize(table):
    table.world.reset()
    assert table.robot.get_joint_positions() is None
    table.robot.initialize()
    assert table.robot.get_joint_positions() is not None


@off("stop_discards_handles")
def test_handles_survive_a_stop_while_that_trap_is_off(traps, table):
    table.world.reset()
    assert table.robot.get_joint_positions() is not None


def test_a_rigid_prim_without_handle_silently_answers_from_usd(table):
    table.cube.set_linear_velocity([0.0, 0.0, 1.0])
    table.step(2)
    assert table.cube.get_world_pose()[0][2] > 0.05
    stale = table.isaac.RigidPrim(prim_path=CUBE, name="stale")
    assert stale.get_world_pose()[0] == pytest.approx(RED_POS)


def test_poses_never_go_to_usd_and_stop_puts_everything_back(table):
    table.cube.set_linear_velocity([0.0, 0.0, 1.0])
    table.step(2)
    matrix = UsdGeom.Imageable(table.sim.stage.GetPrimAtPath(CUBE)).ComputeLocalToWorldTransform(Usd.TimeCode.Default())
    assert np.array(matrix)[3, :3] == pytest.approx(RED_POS)
    table.reset()
    assert table.cube.get_world_pose()[0] == pytest.approx(RED_POS, abs=1e-3)


def test_wrapping_a_fixed_object_makes_it_a_rigid_body(table):
    table.world.stop()
    table.isaac.RigidPrim(prim_path=BOX, name="box")
    assert table.sim.stage.GetPrimAtPath(BOX).HasAPI(UsdPhysics.RigidBodyAPI)


def test_gains_set_at_run_time_are_lost_on_stop(table):
    controller = table.robot.get_articulation_controller()
    kps, kds = controller.get_gains()
    controller.set_gains(kps=kps * 2, kds=kds)
    assert controller.get_gains()[0] == pytest.approx(kps * 2)
    table.reset()
    assert controller.get_gains()[0] == pytest.approx(kps)


@off("gains_lost_on_stop")
def test_gains_survive_a_stop_while_that_trap_is_off(traps, table):
    controller = table.robot.get_articulation_controller()
    kps, _ = controller.get_gains()
    controller.set_gains(kps=kps * 2)
    table.reset()
    assert controller.get_gains()[0] == pytest.approx(kps * 2)


def test_a_deleted_robot_makes_the_getters_raise(table):
    table.sim.stage.RemovePrim("/World/Robot")
    with pytest.raises(RuntimeError, match="deleted"):
        table.robot.get_joint_positions()


# ------------------------------------------------------------------ targets


def test_nan_and_none_in_an_action_keep_the_previous_target(table):
    table.aim(START - 0.05)
    table.aim([math.nan] * 7 + [None, 0.04])
    table.step(20)
    assert table.robot.get_joint_positions()[:7] == pytest.approx(START[:7] - 0.05, abs=1e-3)


@off("nan_keeps_target")
def test_nan_raises_while_that_trap_is_off(traps, table):
    with pytest.raises(ValueError, match="not all numbers"):
        table.aim([math.nan] * 9)


def test_targets_beyond_the_limits_are_clamped(table):
    table.aim([9.0] * 9)
    applied = table.robot.get_applied_action().joint_positions
    assert applied[[0, 3, 7]] == pytest.approx([2.8973, -0.0698, 0.04], abs=1e-4)


def test_a_late_teleport_is_a_violation_and_an_early_one_is_not(table):
    table.robot.set_joint_positions(START - 0.1)
    assert table.robot.get_joint_positions() == pytest.approx(START - 0.1, abs=1e-6)
    assert table.sim.violations == []
    table.step(15)
    table.robot.set_joint_positions(START)
    assert table.sim.violations[0].startswith("late_teleport")


# ------------------------------------------------------------------ the world


def test_a_second_world_ignores_its_arguments_until_the_instance_is_cleared(table):
    again = new_world(table.isaac, rendering_dt=1.0)
    assert again is table.world is table.isaac.World.instance()
    assert again.get_rendering_dt() == PERIOD
    table.isaac.World.clear_instance()
    assert table.isaac.World.instance() is None
    assert new_world(table.isaac, rendering_dt=0.1).get_rendering_dt() == 0.1


@pytest.mark.parametrize(("traps", "rate"), [(Traps(), 509), (Traps().without("substeps_truncated"), 510)])
def test_rates_are_truncated(traps, rate):
    rendering_dt, physics_dt = 1 / 15, 1 / 15 / 34 * (1 + 1e-12)
    with simulated_isaac("5.1", traps=traps) as sim:
        classic_names("5.1").World(physics_dt=physics_dt, rendering_dt=rendering_dt, stage_units_in_meters=1.0)
        assert round(1 / sim.physics.dt_on_stage()) == rate


@pytest.mark.parametrize(("slowest", "steps"), [(None, 16), (20, 25), (0, 25)])
def test_a_long_update_is_cut_to_the_slowest_frame_rate(table, slowest, steps):
    table.sim.settings.destroy_item(MIN_FRAME_RATE)
    if slowest is not None:
        table.sim.settings.set(MIN_FRAME_RATE, slowest)
    table.step()  # in single precision 25 steps of 1/500 s do not fit into the first 1/20 s
    before = table.sim.physics.steps
    table.step()
    assert table.sim.physics.steps - before == steps


def test_a_callback_name_in_use_keeps_the_old_function(table):
    calls = []
    table.world.add_physics_callback("step", lambda dt: calls.append("old"))
    table.world.add_physics_callback("step", lambda dt: calls.append("new"))
    table.step()
    assert set(calls) == {"old"}
    assert len(calls) == FIRST_SUBSTEPS
    table.step()
    assert len(calls) == FIRST_SUBSTEPS + SUBSTEPS
    assert "already exists" in table.sim.messages("error")[0]


@pytest.mark.parametrize(("release", "called"), [("5.1", {"a", "b"}), ("6.2", {"b"})])
def test_after_a_reset_of_6_x_every_physics_callback_calls_the_last_function(release, called, table):
    calls = []
    table.world.add_physics_callback("a", lambda dt: calls.append("a"))
    table.world.add_physics_callback("b", lambda dt: calls.append("b"))
    table.reset()
    table.step(2)  # the reset's stop also drops the time that was left over, so that this is the first update after play
    assert set(calls) == called
    assert len(calls) == 2 * (FIRST_SUBSTEPS + SUBSTEPS)


@pytest.mark.gl
def test_a_new_stage_invalidates_the_world_and_drops_cameras_for_good(table):
    camera = table.camera()
    table.step(WARM)
    table.sim.context.new_stage()
    assert table.isaac.World.instance() is None
    assert any("invalidated" in text for text in table.sim.messages("warn"))
    write_scene(table.sim.stage, SPEC, layout())
    new_world(table.isaac).reset()
    table.sim.run(6)
    assert camera.get_rgb() is None


def test_a_step_without_render_leaves_cameras_stale(table):
    camera = table.camera()
    table.step(WARM)
    before = dict(camera.get_current_frame())
    table.world.step(render=False)
    assert dict(camera.get_current_frame()) == before
    table.world.render()  # what is drawn now comes with the next update
    table.world.render()
    assert camera.get_current_frame()["rendering_time"] == table.sim.physics.time


@pytest.mark.parametrize(("release", "steps"), [("4.2", FIRST_SUBSTEPS), ("4.5", 2), ("5.1", 2), ("6.2", 2)])
def test_play_makes_two_steps_that_count_from_4_5_on_and_the_reset_of_4_2_an_update(release, steps):
    with simulated_isaac(release) as sim:
        world = Table(sim, release).world
        assert (sim.physics.steps, sim.physics.time) == (steps, pytest.approx(steps * sim.physics.dt))
        world.step(render=False)
        assert sim.physics.steps == steps + 1


@pytest.mark.parametrize(("release", "grows"), [("5.1", True), ("6.2", False)])
def test_a_frame_is_one_update_late_and_from_6_0_on_its_number_is_the_simulation_time(release, grows):
    with simulated_isaac(release) as sim:
        table = Table(sim, release)
        camera = table.camera()
        table.step(WARM)
        table.world.render()
        frame = dict(camera.get_current_frame())
        assert frame["rendering_time"] == sim.physics.time
        table.step()
        assert camera.get_current_frame()["rendering_time"] == pytest.approx(
            sim.physics.time - (PERIOD / 2 if grows else PERIOD)
        )
        table.world.render()
        table.world.render()
        late = dict(camera.get_current_frame())
        table.world.render()
        assert late["rendering_time"] == camera.get_current_frame()["rendering_time"] == sim.physics.time
        assert (late["rendering_frame"] != camera.get_current_frame()["rendering_frame"]) is grows


def test_a_frame_between_two_samples_of_5_1_is_stamped_by_interpolation(table):
    camera = table.camera()
    table.step(WARM)
    before = table.sim.physics.time
    for _ in range(3):
        table.world.render()
    table.step()
    assert camera.get_current_frame()["rendering_time"] == pytest.approx(before + PERIOD * 3 / 4)
    table.reset()
    table.world.render()
    assert camera.get_current_frame()["rendering_time"] == table.sim.physics.time  # a stop forgets the samples


@pytest.mark.parametrize(("release", "stays"), [("4.2", False), ("5.1", True), ("6.2", False)])
def test_a_cleared_world_of_5_x_stays_subscribed(release, stays):
    with simulated_isaac(release) as sim:
        world = Table(sim, release).world
        world.clear_instance()
        assert [s.name for s in sim.subscriptions if "World" in s.name] == (["World, physics ready"] if stays else [])
        world._on_post_physics_ready_callback = None
        assert [s.name for s in sim.subscriptions if "World" in s.name] == []


def test_the_length_of_an_update_is_asked_of_the_rate_limit_first(views):
    from isaacsim.core.rendering_manager import RenderingManager

    assert RenderingManager.get_dt() == PERIOD
    views.sim.settings.set("/app/runLoops/main/rateLimitEnabled", True)
    views.sim.settings.set("/app/runLoops/main/rateLimitFrequency", 50)
    assert (RenderingManager.get_dt(), views.sim.app_dt) == (0.02, PERIOD)


@pytest.mark.parametrize("mode", ["script", "kit"])
def test_rates_of_4_2_always_write_the_rate_limit(mode):
    with simulated_isaac("4.2", mode=mode) as sim:
        set_app_dt(sim, 0.04)
        assert sim.settings.get("/app/runLoops/main/rateLimitEnabled") is (mode == "kit")
        assert sim.settings.get("/app/runLoops/main/rateLimitFrequency") == pytest.approx(25.0)
        assert sim.loop_runner.get_manual_mode() is (mode == "script")
        assert sim.app_dt == pytest.approx(0.04)


def test_a_render_product_made_inside_a_physics_step_is_a_violation(table):
    table.world.add_physics_callback("camera", lambda _: table.sim.violations or table.camera())
    table.step()
    assert [v.partition(":")[0] for v in table.sim.violations] == ["render_product_in_step"]


def test_the_timeline_waits_for_a_commit_or_an_update(table):
    table.sim.timeline.stop()
    assert not table.world.is_stopped()
    table.sim.run()
    assert table.world.is_stopped()


def test_a_commit_inside_a_physics_step_is_a_violation(table):
    table.sim.timeline.commit()
    assert table.sim.violations == []
    table.world.add_physics_callback("step", lambda dt: table.sim.timeline.commit())
    table.step()
    assert table.sim.violations[0] == "loop_is_kits: timeline.commit() was called inside a physics step"


def test_prims_with_physics_written_while_playing_are_a_violation(table):
    UsdGeom.Camera.Define(table.sim.stage, "/World/Cameras/new")
    assert table.sim.violations == []
    UsdPhysics.CollisionAPI.Apply(UsdGeom.Cube.Define(table.sim.stage, "/World/new").GetPrim())
    assert table.sim.violations[0].startswith("authoring_while_playing: /World/new")


def test_the_simulator_used_off_its_thread_is_a_violation(table):
    thread = threading.Thread(target=table.robot.get_joint_positions)
    thread.start()
    thread.join()
    assert table.sim.violations[0].startswith("off_thread")


# ------------------------------------------------------------------ cameras


@pytest.mark.gl
@pytest.mark.parametrize(("release", "empty"), [("4.2", (0,)), ("4.5", (0,)), ("5.1", (0,)), ("6.2", None)])
def test_the_first_frames_are_empty(release, empty, table):
    camera = table.camera()
    camera.add_distance_to_image_plane_to_frame()
    table.step()
    shapes = [None if a is None else a.shape for a in (camera.get_rgba(), camera.get_depth())]
    assert shapes == [empty, empty]
    assert (camera.get_rgb() is None) is (release != "4.2")
    table.step(WARM)
    assert camera.get_rgb().shape == (SIZE_WH[1], SIZE_WH[0], 3)


def test_the_frame_of_4_2_starts_with_zeros_of_the_wrong_shape():
    with simulated_isaac("4.2", assets="none") as sim:
        table = Table(sim, "4.2")
        first = table.camera().get_current_frame()["rgba"]
    assert (first.shape, first.dtype, first.any()) == ((*SIZE_WH, 4), np.int32, False)


def test_the_colour_key_of_the_frame_changed_with_5_0():
    keys = {}
    for release in ("4.5", "5.1"):
        with simulated_isaac(release, assets="none") as sim:
            keys[release] = set(Table(sim, release).camera().get_current_frame())
    assert keys["4.5"] == {"rgba", "rendering_time", "rendering_frame"}
    assert keys["5.1"] == {"rgb", "rendering_time", "rendering_frame"}


def test_the_frame_is_live_and_a_clone_is_not(table):
    camera = table.camera()
    table.step(WARM)
    live, clone = camera.get_current_frame(), camera.get_current_frame(clone=True)
    time = clone["rendering_time"]
    table.step()
    assert live["rendering_time"] == pytest.approx(time + PERIOD)
    assert clone["rendering_time"] == time


def test_the_number_of_a_frame_is_a_dict_from_4_5_on(table):
    camera = table.camera()
    assert camera.get_current_frame()["rendering_frame"] == 0
    table.step(WARM)
    number = camera.get_current_frame()["rendering_frame"]
    assert set(number) == {"referenceTimeNumerator", "referenceTimeDenominator"}


@pytest.mark.gl
def test_after_a_reset_the_old_picture_comes_twice_and_then_none(table):
    camera = table.camera()
    table.aim(START - 0.5)
    table.step(10)
    old = camera.get_rgb()
    table.reset()  # stop and play: one update of play passed
    assert np.array_equal(camera.get_rgb(), old)
    table.step()
    assert np.array_equal(camera.get_rgb(), old)
    table.step()
    assert camera.get_rgb() is None
    table.step()
    assert not np.array_equal(camera.get_rgb(), old)


def test_stop_pauses_a_camera_and_play_resumes_it(table):
    camera = table.camera()
    table.world.stop()
    assert camera.is_paused()
    table.world.play()
    assert not camera.is_paused()


@pytest.mark.gl
@pytest.mark.parametrize("traps", [Traps(), Traps().without("small_images_misshapen")], ids=["set", "off"])
def test_an_image_below_300_pixels_comes_in_another_size(traps, table):
    camera = table.camera(size_wh=(224, 224))
    table.step(WARM)
    assert (camera.get_rgb().shape == (224, 224, 3)) is (not traps.small_images_misshapen)


def test_frequency_and_dt_together_raise(table):
    with pytest.raises(Exception, match="can't be both specified"):
        table.isaac.Camera(prim_path=FRONT, frequency=10, dt=0.1)


def test_a_camera_that_follows_a_rate_limit_drops_what_comes_sooner(table):
    table.sim.settings.set("/app/runLoops/main/rateLimitFrequency", 5)
    slow, fast = table.camera(), table.camera()
    fast.set_frequency(-1)
    table.step(WARM + 2)
    times = [camera.get_current_frame()["rendering_time"] for camera in (slow, fast)]
    steps = WARM_UP_STEPS + FIRST_SUBSTEPS + WARM * SUBSTEPS  # drawn one update ago, after WARM + 1 of WARM + 2 updates
    assert times[1] == pytest.approx(steps * table.sim.physics.dt)
    assert times[0] < times[1]


def test_the_vertical_aperture_is_left_alone_by_4_2():
    with simulated_isaac("4.2") as sim:
        table = Table(sim, "4.2")
        before = UsdGeom.Camera(sim.stage.GetPrimAtPath(FRONT)).GetVerticalApertureAttr().Get()
        table.camera(size_wh=(600, 300))
        assert UsdGeom.Camera(sim.stage.GetPrimAtPath(FRONT)).GetVerticalApertureAttr().Get() == before


def test_the_vertical_aperture_is_made_to_fit(table):
    prim = UsdGeom.Camera(table.sim.stage.GetPrimAtPath(FRONT))
    table.camera(size_wh=(600, 300))
    assert prim.GetVerticalApertureAttr().Get() == pytest.approx(prim.GetHorizontalApertureAttr().Get() / 2)


@pytest.mark.gl
def test_a_camera_is_blind_for_ever_once_its_prim_was_deleted(table):
    camera = table.camera()
    table.step(WARM)
    table.sim.stage.RemovePrim(FRONT)
    UsdGeom.Camera.Define(table.sim.stage, FRONT)
    table.step(6)
    assert camera.get_rgb() is None


# ------------------------------------------------------------------ the experimental interface


@pytest.fixture
def views():
    with simulated_isaac("6.2", classic_api=False, assets="none") as sim:
        import isaacsim.core.experimental.utils.app as app_utils
        from isaacsim.core.experimental.prims import Articulation
        from isaacsim.core.rendering_manager import RenderingManager
        from isaacsim.sensors.experimental.rtx import CameraSensor

        write_scene(sim.stage, SPEC, layout())
        RenderingManager.set_dt(PERIOD)
        robot = Articulation("/World/Robot")
        yield SimpleNamespace(sim=sim, app=app_utils, robot=robot, CameraSensor=CameraSensor)


def test_warp_arrays_know_no_numpy(views):
    views.app.play()
    views.app.update_app()
    positions = views.robot.get_dof_positions()
    assert positions.shape == (1, 9)
    assert not hasattr(positions, "__array__")
    with pytest.raises(TypeError):
        positions + 1
    assert positions.numpy()[0] == pytest.approx(START, abs=1e-3)


def test_positions_assert_before_play_and_targets_silently_go_to_usd(views):
    with pytest.raises(AssertionError):
        views.robot.get_dof_positions()
    views.robot.set_dof_position_targets(START[None] - 0.02)
    assert "Falling back" in views.sim.messages("warn")[-1]
    views.app.play()
    views.app.update_app(steps=20)
    assert views.robot.get_dof_positions().numpy()[0] == pytest.approx(START - 0.02, abs=1e-3)


@pytest.mark.gl
def test_a_sensor_gives_none_first_and_its_resolution_is_height_width(views):
    with pytest.raises(ValueError, match="does not have the 'OmniSensorAPI' schema"):
        views.CameraSensor(FRONT, resolution=(240, 320), annotators=["rgb"])
    camera = views.CameraSensor(as_sensor(views.sim.stage, FRONT), resolution=(240, 320), annotators=["rgb"])
    views.app.play()
    views.app.update_app()
    assert camera.get_data("rgb") == (None, {})
    views.app.update_app(steps=WARM)
    assert camera.get_data("rgb")[0].shape == (240, 320, 3)
    with pytest.raises(ValueError, match="was not configured"):
        camera.get_data("distance_to_image_plane")


def test_the_reference_time_of_a_frame_is_the_simulation_time_at_which_it_was_drawn(views):
    from omni.replicator.core import AnnotatorRegistry

    camera = views.CameraSensor(as_sensor(views.sim.stage, FRONT), resolution=(320, 320), annotators=["rgb"])
    stamp = AnnotatorRegistry.get_annotator("ReferenceTime")
    stamp.attach([str(camera.render_product.GetPath())])
    views.app.play()
    views.app.update_app()
    assert stamp.get_data()["referenceTimeDenominator"] == 0
    views.app.update_app(steps=WARM)
    before = views.sim.physics.time
    views.app.update_app()
    assert stamp.get_data() == {"referenceTimeNumerator": int(before * 1e6), "referenceTimeDenominator": 1_000_000}
    views.sim.settings.set("/rtx/hydra/supportMultiTickRate", False)
    assert stamp.get_data()["referenceTimeNumerator"] == views.sim.num_updates - 1


def test_bound_methods_are_held_weakly(views):
    from isaacsim.core.simulation_manager import SimulationEvent, SimulationManager

    class Owner:
        calls = 0

        def step(self, dt, context):
            Owner.calls += 1

    owner = Owner()
    SimulationManager.register_callback(owner.step, event=SimulationEvent.PHYSICS_POST_STEP)
    views.app.play()
    views.app.update_app(steps=2)
    before = Owner.calls
    del owner
    gc.collect()
    views.app.update_app()
    assert before > 0
    assert Owner.calls == before


def test_a_view_is_dead_once_its_prim_was_deleted(views):
    views.app.stop()
    views.sim.stage.RemovePrim("/World/Robot")
    write_scene(views.sim.stage, SPEC, layout())
    assert not views.robot.valid
    with pytest.raises(AssertionError):
        views.robot.get_dof_gains()


# ------------------------------------------------------------------ switched off
@pytest.mark.gl
@pytest.mark.parametrize("traps", [Traps.none()], ids=["none"])
def test_without_traps_robot_and_camera_are_friendly(traps, table):
    robot = table.isaac.Articulation(prim_path="/World/Robot", name="never initialised")
    camera = table.camera(size_wh=(224, 224), frequency=10, dt=0.1)
    table.step(15)
    assert camera.get_rgb().shape == (224, 224, 3)
    robot.set_joint_positions(START - 0.3)
    assert robot.get_joint_positions()[7] == pytest.approx(-0.26)
    table.sim.stage.RemovePrim(FRONT)
    write_scene(table.sim.stage, SPEC, layout())
    table.step()
    assert camera.get_rgb() is not None
    assert not camera.is_paused()
    assert table.sim.violations == []


@pytest.mark.parametrize("traps", [Traps.none()], ids=["none"])
def test_without_traps_the_world_is_friendly(traps, table):
    calls = []
    for name in ("old", "new"):
        table.world.add_physics_callback("step", lambda dt, name=name: calls.append(name))
    table.step()
    assert set(calls) == {"new"}
    table.sim.timeline.stop()
    assert table.world.is_stopped()
    assert new_world(table.isaac, rendering_dt=0.1).get_rendering_dt() == 0.1
    table.sim.context.new_stage()
    assert table.isaac.World.instance() is not None


@pytest.mark.parametrize("traps", [Traps.none()], ids=["none"])
def test_without_traps_views_give_numpy_arrays_and_hold_callbacks(traps):
    with simulated_isaac("6.2", traps=traps, assets="none") as sim:
        from isaacsim.core.experimental.prims import Articulation
        from isaacsim.core.simulation_manager import SimulationEvent, SimulationManager

        write_scene(sim.stage, SPEC, layout())
        owner = SimpleNamespace(calls=[])
        SimulationManager.register_callback(_Counter(owner.calls).step, event=SimulationEvent.PHYSICS_PRE_STEP)
        sim.timeline.play()
        sim.run(2)
        assert np.asarray(Articulation("/World/Robot").get_dof_positions())[0] == pytest.approx(START, abs=1e-3)
        assert owner.calls


class _Counter:
    def __init__(self, calls: list) -> None:
        self.calls = calls

    def step(self, dt, context) -> None:
        self.calls.append(dt)


def test_every_trap_can_be_switched_off_alone_and_tells_its_source():
    source = importlib.import_module("tests.simulated_isaac.traps")
    with open(source.__file__, encoding="utf-8") as file:  # noqa: PTH123
        text = file.read()
    for name in Traps.names():
        assert not getattr(Traps().without(name), name)
        assert getattr(Traps.only(name), name)
        assert any(
            word in text.partition(f"    {name}: bool = True\n")[2][:60]
            for word in ("API page", "6.2", "6.0.1", "5.1", "5.0", "Brief")
        )
