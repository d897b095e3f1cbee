"""Image augmentation, deterministic for a sample, a draw index and a seed.

On uint8 with PIL, one image after the other: measured on 64 images of 128 x 128 and one core, shift and crop take 0.24 ms
and colours 0.10 ms per image; the same in torch on the batch, in floats, takes 0.66 and 0.31 ms. Blur as in Isaac Sim's
small images takes 1.2 ms (torch, as matrix products: 0.7), for a quarter of the images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_isaac.core import images
from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.errors import ConfigError

LUMA = (0.299, 0.587, 0.114)  # share of each colour in brightness; ITU-R BT.601


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Ranges of the augmentation; 0 switches a part off. All images of one camera in a sample change alike."""

    shift_px: int = 4
    """Largest shift along each axis [px]; the border is repeated."""

    crop: float = 0.05
    """Largest share cropped from each side; the rest is resized to the original size."""

    brightness: float = 0.2
    """Factor on all colours: 1 plus or minus this."""

    channel: float = 0.08
    """Factor on each colour alone: 1 plus or minus this."""

    offset: float = 0.05
    """Largest offset of all colours, as a share of white."""

    saturation: float = 0.2
    """Saturation factor: 1 plus or minus this."""

    rendered_px: int = 300
    """Shortest side [px] at which Isaac Sim renders before it downscales images."""

    rendered_share: float = 0.25
    """Share of samples whose images are upscaled to that size and downscaled again, which blurs them like Isaac Sim's."""

    black_share: float = 0.0
    """Share of samples in which a camera is blacked out; 1 trains a policy without vision."""

    def __post_init__(self) -> None:
        for name in ("crop", "brightness", "channel", "offset", "saturation"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"augmentation: {name}={getattr(self, name)} must lie within 0 to 1, without 1")
        for name in ("rendered_share", "black_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"augmentation: {name}={getattr(self, name)} must lie within 0 to 1")
        if self.shift_px < 0 or self.rendered_px < 1:
            raise ConfigError(
                f"augmentation: shift_px={self.shift_px}, rendered_px={self.rendered_px}; give whole numbers, "
                "0 or more and 1 or more"
            )


def generator(seed: int, number: int) -> np.random.Generator:
    """Return the random generator of one draw: independent of all others, of process and of order."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, number], dtype=np.uint64)))


def augment(pictures: AnyArray, how: Augmentation, random: np.random.Generator) -> AnyArray:
    """Return images (F, H, W, 3) with one random augmentation; for one `how`, always draws as many random numbers."""
    centred = random.uniform(-1.0, 1.0, size=9)
    share, top, left, blur = random.random(4)
    if how.black_share and random.random() < how.black_share:
        return np.zeros_like(pictures)
    height, width = pictures.shape[1:3]
    matrix = _colours(how, centred[:6])
    box = _box(how.crop * share, top, left, height, width)
    moved = _moved(height, how.shift_px, centred[6]), _moved(width, how.shift_px, centred[7])
    large = rendered_size(height, width, how.rendered_px) if blur < how.rendered_share else None
    return np.stack([_changed(picture, matrix, box, moved, large) for picture in pictures])


def vary_colours(pictures: Any, how: Augmentation, generator: Any) -> Any:
    """Return a batch of images with random colour changes, independent for each image; only colours change.

    Args:
        pictures: uint8 tensor (B, 3, H, W).
        how: Its `brightness`, `channel` and `offset` are used.
        generator: Random generator of torch.
    """
    import torch

    def about_zero(*shape: int) -> Any:
        return 2 * torch.rand((len(pictures), *shape), generator=generator) - 1

    bright = 1 + how.brightness * about_zero(1, 1, 1)
    channel = 1 + how.channel * about_zero(3, 1, 1)
    offset = 255 * how.offset * about_zero(1, 1, 1)
    return (pictures.float() * (bright * channel) + offset).clamp_(0, 255).to(torch.uint8)


def rendered_size(height: int, width: int, shortest: int) -> tuple[int, int]:
    """Return the height and width at which Isaac Sim renders images of this size."""
    scale = max(1.0, shortest / min(height, width))
    return max(shortest, round(height * scale)), max(shortest, round(width * scale))


def _changed(
    picture: Image,
    matrix: tuple[float, ...] | None,
    box: tuple[float, float, float, float] | None,
    moved: tuple[AnyArray | None, AnyArray | None],
    large: tuple[int, int] | None,
) -> Image:
    from PIL import Image as pil

    height, width = picture.shape[:2]
    for axis, places in enumerate(moved):
        picture = picture if places is None else picture.take(places, axis)
    image = images.to_pil(picture)
    if box is not None:
        image = image.resize((width, height), pil.Resampling.BILINEAR, box=box)
    if matrix is not None:
        image = image.convert("RGB", matrix)
    rgb: Image = np.asarray(image)
    return rgb if large is None else images.resize(images.resize(rgb, *large), height, width)


def _colours(how: Augmentation, drawn: AnyArray) -> tuple[float, ...] | None:
    """Return all colour changes as one 3 x 4 matrix, row by row; saturation first, then factors, then the offset."""
    if not (how.brightness or how.channel or how.offset or how.saturation):
        return None
    keep = 1 + how.saturation * drawn[0]
    colours = keep * np.eye(3) + (1 - keep) * np.array(LUMA)[None, :]
    factors = (1 + how.brightness * drawn[1]) * (1 + how.channel * drawn[2:5])
    added = np.full((3, 1), 255 * how.offset * drawn[5])
    return tuple(np.hstack([factors[:, None] * colours, added]).ravel().tolist())


def _box(cut: float, top: float, left: float, height: int, width: int) -> tuple[float, float, float, float] | None:
    if cut == 0:
        return None
    y, x = cut * height * top, cut * width * left
    return x, y, x + (1 - cut) * width, y + (1 - cut) * height


def _moved(size: int, most: int, drawn: float) -> AnyArray | None:
    """Return the source index of each row or column, the border repeated."""
    by = round(most * drawn)
    return np.clip(np.arange(size) + by, 0, size - 1) if by else None
