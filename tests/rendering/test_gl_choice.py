"""Drawing works without a screen, whoever imported MuJoCo first."""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys

import pytest

from vla_isaac.rendering import gl_choice
from vla_isaac.rendering.gl_choice import GL_VARIABLES, SEPARATOR, TRIED, automatic_gl

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


# ------------------------------------------------------------------ the user's variables

CHOOSE = """
from vla_isaac.rendering.engine import headless_gl, mujoco_module, no_gl
mujoco_module().MjModel.from_xml_string("<mujoco/>")
print(headless_gl(), no_gl(), sep="|")
"""
NO_CHILD = "import subprocess; subprocess.run = None\n"


def choose(code: str = CHOOSE, **variables: str) -> tuple[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in (*GL_VARIABLES, TRIED, "DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**kept, **variables}, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    platform, _, problem = done.stdout.strip().partition("|")
    return platform, problem


@pytest.mark.gl
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MUJOCO_GL", "wgl"),
        ("MUJOCO_GL", "nonsense"),
        pytest.param("MUJOCO_GL", "osmesa", marks=pytest.mark.slow),
        pytest.param("MUJOCO_GL", "glfw", marks=pytest.mark.slow),
        pytest.param("MUJOCO_GL", "glx", marks=pytest.mark.slow),
        ("MUJOCO_EGL_DEVICE_ID", "99"),
        pytest.param("MUJOCO_EGL_DEVICE_ID", "-1", marks=pytest.mark.slow),
        pytest.param("MUJOCO_EGL_DEVICE_ID", "text", marks=pytest.mark.slow),
        pytest.param("PYOPENGL_PLATFORM", "glx", marks=pytest.mark.slow),
    ],
)
def test_a_variable_that_does_not_work_is_named_with_its_value_and_physics_work(name, value):
    if automatic_gl() != "egl" or (value == "osmesa" and ctypes.util.find_library("OSMesa")):
        pytest.skip("the values that do not work are those of a machine with EGL alone")
    platform, problem = choose(**{name: value})
    assert platform == "disable"
    assert problem.startswith(f"{name}={value}: drawing ") and problem.endswith(f"; unset {name}: egl works here")
    assert "\n" not in problem


@pytest.mark.parametrize("variables", [{}, {"MUJOCO_GL": "egl"}, {"MUJOCO_GL": "disable"}, {"MUJOCO_GL": "Off"}])
def test_nothing_is_tried_without_variables_or_with_our_own_choice(variables):
    if automatic_gl() != "egl":
        pytest.skip("needs EGL")
    assert choose(NO_CHILD + CHOOSE, **variables)[0] == ("egl" if variables.get("MUJOCO_GL", "egl") == "egl" else "disable")


def test_a_value_that_works_is_used():
    if automatic_gl() != "egl":
        pytest.skip("needs EGL")
    assert choose(MUJOCO_EGL_DEVICE_ID="0")[0] == "egl"


def test_what_was_tried_is_not_tried_again_by_child_processes():
    tried = SEPARATOR.join(["wgl", "", "", "drawing failed (as before)"])
    platform, problem = choose(**{TRIED: tried, "MUJOCO_GL": "wgl"})
    assert (platform, problem.partition(";")[0]) == ("disable", "MUJOCO_GL=wgl: drawing failed (as before)")


def test_a_drawing_that_ends_the_process_is_a_line_too(monkeypatch):
    monkeypatch.setattr(gl_choice, "TRIAL", "import os; os.abort()")
    assert gl_choice._try(os.environ) == "drawing ends the process with signal 6"
