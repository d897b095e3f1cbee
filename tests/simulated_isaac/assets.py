"""The simulated asset server: a folder with a small Franka under the path that each release has."""

from __future__ import annotations

from pathlib import Path

from pxr import Usd, UsdPhysics

from vla_isaac.robots import panda
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.spec import JointGains, SceneLayout
from vla_isaac.scene.usd_panda import write_embedded_panda

FRANKA = {
    "4": ("/Isaac/Robots/Franka/franka.usd", "/Isaac/Robots/Franka/franka_alt_fingers.usd"),
    "5": ("/Isaac/Robots/FrankaRobotics/FrankaPanda/franka.usd",),
    "6.1": ("/Isaac/Robots_Multiphysics/FrankaRobotics/FrankaPanda/franka/franka.usda",),
}
VARIANTS = {"Gripper": ("AlternateFinger", "Default", "None", "Robotiq_2F_85"), "Mesh": ("Performance", "Quality")}


def franka_paths(version: tuple[int, ...]) -> tuple[str, ...]:
    """Return where the Franka lies below the assets root, in the words of shared/isaac-api/README.md, section 4."""
    if version < (5, 0):
        return FRANKA["4"]
    return (*FRANKA["5"], *FRANKA["6.1"]) if version >= (6, 1) else FRANKA["5"]


def write_assets(folder: Path, version: tuple[int, ...], *, has_franka: bool) -> Path:
    """Write what the server of a release offers and return its root."""
    root = folder / "Assets" / "Isaac" / f"{version[0]}.{version[1]}"
    root.mkdir(parents=True)
    for path in franka_paths(version) if has_franka else ():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        _write_franka(file, version, has_small_letters="Multiphysics" in path)
    return root


def _write_franka(file: Path, version: tuple[int, ...], has_small_letters: bool) -> None:
    """Write our Panda with the prim names of NVIDIA's: no start posture, no labels, no collision groups."""
    stage = Usd.Stage.CreateNew(str(file))
    spec = FrankaSceneBuilder("asset").build()
    layout = SceneLayout(
        objects=(),
        qpos=tuple(panda.QPOS_HOME),
        table=spec.table,
        lights=spec.lights,
        ambient=spec.ambient,
        cameras=spec.cameras,
    )
    write_embedded_panda(stage, layout, JointGains(), "/panda")
    root = stage.GetPrimAtPath("/panda")
    stage.SetDefaultPrim(root)
    for prim in Usd.PrimRange(root):
        for name in [n for n in prim.GetPropertyNames() if n.startswith(("state:", "semantic"))]:
            prim.RemoveProperty(name)
        for schema in [
            s for s in prim.GetPrimTypeInfo().GetAppliedAPISchemas() if s.startswith(("PhysicsJointState", "Sem"))
        ]:
            prim.RemoveAppliedSchema(schema)
        if prim.IsA(UsdPhysics.Joint):
            for name in [n for n in prim.GetPropertyNames() if n.endswith(":physics:targetPosition")]:
                prim.GetAttribute(name).Set(0.0)
    if version >= (5, 0):
        _make_mimic(next(p for p in Usd.PrimRange(root) if p.GetName() == panda.FINGER_JOINTS[1]), has_small_letters)
        for name, choices in VARIANTS.items():
            variants = root.GetVariantSets().AddVariantSet(name)
            for choice in choices:
                variants.AddVariant(choice.lower() if has_small_letters else choice)
    stage.GetRootLayer().Save()


def _make_mimic(joint: Usd.Prim, is_multiphysics: bool) -> None:
    """Let a finger follow the other one, without a drive.

    Source: 6.2 wheel isaacsim-core skills/physx-to-newton-conversion/SKILL.md:129 (audit): 8 drives, a mimic finger joint.
    """
    joint.RemoveAppliedSchema("PhysicsDriveAPI:linear")
    for name in [n for n in joint.GetPropertyNames() if n.startswith("drive:")]:
        joint.RemoveProperty(name)
    joint.AddAppliedSchema("NewtonMimicAPI" if is_multiphysics else "PhysxMimicJointAPI:rotX")
