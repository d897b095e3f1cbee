"""Import of the `mujoco` module with a GL platform that works on this machine."""

from __future__ import annotations

import ctypes.util
import os
import sys
from types import ModuleType

from vla_isaac.core.optional import require

GL_REMEDY = (
    "no OpenGL for drawing without a screen was found; on Debian or Ubuntu run: "
    "apt-get install -y libegl1 libopengl0 libgl1-mesa-dri, or choose --backend stub"
)


def headless_gl() -> str:
    """Return the value of MUJOCO_GL for this machine: the user's own, `egl`, `osmesa`, or `disable`.

    MuJoCo reads the variable once, at import, and fails there when the platform's library is missing.
    """
    chosen = os.environ.get("MUJOCO_GL", "").lower()
    if chosen:
        return chosen
    if sys.platform != "linux":
        return ""  # Windows and macOS have their own GL, which MuJoCo selects
    if ctypes.util.find_library("EGL") and (ctypes.util.find_library("OpenGL") or ctypes.util.find_library("GL")):
        return "egl"  # EGL makes the off-screen context, OpenGL draws in it: PyOpenGL needs both
    if ctypes.util.find_library("OSMesa"):
        return "osmesa"
    return "disable"


def mujoco_module() -> ModuleType:
    """Import MuJoCo.

    Raises:
        MissingDependencyError: If the package is not installed.
    """
    platform = headless_gl()
    if platform:
        os.environ["MUJOCO_GL"] = platform
    return require("mujoco", extra="mujoco", need="the mujoco backend", instead="choose --backend stub")
