"""Settings: defaults in code, the same in the manifest, and wrong values named and replaced."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

import pytest
import tomllib

from tests.extension.alone import load_alone

settings = load_alone("settings")
ROOT = Path(__file__).resolve().parents[2]


def read(**values):
    return settings.read_settings(lambda path: values.get(path.rpartition("/")[2]))


def test_a_manifest_that_lacks_them_all_leaves_the_defaults():
    assert read() == (settings.ExtensionSettings(), ())


def test_the_manifest_repeats_the_defaults():
    manifest = tomllib.loads((ROOT / "extension.toml").read_text(encoding="utf-8"))
    assert manifest["settings"]["exts"]["vla_isaac"] == asdict(settings.ExtensionSettings())


def test_a_whole_number_will_do_where_a_fraction_is_wanted():
    found, complaints = read(redraw_hz=5)
    assert found.redraw_hz == 5.0 and complaints == ()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("seed", "three", "give a whole number from 0"),
        ("seed", -1, "give a whole number from 0"),
        ("robot", "ur10", "choose reference or embedded; 'reference' is used"),
        ("lock_step", "yes", "give true or false"),
        ("redraw_hz", 1000.0, "give a number from 0.5 to 60"),
        ("speed_scale", 0.0, "give a number from 0.01 to 1"),
        ("scene", 7, "give text"),
        ("show_window", {"a": 1}, "give true or false"),
    ],
)
def test_a_wrong_value_is_named_and_replaced_by_its_default(name, value, said):
    found, (complaint,) = read(**{name: value})
    assert found == settings.ExtensionSettings()
    assert f"/exts/vla_isaac/{name}={value!r}" in complaint.message and said in complaint.remedy


@pytest.mark.parametrize("name", ["seed", "speed_scale"])
@pytest.mark.parametrize(
    "value", [10**400, 10**5000, 1 + 2j, "0.5", True, math.nan, math.inf], ids=lambda v: type(v).__name__
)
def test_what_is_no_finite_real_number_is_replaced_by_the_default(name, value):
    found, complaints = read(**{name: value})
    assert found == settings.ExtensionSettings() and len(complaints) == 1
