"""`contact_sheet`: every episode as a strip of images over time, under a caption."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.errors import UsageError
from vla_isaac.core.images import resize, to_pil
from vla_isaac.datasets.copying import Progress
from vla_isaac.datasets.episode import Episode, EpisodeMeta
from vla_isaac.datasets.formats import DatasetReader

HEIGHT = 112  # [px] of a picture on the sheet
GAP = 4  # [px] between pictures
LINE = 22  # [px] of the line above a strip
LETTER = 14  # [px]
PAPER, INK, GOOD, BAD = (250, 250, 250), (30, 30, 30), (20, 120, 60), (190, 40, 30)


def contact_sheet(
    reader: DatasetReader, episodes: Sequence[int], *, pictures: int = 8, progress: Progress | None = None
) -> Image:
    """Return one image of many episodes, a strip per camera.

    Args:
        reader: The dataset.
        episodes: Indices of the episodes, in this order.
        pictures: Number of images of each, evenly over its time, including the first and the last.
        progress: Called after each episode.

    Raises:
        UsageError: If the dataset has no cameras, or no episode is requested.
        DatasetError: If an image cannot be read.
    """
    if not reader.info.cameras:
        raise UsageError(f"dataset {reader.path}: has no cameras, so there are no pictures to show")
    if not episodes or pictures < 1:
        raise UsageError(f"dataset {reader.path}: no episode or no image is requested; a sheet needs one of each")
    blocks = []
    for done, number in enumerate(episodes, start=1):
        episode = reader.episode(number)
        strips = [_strip(episode, camera, pictures) for camera in episode.images]
        blocks += [_caption(number, episode, max(strip.shape[1] for strip in strips)), *strips]
        if progress is not None:
            progress(done, len(episodes))
    width = max(block.shape[1] for block in blocks)
    return np.concatenate([_padded(block, width) for block in blocks])


def headline(number: int, meta: EpisodeMeta, length: int) -> str:
    """Return a one-line caption of an episode."""
    verdict = {True: "success", False: f"failed ({meta.failure})" if meta.failure else "failed", None: "not judged"}
    task = f"{meta.task}: " if meta.task else ""
    said = "; ".join(meta.texts)
    return f"episode {number} | {verdict[meta.success]} | {length} rows, {length / meta.fps:.1f} s | {task}{said}"


def evenly(length: int, count: int) -> list[int]:
    """Return evenly spaced row indices of an episode; fewer if it is shorter."""
    return [int(row) for row in np.unique(np.linspace(0, length - 1, min(count, length)).round())]


def _strip(episode: Episode, camera: str, count: int) -> Image:
    images = episode.images[camera]
    _, h, w, _ = images.shape
    width = max(1, round(HEIGHT * w / h))
    strip = np.full((HEIGHT + GAP, count * (width + GAP), 3), PAPER, dtype=np.uint8)
    for place, row in enumerate(evenly(len(episode), count)):
        strip[:HEIGHT, place * (width + GAP) : place * (width + GAP) + width] = resize(images[row], HEIGHT, width)
    return strip


def _caption(number: int, episode: Episode, width: int) -> Image:
    from PIL import ImageDraw, ImageFont

    picture = to_pil(np.full((LINE, width, 3), PAPER, dtype=np.uint8))
    colour = {True: GOOD, False: BAD, None: INK}[episode.meta.success]
    text = headline(number, episode.meta, len(episode))
    ImageDraw.Draw(picture).text((2, 2), text, fill=colour, font=ImageFont.load_default(LETTER))
    return np.array(picture)


def _padded(block: AnyArray, width: int) -> Image:
    padded = np.full((block.shape[0], width, 3), PAPER, dtype=np.uint8)
    padded[:, : block.shape[1]] = block
    return padded
