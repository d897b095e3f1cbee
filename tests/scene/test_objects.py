"""What can stand on the table."""

from __future__ import annotations

import math

import pytest

from vla_isaac.core.errors import ConfigError, UnknownNameError
from vla_isaac.robots import panda
from vla_isaac.scene.colours import COLOURS, rgb_of
from vla_isaac.scene.objects import CONTAINERS, DEFAULTS, SHAPES, make_object


def test_an_object_is_named_after_its_colour_and_shape():
    assert make_object("cube", "red").name == "red_cube"
    assert make_object("cube", "red", name="lucky").name == "lucky"


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_has_defaults_that_make_a_body_of_half_its_size(shape):
    spec = make_object(shape, "red")
    assert spec.body.half_extents == tuple(s / 2 for s in DEFAULTS[shape].size)
    assert spec.body.fixed == (shape in ("box", "bin"))


@pytest.mark.parametrize("shape", ["cube", "cylinder", "ball"])
def test_what_is_meant_to_be_grasped_fits_between_the_fingers(shape):
    assert max(DEFAULTS[shape].size[:2]) < panda.GRIPPER_MAX_WIDTH


@pytest.mark.parametrize("shape", SHAPES)
def test_only_containers_have_a_cavity_and_it_lies_within_them(shape):
    body = make_object(shape, "red").body
    assert (body.cavity is not None) == (shape in CONTAINERS)
    if body.cavity is not None:
        assert body.cavity[0] < body.half_extents[0]
        assert body.cavity[1] < body.half_extents[1]
        assert body.cavity[2] < 2 * body.half_extents[2]


def test_the_opening_of_a_bin_is_its_size_without_two_walls():
    assert make_object("bin", "red").body.cavity == pytest.approx((0.075 - 0.006, 0.075 - 0.006, 0.006))


def test_a_box_may_be_left_loose():
    assert make_object("box", "red", fixed=False).fixed is False


def test_round_things_take_a_circle_and_square_ones_reach_to_their_corners():
    assert make_object("cylinder", "red").footprint_radius == pytest.approx(0.02)
    assert make_object("cube", "red").footprint_radius == pytest.approx(0.02 * math.sqrt(2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": (0.04, 0.04, 0.001)}, "each extent must lie within 0.01 to 0.5 m"),
        ({"size": (0.04, 0.04, 0.6)}, "each extent must lie within 0.01 to 0.5 m"),
        ({"mass": 0.0}, "mass=0.0 kg must lie within 0.001 to 5 kg"),
        ({"friction": 0.0}, "friction=0.0 must lie within 0 to 5"),
        ({"size": (0.04, 0.04, math.nan)}, "size"),
        ({"mass": math.nan}, "mass"),
    ],
)
def test_an_impossible_object_is_refused(options, message):
    with pytest.raises(ConfigError, match=f"object 'red_cube': .*{message}"):
        make_object("cube", "red", **options)


def test_an_unknown_shape_or_colour_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"no shape named 'cubes'; did you mean 'cube'\?"):
        make_object("cubes", "red")
    with pytest.raises(UnknownNameError, match=r"no colour named 'rad'; did you mean 'red'\? Known: black, blue"):
        make_object("cube", "rad")


def test_named_colours_are_told_apart():
    colours = list(COLOURS.values())
    apart = [math.dist(a, b) for i, a in enumerate(colours) for b in colours[:i]]
    assert min(apart) > 0.2
    assert rgb_of("red") == (0.80, 0.09, 0.09)
