"""`open_video`: open a video file only as a local file of the container that its name declares.

FFmpeg may take a name for an address (``http:``, ``concat:``, ``subfile:``), and a file named ``.mp4`` for a playlist
that names other files. An absolute path, only the protocol ``file`` and a fixed container exclude both.
Source: ffmpeg.org/ffmpeg-protocols.html (protocol_whitelist), ffmpeg.org/ffmpeg-formats.html (concat, hls).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vla_isaac.core.errors import DatasetError
from vla_isaac.core.optional import require

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mp4", ".mkv": "matroska", ".webm": "matroska", ".avi": "avi"}
"""File ending to FFmpeg's demuxer; none of them opens other files."""

OPTIONS = {"protocol_whitelist": "file"}


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
    if not path.is_file():
        raise broken(path, "it is no regular file") if path.exists() else missing(path)
    try:
        opened = av.open(str(path.absolute()), format=container, options=dict(OPTIONS))
    except (OSError, ValueError, EOFError) as error:  # PyAV's errors are one of these
        raise broken(path, str(error)) from error
    if not opened.streams.video:
        opened.close()
        raise broken(path, "it has no pictures")
    return opened


def pixel_format(path: Path) -> str:
    """Return FFmpeg's name of the pixel format of a video file, such as ``"yuv420p"``.

    Raises:
        DatasetError: As for `open_video`.
    """
    with open_video(path) as container:
        return str(container.streams.video[0].codec_context.pix_fmt)


def missing(path: Path) -> DatasetError:
    """Return the error for a missing file."""
    return DatasetError(f"the video {path} is missing; copy the dataset again, or remove the episode")


def broken(path: Path, why: str) -> DatasetError:
    """Return the error for a file that cannot be decoded."""
    return DatasetError(f"the video {path} is broken or truncated ({why}); copy the dataset again, or remove the episode")
