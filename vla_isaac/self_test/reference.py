"""`SelfTestReference`: curves, colours and pictures that ``python -m tools.self_test_reference`` makes with MuJoCo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import read_bytes, read_json_object
from vla_isaac.core.resources import resource

FOLDER, FILE = ("data", "self_test"), "reference.json"
REMEDY = "make it again: python -m tools.self_test_reference"


@dataclass(frozen=True, kw_only=True)
class ReferenceCurve:
    """The response of one drive in MuJoCo, and the band that other inertias give."""

    values: tuple[float, ...]
    """Distance from the start at the end of each control period [rad or m]."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def band(self) -> tuple[Array, Array]:
        """Return the band."""
        return np.array(self.low), np.array(self.high)


@dataclass(frozen=True, kw_only=True)
class ReferencePatch:
    """How one surface looks in MuJoCo's picture."""

    brightness: float
    """Mean of the luma of its pixels, 0 to 255."""

    hue: float
    """Mean hue [degrees]."""

    visible: float
    """Share of its outline in the picture that nothing hides."""


@dataclass(frozen=True, kw_only=True)
class SelfTestReference:
    """Everything in ``data/self_test/reference.json``."""

    made_with: str
    """Engine and release."""

    drives: dict[str, ReferenceCurve]
    """By joint name; ``gripper`` is the distance between the fingers."""

    patches: dict[str, dict[str, ReferencePatch]]
    """By camera, then by object or ``table``."""


def load_reference() -> SelfTestReference:
    """Return the shipped reference.

    Raises:
        ConfigError: If it is missing or not as the tool writes it.
    """
    path = resource(*FOLDER) / FILE
    values = read_json_object(path, error=ConfigError, remedy=REMEDY)
    return from_mapping(SelfTestReference, values, source=str(path), key="")


def reference_picture(camera: str) -> bytes:
    """Return the PNG file of a camera's picture in MuJoCo."""
    return read_bytes(picture_path(camera), error=ConfigError, remedy=REMEDY)


def picture_path(camera: str) -> Path:
    """Return the path of that file."""
    return resource(*FOLDER) / f"{camera}.png"
