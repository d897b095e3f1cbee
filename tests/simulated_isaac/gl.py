"""OpenGL without a screen, for what MuJoCo draws in tests."""

from __future__ import annotations

import importlib
from typing import Any

import mujoco

from vla_isaac.core.errors import RenderError
from vla_isaac.rendering.engine import GL_REMEDY, headless_gl


def gl_context() -> Any:
    """Return a context of 64 x 64 pixels; our own error where there is none."""
    platform = headless_gl()
    try:
        if platform in ("egl", "osmesa"):
            return importlib.import_module(f"mujoco.{platform}").GLContext(64, 64)
        return mujoco.GLContext(64, 64)
    except Exception as error:  # each GL platform raises errors of its own
        raise RenderError(f"MuJoCo cannot draw here: {GL_REMEDY} ({error})") from error
