"""Unnormalisation of model outputs: action statistics of a dataset and the inverse scaling.

A wrong mode raises no error but moves the arm wrongly: q01/q99 and min/max are different modes, never guessed.

Source: openvla/openvla `modeling_prismatic.py` (quantile, min_max), openpi `transforms.py` (the `_openpi` forms),
Octo's standardisation (mean_std).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import ConfigError, ShapeError

Mode = Literal["none", "quantile", "min_max", "mean_std", "quantile_openpi", "mean_std_openpi"]
"""`quantile` and `min_max` take [-1, 1] to [q01, q99] and [min, max]; `mean_std` is ``v * std + mean``.

The `_openpi` forms carry the 1e-6 that openpi adds to every width, so that a constant column can be scaled.
"""

_NEEDED = {
    "none": (),
    "quantile": ("q01", "q99"),
    "min_max": ("min", "max"),
    "mean_std": ("mean", "std"),
    "quantile_openpi": ("q01", "q99"),
    "mean_std_openpi": ("mean", "std"),
}
_OPENPI_EPSILON = 1e-6  # openpi src/openpi/transforms.py, class Unnormalize

Numbers = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ActionStatistics:
    """Per-column statistics of a dataset's actions; as in OpenVLA's ``norm_stats[key]["action"]``."""

    mean: Numbers | None = None
    """Averages, D numbers; None where the file has none."""

    std: Numbers | None = None
    """Standard deviations."""

    min: Numbers | None = None
    """Smallest values."""

    max: Numbers | None = None
    """Largest values."""

    q01: Numbers | None = None
    """Values that 1 % lie below."""

    q99: Numbers | None = None
    """Values that 99 % lie below."""

    mask: tuple[bool, ...] | None = None
    """Which columns were scaled; None means all. The usual mask is six true, one false (gripper)."""

    def __post_init__(self) -> None:
        widths = {name: len(value) for name in _FIELDS if (value := getattr(self, name)) is not None}
        if len(set(widths.values())) > 1:
            shown = ", ".join(f"{name} {width}" for name, width in widths.items())
            raise ConfigError(f"action statistics: widths differ ({shown})", remedy="every list needs one entry per column")

    @property
    def width(self) -> int | None:
        """Number of columns, or None when nothing is given."""
        return next((len(value) for name in _FIELDS if (value := getattr(self, name)) is not None), None)

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any], *, source: str = "action statistics") -> ActionStatistics:
        """Make statistics from the plain lists of a JSON file; keys that no mode uses are ignored.

        Args:
            data: The mapping under OpenVLA's ``norm_stats[key]["action"]``; or the content of openpi's norm_stats.json,
                whose ``norm_stats["actions"]`` is taken.
            source: Name of the source in errors, such as the file's path.

        Raises:
            ConfigError: Naming the key that is missing or not a list of finite numbers.
        """
        if not isinstance(data, Mapping):
            raise ConfigError(f"{source}: expected a mapping with lists such as q01 and q99, got {type(data).__name__}")
        if isinstance(data.get("norm_stats"), Mapping) and "actions" in data["norm_stats"]:
            data, source = data["norm_stats"]["actions"], f"{source}, norm_stats.actions"
            if not isinstance(data, Mapping):
                raise ConfigError(f"{source}: expected a mapping with lists such as q01 and q99, got {type(data).__name__}")
        if "action" in data:
            raise ConfigError(f"{source}: this is a whole dataset's entry", remedy="give the mapping under its key 'action'")
        if not any(name in data for name in _FIELDS if name != "mask"):
            found = ", ".join(map(repr, list(data)[:6])) or "nothing"
            hint = "choose one dataset's entry first, then its key 'action'" if _is_nested(data) else ""
            raise ConfigError(f"{source}: found {found}, expected keys such as 'q01' and 'q99'", remedy=hint)
        numbers = {name: _numbers(data[name], name, source) for name in _FIELDS if name != "mask" and _given(data, name)}
        mask = _mask(data["mask"], source) if _given(data, "mask") else None
        return cls(**numbers, mask=mask)


_FIELDS = ("mean", "std", "min", "max", "q01", "q99", "mask")


class Unnormaliser:
    """Scales rows of model output back to the units of the dataset."""

    def __init__(self, mode: Mode, statistics: ActionStatistics | None = None) -> None:
        """Choose the scaling.

        Raises:
            ConfigError: If the mode is not known or the statistics lack what it needs.
        """
        if mode not in get_args(Mode):
            raise ConfigError(
                f"normalisation mode {mode!r} is not known", remedy=f"choose one of {', '.join(get_args(Mode))}"
            )
        self.mode = mode
        self.width = None if statistics is None else statistics.width
        for name in _NEEDED[mode]:
            if getattr(statistics, name, None) is None:
                raise ConfigError(
                    f"normalisation mode {mode!r} needs the key {name!r}, which these action statistics do not have",
                    remedy="give them, or choose the mode the model was trained with",
                )
        if mode != "none" and statistics is not None:
            self._scale, self._offset = _affine(mode, statistics)

    def apply(self, rows: Array) -> Array:
        """Return model output in the dataset's units; shape (T, D) or (D,), kept.

        Raises:
            ShapeError: If D is not the number of columns of the statistics.
        """
        values = np.asarray(rows, dtype=np.float64)
        if self.mode == "none":
            return values
        if values.ndim == 0 or values.shape[-1] != self.width:
            raise ShapeError(
                f"rows has shape {values.shape}, expected {self.width} columns as in the action statistics",
                remedy="take the statistics of the dataset this model was trained on",
            )
        return values * self._scale + self._offset


def _affine(mode: Mode, statistics: ActionStatistics) -> tuple[Array, Array]:
    """Return scale and offset per column; masked columns pass through as 1 and 0."""
    first, second = (np.array(getattr(statistics, name)) for name in _NEEDED[mode])
    epsilon = _OPENPI_EPSILON if mode.endswith("_openpi") else 0.0
    if mode.startswith("mean_std"):
        scale, offset = second + epsilon, first
    else:
        scale = 0.5 * (second - first + epsilon)
        offset = first + scale
    mask = np.ones(len(scale), dtype=bool) if statistics.mask is None else np.array(statistics.mask)
    return np.where(mask, scale, 1.0), np.where(mask, offset, 0.0)


def _given(data: Mapping[str, Any], name: str) -> bool:
    return data.get(name) is not None


def _is_nested(data: Mapping[str, Any]) -> bool:
    return bool(data) and all(isinstance(value, Mapping) for value in data.values())


def _numbers(value: Any, name: str, source: str) -> Numbers:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ConfigError(f"{source}, key {name!r}: expected a list of finite numbers, one per column")
    return tuple(array.tolist())


def _mask(value: Any, source: str) -> tuple[bool, ...]:
    if isinstance(value, (list, tuple, np.ndarray)) and all(isinstance(v, (bool, np.bool_)) for v in value):
        return tuple(bool(v) for v in value)
    raise ConfigError(f"{source}, key 'mask': expected a list of true and false, one per column")
