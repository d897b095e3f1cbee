"""What has to hold before any test imports a library: how MuJoCo draws, and that no library reports to its makers."""

import os

from vla_isaac.core.telemetry import OFF, turn_off_telemetry
from vla_isaac.rendering.engine import headless_gl

if platform := headless_gl():  # MuJoCo reads MUJOCO_GL once, at its first import
    os.environ["MUJOCO_GL"] = platform

for module in OFF:  # a test that skips without a library imports it directly
    turn_off_telemetry(module)
