"""The simulated Kit: its loop, its events, its asset server."""

from __future__ import annotations

import asyncio
import gc
import importlib
import importlib.util

import pytest

pytest.importorskip("pxr", reason="the simulated Isaac Sim needs usd-core")
pytest.importorskip("mujoco", reason="the simulated Isaac Sim draws and moves with MuJoCo")


from tests.simulated_isaac import TrapError, of_releases, simulated_isaac
from tests.simulated_isaac.assets import franka_paths
from tests.simulated_isaac.bench import SPEC, START, Table, classic_names, layout, new_world
from vla_isaac.scene.usd import write_scene

CLASSIC = of_releases()


# ------------------------------------------------------------------ Kit's loop


def test_in_kit_coroutines_drive_the_classic_interface():
    with simulated_isaac("5.1", mode="kit") as sim:
        isaac = classic_names("5.1")
        write_scene(sim.stage, SPEC, layout())

        async def begin():
            world = new_world(isaac)
            await world.initialize_simulation_context_async()
            robot = isaac.Articulation(prim_path="/World/Robot")  # while stopped: wrapping rewrites the prim's transform
            await world.reset_async()
            robot.initialize()
            return robot

        robot = sim.app.run(begin())
        robot.apply_action(isaac.Action(joint_positions=START - 0.02))
        sim.run(20)
        assert robot.get_joint_positions() == pytest.approx(START - 0.02, abs=1e-3)
        assert sim.violations == []


@pytest.mark.parametrize("call", ["step", "reset", "render", "update"])
def test_in_kit_what_belongs_to_scripts_raises(call):
    with simulated_isaac("5.1", mode="kit") as sim:
        import omni.kit.app

        world = new_world(classic_names("5.1"))
        sim.app.run(world.initialize_simulation_context_async())
        calls = {"step": world.step, "reset": world.reset, "render": world.render, "update": omni.kit.app.get_app().update}
        with pytest.raises(TrapError, match="loop_is_kits"):
            calls[call]()
        assert len(sim.violations) == 1


def test_in_a_callback_of_a_script_the_loop_must_not_be_entered_again():
    with simulated_isaac("5.1", assets="none") as sim:
        table = Table(sim, "5.1")
        table.world.add_physics_callback("step", lambda dt: table.world.render())
        table.step()
        assert sim.violations[0].startswith("loop_is_kits: world.render() was called inside a callback")
        assert "exception in a callback" in sim.messages("error")[0]


def test_6_2_update_app_raises_inside_kit():
    with simulated_isaac("6.2", mode="kit"):
        from isaacsim.core.experimental.utils.app import update_app

        with pytest.raises(RuntimeError, match="loop_is_kits"):
            update_app()


def test_a_task_made_in_a_callback_runs_on_the_next_updates():
    with simulated_isaac("5.1", mode="kit") as sim:
        import omni.kit.app

        app, seen = omni.kit.app.get_app(), []

        async def later():
            for _ in range(2):
                await app.next_update_async()
                seen.append(sim.num_updates)

        tasks = []
        subscription = app.get_update_event_stream().create_subscription_to_pop(
            lambda event: tasks or tasks.append(asyncio.ensure_future(later())), name="ours"
        )
        sim.run(4)
        assert seen == [2, 3]
        assert sim.subscriptions == [subscription]
        subscription = None
        assert sim.subscriptions == []


def test_timeline_and_stage_events_reach_their_subscribers():
    with simulated_isaac("5.1", mode="kit") as sim:
        import omni.timeline
        import omni.usd

        seen = []
        timeline = omni.timeline.get_timeline_interface()
        held = [
            timeline.get_timeline_event_stream().create_subscription_to_pop(lambda e: seen.append(("timeline", e.type))),
            omni.usd.get_context()
            .get_stage_event_stream()
            .create_subscription_to_pop(lambda e: seen.append(("stage", e.type))),
        ]
        timeline.play()
        assert seen == []
        timeline.commit()
        omni.usd.get_context().new_stage()
        events = omni.usd.StageEventType
        assert seen == [
            ("timeline", int(omni.timeline.TimelineEventType.PLAY)),
            ("stage", int(events.CLOSING)),
            ("timeline", int(omni.timeline.TimelineEventType.STOP)),
            ("stage", int(events.CLOSED)),
            ("stage", int(events.OPENED)),
        ]
        assert len(held) == len(sim.subscriptions)


def test_asking_for_assets_on_kits_loop_is_a_violation_and_awaiting_is_not():
    with simulated_isaac("5.1", mode="kit") as sim:
        from isaacsim.storage.native import get_assets_root_path, get_assets_root_path_async

        assert sim.app.run(get_assets_root_path_async()).endswith("Assets/Isaac/5.1")
        assert sim.violations == []
        get_assets_root_path()
        assert sim.violations[0].startswith("blocking_asset_check")


def test_an_error_in_a_task_that_nobody_awaits_is_logged():
    with simulated_isaac("5.1", mode="kit") as sim:

        async def fails():
            raise KeyError("the reason")

        sim.loop.create_task(fails())
        sim.run(2)
        gc.collect()
        assert "the reason" in sim.messages("error")[0]


# ------------------------------------------------------------------ assets


@pytest.mark.parametrize("release", CLASSIC)
def test_a_served_franka_is_an_articulation_that_starts_at_zero(release):
    with simulated_isaac(release) as sim:
        isaac = classic_names(release)
        home = "omni.isaac" if release.startswith("4.2") else "isaacsim"
        stage_utils = importlib.import_module(f"{home}.core.utils.stage")
        nucleus = importlib.import_module("omni.isaac.nucleus" if home == "omni.isaac" else "isaacsim.storage.native")
        file = nucleus.get_assets_root_path() + franka_paths(sim.version)[0]
        assert nucleus.is_file(file)
        stage_utils.add_reference_to_stage(file, "/World/Robot")
        world = new_world(isaac)
        world.reset()
        robot = isaac.Articulation(prim_path="/World/Robot")
        robot.initialize()
        start = [0, 0, 0, -0.0698, 0, 0, 0, 0, 0]
        num = 5 if release == "4.2" else 9  # its reset made a whole update, in which the hand turned; of others two steps
        assert robot.get_joint_positions()[:num] == pytest.approx(start[:num], abs=5e-3)


def test_without_an_assets_root_5_1_raises_and_4_2_gives_none():
    with simulated_isaac("4.2", assets="none"):
        from omni.isaac.nucleus import get_assets_root_path

        assert get_assets_root_path() is None
    with simulated_isaac("5.1", assets="none"):
        from isaacsim.storage.native import get_assets_root_path

        with pytest.raises(RuntimeError):
            get_assets_root_path()


def test_a_missing_file_raises_what_its_interface_raises():
    with simulated_isaac("6.2", assets="missing_file"):
        from isaacsim.core.experimental.utils.stage import add_reference_to_stage as new
        from isaacsim.core.utils.stage import add_reference_to_stage as old
        from isaacsim.storage.native import get_assets_root_path, is_file

        file = get_assets_root_path() + "/Isaac/Robots/none.usd"
        assert not is_file(file)
        with pytest.raises(FileNotFoundError):
            old(file, "/World/Robot")
        with pytest.raises(Exception, match="wasn't found"):
            new(file, "/World/Robot")


@pytest.mark.parametrize("release", ["4.2", "5.1"])
def test_the_second_finger_of_a_served_franka_follows_the_first_from_5_0_on(release):
    with simulated_isaac(release) as sim:
        isaac = classic_names(release)
        path = f"{sim.assets_root}{franka_paths(sim.version)[0]}"
        sim.stage.DefinePrim("/World/Robot").GetReferences().AddReference(path)
        world = new_world(isaac)
        robot = isaac.Articulation(prim_path="/World/Robot", name="robot")
        world.reset()
        robot.initialize()
        stiffness, _ = robot.get_articulation_controller().get_gains()
        assert (stiffness[7] > 0, stiffness[8] > 0) == (True, release == "4.2")
        robot.apply_action(isaac.Action(joint_positions=[0.03, 0.0], joint_indices=[7, 8]))
        for _ in range(20):
            world.step(render=True)
        fingers = robot.get_joint_positions()[7:]
        assert fingers == pytest.approx([0.03, 0.0] if release == "4.2" else [0.03, 0.03], abs=2e-3)
