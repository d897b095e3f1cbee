"""What a loaded scene leaves of Kit, of the user's stage and of another extension's World: everything as it was."""

from __future__ import annotations

import importlib

import pytest
from pxr import Gf, Sdf, UsdGeom, UsdLux, UsdPhysics

from tests.backends.isaac.conftest import PLACES
from tests.backends.isaac.kit_drive import drive_in_kit
from tests.contracts.test_backend_contract import SPEC, layout
from vla_isaac.core.errors import SceneError
from vla_isaac.sim.backend import RenderRequest
from vla_isaac.sim.drive import drive

OURS = Sdf.Path("/World/VLA")
where_there_is_a_world = pytest.mark.parametrize(
    "place", [place for place in PLACES if place.values[0][1] == "classic"], ids="-".join, indirect=True
)
NAMES = ("Looks", "Table", "Floor", "Objects", "Lights", "Robot", "Cameras")


def fill(stage) -> None:
    """Put on the stage what a user may have there: prims under our old names, a physics scene, a moved root."""
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    world = UsdGeom.Xform.Define(stage, "/World")
    world.AddTranslateOp().Set(Gf.Vec3d(0.0, 0.0, 5.0))
    stage.SetDefaultPrim(world.GetPrim())
    for name in NAMES:
        UsdGeom.Cube.Define(stage, f"/World/{name}").CreateSizeAttr(0.3)
    scene = UsdPhysics.Scene.Define(stage, "/physicsScene")
    scene.CreateGravityMagnitudeAttr(1.62)


def outside(stage) -> str:
    """Return the stage as text without what is below our root."""
    layer = Sdf.Layer.CreateAnonymous()
    layer.TransferContent(stage.GetRootLayer())
    if layer.GetPrimAtPath(OURS):
        del layer.GetPrimAtPath(OURS.GetParentPath()).nameChildren[OURS.name]
    return layer.ExportToString()


def around(sim) -> dict:
    """Return all that Kit keeps of rates."""
    timeline = sim.timeline
    return {
        "settings": dict(sim.settings._values),
        "loop": (sim.loop_runner.get_manual_mode(), sim.loop_runner.get_manual_step_size()),
        "timeline": (timeline.get_time_codes_per_seconds(), timeline.get_target_framerate(), timeline.is_auto_updating()),
        "update": sim.app_dt,
    }


def use(sim, backend) -> None:
    """Load, let it run for a while, look."""
    drive_in_kit(sim, backend.load(SPEC))
    drive_in_kit(sim, backend.reset(layout()))
    drive_in_kit(sim, backend.render([RenderRequest(camera="front")]))
    backend.resume()
    sim.run(5)
    drive_in_kit(sim, backend.load(SPEC.with_rate(12.5)))
    for _ in range(2):
        drive_in_kit(sim, backend.reset(layout(SPEC.with_rate(12.5))))


def test_inside_kit_everything_around_is_as_it_was_after_close(kit):
    sim, backend = kit
    fill(sim.stage)
    before, stage = around(sim), outside(sim.stage)
    use(sim, backend)
    assert around(sim) != before
    backend.close()
    assert around(sim) == before
    assert outside(sim.stage) == stage
    assert sim.stage.GetPrimAtPath(OURS)
    sim.run(2)
    assert outside(sim.stage) == stage


def test_a_script_too_finds_its_rates_again_after_close(backend, sim):
    before = around(sim)
    drive(backend.load(SPEC))
    drive(backend.reset(layout()))
    backend.close()
    assert around(sim) == before


def test_inside_kit_the_users_stage_is_left_as_it_is_while_a_scene_is_loaded(kit):
    sim, backend = kit
    fill(sim.stage)
    use(sim, backend)
    for name in NAMES:
        assert UsdGeom.Cube(sim.stage.GetPrimAtPath(f"/World/{name}")).GetSizeAttr().Get() == 0.3
    assert str(sim.stage.GetDefaultPrim().GetPath()) == "/World"
    base = UsdGeom.Xformable(sim.stage.GetPrimAtPath(OURS)).ComputeLocalToWorldTransform(0.0)
    assert base == Gf.Matrix4d(1.0), "what moves /World does not move us"


def test_inside_kit_lights_of_the_users_stage_are_reported(kit):
    sim, backend = kit
    UsdGeom.SetStageMetersPerUnit(sim.stage, 1.0)
    light = UsdLux.DistantLight.Define(sim.stage, "/Environment/defaultLight")
    hidden = UsdLux.DomeLight.Define(sim.stage, "/Environment/sky")
    hidden.MakeInvisible()
    drive_in_kit(sim, backend.load(SPEC))
    drive_in_kit(sim, backend.reset(layout()))
    said = [note for note in backend.notes if "lights of its own" in note]
    assert len(said) == 1
    assert "(/Environment/defaultLight)" in said[0]
    light.MakeInvisible()
    drive_in_kit(sim, backend.reset(layout()))
    assert [note for note in backend.notes if "lights of its own" in note] == []


def test_inside_kit_a_stage_in_other_units_is_refused_and_nothing_is_changed(kit):
    sim, backend = kit
    fill(sim.stage)
    UsdGeom.SetStageMetersPerUnit(sim.stage, 0.01)
    stage = outside(sim.stage)
    drive_in_kit(sim, backend.load(SPEC))
    with pytest.raises(SceneError, match=r"units of 0\.01 m and 1 kg and Z up; .*\(File > New\)"):
        drive_in_kit(sim, backend.reset(layout()))
    backend.close()
    assert outside(sim.stage) == stage


def test_inside_kit_there_is_one_physics_scene_with_our_gravity_and_rate(kit):
    sim, backend = kit
    UsdGeom.SetStageMetersPerUnit(sim.stage, 1.0)
    UsdPhysics.Scene.Define(sim.stage, "/physicsScene").CreateGravityMagnitudeAttr(1.62)
    UsdGeom.Xform.Define(sim.stage, "/World")
    before = outside(sim.stage)
    drive_in_kit(sim, backend.load(SPEC))
    for _ in range(2):
        drive_in_kit(sim, backend.reset(layout()))
        assert [str(p.GetPath()) for p in sim.stage.Traverse() if p.IsA(UsdPhysics.Scene)] == ["/physicsScene"]
        assert sim.physics.loaded.model.opt.gravity[2] == pytest.approx(-9.81)
        assert sim.physics.dt == pytest.approx(0.002)
    backend.close()
    assert outside(sim.stage) == before


def test_inside_kit_an_empty_stage_is_given_metres_and_z_up(kit):
    sim, backend = kit
    UsdGeom.SetStageMetersPerUnit(sim.stage, 0.01)
    UsdGeom.SetStageUpAxis(sim.stage, UsdGeom.Tokens.y)
    drive_in_kit(sim, backend.load(SPEC))
    drive_in_kit(sim, backend.reset(layout()))
    assert (UsdGeom.GetStageMetersPerUnit(sim.stage), UsdGeom.GetStageUpAxis(sim.stage)) == (1.0, "Z")


@where_there_is_a_world
def test_inside_kit_no_world_of_ours_is_left_after_close(kit, place):
    sim, backend = kit
    use(sim, backend)
    backend.close()
    assert core_api(place[0]).World.instance() is None


def core_api(release: str):
    return importlib.import_module("omni.isaac.core" if release.startswith("4.2") else "isaacsim.core.api")


@where_there_is_a_world
def test_inside_kit_another_extensions_world_keeps_its_callbacks_and_rates(kit, place):
    sim, backend = kit
    api = core_api(place[0])
    world = api.World(physics_dt=1 / 120, rendering_dt=1 / 60, stage_units_in_meters=1.0)
    sim.app.run(world.initialize_simulation_context_async())
    calls = []
    world.add_physics_callback("theirs", calls.append)
    use(sim, backend)
    assert api.World.instance() is world
    assert "another extension's World is in use" in " ".join(backend.notes)
    assert calls, "their callback goes on while ours is there"
    steps, time = len(calls), backend.state().time
    backend.resume()
    sim.run(8)
    assert backend.state().time - time == pytest.approx((len(calls) - steps) * (calls[-1]), rel=1e-3)
    backend.close()
    assert api.World.instance() is world
    assert (world.get_physics_dt(), world.get_rendering_dt()) == pytest.approx((1 / 120, 1 / 60))
    is_kept = place[0] == "4.2"  # there a stop leaves callbacks subscribed: 4.1.0, simulation_context.py
    assert world.physics_callback_exists("theirs") is is_kept, "stopped, as after the Stop button"
    sim.app.run(world.play_async())
    steps = len(calls)
    sim.run(2)
    assert len(calls) > steps
    assert not [s for s in sim.subscriptions if "vla_isaac" in s.name]
