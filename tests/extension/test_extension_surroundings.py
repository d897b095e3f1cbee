"""What is around the panel: the import path, missing packages, pictures, and Python without Kit."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tests.extension.alone import load_alone
from tests.extension.hands import ROOT
from vla_isaac.core import prebundle

extras, pictures = load_alone("extras"), load_alone("pictures")
HERE = f"py{sys.version_info.major}{sys.version_info.minor}"


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False, cwd=ROOT
    )


def test_importing_it_outside_isaac_sim_says_what_it_needs_and_what_to_do_instead():
    done = python("import vla_isaac.extension")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "MissingDependencyError" in last and "inside Isaac Sim" in last and "--backend mujoco" in last


def test_the_prebundled_packages_come_last_and_go_again(tmp_path):
    folder = tmp_path / "pip_prebundle" / HERE
    folder.mkdir(parents=True)
    before = list(sys.path)
    bundle = prebundle.Prebundle(tmp_path)
    assert bundle.add() and bundle.add()
    assert sys.path == [*before, str(folder)]
    bundle.remove()
    bundle.remove()
    assert sys.path == before


@pytest.mark.parametrize("folder", ["pip_prebundle/py27", "something_else"])
def test_a_folder_for_another_python_is_left_alone(tmp_path, folder):
    (tmp_path / folder).mkdir(parents=True)
    before = list(sys.path)
    assert not prebundle.Prebundle(tmp_path).add()
    assert sys.path == before


def test_missing_packages_are_named_with_what_they_are_for():
    assert extras.missing_extras(lambda module: module != "yaml") == ("pyyaml (scenes from files)",)


def test_a_picture_gets_its_fourth_channel_and_stays_small():
    rgb = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    rgba = pictures.to_rgba(rgb)
    assert rgba.shape == (160, 214, 4) and rgba.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(rgba[5, 7], [*rgb[15, 21], 255])


def test_the_panel_opens_with_numpy_alone_and_says_what_is_missing():
    """PIL, yaml and the rest are hidden; what stays is the standard library, numpy, the package and the small Kit."""
    done = python(
        """
        import importlib.abc, sys
        import numpy
        hidden = {"PIL", "yaml", "onnxruntime", "mujoco", "av", "pxr", "tyro"}
        class Hide(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in hidden:
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        sys.meta_path.insert(0, Hide())
        import asyncio
        from tests.extension.hands import Hands
        from tests.simulated_kit_ui.kit import SmallKit
        from tests.simulated_kit_ui.modules import installed
        kit = SmallKit()
        asyncio.set_event_loop(kit.loop)
        with installed(kit.modules()):
            hands = Hands(kit, ".").enable()
            kit.update()
            print("\\n".join(hands.window.texts()))
            hands.click("load")
            hands.disable()
            kit.update()
            print("left:", kit.alive(), kit.faults)
        """
    )
    assert done.returncode == 0, done.stderr
    assert "pyyaml (scenes from files), pillow (policies with cameras)" in done.stdout
    assert "left: {} []" in done.stdout


def test_the_tests_for_kits_own_runner_pass_on_the_small_kit(hands, monkeypatch):
    import importlib
    import time
    import types
    import unittest

    runner = types.ModuleType("omni.kit.test")
    runner.AsyncTestCase = unittest.TestCase
    monkeypatch.setitem(sys.modules, "omni.kit.test", runner)
    sys.modules["omni.ui"].Workspace = types.SimpleNamespace(get_window=hands.kit.ui.windows.get)
    case = importlib.import_module("vla_isaac.extension.tests").TestExtension
    names = [name for name in dir(case) if name.startswith("test_")]
    assert len(names) == 3
    for name in names:
        task = hands.kit.loop.create_task(getattr(case(name), name)())
        while not task.done():
            hands.kit.update()
            time.sleep(0.0005)
        task.result()
