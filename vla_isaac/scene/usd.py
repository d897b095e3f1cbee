"""Write a scene to a USD stage with `pxr`, in a file or in Isaac Sim's live stage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from vla_isaac.core.atomic_files import OutputLock, atomic_path, writing
from vla_isaac.core.errors import SceneError, UsageError
from vla_isaac.scene.spec import SceneLayout, SceneSpec, Timing
from vla_isaac.scene.usd_cameras import write_cameras, write_lights
from vla_isaac.scene.usd_objects import write_objects
from vla_isaac.scene.usd_panda import write_embedded_panda
from vla_isaac.scene.usd_prims import add_frame, apply_raw, set_custom
from vla_isaac.scene.usd_pxr import Gf, Sdf, Usd, UsdGeom, UsdPhysics
from vla_isaac.scene.usd_reference import write_referenced_robot

GRAVITY = 9.81  # [m/s^2], as in the MuJoCo model
MUJOCO_IMPRATIO = 10.0  # how stiff friction is beside the normal force, as in the MuJoCo model
OURS = ("PhysicsScene", "Looks", "PhysicsMaterials", "Table", "Floor", "Objects", "Lights", "Robot", "Cameras")
"""Prims below the root after `write_scene`; an earlier scene there is replaced, other prims are left alone."""

PRIMS_KEY = "vla_isaac:prims"
"""Custom data of the physics scene: a description of the prims `write_scene` made; `write_layout` requires the same."""

RobotKind = Literal["embedded", "reference"]


def write_scene(
    stage: Any,
    spec: SceneSpec,
    layout: SceneLayout,
    *,
    robot: RobotKind = "embedded",
    robot_asset: str | None = None,
    robot_variants: Mapping[str, str] | None = None,
    root: str = "/World",
    is_shared: bool = False,
) -> None:
    """Write a scene in the state of one episode, in metres, z up; replaces a scene written there before.

    Args:
        stage: A `pxr.Usd.Stage`; on a live one, only while the timeline is stopped.
        spec: The scene.
        layout: Its state in this episode; sampled from `spec`.
        robot: `embedded` writes our own Panda of primitives, `reference` refers to `robot_asset`.
        robot_asset: Path or address of a Franka as USD with a prim `panda_hand` below its default prim.
        robot_variants: Variants of the asset to select, by the name of their set, such as ``{"Gripper": "Default"}``.
        root: Prim that holds everything; it becomes the stage's default prim unless the stage is shared.
        is_shared: Whether the stage belongs to the user: nothing outside `root` is changed then.

    Raises:
        MissingDependencyError: On import of this module, if `pxr` is not installed.
        SceneError: If the layout does not belong to the scene, or a shared stage has prims in other units or with y up.
        UsageError: If `robot` and `robot_asset` do not fit each other, or if the asset can be opened and has no such
            variant.
    """
    layout.check_fits(spec)
    _check_robot(robot, robot_asset, robot_variants)
    _prepare_stage(stage, root, is_shared)
    for name in OURS:
        stage.RemovePrim(f"{root}/{name}")
    _write(stage, spec, layout, robot_asset, robot_variants, root)


def write_layout(
    stage: Any,
    spec: SceneSpec,
    layout: SceneLayout,
    *,
    robot: RobotKind = "embedded",
    robot_asset: str | None = None,
    robot_variants: Mapping[str, str] | None = None,
    root: str = "/World",
    is_shared: bool = False,
) -> None:
    """Write another episode over the scene that `write_scene` wrote: same prims, every value set again.

    No prim is removed, so a simulator's handles stay valid. The result equals that of `write_scene` with the same
    arguments. Sizes may differ from the earlier scene's, names and shapes may not.

    Args:
        stage: As in `write_scene`.
        spec: The scene.
        layout: Its state in the new episode.
        robot: As in `write_scene`.
        robot_asset: With `reference`, its asset; may differ from the earlier one.
        robot_variants: With `reference`, its variants; may differ from the earlier ones.
        root: Prim that holds everything.
        is_shared: As in `write_scene`.

    Raises:
        SceneError: If the layout does not belong to the scene, or the stage holds other prims than it needs.
        UsageError: As in `write_scene`.
    """
    layout.check_fits(spec)
    _check_robot(robot, robot_asset, robot_variants)
    _check_same_prims(stage, _describe_prims(spec, layout, robot_asset), root)
    _prepare_stage(stage, root, is_shared)
    _write(stage, spec, layout, robot_asset, robot_variants, root)


def write_file(
    path: Path,
    spec: SceneSpec,
    layout: SceneLayout,
    *,
    robot: RobotKind = "embedded",
    robot_asset: str | None = None,
    robot_variants: Mapping[str, str] | None = None,
) -> int:
    """Write a scene as a USD file and return its number of prims; an older file is replaced atomically.

    `path` ends in ``.usda`` (text), ``.usd`` or ``.usdc`` (binary); the other arguments are those of `write_scene`.
    """
    stage = Usd.Stage.CreateInMemory()
    write_scene(stage, spec, layout, robot=robot, robot_asset=robot_asset, robot_variants=robot_variants)
    with OutputLock(path), atomic_path(path, suffix=path.suffix) as unfinished, writing(path, also=(Exception,)):
        stage.GetRootLayer().Export(str(unfinished))
    return sum(1 for _ in stage.TraverseAll())


def _check_robot(robot: str, robot_asset: str | None, robot_variants: Mapping[str, str] | None) -> None:
    if robot not in ("embedded", "reference"):
        raise UsageError(f"robot={robot!r} is unknown", remedy="choose 'embedded' or 'reference'")
    if robot == "reference" and not robot_asset:
        raise UsageError(
            "robot='reference' needs robot_asset, the path of a Franka as USD", remedy="or choose robot='embedded'"
        )
    for name, value in (("robot_asset", robot_asset), ("robot_variants", robot_variants)):
        if robot == "embedded" and value is not None:
            raise UsageError(f"{name}={value!r} is only used with robot='reference'", remedy="choose that, or leave it out")


def _describe_prims(spec: SceneSpec, layout: SceneLayout, robot_asset: str | None) -> str:
    """Return a readable description of everything that determines the set of prims."""
    parts = {
        "objects": [f"{o.name} ({'fixed ' if o.fixed else ''}{o.shape})" for o in spec.objects],
        "cameras": [f"{c.name} ({c.mount})" for c in layout.cameras],
        "lights": [light.name for light in layout.lights],
    }
    words = [f"{kind} {', '.join(names) or 'none'}" for kind, names in parts.items()]
    return "; ".join(["our Panda" if robot_asset is None else "a robot by reference", *words])


def _check_same_prims(stage: Any, expected: str, root: str) -> None:
    prim = stage.GetPrimAtPath(f"{root}/PhysicsScene")
    found = prim.GetCustomDataByKey(PRIMS_KEY) if prim else None
    if found != expected:
        raise SceneError(
            f"the stage holds {found or 'no scene of ours'} below {root}, but the layout is for {expected}",
            remedy="call write_scene once for each scene, and write_layout for its further episodes",
        )


def _write(
    stage: Any,
    spec: SceneSpec,
    layout: SceneLayout,
    robot_asset: str | None,
    robot_variants: Mapping[str, str] | None,
    root: str,
) -> None:
    """Write everything; each part defines missing prims and sets every value."""
    for name in ("Looks", "PhysicsMaterials"):
        UsdGeom.Scope.Define(stage, f"{root}/{name}")
    _write_physics_scene(stage, spec.timing, root)
    stage.GetPrimAtPath(f"{root}/PhysicsScene").SetCustomDataByKey(PRIMS_KEY, _describe_prims(spec, layout, robot_asset))
    write_objects(stage, spec, layout, root)
    write_lights(stage, layout, root)
    if robot_asset is None:
        write_embedded_panda(stage, layout, spec.gains, f"{root}/Robot")
    else:
        write_referenced_robot(stage, f"{root}/Robot", robot_asset, robot_variants or {})
    write_cameras(stage, layout, root)


def _prepare_stage(stage: Any, root: str, is_shared: bool) -> None:
    """Set metres and z up, and make a root that no parent moves."""
    if is_shared:
        _share_stage(stage, root)
    else:
        _set_units(stage)
        stage.SetDefaultPrim(add_frame(stage, root))


def _share_stage(stage: Any, root: str) -> None:
    """Check the units of the user's stage; an empty stage gets ours."""
    units, up = UsdGeom.GetStageMetersPerUnit(stage), UsdGeom.GetStageUpAxis(stage)
    kilograms = UsdPhysics.GetStageKilogramsPerUnit(stage)
    if (units, up, kilograms) != (1.0, UsdGeom.Tokens.z, 1.0):
        if _has_others(stage, Sdf.Path(root)):
            raise SceneError(
                f"the open stage has units of {units:g} m and {kilograms:g} kg and {up} up",
                remedy=(
                    "a scene needs 1 m, 1 kg, Z up, and changing that would change the size of what is there. "
                    "Open a new stage (File > New), then press Load"
                ),
            )
        _set_units(stage)
    UsdGeom.Xformable(add_frame(stage, root)).SetResetXformStack(True)


def _has_others(stage: Any, root: Any) -> bool:
    """Return whether the stage has prims other than `root`; the session layer's cameras and settings do not count."""
    layers = stage.GetLayerStack(includeSessionLayers=False)
    others = (p for p in stage.Traverse() if not root.HasPrefix(p.GetPath()) and not p.GetPath().HasPrefix(root))
    return any(spec.layer in layers for prim in others for spec in prim.GetPrimStack())


def _set_units(stage: Any) -> None:
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdPhysics.SetStageKilogramsPerUnit(stage, 1.0)


def _write_physics_scene(stage: Any, timing: Timing, root: str) -> None:
    """Write gravity and the physics rate, so that whole steps make one control period.

    A physics scene that the stage has already is used: with two, bodies without an owner belong to the first, and Isaac Sim
    sets rates on the first or on all. Our own prim is then no physics scene.
    """
    ours = f"{root}/PhysicsScene"
    others = (p for p in stage.Traverse() if p.IsA(UsdPhysics.Scene) and not p.GetPath().HasPrefix(root))
    other = next(others, None)
    if other is not None:
        UsdGeom.Scope.Define(stage, ours)
    scene = UsdPhysics.Scene(other) if other is not None else UsdPhysics.Scene.Define(stage, ours)
    scene.CreateGravityDirectionAttr(Gf.Vec3f(0.0, 0.0, -1.0))
    scene.CreateGravityMagnitudeAttr(GRAVITY)
    rate = round(timing.control_hz * timing.substeps)
    apply_raw(scene.GetPrim(), "PhysxSceneAPI", {"physxScene:timeStepsPerSecond": (Sdf.ValueTypeNames.UInt, rate)})
    # Newton with MuJoCo: with one contact point, the default, an upright cylinder rocks; with its cone, a ball slips
    set_custom(scene.GetPrim(), "mjc:flag:multiccd", Sdf.ValueTypeNames.Bool, True)
    set_custom(scene.GetPrim(), "mjc:option:cone", Sdf.ValueTypeNames.Token, "elliptic")
    set_custom(scene.GetPrim(), "mjc:option:impratio", Sdf.ValueTypeNames.Double, MUJOCO_IMPRATIO)
