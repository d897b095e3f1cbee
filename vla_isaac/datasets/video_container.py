"""`open_video`: a video file opened as nothing but a local file of the container its name says.

FFmpeg would take a name for an address (``http:``, ``concat:``, ``subfile:``), and a file called ``.mp4`` for a playlist
that names others. Neither happens with an absolute path, the protocol ``file`` alone and a container that is named.
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
        DatasetError: If the file is missing, no regular file, broken or empty of pictures, or its ending names no known
            container.
    """
    av = require("av", extra="video", need="pictures of a dataset as video")
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


def missing(path: Path) -> DatasetError:
    """Return the error for a file that is not there."""
    return DatasetError(f"the video {path} is missing; copy the dataset again, or remove the episode")


def broken(path: Path, why: str) -> DatasetError:
    """Return the error for a file that cannot be decoded."""
    return DatasetError(f"the video {path} is broken or truncated ({why}); copy the dataset again, or remove the episode")
