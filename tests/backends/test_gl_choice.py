"""Drawing works without a screen, whoever imported MuJoCo first."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

DRAW = """
from vla_isaac.backends.mujoco.backend import MujocoBackend
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import Randomisation
from vla_isaac.sim.backend import RenderRequest
from vla_isaac.sim.drive import drive

scene = FrankaSceneBuilder("small").add_cube("red").build()
backend = MujocoBackend()
drive(backend.load(scene))
drive(backend.reset(sample_layout(scene, Randomisation(), 0)))
print(drive(backend.render([RenderRequest(camera="front", resolution_hw=(32, 32))]))["front"].rgb.std() > 5)
backend.close()
"""


@pytest.mark.gl
@pytest.mark.parametrize(
    "first",
    [
        pytest.param("", id="ours"),
        pytest.param("import mujoco", id="mujoco"),
    ],
)
def test_pictures_are_drawn_whoever_is_imported_first(first):
    pytest.importorskip("mujoco")
    environment = {k: v for k, v in os.environ.items() if k not in ("MUJOCO_GL", "DISPLAY", "PYOPENGL_PLATFORM")}
    done = subprocess.run([sys.executable, "-c", first + DRAW], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stderr
