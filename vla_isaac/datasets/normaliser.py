"""`Normaliser`: scale a dataset's numbers to about -1 to 1 for a model, and a model's numbers back.

Every checkpoint contains it as JSON; it needs numpy only, so a policy can use it without torch. Values outside of the
statistics are not clipped: a rare large value is preserved.

Source: quantiles as OpenVLA and pi0 use them (q01 to -1, q99 to 1), mean and deviation as Octo does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import ConfigError, ShapeError

Method = Literal["quantile", "mean_std", "none"]
"""`quantile` takes [q01, q99] to [-1, 1]; `mean_std` is ``(v - mean) / std``; `none` changes nothing."""

CONSTANT = 1e-6  # a column that varies less than this, in its unit, is constant: it becomes 0 and comes back exactly
GRIPPER = "gripper"
"""Name of an action value that is not scaled: the gripper opening, 0 to 1."""

Numbers = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Normaliser:
    """Scaling of each value of a row."""

    names: tuple[str, ...]
    """Names of the values."""

    method: Method = "quantile"
    """Method for the values in `mask`."""

    q01: Numbers
    """1 % quantile of all rows."""

    q99: Numbers
    """99 % quantile."""

    mean: Numbers
    std: Numbers
    mask: tuple[bool, ...]
    """Which values are scaled; the others are unchanged."""

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise ConfigError(f"normaliser: method={self.method!r}; choose one of {', '.join(get_args(Method))}")
        lengths = {name: len(getattr(self, name)) for name in ("names", "q01", "q99", "mean", "std", "mask")}
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise ConfigError(f"normaliser: lengths differ ({shown}); each needs one entry for every number of a row")
        for name in ("q01", "q99", "mean", "std"):
            if not np.isfinite(getattr(self, name)).all():
                raise ConfigError(f"normaliser: {name}={getattr(self, name)} has numbers that are not finite")
        if any(std < 0 for std in self.std) or any(low > high for low, high in zip(self.q01, self.q99, strict=True)):
            raise ConfigError("normaliser: a std is negative, or a q01 is larger than its q99")

    @classmethod
    def of_rows(
        cls, rows: AnyArray, names: Sequence[str], method: Method = "quantile", *, unscaled: Sequence[str] = ()
    ) -> Normaliser:
        """Fit a normaliser to all rows of a dataset, shape (N, D); the values named `unscaled` are unchanged."""
        if rows.ndim != 2 or len(rows) == 0 or rows.shape[1] != len(names):
            raise ShapeError(f"rows has shape {rows.shape}, expected (N, {len(names)}) with at least one row")
        exact = rows.astype(np.float64)
        q01, q99 = np.quantile(exact, (0.01, 0.99), axis=0)
        return cls(
            names=tuple(names),
            method=method,
            q01=tuple(q01.tolist()),
            q99=tuple(q99.tolist()),
            mean=tuple(exact.mean(axis=0).tolist()),
            std=tuple(exact.std(axis=0).tolist()),
            mask=tuple(name not in unscaled for name in names),
        )

    @property
    def width(self) -> int:
        """Return the number of values of a row."""
        return len(self.names)

    def normalise(self, rows: AnyArray) -> AnyArray:
        """Return normalised rows (..., D), float32.

        Raises:
            ShapeError: If rows have another width.
        """
        offset, scale = self._affine(rows)
        return ((np.asarray(rows, np.float64) - offset) / scale).astype(np.float32)

    def unnormalise(self, rows: AnyArray) -> AnyArray:
        """Return a model's output (..., D) in the dataset's units, float32.

        Raises:
            ShapeError: If rows have another width.
        """
        offset, scale = self._affine(rows)
        varies = np.isfinite(scale)
        back = np.where(varies, np.asarray(rows, np.float64) * np.where(varies, scale, 0.0), 0.0) + offset
        return back.astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, source: str = "normaliser") -> Normaliser:
        """Return the normaliser from the output of `to_json`.

        Raises:
            ConfigError: If a field is missing or of another type; `source` is named.
        """
        missing = [name for name in _FIELDS if name not in data]
        if missing:
            raise ConfigError(f"{source}: is not a normaliser, it has no {missing[0]!r}; it needs {', '.join(_FIELDS)}")
        return from_mapping(cls, {name: data[name] for name in _FIELDS}, source=source)

    def _affine(self, rows: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return offset and scale; an infinite scale for constants."""
        if np.ndim(rows) == 0 or np.shape(rows)[-1] != self.width:
            raise ShapeError(f"rows has shape {np.shape(rows)}, expected {self.width} numbers: {', '.join(self.names)}")
        if self.method == "none":
            return np.zeros(self.width), np.ones(self.width)
        low, high = np.array(self.q01), np.array(self.q99)
        if self.method == "quantile":
            offset, scale = (low + high) / 2, (high - low) / 2
        else:
            offset, scale = np.array(self.mean), np.array(self.std)
        scale = np.where(scale < CONSTANT / 2, np.inf, scale)
        mask = np.array(self.mask, dtype=bool)
        return np.where(mask, offset, 0.0), np.where(mask, scale, 1.0)


_FIELDS = tuple(field.name for field in fields(Normaliser))
