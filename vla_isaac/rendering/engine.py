"""Import of the `mujoco` module with a GL platform that works on this machine."""

from __future__ import annotations

import functools
import os
from types import ModuleType

from vla_isaac.core.errors import RenderError
from vla_isaac.core.optional import require
from vla_isaac.rendering.gl_choice import GL_REMEDY, GL_VARIABLES, GlChoice, requested_gl

__all__ = ["GL_REMEDY", "headless_gl", "mujoco_module", "no_gl"]


def headless_gl() -> str:
    """Return the value of MUJOCO_GL for this machine: what the user has set if it works, `egl`, `osmesa`, or `disable`.

    MuJoCo reads the variable once, at import, and fails there when the platform's library is missing.
    """
    return _chosen_gl().platform


def no_gl() -> RenderError:
    """Return the error where `headless_gl` is `disable`: why nothing can be drawn, and what works."""
    choice = _chosen_gl()
    return RenderError(choice.problem, remedy=choice.remedy)


def mujoco_module() -> ModuleType:
    """Import MuJoCo; where nothing can be drawn, without its drawing.

    Raises:
        MissingDependencyError: If the package is not installed.
    """
    before, platform = os.environ.get("MUJOCO_GL"), headless_gl()
    if platform:
        os.environ["MUJOCO_GL"] = platform
    try:
        return require("mujoco", extra="mujoco", need="the mujoco backend", instead="choose --backend stub")
    finally:
        if platform == "disable":  # the error names the user's value
            os.environ.pop("MUJOCO_GL")
            os.environ.update({} if before is None else {"MUJOCO_GL": before})


def _chosen_gl() -> GlChoice:
    return _gl_of(*(os.environ.get(name) for name in GL_VARIABLES))


@functools.cache
def _gl_of(*_: str | None) -> GlChoice:
    """Return `requested_gl` for the present values of the variables."""
    return requested_gl()
