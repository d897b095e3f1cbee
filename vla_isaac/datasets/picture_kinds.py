"""Which stored pictures are read as color pictures, and which axis holds their channels: one rule for all formats.

A camera gives RGB of 8 bits per channel. What is stored differently:

- 8 bits, gray, gray with alpha, RGBA or palette: becomes RGB; alpha is dropped.
- Color video of more than 8 bits per channel: becomes RGB of 8 bits, since a video's format says which value is white.
- A depth map, or one channel of more than 8 bits: is depth and is left out with a warning.
- Any other color picture of more than 8 bits per channel: is left out with a warning, since nothing says which value is
  white.
- Another number of channels: is left out with a warning.

Source: huggingface/lerobot 0.6.1, `LeRobotDatasetMetadata.depth_keys` for the marks of a depth map.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import ShapeError
from vla_isaac.core.log_once import warn_once
from vla_isaac.core.optional import require

MOST_CHANNELS = 4
COLORS = {1, 3, 4}
"""Numbers of channels of gray, RGB and RGBA."""

CHANNEL_NAMES = ("channel", "channels", "c", "rgb", "rgba", "bgr", "gray")
DEPTH_MARKS = (("info", "is_depth_map"), ("info", "video.is_depth_map"), ("video_info", "video.is_depth_map"))
PIXEL_FORMATS = (("info", "video.pix_fmt"), ("info", "pix_fmt"), ("video_info", "video.pix_fmt"))

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureAxes:
    """Size of a picture and the axis of its channels."""

    resolution_hw: tuple[int, int]
    channels: int
    axis: int | None = 2
    """Index of the axis of the channels in (H, W, C) or (C, H, W); None where gray pictures have no such axis."""


def picture_axes(shape: Sequence[Any], names: Any = None) -> PictureAxes:
    """Return size and channels of a picture.

    The axis of the channels is that with their name if it has 1 to 4 entries, otherwise the last or the first that has.

    Args:
        shape: Shape of one picture: (H, W, C), (C, H, W) or (H, W).
        names: Names of the axes if they are known, such as ``["channels", "height", "width"]``.

    Raises:
        ShapeError: If it is no shape of a picture.
    """
    is_list = isinstance(shape, list | tuple)
    sizes = [int(size) for size in shape if isinstance(size, int | np.integer)] if is_list else []
    if len(sizes) not in (2, 3) or len(sizes) != len(shape) or min(sizes) < 1:
        raise ShapeError(f"{shape} is no shape of a picture; expected height, width and channels")
    if len(sizes) == 2:
        return PictureAxes((sizes[0], sizes[1]), 1, axis=None)
    axis = _channel_axis(sizes, names)
    channels = sizes.pop(axis)
    return PictureAxes((sizes[0], sizes[1]), channels, axis)


def as_rgb(pictures: AnyArray, axes: PictureAxes) -> AnyArray:
    """Return one picture or several of 8 bits as RGB, shape (..., H, W, 3)."""
    if axes.axis is None:
        pictures = pictures[..., None]
    elif axes.axis != 2:
        pictures = np.moveaxis(pictures, axes.axis - 3, -1)
    if axes.channels == 1:
        pictures = np.repeat(pictures, 3, axis=-1)
    return np.ascontiguousarray(pictures[..., :3])


def is_depth_map(feature: Mapping[str, Any]) -> bool:
    """Return whether a feature of LeRobot's `info.json` is marked as a depth map."""
    parts = [(feature.get(part), mark) for part, mark in DEPTH_MARKS]
    return any(isinstance(about, Mapping) and bool(about.get(mark)) for about, mark in parts)


def why_left_out(channels: int, bits: str, *, is_8_bit: bool, is_depth: bool = False, has_white: bool = False) -> str:
    """Return why pictures are not read as color pictures; empty if they are.

    Args:
        channels: Number of their channels.
        bits: Type of their values, such as ``"16 bits"`` or ``"float32"``.
        is_8_bit: Whether a channel has at most 8 bits.
        is_depth: Whether they are marked as depth.
        has_white: Whether their format says which value is white.
    """
    if is_depth:
        return "they are marked as a depth map"
    if channels not in COLORS:
        return f"they have {channels} channels, which is neither gray nor RGB"
    if not is_8_bit and channels == 1:
        return f"one channel of {bits} is depth, not color"
    if not is_8_bit and not has_white:
        return f"their channels have {bits}, and nothing says which value is white; store them with 8 bits per channel"
    return ""


def why_array_is_left_out(shape: Sequence[int], dtype: Any) -> str:
    """Return why an array (T, H, W, C) or (T, C, H, W) is not read as color pictures; empty if it is."""
    if len(shape) != 4 or min(shape[1:]) < 1:
        return f"shape {tuple(shape)} is not that of pictures with channels"
    return why_left_out(picture_axes(shape[1:]).channels, str(dtype), is_8_bit=str(dtype) == "uint8")


def declared_pixel_format(feature: Mapping[str, Any]) -> str:
    """Return the pixel format of a video that LeRobot's `info.json` gives; empty if it gives none."""
    parts = [(feature.get(part), key) for part, key in PIXEL_FORMATS]
    return next((str(about[key]) for about, key in parts if isinstance(about, Mapping) and about.get(key)), "")


def why_video_is_left_out(pixel_format: str, channels: int = 3) -> str:
    """Return why a video is not read as color; empty if it is, or its pixel format is unknown.

    Args:
        pixel_format: FFmpeg's name, such as ``"gray12le"``.
        channels: Number that the dataset gives: H.264 stores gray pictures of 10 bits as YUV.
    """
    av = require("av", extra="video", need="a dataset with pictures as video")
    try:
        components = av.VideoFormat(pixel_format).components
    except ValueError:
        return ""
    colors = [component for component in components if not component.is_alpha][: None if channels > 1 else 1]
    bits = max((component.bits for component in colors), default=8)
    return why_left_out(len(colors), f"{bits} bits ({pixel_format})", is_8_bit=bits <= 8, has_white=True)


def warn_left_out(dataset: object, camera: str, why: str) -> None:
    """Say once that the pictures of a camera are left out, and why."""
    warn_once(_log, f"dataset {dataset}: the pictures of camera {camera!r} are left out: {why}")


def _channel_axis(sizes: Sequence[int], names: Any) -> int:
    labels = [str(name).lower() for name in names] if isinstance(names, list | tuple) else []
    named = next((axis for axis, label in enumerate(labels[:3]) if label in CHANNEL_NAMES), None)
    if named is not None and sizes[named] <= MOST_CHANNELS:
        return named
    fitting = [axis for axis in (2, 0) if sizes[axis] <= MOST_CHANNELS]
    return fitting[0] if fitting else 2 if named is None else named
