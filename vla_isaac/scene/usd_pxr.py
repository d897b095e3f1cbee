"""The modules of `pxr`, imported only here in `scene`, so that a missing one raises one error."""

from __future__ import annotations

from vla_isaac.core.optional import require

require("pxr.UsdPhysics", extra="usd", need="writing a scene as USD")

from pxr import Gf, Sdf, Usd, UsdGeom, UsdLux, UsdPhysics, UsdShade, Vt  # noqa: E402

__all__ = ["Gf", "Sdf", "Usd", "UsdGeom", "UsdLux", "UsdPhysics", "UsdShade", "Vt"]
