"""Tables of any hue, and the hues that no training sees."""

from __future__ import annotations

import colorsys
from dataclasses import replace

import pytest

from vla_isaac.core.errors import ConfigError
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import Randomisation, randomisation_preset

SCENE = scene_preset("tabletop")
UNSEEN = (0.42, 0.58)


def hues(preset: str, count: int = 150) -> list[float]:
    randomisation = randomisation_preset(preset)
    tables = [sample_layout(SCENE, randomisation, seed).table.rgb for seed in range(count)]
    return [colorsys.rgb_to_hsv(*rgb)[0] for rgb in tables]


@pytest.mark.parametrize("preset", ["training", "training_recoloured"])
def test_training_sees_tables_all_around_the_colour_circle_but_none_of_the_band_left_out(preset):
    found = hues(preset)
    assert not [hue for hue in found if UNSEEN[0] < hue < UNSEEN[1]]
    sixths = {int(6 * hue) for hue in found}
    assert sixths == {0, 1, 2, 3, 4, 5}


def test_unseen_tables_are_of_the_band_left_out():
    assert all(UNSEEN[0] <= hue <= UNSEEN[1] for hue in hues("unseen_table"))


def test_without_a_hue_the_table_keeps_the_colour_of_its_scene():
    assert sample_layout(SCENE, randomisation_preset("layout"), 3).table.rgb == SCENE.table.rgb


def test_a_saturation_beyond_one_is_refused():
    with pytest.raises(ConfigError, match="table_saturation"):
        Randomisation(table_saturation=(0.5, 1.5))


@pytest.mark.parametrize(
    ("preset", "like", "but"),
    [
        ("training_recoloured", "training", {"recolour": True}),
        ("unseen_table", "full", {"table_shade": 0.0, "table_hue": UNSEEN}),
    ],
)
def test_presets_that_say_they_are_alike_differ_in_nothing_else(preset, like, but):
    assert randomisation_preset(preset) == replace(randomisation_preset(like), **but)
