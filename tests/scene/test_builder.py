"""Scenes put together in a few readable lines."""

from __future__ import annotations

import pytest

from vla_isaac.core.errors import ConfigError, SceneError, UnknownNameError
from vla_isaac.scene.builder import FrankaSceneBuilder, scene_preset
from vla_isaac.scene.cameras import FRONT, CameraConfig
from vla_isaac.scene.spec import SceneSpec, TableSpec

TOP = CameraConfig(name="top", eye=(0.5, 0.0, 1.0), target=(0.5, 0.0, 0.0), up=(1.0, 0.0, 0.0))


def test_calls_chain_into_a_scene():
    spec = FrankaSceneBuilder("mine").add_cube("red").add_box("blue").add_bin("green").instruction("Tidy up").build()
    assert (spec.name, spec.instruction) == ("mine", "Tidy up")
    assert spec.object_names == ("red_cube", "blue_box", "green_bin")


def test_a_built_scene_is_not_changed_by_going_on_building():
    builder = FrankaSceneBuilder().add_cube("red")
    spec = builder.build()
    builder.add_cube("blue")
    assert spec.object_names == ("red_cube",)


def test_two_objects_cannot_share_a_name():
    builder = FrankaSceneBuilder().add_cube("red")
    with pytest.raises(SceneError, match="already has a 'red_cube'; give the new one another colour or a name of its own"):
        builder.add_cube("red")
    assert builder.add_cube("red", name="second").build().object_names == ("red_cube", "second")


def test_a_camera_of_a_known_name_replaces_the_old_one():
    nearer = CameraConfig(name="front", eye=(1.0, 0.0, 0.5), target=(0.5, 0.0, 0.0))
    spec = FrankaSceneBuilder().add_camera(TOP).add_camera(nearer).build()
    assert spec.camera("front") == nearer
    assert sorted(c.name for c in spec.cameras) == ["front", "side", "top", "video", "wrist"]


def test_all_cameras_and_the_table_can_be_replaced():
    spec = FrankaSceneBuilder().cameras([TOP]).table(TableSpec(texture="wood")).build()
    assert [c.name for c in spec.cameras] == ["top"]
    assert spec.table.texture == "wood"


def test_an_unknown_camera_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"no camera named 'frnt'; did you mean 'front'\? Known: front, side, video"):
        SceneSpec(name="any").camera("frnt")


def test_an_unknown_table_texture_is_refused():
    with pytest.raises(UnknownNameError, match=r"no table texture named 'wod'; did you mean 'wood'\?"):
        TableSpec(texture="wod")


def test_a_scene_with_two_cameras_of_one_name_is_refused():
    with pytest.raises(SceneError, match="two cameras are named 'front'; names must be unique"):
        SceneSpec(name="any", cameras=(FRONT, FRONT))


def test_the_tabletop_has_four_cubes_and_two_boxes():
    spec = scene_preset("tabletop")
    assert [o.shape for o in spec.objects] == ["cube"] * 4 + ["box"] * 2
    assert spec.instruction == "Pick up the red cube and place it on the blue box"


def test_a_preset_can_be_extended():
    spec = FrankaSceneBuilder.from_preset("stacking").add("bowl", "white").build()
    assert spec.object_names[-1] == "white_bowl"


def test_a_preset_file_that_does_not_fit_names_file_and_key(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("description: d\ninstruction: i\nobjects: [{shape: cube, colur: red}]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"broken\.yaml, key 'objects\[0\]': unknown key 'colur'; did you mean 'colour'"):
        scene_preset(str(path))


def test_another_control_rate_leaves_the_rest_of_the_scene():
    spec = scene_preset("tabletop")
    assert spec.with_rate(5.0).timing.control_hz == 5.0
    assert spec.with_rate(5.0).objects == spec.objects
