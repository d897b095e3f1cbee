"""Preparation of an episode for both LeRobot versions: checks, bookkeeping columns, encoding of images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import ShapeError
from vla_isaac.datasets.episode import Episode, Feature, as_column
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.lerobot.layout import BOOKKEEPING
from vla_isaac.datasets.parquet import of_columns, to_arrow
from vla_isaac.datasets.staging import Staging
from vla_isaac.datasets.statistics import Statistics, image_statistics
from vla_isaac.datasets.video_files import VideoImages, read_video_info, write_video


def checked_columns(info: DatasetInfo, episode: Episode) -> dict[str, AnyArray]:
    """Return the columns of an episode as the dataset has them.

    Raises:
        ShapeError: If one is missing, has another shape, or is not in the dataset.
    """
    if not len(episode):
        raise ShapeError("an episode needs at least one row; it has none")
    if set(episode.columns) != set(info.features):
        expected_columns = ", ".join(info.features)
        raise ShapeError(f"an episode has the columns {', '.join(episode.columns)}; this dataset has {expected_columns}")
    columns = {}
    for name, feature in info.features.items():
        given = np.asarray(episode.columns[name])
        expected = (len(episode), *feature.shape)
        if given.shape != expected and not (given.ndim == 1 and feature.shape == (1,)):
            raise ShapeError(f"column {name!r} has shape {given.shape}, expected {expected}")
        columns[name] = as_column(given, feature)
    return columns


def check_cameras(info: DatasetInfo, given: Mapping[str, object], what: str) -> None:
    """Raise `ShapeError` if these are not the dataset's cameras."""
    if set(given) != set(info.cameras):
        raise ShapeError(
            f"an episode has {what} of the cameras {', '.join(given) or 'none'}; "
            f"this dataset has {', '.join(info.cameras) or 'none'}"
        )


def encode_pictures(
    info: DatasetInfo, episode: Episode, staging: Staging, codec: str
) -> tuple[dict[str, Path], dict[str, Statistics]]:
    """Return a video file in the staging folder, and statistics of each camera.

    Raises:
        ShapeError: If the images do not have the size of the dataset.
    """
    videos, statistics = {}, {}
    for name, images in episode.images.items():
        expected = (len(episode), *info.cameras[name], 3)
        if tuple(images.shape) != expected:
            raise ShapeError(f"camera {name!r}: pictures of shape {tuple(images.shape)}, expected {expected}")
        videos[name] = staging.path(f"{name}.mp4")
        write_video(images, videos[name], info.fps, codec)
        statistics[name] = image_statistics(images)
    return videos, statistics


def check_video(info: DatasetInfo, name: str, path: Path, length: int, codec: str) -> None:
    """Check that an externally encoded video holds an episode of this camera.

    Raises:
        ShapeError: If it has another codec, length or size.
        DatasetError: If it is broken.
    """
    held = read_video_info(path)
    found = (held.codec, held.num_frames, held.height, held.width)
    expected = (codec, length, *info.cameras[name])
    if found != expected:
        raise ShapeError(f"camera {name!r}: {path} has codec, pictures, height, width {found}, expected {expected}")


def statistics_of_video(info: DatasetInfo, name: str, path: Path, length: int) -> Statistics:
    """Return the statistics of images that are already encoded."""
    about = f"camera {name!r}"
    images = VideoImages(path, first=0, length=length, resolution_hw=info.cameras[name], fps=info.fps, about=about)
    return image_statistics(images)


def bookkeeping(info: DatasetInfo, length: int, *, number: int, first_row: int, tasks: AnyArray) -> dict[str, AnyArray]:
    """Return the columns that the format adds to an episode; `tasks` has the number of each row's sentence."""
    rows = np.arange(length)
    values = {
        "timestamp": rows / info.fps,
        "frame_index": rows,
        "episode_index": np.full(length, number),
        "index": rows + first_row,
        "task_index": tasks,
    }
    return {name: as_column(values[name], feature) for name, feature in BOOKKEEPING.items()}


def data_table(info: DatasetInfo, columns: Mapping[str, AnyArray], extra: Mapping[str, Feature] | None = None) -> Any:
    """Return the table of an episode's rows."""
    features = {**info.features, **(extra or {}), **BOOKKEEPING}
    return of_columns({name: to_arrow(columns[name], feature) for name, feature in features.items()})
