"""What objects are made of: convex pieces that fill the object's outline and leave containers open."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from vla_isaac.core.errors import SceneError
from vla_isaac.core.rotations import quat_to_matrix
from vla_isaac.scene.convex_pieces import Piece, pieces_of
from vla_isaac.scene.objects import SHAPES, WALL, make_object


def corners(piece: Piece) -> np.ndarray:
    signs = np.array(np.meshgrid(*[(-1, 1)] * 3)).reshape(3, -1).T
    return signs * piece.size @ quat_to_matrix(np.array(piece.quat_wxyz)).T + piece.pos


def contains(piece: Piece, point) -> bool:
    inside = quat_to_matrix(np.array(piece.quat_wxyz)).T @ (np.array(point) - piece.pos)
    return bool(np.all(np.abs(inside) <= piece.size))


def test_solid_shapes_are_one_piece_of_half_the_extents():
    assert pieces_of(make_object("cube", "red")) == (Piece("box", (0.02, 0.02, 0.02)),)
    assert pieces_of(make_object("cylinder", "red")) == (Piece("cylinder", (0.02, 0.025)),)
    assert pieces_of(make_object("ball", "red")) == (Piece("sphere", (0.0225,)),)


@pytest.mark.parametrize(("shape", "count"), [("bin", 5), ("bowl", 9)])
def test_a_container_is_a_floor_and_walls_with_nothing_in_the_middle(shape, count):
    o = make_object(shape, "red")
    pieces = pieces_of(o)
    assert len(pieces) == count
    height = o.size[2]
    assert any(contains(p, (0, 0, -height / 2 + WALL / 2)) for p in pieces)
    assert not any(contains(p, (0, 0, z)) for p in pieces for z in np.linspace(-height / 2 + WALL * 1.01, height / 2, 9))


@pytest.mark.parametrize("shape", [s for s in SHAPES if s not in ("ball", "cylinder")])
def test_pieces_stay_within_the_outline_and_reach_its_floor_and_rim(shape):
    o = make_object(shape, "red")
    points = np.concatenate([corners(p) for p in pieces_of(o)])
    radius = math.hypot(*o.size[:2]) / 2
    assert points[:, 2].min() == pytest.approx(-o.size[2] / 2, abs=1e-3)
    assert points[:, 2].max() == pytest.approx(o.size[2] / 2, abs=1e-3)
    assert np.hypot(points[:, 0], points[:, 1]).max() <= radius + 1e-9


def test_a_shape_without_pieces_says_where_to_add_them():
    odd = SimpleNamespace(name="odd", shape="torus", size=(0.1, 0.1, 0.1))
    with pytest.raises(SceneError, match=r"no pieces for the shape 'torus'; add them in scene/convex_pieces\.py"):
        pieces_of(odd)
