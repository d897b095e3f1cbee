"""Which GL platform draws on this machine, and whether it does with what the user's variables say.

A wrong value of `MUJOCO_GL`, `MUJOCO_EGL_DEVICE_ID` or `PYOPENGL_PLATFORM` can end the whole process, not only the drawing.
So a value that differs from our own choice is tried in a child process first, once per process and its children. Without
such variables nothing is tried.
"""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

from vla_isaac.core.errors import first_line

GL_VARIABLES = ("MUJOCO_GL", "MUJOCO_EGL_DEVICE_ID", "PYOPENGL_PLATFORM")
NO_GL = "no OpenGL for drawing without a screen was found"
INSTALL_GL = "on Debian or Ubuntu run: apt-get install -y libegl1 libopengl0 libgl1-mesa-dri, or choose --backend stub"
GL_REMEDY = f"{NO_GL}; {INSTALL_GL}"
OFF = ("disable", "disabled", "off", "false", "0")
AUTOMATIC = ("", "enable", "enabled", "on", "true", "1")  # MuJoCo's own words, too
TRIED = "VLA_ISAAC_GL_TRIED"
"""Variable that tells child processes what was tried: the values of `GL_VARIABLES`, then what was wrong, or nothing."""

SEPARATOR = "\x1f"

TRIAL = """
import os, mujoco, importlib
platform = os.environ["MUJOCO_GL"]
library = importlib.import_module(f"mujoco.{platform}") if platform in ("egl", "osmesa") else mujoco
context = library.GLContext(64, 64)
context.make_current()
mujoco.MjrContext(mujoco.MjModel.from_xml_string("<mujoco/>"), mujoco.mjtFontScale.mjFONTSCALE_100)
print("drawn", flush=True)
os._exit(0)
"""
TRIAL_SECONDS = 60.0


def automatic_gl() -> str:
    """Return the GL platform that this machine has: `egl`, `osmesa`, `disable`, or nothing where MuJoCo selects it."""
    if sys.platform != "linux":
        return ""  # Windows and macOS have their own GL, which MuJoCo selects
    if ctypes.util.find_library("EGL") and (ctypes.util.find_library("OpenGL") or ctypes.util.find_library("GL")):
        return "egl"  # EGL makes the off-screen context, OpenGL draws in it: PyOpenGL needs both
    if ctypes.util.find_library("OSMesa"):
        return "osmesa"
    return "disable"


class GlChoice(NamedTuple):
    """The GL platform to use; `disable` where nothing can be drawn."""

    platform: str
    problem: str = NO_GL
    """Why nothing can be drawn, where nothing can."""

    remedy: str = INSTALL_GL


def requested_gl() -> GlChoice:
    """Return the GL platform to use with the user's variables, tried if they differ from our own choice."""
    values = [os.environ.get(name, "") for name in GL_VARIABLES]
    chosen, device, pyopengl = (value.strip().lower() for value in values)
    automatic = automatic_gl()
    platform = automatic if chosen in AUTOMATIC else chosen
    if platform == automatic and not device and pyopengl in ("", automatic):
        return GlChoice(platform)
    if platform in OFF:
        then = INSTALL_GL if automatic == "disable" else f"{automatic or 'the GL of the system'} is used then"
        return GlChoice("disable", f"MUJOCO_GL={values[0]} switches drawing off", f"unset MUJOCO_GL; {then}")
    why = _why_not(platform, values)
    return GlChoice("disable", f"{_settings(values)}: {why}", _what_works()) if why else GlChoice(platform)


def _settings(values: list[str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in zip(GL_VARIABLES, values, strict=True) if value)


def _why_not(platform: str, values: list[str]) -> str:
    """Return why nothing can be drawn with the user's variables; empty if it can. Tried once for each set of values."""
    *tried, why = os.environ.get(TRIED, "").split(SEPARATOR)
    if tried != values:
        why = _try({**os.environ, "MUJOCO_GL": platform})
        os.environ[TRIED] = SEPARATOR.join([*values, why])
    return why


def _what_works() -> str:
    """Return the remedy: the variables to unset if drawing works without them."""
    platform = automatic_gl()
    names = [name for name in GL_VARIABLES if os.environ.get(name)]
    if platform == "disable":
        return f"unset {' and '.join(names)}, and {INSTALL_GL}"
    clean = {name: value for name, value in os.environ.items() if name not in GL_VARIABLES}
    if _try({**clean, "MUJOCO_GL": platform} if platform else clean):
        return f"without {' and '.join(names)} it does not work either; {INSTALL_GL}"
    return f"unset {' and '.join(names)}: {platform or 'the GL of the system'} works here"


def _try(environment: Mapping[str, str]) -> str:
    """Draw in a child process and return what was wrong, in one line; empty if it worked."""
    if not sys.executable or "omni.kit.app" in sys.modules:
        return ""  # a program that embeds Python, such as Kit, cannot be started again as Python
    command = [sys.executable, "-c", TRIAL]
    try:
        done = subprocess.run(
            command,
            env=dict(environment),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TRIAL_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"drawing failed ({first_line(error)[:200]})"
    if "drawn" in done.stdout:
        return ""
    if done.returncode < 0:
        return f"drawing ends the process with signal {-done.returncode}"
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return f"drawing failed ({said[-1][:200]})" if said else "drawing failed"
