"""YAML into frozen dataclasses: what is accepted, and what the errors say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest
import yaml

from vla_isaac.core.config import from_mapping, load_preset, load_yaml, to_mapping
from vla_isaac.core.errors import ConfigError, UnknownNameError
from vla_isaac.core.resources import preset_names, resource
from vla_isaac.scene.builder import ScenePreset, scene_preset
from vla_isaac.scene.randomisation import Randomisation
from vla_isaac.scene.spec import SceneSpec


@dataclass(frozen=True, kw_only=True)
class Wheel:
    radius: float
    tyre: Literal["slick", "rain"] = "slick"


@dataclass(frozen=True, kw_only=True)
class Car:
    name: str
    wheels: tuple[Wheel, ...] = ()
    size: tuple[float, float] = (1.0, 2.0)
    seats: int = 4
    electric: bool = False
    owner: str | None = None
    prices: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.seats < 1:
            raise ConfigError(f"car {self.name!r}: seats={self.seats} must be at least 1")


@pytest.fixture
def written(tmp_path):
    def write(text: str):
        path = tmp_path / "car.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_nested_values_become_nested_dataclasses():
    car = from_mapping(Car, {"name": "a", "wheels": [{"radius": 0.3}, {"radius": 0.4, "tyre": "rain"}], "size": [1.5, 3]})
    assert car == Car(name="a", wheels=(Wheel(radius=0.3), Wheel(radius=0.4, tyre="rain")), size=(1.5, 3.0))


def test_whole_numbers_are_fine_where_a_number_is_wanted():
    radius = from_mapping(Wheel, {"radius": 1}).radius
    assert (radius, type(radius)) == (1.0, float)


def test_none_is_accepted_only_where_it_is_declared():
    assert from_mapping(Car, {"name": "a", "owner": None}).owner is None
    with pytest.raises(ConfigError, match=r"'seats'.*None is not accepted"):
        from_mapping(Car, {"name": "a", "seats": None})


@pytest.mark.parametrize(
    ("data", "key", "value", "wanted"),
    [
        ({"name": 3}, "name", "3", "text"),
        ({"name": "a", "seats": True}, "seats", "True", "a whole number"),
        ({"name": "a", "seats": 2.5}, "seats", "2.5", "a whole number"),
        ({"name": "a", "electric": "yes"}, "electric", "'yes'", "true or false"),
        ({"name": "a", "electric": 1}, "electric", "1", "true or false"),
        ({"name": "a", "size": [1, True]}, r"size\[1\]", "True", "a number"),
        ({"name": "a", "size": [1, float("nan")]}, r"size\[1\]", "nan", "a finite number"),
        ({"name": "a", "size": [float("inf"), 1]}, r"size\[0\]", "inf", "a finite number"),
        ({"name": "a", "size": [1]}, "size", r"\[1\]", "a list of 2 values"),
        ({"name": "a", "size": "12"}, "size", "'12'", "a list"),
        ({"name": "a", "prices": {"new": "much"}}, "prices.new", "'much'", "a number"),
        ({"name": "a", "prices": [1]}, "prices", r"\[1\]", "a mapping"),
        ({"name": "a", "wheels": [{"radius": 1, "tyre": "snow"}]}, r"wheels\[0\].tyre", "'snow'", "one of 'slick', 'rain'"),
    ],
)
def test_an_error_names_file_key_value_and_what_is_accepted(data, key, value, wanted):
    with pytest.raises(ConfigError, match=rf"^car\.yaml, key '{key}': {value} is not accepted; give {wanted}"):
        from_mapping(Car, data, source="car.yaml")


def test_a_misspelt_key_is_pointed_out_with_its_nearest_match():
    with pytest.raises(ConfigError, match=r"unknown key 'seat'; did you mean 'seats'\? Accepted: name, wheels"):
        from_mapping(Car, {"name": "a", "seat": 2})


def test_a_missing_key_is_named():
    with pytest.raises(ConfigError, match=r"key 'wheels\[0\]': the key 'radius' is missing"):
        from_mapping(Car, {"name": "a", "wheels": [{}]})


def test_something_else_than_a_mapping_is_refused():
    with pytest.raises(ConfigError, match=r"expected a mapping of keys, got \[1, 2\]"):
        from_mapping(Car, [1, 2])


def test_a_long_value_is_shortened_in_the_message():
    with pytest.raises(ConfigError) as caught:
        from_mapping(Car, {"name": "a", "seats": "x" * 500})
    assert len(str(caught.value)) < 160


def test_what_the_dataclass_itself_refuses_names_the_file(written):
    path = written("name: tiny\nseats: 0\n")
    with pytest.raises(ConfigError, match=r"car\.yaml: car 'tiny': seats=0 must be at least 1"):
        load_yaml(Car, path)


def as_yaml(value) -> str:
    return yaml.safe_dump(to_mapping(value), sort_keys=False, allow_unicode=True)


@pytest.mark.parametrize("name", ["tabletop", "clutter", "sorting", "stacking"])
def test_a_scene_survives_yaml(name, written):
    scene = scene_preset(name)
    assert load_yaml(SceneSpec, written(as_yaml(scene))) == scene


def test_plain_values_hold_no_tuples_and_no_dataclasses():
    plain = to_mapping(Car(name="a", wheels=(Wheel(radius=0.3),)))
    assert plain["wheels"] == [{"radius": 0.3, "tyre": "slick"}]
    assert plain["size"] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("text", "place"),
    [("name: a\nsize: [1, 2\nseats: 4\n", "line 3, column 6"), ("name: a\n\tseats: 4\n", "line 2, column 1")],
)
def test_broken_yaml_is_reported_with_its_line(written, text, place):
    with pytest.raises(ConfigError, match=rf"car\.yaml: {place} is not valid YAML"):
        load_yaml(Car, written(text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml is missing"):
        load_yaml(Car, tmp_path / "none.yaml")


def test_a_file_that_is_not_text_is_reported(tmp_path):
    path = tmp_path / "car.yaml"
    path.write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(ConfigError, match=r"car\.yaml is not UTF-8 text"):
        load_yaml(Car, path)


def test_an_empty_file_takes_every_default(written):
    assert load_yaml(Randomisation, written("")) == Randomisation()


def test_a_preset_can_be_a_name_or_a_path(written):
    by_name = load_preset(ScenePreset, "scenes", "stacking")
    again = load_preset(ScenePreset, "scenes", str(written(as_yaml(by_name))))
    assert again == by_name


def test_an_unknown_preset_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"no scene named 'tabeltop'; did you mean 'tabletop'\? Known: clutter, "):
        load_preset(ScenePreset, "scenes", "tabeltop")


def written_down(folder: str, name: str) -> dict:
    return yaml.safe_load((resource("config", folder) / f"{name}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", preset_names("scenes"))
def test_a_shipped_scene_has_what_its_file_says_in_the_same_order(name):
    loaded, file = to_mapping(load_preset(ScenePreset, "scenes", name)), written_down("scenes", name)
    assert {key: loaded[key] for key in file if key != "objects"} == {k: v for k, v in file.items() if k != "objects"}
    pairs = list(zip(loaded["objects"], file["objects"], strict=True))
    assert [{key: o[key] for key in said} for o, said in pairs] == file["objects"]


@pytest.mark.parametrize("name", preset_names("randomisation"))
def test_a_shipped_randomisation_has_what_its_file_says_and_else_the_defaults(name):
    loaded = to_mapping(load_preset(Randomisation, "randomisation", name))
    assert loaded == {**to_mapping(Randomisation()), **written_down("randomisation", name)}
