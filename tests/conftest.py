"""Choose how MuJoCo draws before any test imports it: it reads MUJOCO_GL once, at its first import."""

import os

from vla_isaac.backends.mujoco.engine import headless_gl

if platform := headless_gl():
    os.environ["MUJOCO_GL"] = platform
