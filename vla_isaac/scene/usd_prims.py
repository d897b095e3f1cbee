"""Helpers that write prims: frames, solids, materials, labels, raw schemas."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from vla_isaac.core.poses import Pose
from vla_isaac.scene.colours import RGB
from vla_isaac.scene.usd_pxr import Gf, Sdf, UsdGeom, UsdPhysics, UsdShade, Vt

PRISM_SIDES = 32  # twice as many corners are the 64 at which PhysX simplifies a hull


def set_pose(prim: Any, pose: Pose, scale: Sequence[float] | None = None) -> None:
    """Place a prim in its parent, in double precision unless its transform ops exist in another one."""
    values = [
        ("xformOp:translate", Sdf.ValueTypeNames.Double3, Gf.Vec3d(*map(float, pose.pos))),
        ("xformOp:orient", Sdf.ValueTypeNames.Quatd, Gf.Quatd(*map(float, pose.quat_wxyz))),
    ]
    if scale is not None:
        values.append(("xformOp:scale", Sdf.ValueTypeNames.Double3, Gf.Vec3d(*map(float, scale))))
    for name, kind, value in values:
        attribute = prim.GetAttribute(name) or prim.CreateAttribute(name, kind, False)
        attribute.Set(attribute.GetTypeName().type.pythonClass(value))  # a simulator may have created it in single precision
    UsdGeom.Xformable(prim).CreateXformOpOrderAttr(Vt.TokenArray([name for name, _, _ in values]))


def add_frame(stage: Any, path: str, pose: Pose | None = None) -> Any:
    """Add an `Xform` and return its prim."""
    prim = UsdGeom.Xform.Define(stage, path).GetPrim()
    if pose is not None:
        set_pose(prim, pose)
    return prim


def add_solid(stage: Any, path: str, kind: str, size: Sequence[float], pose: Pose, rgb: RGB) -> Any:
    """Add a primitive and return its prim.

    Args:
        stage: The stage.
        path: Path of the new prim.
        kind: `box`, `sphere`, `ellipsoid`, `cylinder` or `capsule`; the last two along their z axis.
        size: Box, ellipsoid: half extents [m]. Sphere: radius [m]. Cylinder, capsule: radius, half length [m].
        pose: In the parent prim.
        rgb: Display colour.
    """
    scale: Sequence[float] | None = None
    if kind == "box":
        solid = UsdGeom.Cube.Define(stage, path)
        solid.CreateSizeAttr(1.0)
        scale = [2.0 * s for s in size]
    elif kind in ("sphere", "ellipsoid"):
        solid = UsdGeom.Sphere.Define(stage, path)
        solid.CreateRadiusAttr(float(size[0]) if kind == "sphere" else 1.0)
        scale = None if kind == "sphere" else size
    else:
        solid = (UsdGeom.Cylinder if kind == "cylinder" else UsdGeom.Capsule).Define(stage, path)
        solid.CreateAxisAttr(UsdGeom.Tokens.z)
        solid.CreateRadiusAttr(float(size[0]))
        solid.CreateHeightAttr(2.0 * float(size[1]))
    set_pose(solid.GetPrim(), pose, scale)
    solid.CreateExtentAttr(UsdGeom.Boundable.ComputeExtentFromPlugins(solid, 0.0))
    solid.CreateDisplayColorAttr(Vt.Vec3fArray([Gf.Vec3f(*rgb)]))
    return solid.GetPrim()


def add_collider(stage: Any, path: str, kind: str, size: Sequence[float], pose: Pose, rgb: RGB) -> Any:
    """Add what touches in place of a solid and return its prim; the arguments are those of `add_solid`.

    A cylinder becomes a prism: newer readers of USD make of a `UsdGeom.Cylinder` a smooth shape, which may creep or topple
    while it settles; the hull of a mesh is the same on every engine.
    """
    is_round = kind == "cylinder"
    prim = add_prism(stage, path, size[0], size[1], pose) if is_round else add_solid(stage, path, kind, size, pose, rgb)
    UsdPhysics.CollisionAPI.Apply(prim)
    return prim


def add_prism(stage: Any, path: str, radius: float, half_height: float, pose: Pose) -> Any:
    """Add a prism of `PRISM_SIDES` sides with its edges on a cylinder along z, and return its prim.

    Written are its two ends: the convex hull, which is what collides, closes the sides.
    """
    n = PRISM_SIDES
    angles = 2 * math.pi * np.arange(n) / n
    ring = [(radius * math.cos(a), radius * math.sin(a)) for a in angles]
    mesh = UsdGeom.Mesh.Define(stage, path)
    mesh.CreatePointsAttr(Vt.Vec3fArray([Gf.Vec3f(x, y, z) for z in (-half_height, half_height) for x, y in ring]))
    mesh.CreateFaceVertexCountsAttr(Vt.IntArray([n, n]))
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray([*reversed(range(n)), *range(n, 2 * n)]))
    mesh.CreateNormalsAttr(Vt.Vec3fArray([Gf.Vec3f(0.0, 0.0, -1.0), Gf.Vec3f(0.0, 0.0, 1.0)]))
    mesh.SetNormalsInterpolation(UsdGeom.Tokens.uniform)
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    set_pose(mesh.GetPrim(), pose)
    mesh.CreateExtentAttr(UsdGeom.Boundable.ComputeExtentFromPlugins(mesh, 0.0))
    UsdPhysics.MeshCollisionAPI.Apply(mesh.GetPrim()).CreateApproximationAttr(UsdPhysics.Tokens.convexHull)
    return mesh.GetPrim()


def hide(prim: Any) -> None:
    """Keep a prim out of pictures: it is there to touch."""
    UsdGeom.Imageable(prim).CreatePurposeAttr(UsdGeom.Tokens.guide)


def add_surface(stage: Any, path: str, rgb: RGB, *, roughness: float = 0.6) -> Any:
    """Add a `UsdPreviewSurface` material of one colour and return it."""
    material = UsdShade.Material.Define(stage, path)
    shader = UsdShade.Shader.Define(stage, f"{path}/Shader")
    shader.CreateIdAttr("UsdPreviewSurface")
    shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).Set(Gf.Vec3f(*rgb))
    shader.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(roughness)
    shader.CreateInput("metallic", Sdf.ValueTypeNames.Float).Set(0.0)
    material.CreateSurfaceOutput().ConnectToSource(shader.CreateOutput("surface", Sdf.ValueTypeNames.Token))
    return material


def add_friction(stage: Any, path: str, friction: float) -> Any:
    """Add a physics material and return it; of two surfaces in contact the larger value counts, as in MuJoCo."""
    material = UsdShade.Material.Define(stage, path)
    physics = UsdPhysics.MaterialAPI.Apply(material.GetPrim())
    physics.CreateStaticFrictionAttr(friction)
    physics.CreateDynamicFrictionAttr(friction)
    physics.CreateRestitutionAttr(0.0)
    apply_raw(
        material.GetPrim(), "PhysxMaterialAPI", {"physxMaterial:frictionCombineMode": (Sdf.ValueTypeNames.Token, "max")}
    )
    return material


def bind(prim: Any, surface: Any = None, friction: Any = None) -> None:
    """Bind a visual and a friction material to a prim and its descendants."""
    binding = UsdShade.MaterialBindingAPI.Apply(prim)
    if surface is not None:
        binding.Bind(surface)
    if friction is not None:
        binding.Bind(friction, UsdShade.Tokens.weakerThanDescendants, "physics")


def apply_raw(prim: Any, schema: str, values: dict[str, tuple[Any, Any]]) -> None:
    """Apply a schema that this `pxr` may not know, by its name, and set its attributes: name to (type, value)."""
    prim.AddAppliedSchema(schema)
    for name, (kind, value) in values.items():
        prim.CreateAttribute(name, kind, False).Set(value)


def set_custom(prim: Any, name: str, kind: Any, value: Any) -> None:
    """Set a custom attribute, for engines that have no schema of their own."""
    prim.CreateAttribute(name, kind, True).Set(value)


def make_body(prim: Any) -> None:
    """Make a prim a rigid body at rest; clears velocities that a simulator wrote."""
    body = UsdPhysics.RigidBodyAPI.Apply(prim)
    body.CreateVelocityAttr(Gf.Vec3f(0.0))
    body.CreateAngularVelocityAttr(Gf.Vec3f(0.0))


def label(prim: Any, name: str) -> None:
    """Label a prim for segmentation, in the format of Isaac Sim up to 4.5 and in that of OpenUSD since 24.11."""
    strings = Sdf.ValueTypeNames.String
    apply_raw(
        prim,
        "SemanticsAPI:Semantics",
        {
            "semantic:Semantics:params:semanticType": (strings, "class"),
            "semantic:Semantics:params:semanticData": (strings, name),
        },
    )
    labels = (Sdf.ValueTypeNames.TokenArray, Vt.TokenArray([name]))
    apply_raw(prim, "SemanticsLabelsAPI:class", {"semantics:labels:class": labels})


def principal_inertia(prim: Any, mass: float, center: np.ndarray, moments: np.ndarray, quat_wxyz: np.ndarray) -> None:
    """Set mass [kg], centre of mass [m] and principal moments [kg m^2] of a rigid body."""
    api = UsdPhysics.MassAPI.Apply(prim)
    api.CreateMassAttr(mass)
    api.CreateCenterOfMassAttr(Gf.Vec3f(*map(float, center)))
    api.CreateDiagonalInertiaAttr(Gf.Vec3f(*map(float, moments)))
    axes = quat_wxyz + 0.0  # no -0, which the text format keeps and the binary one does not
    api.CreatePrincipalAxesAttr(Gf.Quatf(*map(float, axes)))
