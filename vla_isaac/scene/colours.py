"""Named colours of objects, distinguishable under every light setting."""

from __future__ import annotations

from vla_isaac.core.registry import unknown_name

RGB = tuple[float, float, float]

COLOURS: dict[str, RGB] = {
    "red": (0.80, 0.09, 0.09),
    "green": (0.10, 0.58, 0.16),
    "blue": (0.10, 0.25, 0.78),
    "yellow": (0.92, 0.78, 0.08),
    "orange": (0.93, 0.45, 0.06),
    "purple": (0.47, 0.15, 0.62),
    "pink": (0.93, 0.45, 0.64),
    "cyan": (0.10, 0.72, 0.78),
    "brown": (0.40, 0.24, 0.12),
    "white": (0.92, 0.92, 0.90),
    "grey": (0.50, 0.51, 0.53),
    "black": (0.08, 0.08, 0.09),
}
"""Linear red, green, blue in 0..1."""


def rgb_of(colour: str) -> RGB:
    """Return the red, green, blue of a named colour.

    Raises:
        UnknownNameError: If the colour is not in `COLOURS`.
    """
    if colour not in COLOURS:
        raise unknown_name("colour", colour, COLOURS)
    return COLOURS[colour]
