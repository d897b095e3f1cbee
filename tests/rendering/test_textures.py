"""Looks of the table top: what each texture shows, pixel by pixel where that can be said by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vla_isaac.rendering.textures import table_texture
from vla_isaac.scene.spec import TEXTURES

DRAWN = [name for name in TEXTURES if name != "plain"]


def test_a_plain_table_has_no_texture():
    assert table_texture("plain") is None


@pytest.mark.parametrize("name", DRAWN)
def test_a_texture_is_grey_light_and_the_same_at_every_call(name):
    pixels = table_texture(name)
    assert (pixels.shape, pixels.dtype) == ((256, 256, 3), np.uint8)
    assert (pixels == pixels[..., :1]).all()
    assert pixels.min() >= 0.74 * 255
    assert np.array_equal(pixels, table_texture(name))


def test_the_checker_begins_with_a_light_field_and_changes_every_32_pixels_in_both_directions():
    grey = table_texture("checker")[..., 0]
    light, dark = int(0.97 * 255), int(0.80 * 255)
    row = np.repeat([light, dark] * 4, 32)
    assert grey[0].tolist() == grey[31].tolist() == row.tolist()
    assert grey[32].tolist() == row[::-1].tolist()
    assert grey[:, 0].tolist() == row.tolist()


def test_wood_has_six_rings_from_top_to_bottom_between_its_darkest_and_its_lightest():
    grey = table_texture("wood")[..., 0].astype(float)
    middle = grey[:, 0] - 0.86 * 255  # where x is 0 the rings are a plain sine of y
    assert grey[[0, 64, 128], 0].tolist() == [int(0.86 * 255)] * 3
    assert np.abs(np.fft.rfft(middle)).argmax() == 6
    assert (grey.min(), grey.max()) == (int(0.76 * 255), int(0.96 * 255))


def test_the_rings_of_wood_wave_along_the_table():
    grey = table_texture("wood")[..., 0]
    quarter = 255 * (0.86 + 0.10 * np.sin(2 * np.pi * (0.35 + 0.12)))  # at y 0, x 1/4: sines of 1/4 and 5/4 turns
    assert grey[0, 64] == int(quarter)


def test_speckles_are_spread_evenly_from_three_quarters_to_almost_white_and_no_two_rows_are_alike():
    grey = table_texture("speckle")[..., 0]
    assert (grey.min(), grey.max()) == (int(0.75 * 255), int(0.97 * 255))
    assert grey.mean() == pytest.approx(0.86 * 255 - 0.5, abs=0.5)
    assert len(np.unique(grey, axis=0)) == len(np.unique(grey, axis=1).T) == 256
