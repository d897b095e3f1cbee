"""The simulated PhysX and RTX read the stage: poses, solids, masses, frictions, colours, labels, drives."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("pxr", reason="the simulated Isaac Sim needs usd-core")
pytest.importorskip("mujoco", reason="the simulated Isaac Sim draws and moves with MuJoCo")

import mujoco
from pxr import Gf, Sdf, Usd, UsdGeom, UsdPhysics

from tests.simulated_isaac.bench import CUBE, RED_POS, SPEC, layout
from tests.simulated_isaac.labels import label_of
from tests.simulated_isaac.loader import load, world_matrix
from vla_isaac.core.poses import Pose
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.scene.usd import write_scene
from vla_isaac.scene.usd_prims import add_friction, add_prism, apply_raw, bind

GEOM = mujoco.mjtGeom


@pytest.fixture
def stage():
    found = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(found, UsdGeom.Tokens.z)
    return found


def loaded(stage):
    return load(stage, 0.002, lambda prim: label_of(prim, (5, 1)))


def solid_of(stage, kind, **attributes):
    """Add one static solid, a metre up, and return the geom that is made of it."""
    prim = kind.Define(stage, "/solid")
    for name, value in attributes.items():
        prim.GetPrim().GetAttribute(name).Set(value)
    UsdGeom.XformCommonAPI(prim).SetTranslate((0, 0, 1))
    UsdGeom.XformCommonAPI(prim).SetScale((1, 2, 3))
    UsdPhysics.CollisionAPI.Apply(prim.GetPrim())
    model = loaded(stage).model
    assert model.ngeom == 1
    return model, model.geom(0)


@pytest.mark.parametrize(
    ("kind", "attributes", "shape", "size"),
    [
        (UsdGeom.Cube, {"size": 0.2}, GEOM.mjGEOM_BOX, [0.1, 0.2, 0.3]),
        (UsdGeom.Sphere, {"radius": 0.1}, GEOM.mjGEOM_ELLIPSOID, [0.1, 0.2, 0.3]),
        (UsdGeom.Cylinder, {"radius": 0.1, "height": 0.4, "axis": "Z"}, GEOM.mjGEOM_CYLINDER, [0.1, 0.6]),
        (UsdGeom.Capsule, {"radius": 0.1, "height": 0.4, "axis": "Y"}, GEOM.mjGEOM_CAPSULE, [0.3, 0.4]),
    ],
)
def test_a_solid_has_the_size_of_its_prim_with_its_scale(stage, kind, attributes, shape, size):
    _, geom = solid_of(stage, kind, **attributes)
    assert geom.type == shape
    assert geom.size[: len(size)] == pytest.approx(size)
    assert geom.pos == pytest.approx([0, 0, 1])


@pytest.mark.parametrize(("axis", "direction"), [("X", [1, 0, 0]), ("Y", [0, 1, 0]), ("Z", [0, 0, 1])])
def test_a_cylinder_lies_along_its_axis(stage, axis, direction):
    model, _ = solid_of(stage, UsdGeom.Cylinder, axis=axis)
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    assert np.abs(data.geom_xmat[0].reshape(3, 3)[:, 2]) == pytest.approx(direction)


def test_a_mesh_that_collides_as_its_hull_is_that_hull(stage):
    """MuJoCo puts the frame of a mesh into its centre of mass: its corners are compared in the world."""
    prim = add_prism(stage, "/solid", 0.1, 0.2, Pose(np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0, 0.0])))
    UsdPhysics.CollisionAPI.Apply(prim)
    model = loaded(stage).model
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    assert (model.ngeom, model.geom(0).type, model.geom(0).contype) == (1, GEOM.mjGEOM_MESH, 1)
    corners = data.geom_xpos[0] + model.mesh_vert @ data.geom_xmat[0].reshape(3, 3).T
    assert corners.max(axis=0) == pytest.approx([0.1, 0.1, 1.2], abs=1e-6)
    assert corners.min(axis=0) == pytest.approx([-0.1, -0.1, 0.8], abs=1e-6)


@pytest.mark.parametrize(("damping", "steps", "way"), [(None, 500, 0.2), (20.0, 2000, 0.035)])
def test_what_rolls_is_stopped_by_its_damping_alone(stage, damping, steps, way):
    """PhysX has no rolling friction: by its default of 0.05 a ball of 0.2 m/s goes on, by c it stops after 7 v / (2 c)."""
    floor = UsdGeom.Cube.Define(stage, "/floor")
    UsdGeom.XformCommonAPI(floor).SetScale((10, 10, 0.01))
    ball = UsdGeom.Sphere.Define(stage, "/ball")
    ball.GetRadiusAttr().Set(0.0225)
    UsdGeom.XformCommonAPI(ball).SetTranslate((0, 0, 0.0325))
    for solid in (floor, ball):
        UsdPhysics.CollisionAPI.Apply(solid.GetPrim())
    UsdPhysics.RigidBodyAPI.Apply(ball.GetPrim())
    if damping is not None:
        apply_raw(
            ball.GetPrim(), "PhysxRigidBodyAPI", {"physxRigidBody:angularDamping": (Sdf.ValueTypeNames.Float, damping)}
        )
    model = loaded(stage).model
    data = mujoco.MjData(model)
    data.qvel[:] = [0.2, 0, 0, 0, 0.2 / 0.0225, 0]
    mujoco.mj_step(model, data, steps)
    assert data.qpos[0] == pytest.approx(way, rel=0.05)


def test_a_ball_of_ours_comes_to_rest_as_in_mujoco():
    """There by rolling friction within 33 mm from 0.2 m/s, here by damping."""
    spec = FrankaSceneBuilder("ball").add("ball", "green").build()
    placed = sample_layout(spec, randomisation_preset("none"), 0)
    stage = Usd.Stage.CreateInMemory()
    write_scene(stage, spec, placed)
    found = loaded(stage)
    data = mujoco.MjData(found.model)
    mujoco.mj_step(found.model, data, 50)
    row, dof = found.free["/World/Objects/green_ball"]
    start = data.qpos[row : row + 3].copy()
    data.qvel[dof : dof + 6] = [0.2, 0, 0, 0, 0.2 / 0.0225, 0]
    mujoco.mj_step(found.model, data, 1000)
    assert np.linalg.norm(data.qpos[row : row + 3] - start) == pytest.approx(0.033, abs=0.003)


def test_a_piece_stands_where_usd_says_also_in_a_turned_body(stage):
    body = UsdGeom.Xform.Define(stage, "/body")
    UsdGeom.XformCommonAPI(body).SetTranslate((0.3, -0.2, 0.5))
    UsdGeom.XformCommonAPI(body).SetRotate((20, 30, 40))
    UsdPhysics.RigidBodyAPI.Apply(body.GetPrim())
    piece = UsdGeom.Cube.Define(stage, "/body/piece")
    UsdGeom.XformCommonAPI(piece).SetTranslate((0.1, 0.0, 0.05))
    UsdGeom.XformCommonAPI(piece).SetRotate((0, 0, 25))
    UsdPhysics.CollisionAPI.Apply(piece.GetPrim())
    model = loaded(stage).model
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    expected = world_matrix(piece.GetPrim())
    assert data.geom_xpos[0] == pytest.approx(expected[:3, 3])
    assert data.geom_xmat[0].reshape(3, 3) == pytest.approx(expected[:3, :3], abs=1e-9)


def test_mass_friction_colour_and_label_come_from_the_stage():
    stage = Usd.Stage.CreateInMemory()
    write_scene(stage, SPEC, layout())
    bind(stage.GetPrimAtPath(f"{CUBE}/piece_0"), friction=add_friction(stage, "/World/PhysicsMaterials/other", 0.37))
    found = loaded(stage)
    body = found.model.body(CUBE)
    geom = int(found.model.body_geomadr[body.id])
    assert body.mass[0] == pytest.approx(SPEC.objects[0].mass)
    assert found.model.geom_friction[geom, 0] == pytest.approx(0.37)
    assert found.model.geom_rgba[geom, :3] == pytest.approx([0.8, 0.09, 0.09])
    assert found.labels[geom] == "red_cube"
    assert set(found.labels) == {"red_cube", "blue_box", "table", "floor", "robot", ""}


def test_a_colour_without_material_is_the_display_colour(stage):
    prim = UsdGeom.Cube.Define(stage, "/cube")
    prim.CreateDisplayColorAttr([Gf.Vec3f(0.1, 0.2, 0.3)])
    assert loaded(stage).model.geom_rgba[0, :3] == pytest.approx([0.1, 0.2, 0.3])


def test_only_free_bodies_move_and_only_what_collides_stops_them(stage):
    for name, height, is_free in (("high", 1.0, True), ("ghost", 0.5, False), ("ground", 0.0, False)):
        cube = UsdGeom.Cube.Define(stage, f"/{name}")
        cube.CreateSizeAttr(0.2)
        UsdGeom.XformCommonAPI(cube).SetTranslate((0, 0, height))
        if is_free:
            UsdPhysics.RigidBodyAPI.Apply(cube.GetPrim())
        if name != "ghost":
            UsdPhysics.CollisionAPI.Apply(cube.GetPrim())
    found = loaded(stage)
    data = mujoco.MjData(found.model)
    mujoco.mj_step(found.model, data, 1000)
    assert list(found.free) == ["/high"]
    assert data.body("/high").xpos[2] == pytest.approx(0.2, abs=0.005)


def test_gravity_is_that_of_the_physics_scene(stage):
    scene = UsdPhysics.Scene.Define(stage, "/scene")
    scene.CreateGravityMagnitudeAttr(1.62)
    scene.CreateGravityDirectionAttr(Gf.Vec3f(0, 0, -1))
    assert loaded(stage).model.opt.gravity == pytest.approx([0, 0, -1.62])


def test_every_link_stands_where_the_stage_shows_it():
    stage = Usd.Stage.CreateInMemory()
    write_scene(stage, SPEC, layout())
    found = loaded(stage)
    data = mujoco.MjData(found.model)
    data.qpos[found.robot.qpos] = [drive.position for drive in found.robot.drives]
    mujoco.mj_kinematics(found.model, data)
    assert set(found.robot.link_paths) >= {"panda_link7", "panda_hand", "panda_leftfinger", "panda_rightfinger"}
    for path in found.robot.link_paths.values():
        expected = world_matrix(stage.GetPrimAtPath(path))
        assert data.xpos[found.bodies[path]] == pytest.approx(expected[:3, 3], abs=1e-6)
        assert data.xmat[found.bodies[path]].reshape(3, 3) == pytest.approx(expected[:3, :3], abs=1e-6)


def test_drives_are_read_per_radian_though_usd_counts_degrees():
    stage = Usd.Stage.CreateInMemory()
    write_scene(stage, SPEC, layout())
    joint = stage.GetPrimAtPath("/World/Robot/joints/panda_joint1")
    joint.GetAttribute("drive:angular:physics:stiffness").Set(10.0)
    joint.GetAttribute("drive:angular:physics:maxForce").Set(5.0)
    model, robot = (found := loaded(stage)).model, found.robot
    assert model.actuator_gainprm[robot.ctrl[0], 0] == pytest.approx(10.0 * 180 / math.pi)
    assert model.actuator_forcerange[robot.ctrl[0]] == pytest.approx([-5.0, 5.0])


def test_a_scene_without_robot_is_a_scene_too(stage):
    UsdGeom.Cube.Define(stage, "/cube")
    assert loaded(stage).robot is None


@pytest.mark.parametrize(("version", "label"), [((4, 2), "old"), ((4, 5), "old"), ((5, 0), "new"), ((6, 2), "new")])
def test_releases_before_5_0_read_the_older_labels_only(stage, version, label):
    prim = UsdGeom.Cube.Define(stage, "/cube").GetPrim()
    from vla_isaac.scene.usd_prims import label as write_label

    write_label(prim, "new")
    prim.GetAttribute("semantic:Semantics:params:semanticData").Set("old")
    assert label_of(prim, version) == label


def test_meshes_that_collide_are_left_out_and_named(stage):
    UsdPhysics.CollisionAPI.Apply(UsdGeom.Mesh.Define(stage, "/mesh").GetPrim())
    assert loaded(stage).skipped == ["/mesh"]


def test_the_red_cube_of_the_bench_lies_where_it_was_put():
    stage = Usd.Stage.CreateInMemory()
    write_scene(stage, SPEC, layout())
    assert world_matrix(stage.GetPrimAtPath(CUBE))[:3, 3] == pytest.approx(RED_POS)
