"""What the classic functions do: stage, assets, version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pxr import UsdGeom

from tests.simulated_isaac.examples import examples_functions
from tests.simulated_isaac.viewport import viewport_functions

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation


ROOT_SETTING = "/persistent/isaac/asset_root/default"


def functions(sim: Simulation) -> dict[str, Callable[..., Any]]:
    """Return the functions of the classic interface, and of those both share, by each of their public names."""

    def create_new_stage() -> Any:
        sim.context.new_stage()
        return sim.stage

    async def create_new_stage_async() -> None:
        await sim.context.new_stage_async()

    def add_reference_to_stage(usd_path: str, prim_path: str, prim_type: str = "Xform") -> Any:
        return reference(sim, usd_path, prim_path, prim_type, FileNotFoundError)

    def find_root() -> Any:
        if sim.assets_root is not None:
            return str(sim.assets_root)
        sim.tell("warn", "Could not find assets root folder")
        if sim.version >= (5, 0) and sim.traps.missing_root_raises:
            raise RuntimeError("Could not find assets root folder")
        return None

    def get_assets_root_path(skip_check: bool = False, accept_unsupported: bool = True) -> Any:
        if sim.mode == "kit":
            sim.violate("blocking_asset_check", "get_assets_root_path() waits up to 10 s for the network on Kit's loop")
        return find_root()

    async def get_assets_root_path_async(skip_check: bool = False, accept_unsupported: bool = True) -> Any:
        for _ in range(2):
            await sim.kit_app.next_update_async()
        return find_root()

    def is_file(path: str) -> bool:
        if sim.mode == "kit":
            sim.violate("blocking_asset_check", "is_file() waits for the network on Kit's loop")
        return Path(path).is_file()

    async def is_file_async(path: str) -> bool:
        await sim.kit_app.next_update_async()
        return Path(path).is_file()

    def get_version() -> tuple[str, ...]:
        major, minor = sim.version
        return (f"{sim.release}.0", "", str(major), str(minor), "0", "", "", "")

    async def update_stage_async() -> None:
        await sim.kit_app.next_update_async()

    def set_stage_units(stage_units_in_meters: float) -> None:
        UsdGeom.SetStageMetersPerUnit(sim.stage, stage_units_in_meters)

    found: dict[str, Callable[..., Any]] = {**viewport_functions(sim), **examples_functions(sim)}
    stage_functions = {
        "create_new_stage": create_new_stage,
        "create_new_stage_async": create_new_stage_async,
        "get_current_stage": lambda fabric=False: sim.stage,
        "add_reference_to_stage": add_reference_to_stage,
        "update_stage_async": update_stage_async,
        "set_stage_units": set_stage_units,
        "is_stage_loading": lambda: False,
    }
    for home in ("omni.isaac.core.utils.stage", "isaacsim.core.utils.stage"):
        found |= {f"{home}.{name}": function for name, function in stage_functions.items()}
    asset_functions = {
        "get_assets_root_path": get_assets_root_path,
        "get_assets_root_path_async": get_assets_root_path_async,
        "is_file": is_file,
        "is_file_async": is_file_async,
    }
    for home in (
        "omni.isaac.nucleus",
        "omni.isaac.core.utils.nucleus",
        "isaacsim.storage.native",
        "isaacsim.core.utils.nucleus",
    ):
        found |= {f"{home}.{name}": function for name, function in asset_functions.items()}
    for home in ("omni.isaac.version", "isaacsim.core.version"):
        found[f"{home}.get_version"] = get_version
    return found


def reference(sim: Simulation, usd_path: str, prim_path: str, prim_type: str, error: type[Exception]) -> Any:
    if not Path(usd_path).is_file() and sim.traps.missing_file_raises:
        raise error(f"The usd file at path {usd_path} provided wasn't found")
    prim = sim.stage.GetPrimAtPath(prim_path) or sim.stage.DefinePrim(prim_path, prim_type)
    prim.GetReferences().AddReference(usd_path)
    return prim
