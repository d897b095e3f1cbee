"""Which of Isaac's interfaces is chosen, for what each release offers."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("pxr", reason="the simulated Isaac Sim needs usd-core")

from tests.simulated_isaac import simulated_isaac
from vla_isaac.backends.isaac.camera_pictures import Picture
from vla_isaac.backends.isaac.cameras import _rows_of
from vla_isaac.backends.isaac.probe import EXPERIMENTAL_NEEDS, is_inside_kit, probe
from vla_isaac.backends.isaac.standalone import close_app, start_app

ASSETS = "isaacsim.storage.native"
A = {"omni.isaac.core", "omni.isaac.sensor", "omni.isaac.franka", "omni.isaac.nucleus"}
B = {"isaacsim.core.api", "isaacsim.core.prims", "isaacsim.core.utils", "isaacsim.sensors.camera", ASSETS}
SHIMS = A  # 4.5 to 5.1 still answer to the old names, with warnings
SOME_EXPERIMENTAL = {
    "isaacsim.core.experimental.prims",
    "isaacsim.core.experimental.utils",
    "isaacsim.core.simulation_manager",
}

OFFERS = {
    "4.2": (A, "omni.isaac", False, "classic"),
    "4.5": (B | SHIMS, "isaacsim", False, "classic"),
    "5.1": (B | SHIMS | SOME_EXPERIMENTAL, "isaacsim", False, "classic"),
    "6.2": (B | set(EXPERIMENTAL_NEEDS), "isaacsim", True, "experimental"),
    "6.2 without the deprecated extensions": (set(EXPERIMENTAL_NEEDS), None, True, "experimental"),
    "nothing": (set(), None, False, None),
}


@pytest.mark.parametrize(("modules", "names", "experimental", "port"), OFFERS.values(), ids=list(OFFERS))
def test_a_release_is_known_by_what_it_offers(modules, names, experimental, port):
    offer = probe(exists=modules.__contains__)
    assert (offer.names, offer.experimental, offer.choose()) == (names, experimental, port)


@pytest.mark.parametrize("modules", [A - {"omni.isaac.nucleus"}, B - {ASSETS}, set(EXPERIMENTAL_NEEDS) - {ASSETS}])
def test_without_its_asset_module_an_interface_is_not_whole(modules):
    assert probe(exists=modules.__contains__).choose() is None


def test_what_is_missing_is_said():
    assert "lacks isaacsim.core.rendering_manager" in probe(exists=(B | SOME_EXPERIMENTAL).__contains__).why


def test_outside_kit_nothing_of_isaac_is_looked_for(tmp_path):
    (tmp_path / "isaacsim").mkdir()
    (tmp_path / "isaacsim" / "__init__.py").write_text("raise SystemExit('Kit was started')")
    code = "from vla_isaac.backends.isaac.probe import probe; print(probe().choose())"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "None\n", done.stderr


@pytest.mark.parametrize(("app", "inside"), [(None, False), (SimpleNamespace(is_running=lambda: False), False)])
def test_an_import_of_the_launcher_is_not_yet_isaac_sim(monkeypatch, app, inside):
    monkeypatch.setitem(sys.modules, "omni.kit.app", SimpleNamespace(get_app=lambda: app))
    assert is_inside_kit() is inside


def test_the_watchdog_guards_the_end_where_the_exit_code_survives_it():
    for release, is_watched in (("4.2", False), ("6.2", True)):
        with simulated_isaac(release, mode="script", start=False) as sim:
            app = start_app(headless=True)
            assert sim.launch_config["fast_shutdown"] is is_watched
            close_app(app, exit_code=0)


def test_joined_labels_are_read_one_by_one():
    ids = np.array([[2, 3], [4, 0]])
    labels = {2: "red_cube,red_cube", 3: "something,red_cube", 4: "robot,link"}
    picture = Picture(rgb=np.zeros((2, 2, 3), np.uint8), label_ids=ids, labels=labels)
    assert _rows_of(picture, (2, 2), {"red_cube": 0}).tolist() == [[0, 0], [-2, -1]]
