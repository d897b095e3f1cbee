"""Object specs: each shape with its default size, mass and friction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from vla_isaac.core.errors import ConfigError
from vla_isaac.core.number_fields import check_number_fields
from vla_isaac.core.registry import unknown_name
from vla_isaac.core.types import Body
from vla_isaac.scene.colours import rgb_of

Shape = Literal["cube", "box", "bin", "cylinder", "ball", "bowl"]
SHAPES: tuple[Shape, ...] = ("cube", "box", "bin", "cylinder", "ball", "bowl")
CONTAINERS = ("bin", "bowl")

WALL = 0.006  # [m] thickness of the walls and the floor of bins and bowls
BOWL_SIDES = 8  # a bowl is a prism of this many walls: every physics engine supports convex pieces
BALL_ROLLING = 0.002  # [m] rolling friction of a felt ball: it rolls when pushed and comes to rest within the workspace
BALL_DAMPING = 20.0  # [1/s] of its spin, for engines without rolling friction: 0.2 m/s end after 35 mm, as after 33 mm
BOWL_FLOOR_RATIO = 0.70  # radius of a bowl's floor as a share of its radius at the rim


@dataclass(frozen=True, kw_only=True)
class ObjectSpec:
    """Shape, size, mass, friction and colour of an object; its pose is in a `Placement`.

    The origin is the centre of the bounding box; z is up when it stands.
    """

    name: str
    """``<colour>_<shape>``; the key of the object everywhere."""

    shape: Shape
    """`cube` and `cylinder` to grasp, `ball` rolls, `box` is closed, `bin` and `bowl` are open at the top."""

    colour: str
    """A name of `colours.COLOURS`."""

    size: tuple[float, float, float]
    """Full extents [m] along the object's axes; round shapes have x = y = diameter."""

    mass: float
    """Mass [kg]."""

    friction: float = 1.0
    """Sliding friction coefficient."""

    fixed: bool = False
    """Whether it is fixed to the table, as boxes and bins are by default."""

    def __post_init__(self) -> None:
        check_number_fields(f"object {self.name!r}", self)
        if self.shape not in SHAPES:
            raise unknown_name("shape", self.shape, SHAPES)
        rgb_of(self.colour)
        if not all(0.01 <= extent <= 0.5 for extent in self.size):
            raise ConfigError(
                f"object {self.name!r}: size={self.size} m", remedy="each extent must lie within 0.01 to 0.5 m"
            )
        if not 0.001 <= self.mass <= 5.0:
            raise ConfigError(f"object {self.name!r}: mass={self.mass} kg must lie within 0.001 to 5 kg")
        if not 0.0 < self.friction <= 5.0:
            raise ConfigError(f"object {self.name!r}: friction={self.friction} must lie within 0 to 5")

    @property
    def body(self) -> Body:
        """The `Body` that predicates and policies use."""
        x, y, z = self.size
        return Body(self.name, self.shape, self.colour, (x / 2, y / 2, z / 2), self._cavity(), self.fixed)

    @property
    def footprint_radius(self) -> float:
        """Radius of the circle around the object seen from above [m]."""
        x, y, _ = self.size
        return max(x, y) / 2 if self.shape in ("cylinder", "ball", "bowl") else math.hypot(x, y) / 2

    def _cavity(self) -> tuple[float, float, float] | None:
        x, y, _ = self.size
        if self.shape == "bin":
            return x / 2 - WALL, y / 2 - WALL, WALL
        if self.shape == "bowl":
            inner = x / 2 * math.cos(math.pi / BOWL_SIDES) - WALL
            return inner, inner, WALL
        return None


@dataclass(frozen=True, kw_only=True)
class ShapeDefaults:
    """Default size, mass and friction of a shape."""

    size: tuple[float, float, float]
    mass: float
    fixed: bool = False


DEFAULTS: dict[Shape, ShapeDefaults] = {
    "cube": ShapeDefaults(size=(0.04, 0.04, 0.04), mass=0.05),
    "box": ShapeDefaults(size=(0.10, 0.10, 0.03), mass=0.5, fixed=True),
    "bin": ShapeDefaults(size=(0.15, 0.15, 0.05), mass=0.5, fixed=True),
    "cylinder": ShapeDefaults(size=(0.04, 0.04, 0.05), mass=0.06),
    "ball": ShapeDefaults(size=(0.045, 0.045, 0.045), mass=0.04),
    "bowl": ShapeDefaults(size=(0.13, 0.13, 0.045), mass=0.3),
}


def make_object(
    shape: str,
    colour: str,
    *,
    name: str | None = None,
    size: tuple[float, float, float] | None = None,
    mass: float | None = None,
    friction: float = 1.0,
    fixed: bool | None = None,
) -> ObjectSpec:
    """Return an object; omitted values take the shape's defaults.

    Raises:
        UnknownNameError: If the shape or the colour is unknown.
        ConfigError: If a size, mass or friction is out of range.
    """
    if shape not in SHAPES:
        raise unknown_name("shape", shape, SHAPES)
    usual = DEFAULTS[shape]
    return ObjectSpec(
        name=name or f"{colour}_{shape}",
        shape=shape,
        colour=colour,
        size=size or usual.size,
        mass=usual.mass if mass is None else mass,
        friction=friction,
        fixed=usual.fixed if fixed is None else fixed,
    )
