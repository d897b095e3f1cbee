"""Write a robot to a stage as a reference to a USD file, such as Isaac Sim's Franka."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vla_isaac.core.errors import UsageError
from vla_isaac.core.poses import Pose
from vla_isaac.scene.usd_prims import add_frame, label
from vla_isaac.scene.usd_pxr import Sdf


def write_referenced_robot(stage: Any, path: str, asset: str, variants: Mapping[str, str]) -> None:
    """Add a reference to a robot at `path`, with its base at the world's origin.

    The asset need not be available; the reference is then kept as written. Equal values are not written again,
    because a live stage would reload the robot.

    Args:
        stage: The stage.
        path: Prim that refers to the robot.
        asset: Path or address of a USD file whose default prim is the robot.
        variants: Selections by the name of their variant set; by default the asset's own.

    Raises:
        UsageError: If the asset can be opened and has no such variant.
    """
    prim = add_frame(stage, path, Pose.identity())
    spec = stage.GetEditTarget().GetPrimSpecForScenePath(path)
    if list(spec.referenceList.explicitItems) != [Sdf.Reference(asset)]:
        prim.GetReferences().SetReferences([Sdf.Reference(asset)])
    _check_variants(prim, asset, variants)
    sets = prim.GetVariantSets()
    selected = dict(spec.variantSelections)
    for name in {*selected} - {*variants}:
        sets.GetVariantSet(name).ClearVariantSelection()
    for name, variant in variants.items():
        if selected.get(name) != variant:
            sets.SetSelection(name, variant)
    label(prim, "robot")


def _check_variants(prim: Any, asset: str, variants: Mapping[str, str]) -> None:
    """Raise for variants the asset does not have; an asset that cannot be opened is not checked."""
    sets = prim.GetVariantSets()
    offered = {name: list(sets.GetVariantSet(name).GetVariantNames()) for name in sets.GetNames()}
    for name, variant in variants.items():
        if offered and variant not in offered.get(name, []):
            known = "; ".join(f"{n}: {', '.join(v)}" for n, v in offered.items())
            raise UsageError(f"robot_variants: {asset} has no variant {name}={variant!r}", remedy=f"choose among {known}")
