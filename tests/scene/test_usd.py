"""A scene on a USD stage: what stands there, what it weighs, what the cameras see, how the arm moves."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("pxr", reason='needs usd-core: pip install -e ".[usd]"')
pytest.importorskip("tyro", reason="the command line is part of what is tested")

from pxr import Gf, Sdf, Tf, Usd, UsdGeom, UsdLux, UsdPhysics, UsdShade, UsdUtils

from vla_isaac.cli.main import main
from vla_isaac.core.errors import SceneError, UsageError
from vla_isaac.core.resources import preset_names
from vla_isaac.robots import kinematics, panda
from vla_isaac.scene.builder import FrankaSceneBuilder, scene_preset
from vla_isaac.scene.cameras import CameraConfig
from vla_isaac.scene.layout import sample_layout, vary_scene
from vla_isaac.scene.objects import SHAPES
from vla_isaac.scene.panda_description import panda_description
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.scene.spec import JointGains, TableSpec, Timing
from vla_isaac.scene.usd import write_file, write_layout, write_scene
from vla_isaac.scene.usd_cameras import camera_path
from vla_isaac.scene.usd_panda import joint_positions

FULL, NONE = randomisation_preset("full"), randomisation_preset("none")


def everything():
    """One object of every shape, each movable, with a wide and an odd camera."""
    builder = FrankaSceneBuilder("everything")
    for shape, colour in zip(SHAPES, ("red", "green", "blue", "yellow", "orange", "purple"), strict=True):
        builder.add(shape, colour, fixed=shape == "box")
    return builder.build()


def written(spec, randomisation=NONE, seed=0, **options):
    layout = sample_layout(spec, randomisation, seed)
    stage = Usd.Stage.CreateInMemory()
    write_scene(stage, spec, layout, **options)
    return stage, layout


@pytest.fixture(scope="module")
def scene():
    spec = everything()
    stage, layout = written(spec, FULL, 7)
    return stage, spec, layout


def matrix(stage, path) -> np.ndarray:
    """Return the homogeneous matrix of a prim in the world, column convention."""
    prim = stage.GetPrimAtPath(path)
    assert prim, path
    return np.array(UsdGeom.XformCache().GetLocalToWorldTransform(prim)).T


def look_of(prim) -> tuple[float, ...]:
    """Return the colour of the material that a prim is drawn with."""
    look, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()
    assert look, f"{prim.GetPath()} has no look"
    shader = UsdShade.Shader(prim.GetStage().GetPrimAtPath(f"{look.GetPath()}/Shader"))
    return tuple(shader.GetInput("diffuseColor").Get())


def friction_of(prim) -> float:
    """Return the sliding friction that a prim touches with."""
    rub, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial("physics")
    assert rub, f"{prim.GetPath()} has no friction"
    return UsdPhysics.MaterialAPI(rub.GetPrim()).GetDynamicFrictionAttr().Get()


def findings(path) -> list:
    """Return everything that the validators of this USD release have to say, errors and warnings."""
    found = []
    if hasattr(UsdUtils, "ComplianceChecker"):
        checker = UsdUtils.ComplianceChecker()
        checker.CheckCompliance(str(path))
        found += [*checker.GetErrors(), *checker.GetFailedChecks()]
    try:
        from pxr import UsdValidation
    except ImportError:
        return found
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    stage = Usd.Stage.Open(str(path))  # the findings refer to it
    errors = UsdValidation.ValidationContext(validators).Validate(stage)
    return [*found, *(f"{e.GetName()}: {e.GetMessage()}" for e in errors)]


# ---------------------------------------------------------------- stage and objects


def test_the_stage_is_in_metres_with_z_up_and_gravity_down(scene):
    stage, _, _ = scene
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    assert UsdGeom.GetStageUpAxis(stage) == "Z"
    assert stage.GetDefaultPrim().GetPath() == "/World"
    physics = UsdPhysics.Scene.Get(stage, "/World/PhysicsScene")
    assert tuple(physics.GetGravityDirectionAttr().Get()) == (0, 0, -1)
    assert physics.GetGravityMagnitudeAttr().Get() == pytest.approx(9.81)
    assert physics.GetPrim().GetAttribute("physxScene:timeStepsPerSecond").Get() == 500


def test_the_physics_rate_is_a_whole_multiple_of_the_control_rate():
    spec = FrankaSceneBuilder().build()
    for hertz, rate in ((15.0, 510), (20.0, 500), (1000.0, 1000)):
        stage, _ = written(spec.with_rate(hertz))
        assert stage.GetPrimAtPath("/World/PhysicsScene").GetAttribute("physxScene:timeStepsPerSecond").Get() == rate
    assert Timing().max_physics_dt == 0.002


def test_objects_stand_where_the_layout_says(scene):
    stage, spec, layout = scene
    for o, placement in zip(spec.objects, layout.objects, strict=True):
        assert matrix(stage, f"/World/Objects/{o.name}") == pytest.approx(placement.pose_world.matrix(), abs=1e-12)


def test_movable_objects_are_rigid_bodies_with_todays_mass_and_fastened_ones_only_colliders(scene):
    stage, spec, layout = scene
    for o, placement in zip(spec.objects, layout.objects, strict=True):
        prim = stage.GetPrimAtPath(f"/World/Objects/{o.name}")
        assert prim.HasAPI(UsdPhysics.RigidBodyAPI) == (not o.fixed)
        if not o.fixed:
            assert UsdPhysics.MassAPI(prim).GetMassAttr().Get() == pytest.approx(placement.mass)
        touching = [piece for piece in prim.GetChildren() if piece.HasAPI(UsdPhysics.CollisionAPI)]
        assert len(touching) == len(visible_pieces(prim))


def visible_pieces(prim) -> list:
    return [piece for piece in prim.GetChildren() if UsdGeom.Imageable(piece).ComputePurpose() == "default"]


@pytest.mark.parametrize(
    ("shape", "count"), [("cube", 1), ("box", 1), ("bin", 5), ("cylinder", 1), ("ball", 1), ("bowl", 9)]
)
def test_the_pieces_of_a_shape_have_its_size(scene, shape, count):
    stage, spec, _ = scene
    o = next(o for o in spec.objects if o.shape == shape)
    prim = stage.GetPrimAtPath(f"/World/Objects/{o.name}")
    assert len(visible_pieces(prim)) == count
    cache, box = UsdGeom.BBoxCache(Usd.TimeCode.Default(), ["default"]), Gf.Range3d()
    for piece in prim.GetChildren():
        box.UnionWith(cache.ComputeRelativeBound(piece, prim).ComputeAlignedRange())
    slack = 0.011 if shape == "bowl" else 1e-6  # eight straight sides for a circle
    assert tuple(box.GetSize()) == pytest.approx(o.size, abs=slack)


def test_a_cylinder_is_seen_round_and_touched_as_a_prism_of_32_sides(scene):
    stage, spec, layout = scene
    i, o = next((i, o) for i, o in enumerate(spec.objects) if o.shape == "cylinder")
    round_, hull = stage.GetPrimAtPath(f"/World/Objects/{o.name}").GetChildren()
    assert UsdGeom.Cylinder(round_).GetRadiusAttr().Get() == pytest.approx(o.size[0] / 2)
    assert not round_.HasAPI(UsdPhysics.CollisionAPI)
    assert hull.HasAPI(UsdPhysics.CollisionAPI)
    assert UsdPhysics.MeshCollisionAPI(hull).GetApproximationAttr().Get() == "convexHull"
    assert UsdGeom.Imageable(hull).ComputePurpose() == "guide"
    assert friction_of(hull) == pytest.approx(layout.objects[i].friction)
    points = np.array(UsdGeom.Mesh(hull).GetPointsAttr().Get())
    assert len(points) == 64
    assert np.hypot(points[:, 0], points[:, 1]) == pytest.approx(o.size[0] / 2, rel=1e-5)
    assert np.abs(points[:, 2]) == pytest.approx(o.size[2] / 2)


def test_a_prism_is_written_as_its_two_ends_which_look_outwards(scene):
    stage, spec, _ = scene
    name = next(o.name for o in spec.objects if o.shape == "cylinder")
    mesh = UsdGeom.Mesh.Get(stage, f"/World/Objects/{name}/piece_0_hull")
    points, normals = np.array(mesh.GetPointsAttr().Get()), np.array(mesh.GetNormalsAttr().Get())
    ends = np.array(mesh.GetFaceVertexIndicesAttr().Get()).reshape(2, 32)
    assert sorted(ends.flatten()) == list(range(64))
    for end, normal in zip(ends, normals, strict=True):
        a, b, c = points[end[:3]]
        assert np.cross(b - a, c - b) @ normal > 0
        assert points[end].mean(axis=0) @ normal > 0


def test_a_cylinder_has_the_inertia_of_a_cylinder(scene):
    mujoco = pytest.importorskip("mujoco", reason="says what that is")
    stage, spec, layout = scene
    i, o = next((i, o) for i, o in enumerate(spec.objects) if o.shape == "cylinder")
    model = mujoco.MjModel.from_xml_string(
        f"""<mujoco><worldbody><body><freejoint/><geom type="cylinder" mass="{layout.objects[i].mass}"
        size="{o.size[0] / 2} {o.size[2] / 2}"/></body></worldbody></mujoco>"""
    )
    found = UsdPhysics.MassAPI(stage.GetPrimAtPath(f"/World/Objects/{o.name}")).GetDiagonalInertiaAttr().Get()
    assert sorted(found) == pytest.approx(sorted(model.body_inertia[1]))


def test_nothing_that_collides_is_a_cylinder_of_usd(scene):
    """PhysX's newer reader makes of it a smooth shape that may creep or topple while it settles."""
    stage, _, _ = scene
    assert [p.GetPath() for p in stage.Traverse() if p.IsA(UsdGeom.Cylinder) and p.HasAPI(UsdPhysics.CollisionAPI)] == []


def test_a_ball_and_nothing_else_is_stopped_by_damping_in_physx_and_by_friction_in_newton(scene):
    stage, spec, _ = scene
    for o in spec.objects:
        prim = stage.GetPrimAtPath(f"/World/Objects/{o.name}")
        piece = prim.GetChildren()[0]
        rub, _ = UsdShade.MaterialBindingAPI(piece).ComputeBoundMaterial("physics")
        damping, rolling = (
            prim.GetAttribute("physxRigidBody:angularDamping"),
            rub.GetPrim().GetAttribute("newton:rollingFriction"),
        )
        assert [bool(damping), bool(rolling), bool(piece.GetAttribute("mjc:condim"))] == [o.shape == "ball"] * 3, o.name
        if o.shape == "ball":
            assert (damping.Get(), piece.GetAttribute("mjc:condim").Get()) == (20.0, 6)
            assert rolling.Get() == pytest.approx(0.002)
            assert "PhysxRigidBodyAPI" in prim.GetPrimTypeInfo().GetAppliedAPISchemas()
            assert "NewtonMaterialAPI" in rub.GetPrim().GetPrimTypeInfo().GetAppliedAPISchemas()


def test_objects_have_todays_colour_and_friction(scene):
    stage, spec, layout = scene
    for o, placement in zip(spec.objects, layout.objects, strict=True):
        piece = stage.GetPrimAtPath(f"/World/Objects/{o.name}/piece_0")
        collider = stage.GetPrimAtPath(f"/World/Objects/{o.name}/piece_0{'_hull' if o.shape == 'cylinder' else ''}")
        assert tuple(UsdGeom.Gprim(piece).GetDisplayColorAttr().Get()[0]) == pytest.approx(placement.rgb)
        assert look_of(piece) == pytest.approx(placement.rgb)
        assert friction_of(collider) == pytest.approx(placement.friction)


def test_objects_are_labelled_in_the_old_way_and_the_new(scene):
    stage, spec, _ = scene
    prim = stage.GetPrimAtPath(f"/World/Objects/{spec.objects[0].name}")
    assert prim.GetAttribute("semantic:Semantics:params:semanticData").Get() == spec.objects[0].name
    assert list(prim.GetAttribute("semantics:labels:class").Get()) == [spec.objects[0].name]
    assert {"SemanticsAPI:Semantics", "SemanticsLabelsAPI:class"} <= set(prim.GetPrimTypeInfo().GetAppliedAPISchemas())


def test_the_table_top_is_the_plane_z_0_and_nothing_lies_below_the_floor(scene):
    stage, _, layout = scene
    cache = UsdGeom.BBoxCache(Usd.TimeCode.Default(), ["default"])
    top = cache.ComputeWorldBound(stage.GetPrimAtPath("/World/Table/top")).ComputeAlignedRange()
    assert top.GetMax()[2] == pytest.approx(0.0)
    assert tuple(top.GetSize()) == pytest.approx(layout.table.size)
    floor = cache.ComputeWorldBound(stage.GetPrimAtPath("/World/Floor")).ComputeAlignedRange()
    legs = cache.ComputeWorldBound(stage.GetPrimAtPath("/World/Table/legs")).ComputeAlignedRange()
    assert legs.GetMin()[2] == pytest.approx(floor.GetMax()[2]) == pytest.approx(-0.75)


def test_the_legs_reach_from_the_floor_to_the_table_top_and_stand_near_its_corners():
    table = TableSpec(size=(1.0, 0.6, 0.1), center_xy=(0.4, 0.2))
    stage, _ = written(replace(everything(), table=table))
    cache = UsdGeom.BBoxCache(Usd.TimeCode.Default(), ["default"])
    legs = [leg.GetPath() for leg in stage.GetPrimAtPath("/World/Table/legs").GetChildren()]
    middles = sorted(tuple(matrix(stage, path)[:3, 3].round(6)) for path in legs)
    assert middles == [(x, y, -0.425) for x in (-0.05, 0.85) for y in (-0.05, 0.45)]  # 5 cm off the edges
    for path in legs:
        leg = cache.ComputeWorldBound(stage.GetPrimAtPath(path)).ComputeAlignedRange()
        assert (leg.GetMin()[2], leg.GetMax()[2]) == pytest.approx((-0.75, -0.1))
        assert tuple(leg.GetSize())[:2] == pytest.approx((0.05, 0.05))
    assert matrix(stage, "/World/Table/top")[:3, 3] == pytest.approx([0.4, 0.2, -0.05])
    assert matrix(stage, "/World/Floor")[:3, 3] == pytest.approx([0.0, 0.0, -0.8])


@pytest.mark.parametrize(
    ("path", "rgb"),
    [
        ("/World/Table/top", (0.2, 0.4, 0.6)),
        ("/World/Table/legs/leg_2", (0.25, 0.25, 0.27)),
        ("/World/Floor", (0.78, 0.79, 0.80)),
    ],
)
def test_table_legs_and_floor_have_looks_of_their_own(path, rgb):
    stage, _ = written(replace(everything(), table=TableSpec(rgb=(0.2, 0.4, 0.6))))
    assert look_of(stage.GetPrimAtPath(path)) == pytest.approx(rgb)


@pytest.mark.parametrize("path", ["/World/Table/top", "/World/Floor"])
def test_table_and_floor_can_be_touched_and_rub_as_the_table_does(path):
    stage, _ = written(replace(everything(), table=TableSpec(friction=0.7)))
    prim = stage.GetPrimAtPath(path)
    assert prim.HasAPI(UsdPhysics.CollisionAPI)
    assert friction_of(prim) == pytest.approx(0.7)


def test_lamps_shine_from_where_they_are_towards_the_table(scene):
    stage, _, layout = scene
    for light in layout.lights:
        lamp = UsdLux.DistantLight.Get(stage, f"/World/Lights/{light.name}")
        shines = -matrix(stage, lamp.GetPath())[:3, 2]
        wanted = np.array([0.45, 0.0, 0.0]) - light.pos
        assert shines == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-9)
        assert lamp.GetIntensityAttr().Get() == pytest.approx(3000 * light.intensity)
    assert UsdLux.DomeLight.Get(stage, "/World/Lights/ambient")


def test_writing_again_replaces_the_scene_and_leaves_other_prims_alone():
    stage, _ = written(everything())
    UsdGeom.Xform.Define(stage, "/World/mine")
    small = FrankaSceneBuilder("small").add_cube("red").build()
    write_scene(stage, small, sample_layout(small, NONE, 0))
    assert [p.GetName() for p in stage.GetPrimAtPath("/World/Objects").GetChildren()] == ["red_cube"]
    assert stage.GetPrimAtPath("/World/mine")


def test_a_name_that_is_no_prim_name_is_changed_and_a_clash_is_refused():
    builder = FrankaSceneBuilder().add_cube("red", name="2nd cube")
    stage, _ = written(builder.build())
    assert stage.GetPrimAtPath("/World/Objects/_2nd_cube").GetAttribute("semantics:labels:class").Get()[0] == "2nd cube"
    with pytest.raises(SceneError, match="would both become the prim 'a_b'"):
        written(FrankaSceneBuilder().add_cube("red", name="a b").add_cube("blue", name="a-b").build())


# ---------------------------------------------------------------- cameras


def pixel_by_usd(stage, path, point, resolution_hw):
    """Project a world point through a USD camera: apertures, focal length and the prim's place, nothing of ours."""
    camera = UsdGeom.Camera.Get(stage, path)
    x, y, z, _ = np.linalg.inv(matrix(stage, path)) @ [*point, 1.0]
    height, width = resolution_hw
    focal = camera.GetFocalLengthAttr().Get()
    right = focal * x / -z / camera.GetHorizontalApertureAttr().Get()
    up = focal * y / -z / camera.GetVerticalApertureAttr().Get()
    return (0.5 + right) * width, (0.5 - up) * height


def pixel_by_config(camera, pose_world_mount, point):
    x, y, z = (pose_world_mount @ camera.pose_mount_camera).inverse().apply(np.array(point))
    u, v, w = camera.intrinsics() @ [x, y, z]
    return u / w, v / w


@pytest.mark.parametrize("point", [(0.45, 0.0, 0.05), (0.6, 0.2, 0.0), (0.4, -0.25, 0.1)])
def test_a_usd_camera_sees_a_point_where_our_camera_sees_it(scene, point):
    stage, _, layout = scene
    flange = kinematics.pose_base_ee(np.array(layout.qpos))
    from vla_isaac.core.poses import Pose

    hand = flange @ Pose(np.array([0, 0, -panda.HAND_TO_EE]), np.array([1.0, 0, 0, 0]))
    for camera in layout.cameras:
        mount = hand if camera.mount == "hand" else Pose.identity()
        expected = pixel_by_config(camera, mount, point)
        assert pixel_by_usd(stage, camera_path(camera), point, camera.resolution_hw) == pytest.approx(expected, abs=1e-2)


def test_a_wide_camera_has_square_pixels():
    wide = CameraConfig(name="wide", eye=(1.0, 0, 0.5), target=(0.4, 0, 0), fov_y=1.1, resolution_hw=(90, 200))
    stage, _ = written(FrankaSceneBuilder().cameras([wide]).build())
    camera = UsdGeom.Camera.Get(stage, "/World/Cameras/wide")
    focal = camera.GetFocalLengthAttr().Get()
    across = focal * 200 / camera.GetHorizontalApertureAttr().Get()
    assert across == pytest.approx(focal * 90 / camera.GetVerticalApertureAttr().Get())
    assert across == pytest.approx(45 / math.tan(0.55))
    assert math.radians(camera.GetCamera().GetFieldOfView(Gf.Camera.FOVVertical)) == pytest.approx(1.1, rel=1e-5)


def test_the_wrist_camera_hangs_below_the_hand():
    wrist = next(c for c in everything().cameras if c.mount == "hand")
    assert camera_path(wrist) == "/World/Robot/panda_hand/wrist_camera"


# ---------------------------------------------------------------- the arm


def local(joint, side) -> np.ndarray:
    frame = np.eye(4)
    position, rotation = (joint.GetPrim().GetAttribute(f"physics:local{k}{side}").Get() for k in ("Pos", "Rot"))
    frame[:3, :3] = np.array(Gf.Matrix3d(Gf.Quatd(rotation).GetNormalized())).T
    frame[:3, 3] = position
    return frame


def motion(joint, position) -> np.ndarray:
    """Return what a USD joint does at `position` ([deg] or [m])."""
    frame = np.eye(4)
    axis = Gf.Vec3d(*[float(joint.GetPrim().GetAttribute("physics:axis").Get() == a) for a in "XYZ"])
    if joint.GetPrim().IsA(UsdPhysics.RevoluteJoint):
        frame[:3, :3] = np.array(Gf.Matrix3d(Gf.Rotation(axis, position))).T
    else:
        frame[:3, 3] = np.array(axis) * position
    return frame


def joints(stage):
    return [UsdPhysics.Joint(p) for p in stage.GetPrimAtPath("/World/Robot/joints").GetChildren()]


def links_by_joints(stage) -> dict[str, np.ndarray]:
    """Walk the chain by the joints alone and return where it puts each link."""
    frames = {"": np.eye(4)}
    for joint in joints(stage):
        parents, (child,) = joint.GetBody0Rel().GetTargets(), joint.GetBody1Rel().GetTargets()
        state = [a for a in joint.GetPrim().GetAttributes() if a.GetName().endswith("physics:position")]
        move = motion(joint, state[0].Get()) if state else np.eye(4)
        parent = frames[str(parents[0]) if parents else ""]
        frames[str(child)] = parent @ local(joint, 0) @ move @ np.linalg.inv(local(joint, 1))
    return frames


@pytest.mark.parametrize(("randomisation", "seed"), [(NONE, 0), (FULL, 3), (FULL, 8)])
def test_the_joints_alone_put_the_hand_where_forward_kinematics_puts_it(randomisation, seed):
    stage, layout = written(FrankaSceneBuilder().build(), randomisation, seed)
    ee = links_by_joints(stage)["/World/Robot/panda_hand"] @ [0, 0, panda.HAND_TO_EE, 1]
    expected = kinematics.pose_base_ee(np.array(layout.qpos)).pos
    assert ee[:3] == pytest.approx(expected, abs=1e-6)


def test_every_link_lies_where_its_joint_wants_it(scene):
    stage, _, _ = scene
    for path, frame in links_by_joints(stage).items():
        if path:
            assert matrix(stage, path) == pytest.approx(frame, abs=2e-6)


def test_the_arm_is_one_articulation_of_eleven_links_and_nine_moving_joints(scene):
    stage, _, _ = scene
    roots = [p.GetPath() for p in stage.Traverse() if p.HasAPI(UsdPhysics.ArticulationRootAPI)]
    assert roots == ["/World/Robot"]
    bodies = [p.GetName() for p in stage.GetPrimAtPath("/World/Robot").GetChildren() if p.HasAPI(UsdPhysics.RigidBodyAPI)]
    assert tuple(bodies) == panda.LINKS
    moving = [j.GetPrim().GetName() for j in joints(stage) if not j.GetPrim().IsA(UsdPhysics.FixedJoint)]
    assert tuple(moving) == (*panda.ARM_JOINTS, *panda.FINGER_JOINTS)
    welded = [j for j in joints(stage) if not j.GetBody0Rel().GetTargets()]
    assert [str(j.GetBody1Rel().GetTargets()[0]) for j in welded] == ["/World/Robot/panda_link0"]


def solids_of_the_arm(stage, *, touching: bool) -> list:
    """Return each primitive of the description, for contact or for the eye, with its prim."""
    pairs, folder = [], "collisions" if touching else "visuals"
    for link in panda_description().links:
        prims = stage.GetPrimAtPath(f"/World/Robot/{link.name}/{folder}").GetChildren()
        pairs += zip([s for s in link.solids if s.is_collision == touching], prims, strict=True)
    return pairs


def test_every_visible_part_of_the_arm_is_drawn_in_its_own_colour_and_never_touches(scene):
    stage, _, _ = scene
    parts = solids_of_the_arm(stage, touching=False)
    assert len({solid.rgb for solid, _ in parts}) > 1
    for solid, prim in parts:
        assert look_of(prim) == pytest.approx(solid.rgb)
        assert not prim.HasAPI(UsdPhysics.CollisionAPI)
        assert UsdGeom.Imageable(prim).ComputePurpose() == "default"


def test_every_part_of_the_arm_that_touches_is_hidden_and_has_its_own_friction(scene):
    stage, _, _ = scene
    parts = solids_of_the_arm(stage, touching=True)
    assert len({solid.friction for solid, _ in parts}) > 1
    for solid, prim in parts:
        assert friction_of(prim) == pytest.approx(solid.friction)
        assert prim.HasAPI(UsdPhysics.CollisionAPI)
        assert UsdGeom.Imageable(prim).ComputePurpose() == "guide"


def test_limits_are_in_degrees_and_metres(scene):
    stage, _, _ = scene
    for i, name in enumerate(panda.ARM_JOINTS):
        joint = UsdPhysics.RevoluteJoint.Get(stage, f"/World/Robot/joints/{name}")
        assert joint.GetLowerLimitAttr().Get() == pytest.approx(math.degrees(panda.QPOS_LOWER[i]))
        assert joint.GetUpperLimitAttr().Get() == pytest.approx(math.degrees(panda.QPOS_UPPER[i]))
    for name in panda.FINGER_JOINTS:
        finger = UsdPhysics.PrismaticJoint.Get(stage, f"/World/Robot/joints/{name}")
        assert finger.GetUpperLimitAttr().Get() == pytest.approx(panda.FINGER_TRAVEL)


def test_drives_hold_the_start_posture_with_gains_per_degree(scene):
    """4500 Nm/rad of joint 1 are 78.54 Nm per degree; 176 + 2 Nm s/rad are 3.107."""
    stage, _, layout = scene
    drive = UsdPhysics.DriveAPI.Get(stage.GetPrimAtPath("/World/Robot/joints/panda_joint1"), "angular")
    assert drive.GetStiffnessAttr().Get() == pytest.approx(78.5398)
    assert drive.GetDampingAttr().Get() == pytest.approx(3.10669, rel=1e-5)
    assert drive.GetMaxForceAttr().Get() == pytest.approx(87.0)
    for name, position in joint_positions(layout).items():
        prim = stage.GetPrimAtPath(f"/World/Robot/joints/{name}")
        dof, value = ("linear", position) if "finger" in name else ("angular", math.degrees(position))
        assert UsdPhysics.DriveAPI.Get(prim, dof).GetTargetPositionAttr().Get() == pytest.approx(value, rel=1e-6)
        assert prim.GetAttribute(f"state:{dof}:physics:position").Get() == pytest.approx(value, rel=1e-6)


def test_the_gains_of_the_scene_replace_those_of_the_robot():
    gains = JointGains(stiffness=(400.0,) * 7, damping=(80.0,) * 7)
    stage, _ = written(replace(FrankaSceneBuilder().build(), gains=gains))
    drive = UsdPhysics.DriveAPI.Get(stage.GetPrimAtPath("/World/Robot/joints/panda_joint4"), "angular")
    assert drive.GetStiffnessAttr().Get() == pytest.approx(math.radians(400.0))
    assert drive.GetDampingAttr().Get() == pytest.approx(math.radians(82.0))


def test_armature_and_speed_limits_stand_in_the_words_of_old_and_new_readers(scene):
    """`PhysxJointAPI` up to Isaac Sim 5.1, the axis alone later; speeds in degrees, armature in kg m^2 or kg."""
    stage, _, _ = scene
    description = {link.joint.name: link.joint for link in panda_description().links if link.joint}
    for name in (*panda.ARM_JOINTS, *panda.FINGER_JOINTS):
        prim = stage.GetPrimAtPath(f"/World/Robot/joints/{name}")
        dof = "linear" if name in panda.FINGER_JOINTS else "angular"
        i = panda.ARM_JOINTS.index(name) if dof == "angular" else None
        fastest = panda.FINGER_SPEED_LIMIT if i is None else math.degrees(panda.QVEL_LIMIT[i])
        assert {"PhysxJointAPI", f"PhysxJointAxisAPI:{dof}"} <= set(prim.GetPrimTypeInfo().GetAppliedAPISchemas())
        for space in ("physxJoint", f"physxJointAxis:{dof}"):
            assert prim.GetAttribute(f"{space}:armature").Get() == pytest.approx(description[name].armature)
            assert prim.GetAttribute(f"{space}:maxJointVelocity").Get() == pytest.approx(fastest)


def test_links_weigh_what_the_description_says(scene):
    stage, _, _ = scene
    masses = [UsdPhysics.MassAPI(stage.GetPrimAtPath(f"/World/Robot/{n}")).GetMassAttr().Get() for n in panda.LINKS]
    assert sum(masses) == pytest.approx(17.451901, abs=1e-5)  # the <inertial mass> entries of panda.xml, added by hand
    assert masses[1] == pytest.approx(4.970684)


def test_contact_is_off_between_the_pairs_of_the_description(scene):
    stage, _, _ = scene
    pairs = {
        (prim.GetName(), target.name)
        for prim in stage.GetPrimAtPath("/World/Robot").GetChildren()
        for target in UsdPhysics.FilteredPairsAPI(prim).GetFilteredPairsRel().GetTargets()
    }
    assert len(pairs) == 9
    assert {("panda_link1", "panda_link3"), ("panda_leftfinger", "panda_rightfinger")} <= pairs


def test_collision_shapes_are_hidden_and_finger_pads_grip(scene):
    stage, _, _ = scene
    finger = stage.GetPrimAtPath("/World/Robot/panda_leftfinger/collisions")
    frictions = []
    for solid in finger.GetChildren():
        assert UsdGeom.Imageable(solid).ComputePurpose() == "guide"
        material, _ = UsdShade.MaterialBindingAPI(solid).ComputeBoundMaterial("physics")
        frictions.append(UsdPhysics.MaterialAPI(material.GetPrim()).GetDynamicFrictionAttr().Get())
    assert frictions == [1.0, 2.0]


PARSERS = ("UsdPhysicsLoadStageFromPrimRange", "LoadUsdPhysicsFromRange")  # its name now, and its old one
PARSER = next((getattr(UsdPhysics, name) for name in PARSERS if hasattr(UsdPhysics, name)), None)


@pytest.mark.skipif(PARSER is None, reason="this usd-core has no physics parser")
def test_usds_own_physics_parser_finds_what_was_written(scene):
    stage, spec, _ = scene
    found = PARSER(stage, ["/World"])
    counts = {kind.name: len(paths) for kind, (paths, _) in found.items()}
    assert counts["Articulation"] == 1
    assert counts["RevoluteJoint"] == 7
    assert counts["PrismaticJoint"] == 2
    assert counts["RigidBody"] == 11 + sum(not o.fixed for o in spec.objects)


@pytest.mark.skipif(PARSER is None, reason="this usd-core has no physics parser")
def test_usds_own_physics_parser_finds_the_friction_of_everything_that_collides(scene):
    """It looks for a binding on the collider itself: one on a parent counts for the eye only, and friction is then 1."""
    stage, spec, layout = scene
    found = PARSER(stage, ["/World"])
    shapes = {
        str(path): desc
        for _, (paths, descs) in found.items()
        for path, desc in zip(paths, descs, strict=True)
        if hasattr(desc, "materials")
    }
    colliders = [p for p in stage.Traverse() if p.HasAPI(UsdPhysics.CollisionAPI)]
    assert set(shapes) == {str(p.GetPath()) for p in colliders}
    for prim in colliders:
        (material,) = shapes[str(prim.GetPath())].materials
        assert UsdPhysics.MaterialAPI.Get(stage, material).GetDynamicFrictionAttr().Get() == pytest.approx(friction_of(prim))
    for o, placement in zip(spec.objects, layout.objects, strict=True):
        (piece, *_) = [p for p in stage.GetPrimAtPath(f"/World/Objects/{o.name}").GetChildren() if p in colliders]
        assert friction_of(piece) == pytest.approx(placement.friction)


def test_every_link_is_told_to_carry_its_own_weight_in_the_words_of_physx_and_of_newton(scene):
    stage, spec, _ = scene
    for name in panda.LINKS:
        prim = stage.GetPrimAtPath(f"/World/Robot/{name}")
        assert prim.GetAttribute("physxRigidBody:disableGravity").Get() is True
        assert prim.GetAttribute("mjc:gravcomp").Get() == 1.0
    for name in spec.object_names:
        assert not stage.GetPrimAtPath(f"/World/Objects/{name}").GetAttribute("mjc:gravcomp")


# ---------------------------------------------------------------- the next episode on the same stage


def two_episodes(name: str, first: int, second: int):
    """Return a scene and two of its layouts that differ in all that may vary."""
    spec = vary_scene(scene_preset(name), FULL, first)
    a, b = (sample_layout(spec, FULL, seed) for seed in (first, second))
    return spec, a, replace(b, gripper_width=0.03)


def text(stage) -> str:
    return stage.ExportToString(addSourceFileComment=False)


@pytest.mark.parametrize("name", preset_names("scenes"))
@pytest.mark.parametrize(("first", "second"), [(1, 2), (8, 3), (40, 41)])
def test_a_layout_written_over_a_scene_says_what_a_fresh_scene_says(name, first, second):
    spec, a, b = two_episodes(name, first, second)
    renewed, fresh = Usd.Stage.CreateInMemory(), Usd.Stage.CreateInMemory()
    write_scene(renewed, spec, a)
    before = text(renewed)
    write_layout(renewed, spec, b)
    write_scene(fresh, spec, b)
    assert text(renewed) == text(fresh) != before
    assert renewed.GetRootLayer().ExportToString() == fresh.GetRootLayer().ExportToString()
    write_layout(renewed, spec, b)
    assert text(renewed) == text(fresh)


@pytest.mark.parametrize("robot", ["embedded", "reference"])
def test_a_new_layout_neither_removes_nor_adds_nor_reloads_a_prim(robot, franka):
    """A resynced path is one whose prims were made anew: a simulator would lose its hold on them."""
    options = {} if robot == "embedded" else {"robot": robot, "robot_asset": franka, "robot_variants": {"Gripper": "Long"}}
    spec, a, b = two_episodes("clutter", 1, 2)
    stage = Usd.Stage.CreateInMemory()
    write_scene(stage, spec, a, **options)
    resynced = []
    listener = Tf.Notice.Register(
        Usd.Notice.ObjectsChanged, lambda notice, _: resynced.extend(notice.GetResyncedPaths()), stage
    )
    write_layout(stage, spec, b, **options)
    listener.Revoke()
    assert resynced == []


def test_a_new_layout_takes_back_what_a_simulator_left():
    """Speeds, a pose in single precision with other operations, and a robot that has moved."""
    spec, a, b = two_episodes("tabletop", 1, 2)
    stage = Usd.Stage.CreateInMemory()
    write_scene(stage, spec, a)
    name = next(o.name for o in spec.objects if not o.fixed)
    prim = stage.GetPrimAtPath(f"/World/Objects/{name}")
    UsdPhysics.RigidBodyAPI(prim).GetVelocityAttr().Set(Gf.Vec3f(1.0, 2.0, 3.0))
    for old in ("xformOp:translate", "xformOp:orient"):
        prim.RemoveProperty(old)
    frame = UsdGeom.Xformable(prim)
    frame.ClearXformOpOrder()
    frame.AddTranslateOp(UsdGeom.XformOp.PrecisionFloat).Set(Gf.Vec3f(9.0, 9.0, 9.0))
    frame.AddOrientOp(UsdGeom.XformOp.PrecisionFloat).Set(Gf.Quatf(0.0, 1.0, 0.0, 0.0))
    frame.AddScaleOp(UsdGeom.XformOp.PrecisionFloat).Set(Gf.Vec3f(2.0))
    joint = stage.GetPrimAtPath("/World/Robot/joints/panda_joint4")
    joint.GetAttribute("state:angular:physics:velocity").Set(30.0)
    write_layout(stage, spec, b)
    placement = b.objects[spec.object_names.index(name)]
    assert matrix(stage, prim.GetPath()) == pytest.approx(placement.pose_world.matrix(), abs=1e-6)
    assert UsdPhysics.RigidBodyAPI(prim).GetVelocityAttr().Get() == Gf.Vec3f(0.0)
    assert joint.GetAttribute("state:angular:physics:velocity").Get() == 0.0


def test_sizes_may_differ_from_episode_to_episode():
    small = FrankaSceneBuilder().add("cube", "red", size=(0.03, 0.03, 0.03)).build()
    large = FrankaSceneBuilder().add("cube", "red", size=(0.05, 0.05, 0.05)).build()
    stage, _ = written(small)
    write_layout(stage, large, sample_layout(large, NONE, 0))
    fresh, _ = written(large)
    assert text(stage) == text(fresh)


@pytest.mark.parametrize(
    ("before", "found"),
    [
        (None, "no scene of ours below /World"),
        (FrankaSceneBuilder().add_cube("blue").build(), r"objects blue_cube \(cube\)"),
        (FrankaSceneBuilder().add_cube("red", fixed=True).build(), r"objects red_cube \(fixed cube\)"),
        (FrankaSceneBuilder().add("ball", "red", name="red_cube").build(), r"objects red_cube \(ball\)"),
        (FrankaSceneBuilder().add_cube("red").cameras([]).build(), "cameras none; lights"),
    ],
    ids=["nothing", "another object", "a fixed one", "another shape", "other cameras"],
)
def test_a_layout_is_not_written_over_another_scene(before, found):
    spec = FrankaSceneBuilder().add_cube("red").build()
    stage = Usd.Stage.CreateInMemory() if before is None else written(before)[0]
    untouched = text(stage)
    with pytest.raises(SceneError, match=f"{found}.*call write_scene once"):
        write_layout(stage, spec, sample_layout(spec, NONE, 0))
    assert text(stage) == untouched


def test_a_layout_is_not_written_over_a_scene_with_another_kind_of_robot(franka):
    stage, layout = written(everything())
    with pytest.raises(SceneError, match=r"the stage holds our Panda;.*the layout is for a robot by reference"):
        write_layout(stage, everything(), layout, robot="reference", robot_asset=franka)


# ---------------------------------------------------------------- reference, files, command


@pytest.fixture
def franka(tmp_path) -> str:
    """Write a robot file like Isaac Sim's: a hand whose height depends on a variant, its root moved by single floats."""
    path = tmp_path / "franka.usda"
    asset = Usd.Stage.CreateNew(str(path))
    root = UsdGeom.Xform.Define(asset, "/panda")
    root.AddTranslateOp(UsdGeom.XformOp.PrecisionFloat).Set(Gf.Vec3f(7.0, 0.0, 0.0))
    root.AddOrientOp(UsdGeom.XformOp.PrecisionFloat).Set(Gf.Quatf(1.0))
    root.AddScaleOp(UsdGeom.XformOp.PrecisionFloat).Set(Gf.Vec3f(1.0))
    asset.SetDefaultPrim(root.GetPrim())
    grippers = root.GetPrim().GetVariantSets().AddVariantSet("Gripper")
    for name, height in (("Default", 0.5), ("Long", 0.6)):
        grippers.AddVariant(name)
        grippers.SetVariantSelection(name)
        with grippers.GetVariantEditContext():
            UsdGeom.Xform.Define(asset, "/panda/panda_hand").AddTranslateOp().Set(Gf.Vec3d(0.0, 0.0, height))
    grippers.SetVariantSelection("Default")
    asset.Save()
    return str(path)


def hand_height(stage) -> float:
    return float(matrix(stage, "/World/Robot/panda_hand")[2, 3])


def test_a_reference_brings_the_robot_of_another_file_and_the_wrist_camera_hangs_in_it(franka):
    stage, _ = written(everything(), robot="reference", robot_asset=franka)
    assert stage.GetPrimAtPath("/World/Robot/panda_hand").GetTypeName() == "Xform"
    assert matrix(stage, "/World/Robot/panda_hand/wrist_camera")[:3, 3] == pytest.approx([0.075, 0.0, 0.51])
    assert not stage.GetPrimAtPath("/World/Robot/panda_link0")
    assert list(stage.GetPrimAtPath("/World/Robot").GetAttribute("semantics:labels:class").Get()) == ["robot"]


def test_the_variants_that_are_asked_for_are_selected_and_renewed(franka):
    spec, a, b = two_episodes("tabletop", 1, 2)
    stage = Usd.Stage.CreateInMemory()
    options = {"robot": "reference", "robot_asset": franka}
    write_scene(stage, spec, a, **options)
    assert hand_height(stage) == pytest.approx(0.5)
    write_layout(stage, spec, b, **options, robot_variants={"Gripper": "Long"})
    assert hand_height(stage) == pytest.approx(0.6)
    write_layout(stage, spec, b, **options)
    assert hand_height(stage) == pytest.approx(0.5)
    fresh = Usd.Stage.CreateInMemory()
    write_scene(fresh, spec, b, **options)
    assert text(stage) == text(fresh)


def test_a_variant_the_asset_does_not_have_is_refused_with_those_it_has(franka):
    for variants in ({"Gripper": "Short"}, {"Mesh": "Long"}):
        with pytest.raises(UsageError, match="choose among Gripper: Default, Long"):
            written(everything(), robot="reference", robot_asset=franka, robot_variants=variants)


def test_a_new_layout_refers_to_the_robot_once_and_to_another_asset_when_told(franka, tmp_path):
    spec, a, b = two_episodes("tabletop", 1, 2)
    stage = Usd.Stage.CreateInMemory()
    write_scene(stage, spec, a, robot="reference", robot_asset=franka)
    for asset in (franka, str(tmp_path / "other.usda")):
        write_layout(stage, spec, b, robot="reference", robot_asset=asset)
        prim_spec = stage.GetRootLayer().GetPrimAtPath("/World/Robot")
        assert list(prim_spec.referenceList.GetAddedOrExplicitItems()) == [Sdf.Reference(asset)]


def test_a_robot_that_is_not_at_hand_is_referred_to_and_its_hand_is_left_to_it(franka, tmp_path):
    """The file is written here and opened where Isaac Sim's assets are: the camera has to find its hand there."""
    file = tmp_path / "scene.usda"
    spec, layout = everything(), sample_layout(everything(), NONE, 0)
    write_file(
        file, spec, layout, robot="reference", robot_asset="elsewhere/franka.usda", robot_variants={"Gripper": "Long"}
    )
    layer = Sdf.Layer.FindOrOpen(str(file))
    hand, camera = (layer.GetPrimAtPath(f"/World/Robot/panda_hand{name}") for name in ("", "/wrist_camera"))
    assert (hand.specifier, hand.typeName) == (Sdf.SpecifierOver, "")
    assert (camera.specifier, camera.typeName) == (Sdf.SpecifierDef, "Camera")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "franka.usda").rename(tmp_path / "elsewhere" / "franka.usda")
    stage = Usd.Stage.Open(str(file))
    assert stage.GetPrimAtPath("/World/Robot/panda_hand").IsDefined()
    assert UsdGeom.Camera.Get(stage, "/World/Robot/panda_hand/wrist_camera").GetFocalLengthAttr().Get() > 0
    assert hand_height(stage) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"robot": "reference"}, "needs robot_asset"),
        ({"robot_asset": "a.usd"}, "only used with robot='reference'"),
        ({"robot_variants": {"Gripper": "Default"}}, "robot_variants=.* is only used with robot='reference'"),
        ({"robot": "ur5"}, "choose 'embedded' or 'reference'"),
    ],
)
def test_a_robot_that_makes_no_sense_is_refused(options, message):
    with pytest.raises(UsageError, match=message):
        written(everything(), **options)


@pytest.mark.parametrize("name", preset_names("scenes"))
@pytest.mark.parametrize("randomisation", ["layout", "full"])
def test_every_preset_is_valid_usd(tmp_path, capsys, name, randomisation):
    file = tmp_path / f"{name}.usda"
    assert main(["export-scene", str(file), "--scene", name, "--randomisation", randomisation, "--seed", "5"]) == 0
    assert findings(file) == []
    assert capsys.readouterr().err == ""
    spec = vary_scene(scene_preset(name), randomisation_preset(randomisation), 5)
    stage = Usd.Stage.Open(str(file))
    objects = stage.GetPrimAtPath("/World/Objects").GetChildren()
    assert [p.GetName() for p in objects] == list(spec.object_names)


def test_text_and_binary_files_hold_the_same_and_come_out_the_same_twice(tmp_path, capsys):
    texts = []
    for name in ("a.usda", "b.usda", "c.usdc", "d.usd"):
        assert main(["export-scene", str(tmp_path / name), "--seed", "4", "--json"]) == 0
        stage = Usd.Stage.Open(str(tmp_path / name))
        texts.append(stage.GetRootLayer().ExportToString())
    assert len(set(texts)) == 1
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["objects"][0] == "red_cube"
    assert found["prims"] > 100
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.usda", "b.usda", "c.usdc", "d.usd"]
