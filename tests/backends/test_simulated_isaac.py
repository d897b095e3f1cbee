"""The simulated Isaac Sim: what a release lacks fails as it would there, and minimal scripts run on every release."""

from __future__ import annotations

import asyncio
import builtins
import importlib
import importlib.util
import sys
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("pxr", reason="the simulated Isaac Sim needs usd-core")
pytest.importorskip("mujoco", reason="the simulated Isaac Sim draws and moves with MuJoCo")

from pxr import UsdGeom, UsdPhysics

from tests.simulated_isaac import Traps, of_releases, releases, simulated_isaac
from tests.simulated_isaac.bench import (
    CUBE,
    FRONT,
    RED_POS,
    RED_SIZE,
    SIZE_WH,
    SPEC,
    START,
    WARM,
    WRIST,
    Table,
    as_sensor,
    check_red,
    classic_names,
    layout,
    red_pixel,
)
from vla_isaac.backends.isaac.probe import probe
from vla_isaac.robots import panda
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


# ------------------------------------------------------------------ modules and signatures


@pytest.mark.parametrize(
    ("release", "present", "absent"),
    [
        ("4.2", "omni.isaac.core", "isaacsim.core.api"),
        ("4.5", "isaacsim.core.api", "isaacsim.core.experimental.prims"),
        ("5.1", "isaacsim.core.experimental.prims", "isaacsim.core.rendering_manager"),
        ("6.2", "isaacsim.core.rendering_manager", "omni.isaac.core"),
    ],
)
def test_a_module_is_found_only_where_the_release_has_it(release, present, absent):
    with simulated_isaac(release):
        assert importlib.util.find_spec(present).name == present
        assert absent not in sys.modules
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(absent)


@pytest.mark.parametrize(
    ("release", "classic", "port"),
    [
        ("4.2", True, "classic"),
        ("4.5", True, "classic"),
        ("5.1", True, "classic"),
        ("6.2", True, "experimental"),
        ("6.2", False, "experimental"),
    ],
)
def test_our_probe_finds_the_interface_of_each_release(release, classic, port):
    with simulated_isaac(release, classic_api=classic):
        assert probe().choose() == port


def test_a_name_the_release_lacks_is_an_import_error_or_an_attribute_error():
    with simulated_isaac("6.2"):
        with pytest.raises(ImportError):
            from isaacsim.core.api import Wrld  # noqa: F401
        import isaacsim.core.utils.semantics as semantics

        with pytest.raises(AttributeError):
            semantics.no_such_function()


def test_a_module_left_behind_to_raise_raises():
    with simulated_isaac("6.2"), pytest.raises(ImportError, match="removed"):
        importlib.import_module("isaacsim.robot.experimental.manipulators.examples.franka.franka")


def test_unknown_keywords_and_missing_arguments_are_type_errors(table):
    with pytest.raises(TypeError, match="no_such"):
        table.world.step(no_such=True)
    with pytest.raises(TypeError, match="callback_fn"):
        table.world.add_physics_callback("name")
    with pytest.raises(TypeError, match="prim_path"):
        table.isaac.Articulation()


def test_inherited_methods_are_bound_against_the_signature_of_their_base(table):
    with pytest.raises(TypeError):
        table.robot.get_world_pose("too many")  # recorded in _SinglePrimWrapper
    assert table.robot.prim_path == "/World/Robot"


@pytest.mark.parametrize(("release", "has_it"), [("4.2", False), ("4.5", False), ("5.1", True), ("6.2", True)])
def test_a_method_exists_only_from_its_release_on(release, has_it):
    with simulated_isaac(release):
        assert hasattr(classic_names(release).Camera, "destroy") is has_it


def test_a_recorded_name_without_behaviour_says_which_it_is(table):
    with pytest.raises(NotImplementedError, match=r"get_measured_joint_efforts is recorded"):
        table.robot.get_measured_joint_efforts()


def test_an_event_of_the_release_is_an_enum():
    with simulated_isaac("6.2"):
        from isaacsim.core.simulation_manager import SimulationEvent

        assert SimulationEvent.PHYSICS_POST_STEP.value == "isaacsim.simulation.physics_post_step"


@pytest.mark.parametrize("mode", ["script", "kit"])
def test_nothing_is_left_behind(mode):
    def everything():
        ours = {n: m for n, m in sys.modules.items() if n.partition(".")[0] in ("isaacsim", "omni", "carb")}
        return ours, list(sys.meta_path), dict(vars(builtins)), asyncio.get_event_loop_policy()._local.__dict__.copy()

    before = everything()
    with simulated_isaac("5.1", mode=mode) as sim:
        classic_names("5.1")
        assert "omni.kit.app" in sys.modules
        assert builtins.ISAAC_LAUNCHED_FROM_TERMINAL is (mode == "kit")
        sim.run(2)
    assert everything() == before


def test_an_error_inside_leaves_nothing_behind_either():
    with pytest.raises(KeyError), simulated_isaac("5.1"):
        raise KeyError
    assert "omni.kit.app" not in sys.modules


def test_before_simulation_app_is_made_only_isaacsim_can_be_imported():
    with simulated_isaac("5.1", start=False) as sim:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("isaacsim.core.api")
        from isaacsim import SimulationApp

        app = SimulationApp({"headless": True})
        importlib.import_module("isaacsim.core.api")
        assert builtins.ISAAC_LAUNCHED_FROM_TERMINAL is False
        app.update()
        app.close()
        assert not app.is_running()
        assert sim.launch_config == {"headless": True}


def test_further_modules_can_be_put_beside_kits_own():
    fake = ModuleType("omni.ui")
    fake.Window = object
    with simulated_isaac("5.1", mode="kit", extra_modules={"omni.ui": fake}):
        import omni.ui

        assert omni.ui.Window is object
    assert "omni.ui" not in sys.modules


def test_a_file_of_the_users_own_folder_is_a_release_too(tmp_path, monkeypatch):
    text = releases()["5.1"].read_text(encoding="utf-8").replace('"version":"5.1"', '"version":"5.0"', 1)
    (tmp_path / "5.0.json").write_text(text, encoding="utf-8")
    monkeypatch.setenv("VLA_ISAAC_API_DIR", str(tmp_path))
    with simulated_isaac("5.0") as sim:
        assert (sim.release, sim.version, sim.generation) == ("5.0", (5, 0), "B")
        assert classic_names("5.0").World is not None


def test_an_unknown_release_names_the_known_ones():
    with pytest.raises(LookupError, match=r"'3\.1'; known: .*5\.1"), simulated_isaac("3.1"):
        pass


# ------------------------------------------------------------------ minimal scripts, by hand


@pytest.mark.gl
def test_a_script_for_4_2_moves_the_arm_and_sees_the_cube():
    with simulated_isaac("4.2", start=False) as sim:
        from isaacsim import SimulationApp

        app = SimulationApp({"headless": True})
        from omni.isaac.core import World
        from omni.isaac.core.articulations import Articulation
        from omni.isaac.core.utils.stage import get_current_stage
        from omni.isaac.core.utils.types import ArticulationAction
        from omni.isaac.sensor import Camera

        write_scene(get_current_stage(), SPEC, layout())
        world = World(physics_dt=1 / 500, rendering_dt=1 / 20, stage_units_in_meters=1.0)
        robot = Articulation(prim_path="/World/Robot", name="robot")
        world.reset()
        robot.initialize()
        camera = Camera(prim_path=FRONT, name="front", resolution=SIZE_WH)
        camera.initialize()
        robot.apply_action(ArticulationAction(joint_positions=START - 0.02))
        for _ in range(20):
            world.step(render=True)
        assert robot.get_joint_positions() == pytest.approx(START - 0.02, abs=1e-3)
        check_red(camera.get_rgba(), SIZE_WH)
        app.close()
        assert sim.violations == []


@pytest.mark.gl
def test_a_script_for_5_1_moves_the_arm_and_sees_the_cube():
    with simulated_isaac("5.1", start=False) as sim:
        from isaacsim import SimulationApp

        app = SimulationApp({"headless": True})
        from isaacsim.core.api import World
        from isaacsim.core.prims import SingleArticulation, SingleRigidPrim
        from isaacsim.core.utils.types import ArticulationAction
        from isaacsim.sensors.camera import Camera

        write_scene(sim.stage, SPEC, layout())
        world = World(physics_dt=1 / 500, rendering_dt=1 / 20, stage_units_in_meters=1.0)
        robot, cube = SingleArticulation(prim_path="/World/Robot"), SingleRigidPrim(prim_path=CUBE)
        world.reset()
        robot.initialize()
        cube.initialize()
        camera = Camera(prim_path=FRONT, resolution=SIZE_WH)
        camera.initialize()
        robot.apply_action(ArticulationAction(joint_positions=START - 0.02))
        for _ in range(20):
            world.step(render=True)
        assert robot.get_joint_positions() == pytest.approx(START - 0.02, abs=1e-3)
        assert cube.get_world_pose()[0] == pytest.approx(RED_POS, abs=1e-3)
        check_red(camera.get_rgb(), SIZE_WH)
        app.close()
        assert sim.violations == []


@pytest.mark.gl
def test_a_script_for_6_2_experimental_moves_the_arm_and_sees_the_cube():
    with simulated_isaac("6.2", classic_api=False) as sim:
        import isaacsim.core.experimental.utils.app as app_utils
        import isaacsim.core.experimental.utils.stage as stage_utils
        from isaacsim.core.experimental.prims import Articulation, RigidPrim
        from isaacsim.core.rendering_manager import RenderingManager
        from isaacsim.core.simulation_manager import SimulationManager
        from isaacsim.sensors.experimental.rtx import CameraSensor

        stage_utils.create_new_stage()
        write_scene(stage_utils.get_current_stage(), SPEC, layout())
        RenderingManager.set_dt(1 / 20)
        SimulationManager.setup_simulation(dt=1 / 500)
        robot, cubes = Articulation("/World/Robot"), RigidPrim([CUBE])
        sensor = as_sensor(stage_utils.get_current_stage(), FRONT)
        camera = CameraSensor(sensor, resolution=(240, 320), annotators=["rgb", "distance_to_image_plane"])
        app_utils.play()
        app_utils.update_app()
        robot.set_dof_position_targets(START[None] - 0.02)
        app_utils.update_app(steps=20)
        assert robot.get_dof_positions().numpy()[0] == pytest.approx(START - 0.02, abs=1e-3)
        assert cubes.get_world_poses()[0].numpy()[0] == pytest.approx(RED_POS, abs=1e-3)
        check_red(camera.get_data("rgb")[0].numpy(), (320, 240))
        column, row, distance = red_pixel((320, 240))
        assert camera.get_data("distance_to_image_plane")[0].numpy()[row, column, 0] == pytest.approx(distance, abs=RED_SIZE)
        assert sim.violations == []


@pytest.mark.gl
@pytest.mark.parametrize("release", CLASSIC)
def test_every_release_runs_the_classic_interface_without_violations(release, table):
    camera = table.camera()
    table.aim(START - 0.02)
    table.step(20)
    assert table.robot.dof_names == [*panda.ARM_JOINTS, *panda.FINGER_JOINTS]
    assert table.robot.get_joint_positions() == pytest.approx(START - 0.02, abs=1e-3)
    assert table.robot.get_joint_positions().dtype == np.float32
    check_red(camera.get_rgba(), SIZE_WH)
    assert table.sim.violations == []


@pytest.mark.gl
@pytest.mark.parametrize("release", CLASSIC)
def test_labels_name_the_cube_and_depth_is_its_distance(release, table):
    camera = table.camera()
    camera.add_distance_to_image_plane_to_frame()
    camera.add_semantic_segmentation_to_frame()
    table.step(WARM + 2)  # a camera of 4.2 takes over what is due at the rate that a script's World set
    column, row, distance = red_pixel(SIZE_WH)
    found = camera.get_current_frame()["semantic_segmentation"]
    assert found["data"].dtype == np.uint32
    assert found["info"]["idToLabels"][str(found["data"][row, column])] == {"class": "red_cube"}
    assert camera.get_depth()[row, column] == pytest.approx(distance, abs=RED_SIZE)


@pytest.mark.gl
def test_the_camera_on_the_hand_goes_with_the_hand(table):
    camera = table.camera(WRIST)
    table.step(WARM)
    before = camera.get_rgb()
    table.aim(START - 0.1)
    table.step(10)
    assert not np.array_equal(before, camera.get_rgb())


def test_the_fingers_are_two_degrees_of_freedom(table):
    table.aim([*panda.QPOS_HOME, 0.01, 0.03])
    table.step(20)
    assert table.robot.get_joint_positions()[7:] == pytest.approx([0.01, 0.03], abs=1e-3)


def test_the_gripper_lifts_a_cube(table):
    from vla_isaac.robots import kinematics

    table.sim.timeline.stop()
    table.sim.run()
    prim = table.sim.stage.GetPrimAtPath(CUBE)
    ee = kinematics.pose_base_ee(panda.QPOS_HOME)
    UsdGeom.XformCommonAPI(prim)
    prim.GetAttribute("xformOp:translate").Set(tuple(map(float, ee.pos)))
    prim.GetAttribute("xformOp:orient").Set(type(prim.GetAttribute("xformOp:orient").Get())(*map(float, ee.quat_wxyz)))
    UsdPhysics.Scene(table.sim.stage.GetPrimAtPath("/World/PhysicsScene")).GetGravityMagnitudeAttr().Set(0.0)
    table.reset()
    table.aim([*panda.QPOS_HOME, 0.0, 0.0])
    table.step(10)
    table.aim([*(panda.QPOS_HOME - 0.1), 0.0, 0.0])
    table.step(20)
    expected = kinematics.pose_base_ee(panda.QPOS_HOME - 0.1).pos
    assert table.cube.get_world_pose()[0] == pytest.approx(expected, abs=0.005)


@pytest.mark.gl
@pytest.mark.parametrize("release", ["5.1"])
def test_the_same_calls_give_the_same_numbers_and_pixels_to_the_last_bit(release):
    def episode():
        with simulated_isaac(release, assets="none") as sim:
            table = Table(sim, release)
            camera = table.camera()
            table.aim(START - 0.1)
            table.step(8)
            return [table.robot.get_joint_positions(), table.cube.get_world_pose()[0], camera.get_rgba()]

    assert all(np.array_equal(a, b) for a, b in zip(episode(), episode(), strict=True))


def test_the_same_reset_gives_the_same_numbers_in_one_process(table):
    def run():
        table.reset()
        table.aim(START - 0.1)
        table.step(5)
        return table.robot.get_joint_positions(), table.cube.get_world_pose()[0]

    assert all(np.array_equal(a, b) for a, b in zip(run(), run(), strict=True))
