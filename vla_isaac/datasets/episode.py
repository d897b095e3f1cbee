"""`Episode`: one demonstration in memory: its metadata, its columns of numbers, and the images of its cameras.

Row t of every column and image t of every camera belong together: the observation before action t, the action, and the
state after it. Numbers are float32, as trainers read them; every format stores them bit-identically.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, overload

import numpy as np

from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.errors import DatasetError, ShapeError
from vla_isaac.datasets.sentences import Annotation, Sentence, is_in_order, text_at

STATE_NAMES = (*(f"panda_joint{i}" for i in range(1, 8)), "gripper_width")
POSE_NAMES = ("x", "y", "z", "qw", "qx", "qy", "qz")


@dataclass(frozen=True)
class Feature:
    """A column: its type, the shape of a row, and the names of its values."""

    dtype: str
    """NumPy name: ``"float32"``, ``"int64"`` or ``"bool"``."""

    shape: tuple[int, ...]
    """Shape of one row; ``(1,)`` for a single number."""

    names: tuple[str, ...] | None = None
    """Names of the values of a row."""


PROPRIOCEPTION: dict[str, Feature] = {
    "observation.state": Feature("float32", (8,), STATE_NAMES),
    "observation.velocity": Feature("float32", (7,), STATE_NAMES[:7]),
    "observation.ee_pose": Feature("float32", (7,), POSE_NAMES),
}
"""Observation before the action: joint angles [rad] and finger distance [m]; joint speeds [rad/s]; tool centre point
in the base frame [m], quaternion (w, x, y, z)."""

OUTCOME: dict[str, Feature] = {
    "action.target": Feature("float32", (8,), STATE_NAMES),
    "action.executed": Feature("float32", (8,), STATE_NAMES),
    "next.progress": Feature("float32", (1,)),
    "next.success": Feature("bool", (1,)),
    "next.done": Feature("bool", (1,)),
}
"""Joint target the converter sent [rad, m]; joint positions after the period; verdict of the task then."""


PRIVILEGED: dict[str, Feature] = {
    "privileged.goal_objects": Feature("float32", (6,), ("ax", "ay", "az", "bx", "by", "bz")),
}
"""Ground truth of the simulator, never given to a policy: centres of the two objects of the next goal, in the base frame
[m]; a goal of one object has it twice."""


def action_feature(width: int, names: Sequence[str] | None = None) -> Feature:
    """Return the feature of ``"action"``: the action to learn, in the policy's own convention."""
    return Feature("float32", (width,), tuple(names) if names else None)


class Images(Protocol):
    """The images of one camera over an episode; may be decoded on access."""

    def __len__(self) -> int: ...

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: slice) -> AnyArray: ...

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return number of images, height, width, 3."""
        ...


class LazyImages(ABC):
    """`Images` that are read on access; a subclass reads one."""

    def __init__(self, length: int, resolution_hw: tuple[int, int]) -> None:
        self._length, self._resolution_hw = length, resolution_hw

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return number of images, height, width, 3."""
        return (self._length, *self._resolution_hw, 3)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: slice) -> AnyArray: ...

    def __getitem__(self, index: int | slice) -> AnyArray:
        """Return one image (H, W, 3), or several (n, H, W, 3)."""
        rows = range(self._length)[index]
        if isinstance(rows, int):
            return self._read(rows)
        pictures = np.empty((len(rows), *self.shape[1:]), dtype=np.uint8)
        for k in sorted(range(len(rows)), key=rows.__getitem__):  # a video is decoded forwards
            pictures[k] = self._read(rows[k])
        return pictures

    @abstractmethod
    def _read(self, row: int) -> Image:
        """Return one image, shape (H, W, 3)."""


@dataclass(frozen=True, kw_only=True)
class CameraInfo:
    """Parameters of a camera, to compare with the scene of a later run."""

    height: int
    width: int
    fov_y: float
    """Vertical field of view [rad]."""

    mount: str
    """`world` or `hand`."""

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    up: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class EpisodeMeta:
    """Metadata of a demonstration; plain data, written as JSON."""

    instruction: str
    """The instruction."""

    task: str = ""
    """Name of the task family, empty for a free instruction."""

    goal: str | list[str] | None = None
    success: bool | None = None
    failure: str | None = None
    reason: str = ""
    seed: int = 0
    scene: str = ""
    randomisation: str = ""
    policy: str = ""
    backend: str = ""
    fps: float = 20.0
    """Control rate [Hz]; one row per control period."""

    action_spec: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the `core.specs.ActionSpec` that defines the values of `action`."""

    cameras: Mapping[str, CameraInfo] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    """Versions of this package and of the simulator."""

    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further metadata, such as the perturbation or the layout."""

    sentences: tuple[Sentence, ...] = ()
    """The sentences of an episode with several, the first from row 0 on; empty where all rows have the instruction."""

    annotations: tuple[Annotation, ...] = ()
    """Labels of its parts, such as the sub-task of each row."""

    def __post_init__(self) -> None:
        if not is_in_order(self.sentences):
            rows = [sentence.row for sentence in self.sentences]
            raise DatasetError(f"the sentences of an episode begin at the rows {rows}", remedy="give rows that rise from 0")

    @property
    def texts(self) -> tuple[str, ...]:
        """Every sentence of the episode once, in order of first use."""
        return tuple(dict.fromkeys(sentence.text for sentence in self.sentences)) or (self.instruction,)

    def sentence(self, row: int) -> str:
        """Return the sentence of a row."""
        text = text_at(self.sentences, row)
        return self.instruction if text is None else text


@dataclass(frozen=True, eq=False, kw_only=True)
class Episode:
    """A demonstration."""

    meta: EpisodeMeta
    columns: Mapping[str, AnyArray]
    """By feature name, shape (T, ...); with ``"action"``, unless a third-party dataset names its actions otherwise."""

    images: Mapping[str, Images] = field(default_factory=dict)
    """By camera name, T images each, uint8 (H, W, 3)."""

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in (*self.columns.items(), *self.images.items())}
        if not self.columns:
            raise ShapeError("an episode needs columns, and has none")
        if self.meta.sentences and self.meta.sentences[-1].row >= len(self):
            raise ShapeError(f"episode: a sentence begins at row {self.meta.sentences[-1].row} of {len(self)} rows")
        mismatched = {name: length for name, length in lengths.items() if length != len(self)}
        if mismatched:
            name, length = next(iter(mismatched.items()))
            raise ShapeError(
                f"episode: {name!r} has {length} rows where {self._first!r} has {len(self)}; all need the same", array=name
            )

    def __len__(self) -> int:
        """Number of control periods T."""
        return len(self.columns[self._first])

    @property
    def _first(self) -> str:
        """Return the column whose rows are counted."""
        return "action" if "action" in self.columns else next(iter(self.columns))


def as_column(values: Any, feature: Feature) -> AnyArray:
    """Return values as a column of this feature, shape (T, *shape)."""
    return np.asarray(values, dtype=feature.dtype).reshape(-1, *feature.shape)


def _as_finite(column: AnyArray, values: AnyArray) -> bool:
    """Return whether no finite value has become infinite."""
    return bool((np.isfinite(column.reshape(-1)) | ~np.isfinite(values.reshape(-1))).all())


def stored_column(values: AnyArray, feature: Feature) -> AnyArray:
    """Return numbers from a file as a column of this feature, shape (T, *shape).

    Raises:
        ValueError: If the type loses more than digits: a fraction, a number other than 0 and 1 for a truth value, or what is
            too large for it.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        column = as_column(values, feature)
    if column.dtype == values.dtype:
        return column
    is_whole = column.dtype.kind in "iub"
    kept = np.array_equal(column.reshape(-1), values.reshape(-1)) if is_whole else _as_finite(column, values)
    if not kept:
        raise ValueError(f"its values are {values.dtype}, and are not kept by the declared {feature.dtype}")
    return column
