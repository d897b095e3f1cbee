"""A scene written to a USD stage with plain `pxr`: the same code makes files and fills Isaac Sim's live stage."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from vla_isaac.core.errors import UsageError
from vla_isaac.core.poses import Pose
from vla_isaac.scene.spec import SceneLayout, SceneSpec, Timing
from vla_isaac.scene.usd_cameras import write_cameras, write_lights
from vla_isaac.scene.usd_objects import write_objects
from vla_isaac.scene.usd_panda import write_embedded_panda
from vla_isaac.scene.usd_prims import add_frame, apply_raw
from vla_isaac.scene.usd_pxr import Gf, Sdf, Usd, UsdGeom, UsdPhysics

GRAVITY = 9.81  # [m/s^2], as the MuJoCo model has it
OURS = ("PhysicsScene", "Looks", "PhysicsMaterials", "Table", "Floor", "Objects", "Lights", "Robot", "Cameras")
"""What lies below the root after `write_scene`; an earlier scene there is replaced, other prims are left alone."""


def write_scene(
    stage: Any,
    spec: SceneSpec,
    layout: SceneLayout,
    *,
    robot: Literal["embedded", "reference"] = "embedded",
    robot_asset: str | None = None,
    root: str = "/World",
) -> None:
    """Write a scene as it stands in one episode, in metres, z up, replacing the scene written there before.

    Args:
        stage: A `pxr.Usd.Stage`; on a live one, only while the timeline is stopped.
        spec: What there is.
        layout: How it stands; sampled from `spec`.
        robot: `embedded` writes our own Panda of primitives, `reference` refers to `robot_asset`.
        robot_asset: Path or address of a Franka as USD with a prim `panda_hand` below its default prim.
        root: Prim that holds everything; it becomes the stage's default prim.

    Raises:
        MissingDependencyError: On import of this module, if `pxr` is not installed.
        SceneError: If the layout does not belong to the scene.
        UsageError: If a reference is wanted and no asset is named, or the other way round.
    """
    layout.check_fits(spec)
    _check_robot(robot, robot_asset)
    _prepare_stage(stage, root)
    _write_physics_scene(stage, spec.timing, f"{root}/PhysicsScene")
    write_objects(stage, spec, layout, root)
    write_lights(stage, layout, root)
    if robot_asset is None:
        write_embedded_panda(stage, layout, spec.gains, f"{root}/Robot")
    else:
        add_frame(stage, f"{root}/Robot", Pose.identity()).GetReferences().AddReference(robot_asset)
    write_cameras(stage, layout, root)


def write_file(
    path: Path,
    spec: SceneSpec,
    layout: SceneLayout,
    *,
    robot: Literal["embedded", "reference"] = "embedded",
    robot_asset: str | None = None,
) -> int:
    """Write a scene as a USD file and return its number of prims; an older file is replaced whole or not at all.

    `path` ends in ``.usda`` (text), ``.usd`` or ``.usdc`` (binary); the rest is as in `write_scene`.
    """
    stage = Usd.Stage.CreateInMemory()
    write_scene(stage, spec, layout, robot=robot, robot_asset=robot_asset)
    unfinished = path.with_name(f".{path.stem}_{os.getpid()}{path.suffix}")
    try:
        stage.GetRootLayer().Export(str(unfinished))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return sum(1 for _ in stage.TraverseAll())


def _check_robot(robot: str, robot_asset: str | None) -> None:
    if robot not in ("embedded", "reference"):
        raise UsageError(f"robot={robot!r} is unknown; choose 'embedded' or 'reference'")
    if robot == "reference" and not robot_asset:
        raise UsageError("robot='reference' needs robot_asset, the path of a Franka as USD; or choose robot='embedded'")
    if robot == "embedded" and robot_asset is not None:
        raise UsageError(f"robot_asset={robot_asset!r} is only used with robot='reference'; choose that, or leave it out")


def _prepare_stage(stage: Any, root: str) -> None:
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdPhysics.SetStageKilogramsPerUnit(stage, 1.0)
    for name in OURS:
        stage.RemovePrim(f"{root}/{name}")
    stage.SetDefaultPrim(add_frame(stage, root))
    for name in ("Looks", "PhysicsMaterials"):
        UsdGeom.Scope.Define(stage, f"{root}/{name}")


def _write_physics_scene(stage: Any, timing: Timing, path: str) -> None:
    """Write gravity and the physics rate, so that whole steps make one control period."""
    scene = UsdPhysics.Scene.Define(stage, path)
    scene.CreateGravityDirectionAttr(Gf.Vec3f(0.0, 0.0, -1.0))
    scene.CreateGravityMagnitudeAttr(GRAVITY)
    rate = round(timing.control_hz * timing.substeps)
    apply_raw(scene.GetPrim(), "PhysxSceneAPI", {"physxScene:timeStepsPerSecond": (Sdf.ValueTypeNames.UInt, rate)})
