"""One test for every guard against a trap of Isaac Sim.

`python -m tools.isaac_guards` switches each guard off in turn and expects the test of its name to fail.
"""

from __future__ import annotations

import dataclasses
import gc
import json

import numpy as np
import pytest
from pxr import Usd, UsdPhysics

from tests.backends.isaac.kit_drive import drive_in_kit
from tests.contracts.test_backend_contract import HOME, PLACES, SPEC, layout, run, waving
from tests.contracts.worlds import ports_of
from tests.simulated_isaac import releases, simulated_isaac
from vla_isaac.backends import BACKENDS
from vla_isaac.backends.isaac.probe import CLASSIC_NEEDS, EXPERIMENTAL_NEEDS
from vla_isaac.core.errors import BackendError, RenderError, ShapeError
from vla_isaac.core.types import JointTarget
from vla_isaac.robots import panda
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.spec import JointGains
from vla_isaac.sim.backend import RenderRequest
from vla_isaac.sim.drive import drive

WEAK = JointGains(stiffness=(60.0,) * 7, damping=(8.0,) * 7)
MOVED = ((0.60, -0.20, 0.02), *PLACES[1:])


def start(backend, spec=SPEC, **changes):
    drive(backend.load(spec))
    drive(backend.reset(layout(spec, **changes)))
    return backend


def look(backend, *, size=(224, 224), camera="front", **layers):
    return drive(backend.render([RenderRequest(camera=camera, resolution_hw=size, **layers)]))[camera]


def test_handles_are_made_anew_after_every_reset(backend):
    start(backend)
    x, y, rest = PLACES[0]
    dropped = ((x, y, rest + 0.1), *PLACES[1:])  # it falls while it settles: a prim without a handle gives the pose in USD
    for _ in range(2):
        drive(backend.reset(layout(places=dropped)))
        state = run(backend, HOME, 3)
        assert state.qpos == pytest.approx(panda.QPOS_HOME, abs=0.02)
        assert state.object_pos[0][2] == pytest.approx(rest, abs=0.005)


def test_the_first_pictures_are_waited_for(backend):
    assert look(start(backend), size=(320, 320)).rgb.std() > 5
    frame = look(backend, size=(320, 320), depth=True, segmentation=True)
    assert frame.rgb.shape == (320, 320, 3)
    assert frame.rgb.std() > 5
    assert {-3, 0} <= set(np.unique(frame.segmentation))


def test_the_frame_dict_is_never_the_picture(backend):
    first = look(start(backend), size=(320, 320)).rgb
    kept = first.copy()
    run(backend, waving(4), 10)
    look(backend, size=(320, 320))
    assert np.array_equal(first, kept)


@pytest.mark.parametrize("rate", [2.0, 20.0])
def test_no_picture_of_before_a_reset_is_taken_for_a_new_one(backend, rate):
    spec = SPEC.with_rate(rate)
    start(backend, spec)
    run(backend, HOME, 3)
    look(backend, segmentation=True)
    drive(backend.reset(layout(spec, places=MOVED)))
    after = look(backend, segmentation=True).segmentation
    assert np.array_equal(after, look(start(make_another(backend), spec, places=MOVED), segmentation=True).segmentation)


def make_another(backend):
    """A backend that has never drawn anything else, through the same interface."""
    return type(backend)(port=backend.describe().partition(" ")[0])


def test_a_picture_costs_at_most_two_further_updates(backend, sim):
    look(start(backend))
    for _ in range(3):
        run(backend, waving(4), 1)
        before = sim.num_updates
        look(backend)
        assert sim.num_updates - before <= 2


def test_a_picture_that_carries_the_time_of_the_state_is_taken_at_once(backend, sim, place):
    look(start(backend))
    for _ in range(3):
        run(backend, waving(4), 1)
        before = sim.num_updates
        look(backend)
        has_no_clock = place[0] == "4.5"  # its recording does not say whether it has get_simulation_time
        assert sim.num_updates - before == (2 if has_no_clock else 1)


def test_no_picture_is_taken_too_early(backend):
    look(start(backend), camera="wrist")
    for step in range(3):
        run(backend, waving(6 * step), 1)
        frame = look(backend, camera="wrist").rgb
        for _ in range(5):
            drive(backend._ports.sim.redraw())
        assert np.array_equal(frame, look(backend, camera="wrist").rgb), "nothing moved, and yet the picture changed"


def test_inside_kit_pictures_come_while_time_is_paused_as_after_load(kit):
    sim, backend = kit
    drive_in_kit(sim, backend.load(SPEC))
    drive_in_kit(sim, backend.reset(layout()))
    request = [RenderRequest(camera=c, resolution_hw=(320, 320)) for c in ("front", "wrist")]
    for _ in range(2):
        before = sim.num_updates
        frames = drive_in_kit(sim, backend.render(request))
        assert min(frame.rgb.std() for frame in frames.values()) > 5
        assert sim.num_updates - before <= 5


def test_inside_kit_a_picture_is_not_older_than_the_state_it_belongs_to(kit):
    sim, backend = kit
    drive_in_kit(sim, backend.load(SPEC))
    drive_in_kit(sim, backend.reset(layout()))
    request = [RenderRequest(camera="front", resolution_hw=(320, 320))]
    drive_in_kit(sim, backend.render(request))
    sim.substeps = 10  # of the 25 in a control period: its end lies between two pictures
    waits = []

    def period():
        pictures = backend.render(request)
        waits.append(next(pictures, "here at once"))
        pictures.close()

    backend.on_period = period
    backend.resume()
    sim.run(4)
    assert waits == [None], "what the camera holds was drawn before this state"


def test_no_callback_is_left_under_its_name(backend, sim):
    start(backend)
    drive(backend.reset(layout()))
    run(backend, HOME, 2)
    assert sim.messages("error") == []


def test_the_owner_of_the_callback_lives_as_long_as_the_backend(backend):
    assert run(start(backend), HOME, 3).time == pytest.approx(3 / SPEC.timing.control_hz)


def test_arrays_of_warp_are_copied_to_the_host(backend):
    state = start(backend).state()
    assert type(state.qpos) is np.ndarray
    assert state.qpos.dtype == np.float64


def test_tensors_on_the_gpu_are_copied_to_the_host(backend, sim):
    sim.is_on_gpu = True
    state = run(start(backend), HOME, 1)
    assert state.qpos == pytest.approx(panda.QPOS_HOME, abs=0.02)
    assert np.abs(state.object_linvel).max() < 0.1


def test_no_world_is_kept_alive_by_what_it_subscribed_to(backend, sim):
    for rate in (20.0, 10.0, 25.0):
        start(backend, SPEC.with_rate(rate))
        assert len([s for s in sim.subscriptions if "physics ready" in s.name]) <= 1
    sim.context.new_stage()  # clears the world, too
    backend.close()
    assert [s for s in sim.subscriptions if "physics ready" in s.name] == []


def test_two_labels_that_come_joined_are_read_one_by_one(backend, sim):
    sim.joins_labels = True
    assert {-3, -2, 0} <= set(np.unique(look(start(backend), segmentation=True).segmentation))


def test_watched_links_are_wrapped_while_the_timeline_is_stopped(backend, sim):
    backend.watch_links(("panda_hand",))
    start(backend)
    drive(backend.reset(layout()))
    assert backend.link_poses()[0] == pytest.approx(backend.state().pose_world_ee.pos[None], abs=0.2)
    assert sim.violations == []


def test_no_render_product_is_made_inside_a_physics_step(kit):
    sim, backend = kit
    drive_in_kit(sim, backend.load(SPEC))
    drive_in_kit(sim, backend.reset(layout()))
    pictures = []

    def period():
        if not pictures:
            pictures.append(backend.render([RenderRequest(camera="front", resolution_hw=(320, 320))]))
            next(pictures[0])

    backend.on_period = period
    backend.resume()
    sim.run(10)
    assert len(pictures) == 1
    assert drive_in_kit(sim, pictures[0])["front"].rgb.std() > 5


def test_no_camera_is_left_subscribed(backend, sim):
    look(start(backend))
    backend.close()
    gc.collect()
    assert [s for s in sim.subscriptions if "/World/VLA" in s.name] == []


def test_closing_without_a_stage_is_fine(backend, sim):
    start(backend)
    sim.context.close_stage()
    backend.close()


def test_a_camera_keeps_its_transform(backend, sim):
    start(backend)
    order = sim.stage.GetPrimAtPath("/World/VLA/Cameras/front").GetAttribute("xformOpOrder")
    before = list(order.Get())
    look(backend)
    assert list(order.Get()) == before


def test_inside_kit_what_is_cancelled_leaves_physics_on(kit):
    sim, backend = kit
    drive_in_kit(sim, backend.load(SPEC))
    for updates in range(1, 8):
        steps = backend.reset(layout())
        for _ in range(updates):
            next(steps)
            sim.update()
        steps.close()
        sim.run(3)
        assert not sim.is_physics_held


@pytest.mark.parametrize("bad", [np.full(7, np.nan), np.full(7, np.inf)])
def test_targets_that_are_no_numbers_are_refused(backend, bad):
    start(backend)
    with pytest.raises((ShapeError, BackendError, ValueError), match="finite"):
        backend.apply(JointTarget(bad, 0.08))


def test_gains_are_set_again_after_every_reset(backend):
    spec = dataclasses.replace(SPEC, gains=WEAK)
    start(backend, spec)
    far = JointTarget(panda.QPOS_HOME + 0.3, 0.08)
    first = run(backend, far, 4).qpos
    drive(backend.reset(layout(spec)))
    assert np.array_equal(run(backend, far, 4).qpos, first)


def test_the_gains_of_the_scene_are_those_of_the_arm(backend):
    far = JointTarget(panda.QPOS_HOME + 0.3, 0.08)
    weak = run(start(backend, dataclasses.replace(SPEC, gains=WEAK)), far, 4).qpos
    assert np.abs(weak - run(start(backend), far, 4).qpos).max() > 0.01


@pytest.mark.parametrize("assets", ["none", "missing_file"])
def test_without_the_asset_our_own_panda_stands_in_and_it_is_said(place, assets):
    with simulated_isaac(place[0], mode="script", assets=assets) as sim:
        backend = start(BACKENDS.load("isaac")(port=place[1]))
        assert "our own Panda stands in for NVIDIA's Franka" in backend.notes[0]
        assert run(backend, HOME, 5).qpos == pytest.approx(panda.QPOS_HOME, abs=0.02)
        assert sim.violations == []


def test_an_asset_that_brings_no_hand_is_not_used(backend, sim):
    empty = Usd.Stage.CreateInMemory()
    for file in sim.assets_root.rglob("franka.usd"):
        empty.GetRootLayer().Export(str(file))
    start(backend)
    assert "brought no prim panda_hand" in backend.notes[0]
    assert run(backend, HOME, 5).qpos == pytest.approx(panda.QPOS_HOME, abs=0.02)


def test_with_the_asset_nvidias_franka_stands_there(backend, sim):
    start(backend)
    assert backend.notes == ()
    assert sim.stage.GetPrimAtPath("/World/VLA/Robot").HasAuthoredReferences()


def test_our_own_panda_stands_there_if_asked_for(place):
    with simulated_isaac(place[0], mode="script") as sim:
        start(BACKENDS.load("isaac")(port=place[1], robot="embedded"))
        assert not sim.stage.GetPrimAtPath("/World/VLA/Robot").HasAuthoredReferences()


def test_another_rate_is_in_force_after_another_load(backend):
    for rate in (20.0, 10.0, 25.0):
        spec = SPEC.with_rate(rate)
        assert run(start(backend, spec), HOME, 4).time == pytest.approx(4 / rate, abs=1e-12)


# Isaac truncates quotients: in double precision (19 / 507) / (1 / 507) < 19, at 26.7 Hz, and 1 / (1 / 744) < 744, at 248 Hz
@pytest.mark.parametrize("rate", [0.5, 2.0, 7.0, 12.3, 15.0, 17.7, 20.0, 26.7, 75.0, 91.0, 248.0])
def test_no_physics_step_is_lost_to_rounding(backend, sim, rate):
    spec = SPEC.with_rate(rate)
    start(backend, spec)
    for _ in range({0.5: 1, 12.3: 60}.get(rate, 4)):
        steps, time, updates = sim.physics.steps, sim.physics.time, sim.num_updates
        run(backend, HOME, 1)
        assert sim.physics.steps - steps == spec.timing.substeps
        assert sim.num_updates - updates == 1, "a period of a script is one app update"
        whole = round(rate * spec.timing.substeps)  # PhysX counts whole steps per second
        assert sim.physics.time - time == pytest.approx(spec.timing.substeps / whole, rel=1e-6)


def test_inside_kit_a_pause_lets_no_time_pass_from_that_moment_on(kit):
    sim, backend = kit
    drive_in_kit(sim, backend.load(SPEC))
    drive_in_kit(sim, backend.reset(layout()))
    backend.resume()
    sim.run(3)
    held = sim.physics.time
    backend.pause()
    sim.run(3)
    assert sim.physics.time == held


@pytest.mark.parametrize("act", ["pause", "resume", "close"])
def test_no_commit_is_made_inside_a_physics_step(kit, act):
    sim, backend = kit
    drive_in_kit(sim, backend.load(SPEC))
    drive_in_kit(sim, backend.reset(layout()))
    states = []

    def period():
        if not states:
            getattr(backend, act)()
            states.append(sim.timeline.state)

    backend.on_period = period
    backend.resume()
    sim.run(10)
    assert sim.violations == []
    assert states == ["playing"]  # the next update carries it out
    assert sim.timeline.state == {"pause": "paused", "resume": "playing", "close": "stopped"}[act]


def test_fastened_objects_are_never_made_rigid_bodies(backend, sim):
    run(start(backend), HOME, 3)
    assert not sim.stage.GetPrimAtPath("/World/VLA/Objects/blue_box").HasAPI(UsdPhysics.RigidBodyAPI)
    assert sim.violations == []


def test_inside_kit_another_rate_is_in_force_after_another_load(kit):
    sim, backend = kit
    for rate in (20.0, 10.0):
        drive_in_kit(sim, backend.load(SPEC.with_rate(rate)))
        drive_in_kit(sim, backend.reset(layout()))
        periods = []
        backend.on_period = lambda times=periods: times.append(backend.state().time)
        backend.resume()
        sim.run(round(0.5 / sim.app_dt))
        assert periods == pytest.approx([(i + 1) / rate for i in range(len(periods))], abs=1e-12)
        assert len(periods) >= 0.5 * rate - 2
        backend.pause()
        sim.run(1)


def test_inside_kit_nothing_enters_kits_loop_again(kit):
    sim, backend = kit
    drive_in_kit(sim, backend.load(SPEC))
    drive_in_kit(sim, backend.reset(layout()))
    periods = []
    backend.on_period = lambda: periods.append(backend.state().time)
    backend.resume()
    sim.run(round(0.4 / sim.app_dt))
    assert periods == pytest.approx([(i + 1) / SPEC.timing.control_hz for i in range(len(periods))], abs=1e-12)
    assert len(periods) >= 6


def test_cameras_do_not_outlive_their_stage(backend):
    look(start(backend))
    other = FrankaSceneBuilder("other").add_cube("red").build()
    drive(backend.load(other))
    drive(backend.reset(layout(other, PLACES[:1])))
    assert look(backend).rgb.std() > 5


@pytest.mark.parametrize("size", [(320, 480), (48, 96)])
def test_height_and_width_are_not_mixed_up(backend, size):
    assert look(start(backend), size=size).rgb.shape == (*size, 3)


def test_small_pictures_are_rendered_large_enough_and_made_smaller(backend):
    frame = look(start(backend), size=(32, 32), depth=True)
    assert frame.rgb.shape == (32, 32, 3)
    assert frame.depth.shape == (32, 32)


def test_the_shape_of_a_picture_does_not_change_how_high_it_sees(backend):
    start(backend)
    square = look(backend, size=(300, 300), segmentation=True).segmentation
    wide = look(backend, size=(300, 600), segmentation=True).segmentation
    middle = wide[:, 150:450]
    assert np.mean(square == middle) > 0.99


def test_prims_are_written_only_while_the_timeline_is_stopped(backend, sim):
    run(start(backend), HOME, 3)
    drive(backend.reset(layout(places=MOVED)))
    assert sim.violations == []


def test_after_the_start_joints_get_targets_and_are_never_put_anywhere(backend, sim):
    run(start(backend), waving(2), 30)
    assert sim.violations == []


def test_the_fingers_are_joints_eight_and_nine_with_half_the_width_each(backend, sim):
    run(start(backend), JointTarget(panda.QPOS_HOME, 0.05), 20)
    assert backend.state().gripper_width == pytest.approx(0.05, abs=0.002)


def test_a_camera_drops_no_picture(backend, sim):
    sim.settings.set("/app/runLoops/main/rateLimitFrequency", 60)
    spec = SPEC.with_rate(2.0)
    start(backend, spec)
    for _ in range(3):
        frame = look(backend, segmentation=True)
        assert frame.segmentation.max() == 2
        run(backend, HOME, 1)


@pytest.mark.parametrize("rate", [12.5, 7.0, 20.0])
def test_inside_kit_a_control_rate_need_not_divide_anything(kit, rate):
    sim, backend = kit
    spec = SPEC.with_rate(rate)
    drive_in_kit(sim, backend.load(spec))
    drive_in_kit(sim, backend.reset(layout(spec)))
    frames = drive_in_kit(sim, backend.render([RenderRequest(camera="front", resolution_hw=(320, 320))]))
    assert frames["front"].rgb.std() > 5
    assert 30 <= 1 / sim.app_dt <= 120


def test_a_deleted_camera_is_named(backend, sim):
    look(start(backend))
    sim.stage.RemovePrim("/World/VLA/Cameras/front")
    with pytest.raises(RenderError, match=r"camera 'front': its prim /World/VLA/Cameras/front is gone .* press Load"):
        look(backend)


def test_a_deleted_robot_is_named(backend, sim):
    start(backend)
    sim.stage.RemovePrim("/World/VLA/Robot")
    sim.violations.clear()  # deleting physics while it plays is what the user did
    with pytest.raises(BackendError, match=r"the robot's prim /World/VLA/Robot is gone from the stage; press Load"):
        run(backend, HOME, 2)


def test_a_replaced_stage_is_told_and_a_load_mends_it(backend, sim):
    start(backend)
    sim.context.new_stage()
    with pytest.raises(BackendError, match=r"the stage was replaced while the scene was in use; press Load"):
        run(backend, HOME, 2)
    assert run(start(backend), HOME, 2).time == pytest.approx(0.1)


def test_a_timeline_stopped_by_hand_is_told_and_a_reset_mends_it(backend, sim):
    start(backend)
    sim.timeline.stop()
    with pytest.raises(BackendError, match=r"the timeline was stopped, .* press Reset"):
        run(backend, HOME, 2)
    drive(backend.reset(layout()))
    assert run(backend, HOME, 2).time == pytest.approx(0.1)


def test_what_fails_in_a_physics_callback_is_not_swallowed(backend):
    start(backend)
    backend.apply(JointTarget(panda.QPOS_HOME + 0.1, 0.08))

    def fail(_positions):
        if backend._ports.sim.steps_done > before + 1:
            raise ValueError("no such joint")

    before = backend._ports.sim.steps_done
    backend._ports.robot.command = fail
    with pytest.raises(BackendError, match="no such joint"):
        backend.step()


def test_an_articulation_with_other_joints_is_refused(backend, monkeypatch):
    monkeypatch.setattr(panda, "JOINTS", ("a", "b"))
    with pytest.raises(BackendError, match=r"the robot's joints are panda_joint1, .* a Panda's are a, b"):
        start(backend)


@pytest.fixture
def in_between(tmp_path, monkeypatch):
    """Releases without a recording of their own, given by the user: 5.0 offers what 5.1 does, 6.0 what 6.2 does."""
    for release, like in (("5.0", "5.1"), ("6.0", "6.2")):
        facts = json.loads(releases()[like].read_text(encoding="utf-8"))
        (tmp_path / f"{release}.json").write_text(json.dumps(facts | {"version": release}), encoding="utf-8")
    monkeypatch.setenv("VLA_ISAAC_API_DIR", str(tmp_path))
    return [(release, port) for release in ("5.0", "6.0") for port in ports_of(release)]


def test_a_recording_that_the_user_adds_needs_no_change_of_code(in_between):
    for release, port in in_between:
        with simulated_isaac(release, mode="script") as sim:
            backend = BACKENDS.load("isaac")(port=port)
            test_no_picture_is_taken_too_early(backend)
            test_a_picture_costs_at_most_two_further_updates(backend, sim)
            backend.close()
            assert sim.violations == []


def test_every_recorded_release_is_here():
    assert {"4.2", "4.5", "5.1", "6.2"} <= set(releases())
    assert ports_of("6.2") == ("classic", "experimental")


def test_where_the_classic_interface_is_gone_the_experimental_one_is_chosen():
    with simulated_isaac(NEWEST, mode="script", classic_api=False):
        backend = start(BACKENDS.load("isaac")())
        assert backend.describe().startswith("experimental port, physx engine (no complete classic interface; ")
        backend.close()


NEWEST = max(releases(), key=lambda version: [int(n) for n in version.split()[0].split(".")])


@pytest.mark.parametrize(("release", "port"), [("4.2", "classic"), (NEWEST, "experimental")])
def test_extensions_of_one_port_are_enabled(release, port):
    needs = EXPERIMENTAL_NEEDS if port == "experimental" else CLASSIC_NEEDS["omni.isaac"]
    with simulated_isaac(release, mode="script") as sim:
        manager = sim.kit_app.get_extension_manager()
        for name in needs:
            manager.set_extension_enabled_immediate(name, False)
        sim.unloaded.update(needs)
        assert BACKENDS.load("isaac")().describe().startswith(f"{port} port")
        assert all(map(manager.is_extension_enabled, needs))


def test_newton_gets_the_port_and_the_asset_that_know_it():
    with simulated_isaac(NEWEST, mode="script") as sim:
        sim.engine = "newton"
        with pytest.raises(BackendError, match="works with the physics engine PhysX, and newton is active"):
            BACKENDS.load("isaac")(port="classic")
        backend = start(BACKENDS.load("isaac")())
        assert backend.describe().startswith("experimental port, newton engine")
        robot = sim.stage.GetPrimAtPath("/World/VLA/Robot")
        references = robot.GetMetadata("references").GetAddedOrExplicitItems()
        assert "Robots_Multiphysics" in references[0].assetPath
        backend.close()


def test_outside_isaac_the_way_in_is_told():
    with pytest.raises(BackendError, match=r"does not run Isaac Sim; use its own Python: ./python.sh -m vla_isaac run"):
        BACKENDS.load("isaac")()
