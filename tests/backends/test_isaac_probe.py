"""Which of Isaac's interfaces is chosen, for what each release offers."""

import subprocess
import sys

import pytest

from vla_isaac.backends.isaac.probe import EXPERIMENTAL_NEEDS, probe

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
