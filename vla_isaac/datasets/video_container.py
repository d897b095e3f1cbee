"""`open_video`: open a video file only as a local file of the container that its name declares.

FFmpeg may take a name for an address (``http:``, ``concat:``, ``subfile:``), and a file named ``.mp4`` for a playlist
that names other files. An absolute path, only the protocol ``file`` and a fixed container exclude both.
Source: ffmpeg.org/ffmpeg-protocols.html (protocol_whitelist), ffmpeg.org/ffmpeg-formats.html (concat, hls).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from vla_isaac.core import input_files
from vla_isaac.core.errors import DatasetError
from vla_isaac.core.optional import require
from vla_isaac.datasets.untrusted_paths import regular_file

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mp4", ".mkv": "matroska", ".webm": "matroska", ".avi": "avi"}
"""File ending to FFmpeg's demuxer; none of them opens other files."""

OPTIONS = {"protocol_whitelist": "file"}

REMEDY = "copy the dataset again, or remove the episode"


def open_video(path: Path) -> Any:
    """Return PyAV's container of a video file, to be closed by the caller.

    Raises:
        DatasetError: If the file is missing, not a regular file, broken or without images, or its ending is not a known
            container.
    """
    av = require("av", extra="video", need="a dataset with pictures as video")
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        raise DatasetError(f"the video {path} has an unknown ending; expected one of {', '.join(CONTAINERS)}")
    with reading_video(path):
        opened = av.open(str(regular_file(path)), format=container, options=dict(OPTIONS))
    if not opened.streams.video:
        opened.close()
        raise broken(path, "it has no pictures")
    return opened


def pixel_format(path: Path) -> str:
    """Return FFmpeg's name of the pixel format of a video file, such as ``"yuv420p"``.

    Raises:
        DatasetError: As for `open_video`.
    """
    with open_video(path) as container, reading_video(path):
        return str(container.streams.video[0].codec_context.pix_fmt)


def reading_video(path: Path) -> AbstractContextManager[None]:
    """Turn every exception of the block into a `DatasetError` that names the video."""
    return input_files.reading(path, what="the video", error=DatasetError, remedy=REMEDY)


def missing(path: Path) -> DatasetError:
    """Return the error for a missing file."""
    return DatasetError(f"the video {path} is missing", remedy=REMEDY)


def broken(path: Path, why: str) -> DatasetError:
    """Return the error for a file that cannot be decoded."""
    return DatasetError(f"the video {path} is broken or truncated ({why})", remedy=REMEDY)
