"""The manifest: what Kit reads before any of our code runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import tomllib

import vla_isaac

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = tomllib.loads((ROOT / "extension.toml").read_text(encoding="utf-8"))
RELEASES = {
    p.stem: set(json.loads(p.read_text(encoding="utf-8"))["extensions"]) for p in (ROOT / "tests/isaac_api").glob("*.json")
}
OPTIONAL = sorted(name for name, how in MANIFEST["dependencies"].items() if how.get("optional"))
NEEDED = {
    "4.2": {"omni.isaac.core", "omni.isaac.sensor", "omni.isaac.nucleus"},
    "4.5": {"isaacsim.core.api", "isaacsim.core.prims", "isaacsim.core.utils", "isaacsim.sensors.camera"},
    "5.1": {"isaacsim.core.api", "isaacsim.core.prims", "isaacsim.core.utils", "isaacsim.storage.native"},
    "6.2": {"isaacsim.core.experimental.prims", "isaacsim.core.simulation_manager", "isaacsim.sensors.experimental.rtx"},
}


def test_its_version_is_that_of_the_package_and_of_the_last_release_in_the_changelog():
    released = re.search(r"^## (\d+\.\d+\.\d+)", (ROOT / "docs/CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert MANIFEST["package"]["version"] == vla_isaac.__version__ == released.group(1)


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_optional_extension_exists_in_some_release(name):
    assert any(name in extensions for extensions in RELEASES.values())


@pytest.mark.parametrize("release", sorted(NEEDED))
def test_each_release_finds_what_its_ports_import(release):
    assert set(OPTIONAL) & RELEASES[release] >= NEEDED[release]


def test_everything_of_isaac_is_optional_and_everything_required_is_kits_own():
    required = set(MANIFEST["dependencies"]) - set(OPTIONAL)
    assert all(name.startswith("omni.") and not name.startswith("omni.isaac.") for name in required)
    assert all(name.startswith(("isaacsim.", "omni.isaac.")) for name in OPTIONAL)


@pytest.mark.parametrize("key", ["readme", "changelog", "icon", "preview_image"])
def test_the_files_it_names_exist(key):
    assert (ROOT / MANIFEST["package"][key]).is_file()


def test_it_names_the_module_that_holds_the_extension_and_installs_nothing():
    assert MANIFEST["python"] == {"module": [{"name": "vla_isaac.extension"}]}
    assert not (ROOT / "config/extension.toml").exists()


def test_icon_and_preview_have_the_sizes_that_kit_shows():
    from PIL import Image

    with Image.open(ROOT / "data/icon.png") as icon, Image.open(ROOT / "data/preview.png") as preview:
        assert icon.size == (256, 256) and preview.size[0] >= 400
