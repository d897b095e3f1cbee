"""`SceneObject`: what the grounding network knows of an object; and of all of them, as arrays.

Sides are as seen by the robot: leftmost is the largest y of its base, nearest the smallest distance from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.types import Body
from vla_isaac.models.goal_query import COLOUR_NAMES
from vla_isaac.scene.objects import SHAPES

EXTREMES = ("leftmost", "rightmost", "nearest", "farthest")
"""What an object can be among those of its shape."""


class SceneObject(NamedTuple):
    """Colour, shape and place of an object."""

    colour: str
    shape: str
    x: float
    """Position in the frame of the robot's base [m]."""

    y: float

    @property
    def name(self) -> str:
        """``<colour>_<shape>``."""
        return f"{self.colour}_{self.shape}"


class SceneArrays(NamedTuple):
    """N objects of B scenes, padded."""

    colours: AnyArray
    """Indices of `COLOUR_NAMES`, int64 (B, N)."""

    shapes: AnyArray
    """Indices of `SHAPES`, int64 (B, N); -1 for padding."""

    extremes: AnyArray
    """Which of `EXTREMES` an object is, float32 (B, N, 4)."""


def objects_of(
    bodies: Sequence[Body], positions: Sequence[Sequence[float] | AnyArray] | AnyArray
) -> tuple[SceneObject, ...]:
    """Return the objects of a scene.

    Args:
        bodies: The objects.
        positions: Their centres in the base frame [m], (N, 2) or (N, 3).
    """
    return tuple(
        SceneObject(body.colour, body.shape, float(at[0]), float(at[1])) for body, at in zip(bodies, positions, strict=True)
    )


def scene_arrays(scenes: Sequence[Sequence[SceneObject]]) -> SceneArrays:
    """Return the objects of scenes as arrays."""
    most = max((len(scene) for scene in scenes), default=1) or 1
    colours = np.zeros((len(scenes), most), dtype=np.int64)
    shapes = np.full((len(scenes), most), -1, dtype=np.int64)
    extremes = np.zeros((len(scenes), most, len(EXTREMES)), dtype=np.float32)
    for row, scene in enumerate(scenes):
        for column, item in enumerate(scene):
            colours[row, column] = COLOUR_NAMES.index(item.colour)
            shapes[row, column] = SHAPES.index(item.shape)
        for number, extreme in enumerate(EXTREMES):
            for shape in {item.shape for item in scene}:
                found = extreme_of(scene, extreme, shape)
                if found is not None:
                    extremes[row, found, number] = 1.0
    return SceneArrays(colours, shapes, extremes)


def extreme_of(scene: Sequence[SceneObject], extreme: str, shape: str) -> int | None:
    """Return the index of the leftmost, rightmost, nearest or farthest object of a shape; None if there is only one."""
    found = [index for index, item in enumerate(scene) if item.shape == shape]
    if len(found) < 2:
        return None

    def key(index: int) -> float:
        item = scene[index]
        away = (item.x**2 + item.y**2) ** 0.5
        return {"leftmost": -item.y, "rightmost": item.y, "nearest": away, "farthest": -away}[extreme]

    return min(found, key=key)
