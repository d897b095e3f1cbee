"""Domain randomisation: one range per parameter, all sampled from one seed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from vla_isaac.core.config import load_preset
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.number_fields import check_number_fields
from vla_isaac.core.registry import unknown_name
from vla_isaac.scene.objects import SHAPES
from vla_isaac.scene.spec import TEXTURES

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Randomisation:
    """Ranges (low, high) per parameter; equal ends turn it off."""

    area_x: Range = (0.36, 0.66)
    """Where object centres may lie, along x of the world [m]."""

    area_y: Range = (-0.30, 0.30)
    """Where object centres may lie, along y of the world [m]."""

    clearance: float = 0.035
    """Least distance between the outlines of any two objects [m]."""

    yaw: Range = (-0.5, 0.5)
    """Turn of movable objects about the vertical [rad]."""

    fixed_yaw: Range = (-0.2, 0.2)
    """Turn of boxes and bins about the vertical [rad]."""

    start_jitter: float = 0.05
    """Largest change of each joint of the home posture at the start [rad]."""

    size_scale: Range = (1.0, 1.0)
    """Factor on the size of graspable objects."""

    mass_scale: Range = (1.0, 1.0)
    """Factor on each object's mass."""

    friction_scale: Range = (1.0, 1.0)
    """Factor on each object's friction."""

    recolour: bool = False
    """Whether objects get other named colours (unique within a shape), and their names with them."""

    shade: float = 0.0
    """Largest change of each colour channel of an object: a shade of the same named colour."""

    distractors: tuple[int, int] = (0, 0)
    """Least and largest number of added objects that the task does not name."""

    distractor_shapes: tuple[str, ...] = ("cube", "cylinder", "ball")
    """Shapes that added objects may have."""

    light_scale: Range = (1.0, 1.0)
    """Factor on the brightness of all lamps and the ambient light."""

    light_jitter: float = 0.0
    """Largest shift of each lamp along each axis [m]."""

    table_shade: float = 0.0
    """Largest change of each colour channel of the table top."""

    table_hue: Range | None = None
    """Hue of the table top as a fraction of the colour circle, wrapping at 1; None keeps the scene's own."""

    table_saturation: Range = (0.1, 0.6)
    """Saturation of a table top of a sampled hue; 0 is grey."""

    table_value: Range = (0.3, 0.75)
    """Value (brightest channel) of a table top of a sampled hue."""

    table_textures: tuple[str, ...] = ()
    """Textures of the table top to choose from; empty keeps the scene's own."""

    camera_jitter: float = 0.0
    """Largest shift of each world camera along each axis [m]."""

    camera_angle_jitter: float = 0.0
    """Largest turn of each world camera about its optical centre [rad]."""

    def __post_init__(self) -> None:
        check_number_fields("randomisation", self)
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, tuple) and len(value) == 2 and not isinstance(value[0], str) and value[0] > value[1]:
                raise ConfigError(f"randomisation: {f.name}={value} has its low end above its high end", remedy="swap them")
        for name in ("size_scale", "mass_scale", "friction_scale", "light_scale"):
            if getattr(self, name)[0] <= 0:
                raise ConfigError(f"randomisation: {name}={getattr(self, name)} must be positive")
        for name in ("table_saturation", "table_value"):
            low, high = getattr(self, name)
            if low < 0 or high > 1:
                raise ConfigError(f"randomisation: {name}={(low, high)} must lie within 0 to 1")
        if self.distractors[0] < 0:
            raise ConfigError(f"randomisation: distractors={self.distractors} cannot be negative")
        for shape in self.distractor_shapes:
            if shape not in SHAPES:
                raise unknown_name("shape", shape, SHAPES)
        for texture in self.table_textures:
            if texture not in TEXTURES:
                raise unknown_name("table texture", texture, TEXTURES)

    def with_distractors(self, count: tuple[int, int], shapes: tuple[str, ...]) -> Randomisation:
        """Return the same variation with at least `count` added objects (least, most), of these shapes."""
        low, high = (max(a, b) for a, b in zip(self.distractors, count, strict=True))
        return replace(self, distractors=(low, high), distractor_shapes=shapes)


def randomisation_preset(name: str) -> Randomisation:
    """Return ``config/randomisation/<name>.yaml``: `layout` (the default) or `full`, or a YAML file by its path."""
    return load_preset(Randomisation, "randomisation", name)
