"""Video files of datasets: encoding, copying, joining and reading of images.

H.264 with a key frame every 5 images and no B-frames: measured on 145 images of the tabletop (224 x 224, one slow core) it
takes 210 KiB and 1.3 to 2.4 ms per image at random. A key frame every 2 images takes 356 KiB and 1.4 to 2.1 ms, every 20
takes 138 KiB and 2 to 3.4 ms. AV1 as LeRobot writes it (CRF 30) takes 270 KiB at every 2 and 92 KiB at every 10, and five
times as long to encode.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.errors import DatasetError, ShapeError, UsageError
from vla_isaac.core.optional import require
from vla_isaac.datasets.episode import Images, LazyImages
from vla_isaac.datasets.video_container import broken, open_video, reading_video
from vla_isaac.datasets.video_decoder import PictureSource

GOP = 5  # images from key frame to key frame
PIXELS = "yuv420p"
ENCODERS: dict[str, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"crf": "18", "preset": "medium", "g": str(GOP), "bf": "0", "sc_threshold": "0", "mbtree": "0"}),
    "av1": ("libsvtav1", {"crf": "30", "preset": "8", "g": str(GOP), "svtav1-params": "lp=1"}),
}
"""Codec to encoder and its options; a CRF below 18 gains nothing, since `PIXELS` halves the colour resolution.

x264's macroblock tree reads uninitialised memory, so that equal images sometimes give other bytes; it is off.
"""


@dataclass(frozen=True)
class VideoInfo:
    """Properties of a video file."""

    codec: str
    height: int
    width: int
    num_frames: int
    fps: float
    pixels: str


@dataclass(frozen=True)
class VideoPart:
    """A range of images of a video file."""

    path: Path
    first: int
    """Index of its first image in the file."""

    length: int


def rate_of(fps: float) -> Fraction:
    """Return the rate as a fraction, as in video files."""
    return Fraction(fps).limit_denominator(1001)


def check_codec(codec: str) -> None:
    """Raise `UsageError` for a codec that cannot be written."""
    if codec not in ENCODERS:
        raise UsageError(f"video codec {codec!r} is not written here; choose one of {', '.join(ENCODERS)}")


def encode_video(images: Images | Sequence[Image] | AnyArray, fps: float, codec: str = "h264") -> bytes:
    """Return an mp4 of the images.

    In memory, so that a full disk raises an error of this package instead of a message of the encoder.

    Args:
        images: Same height and width, both even, uint8 (H, W, 3).
        fps: Images per second.
        codec: ``"h264"``, or ``"av1"``: smaller, slower to write.

    Raises:
        ShapeError: If an image has another shape or type than the first.
        UsageError: If the codec is not known or not in this PyAV.
    """
    check_codec(codec)
    os.environ.setdefault("SVT_LOG", "1")  # the AV1 encoder prints its settings otherwise
    av = _av()
    name, options = ENCODERS[codec]
    height, width = _checked(images[0], None).shape[:2]
    memory = io.BytesIO()
    with av.open(memory, mode="w", format="mp4") as container:
        try:
            stream = container.add_stream(name, rate=rate_of(fps), options=dict(options))
        except av.codec.codec.UnknownCodecError as error:
            raise UsageError(f"this PyAV has no encoder for {codec!r} ({name}); choose codec='h264'") from error
        stream.width, stream.height, stream.pix_fmt = width, height, PIXELS
        stream.thread_count = 1
        for row in range(len(images)):
            rgb = _checked(images[row], (height, width, 3))
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            # the encoder's own conversion gives other bytes once in 240 videos (PyAV 18.1)
            container.mux(stream.encode(frame.reformat(format=PIXELS)))
        container.mux(stream.encode())
    return memory.getvalue()


def write_video(images: Images, path: Path, fps: float, codec: str = "h264") -> None:
    """Write the images of an episode as a video file.

    Images in a video of this codec are copied without decoding; encoding them again would lose a little each time. A video
    can be copied if it has the rate `fps`, no B-frames, and a key frame at the start of the episode.

    Args:
        images: As for `encode_video`.
        path: A name that ends in ``.mp4``.
        fps: Images per second.
        codec: As for `encode_video`.

    Raises:
        DatasetError: If the images are in a video that is broken.
        ShapeError: As for `encode_video`.
    """
    if isinstance(images, VideoImages) and images.is_encoded_as(codec, fps):
        with contextlib.suppress(DatasetError):  # no key frame there; or a broken file, which decoding reports by its row
            join_videos([images.part], path, fps)
            return
    path.write_bytes(encode_video(images, fps, codec))


def read_video_info(path: Path) -> VideoInfo:
    """Return the properties of a file; counts its images without decoding them.

    Raises:
        DatasetError: If it is missing, truncated or no video.
    """
    with open_video(path) as container:
        stream = container.streams.video[0]
        with reading_video(path):
            count = sum(1 for packet in container.demux(stream) if packet.size)
            context = stream.codec_context
            return VideoInfo(
                stream.codec.canonical_name, stream.height, stream.width, count, float(stream.average_rate), context.pix_fmt
            )


class VideoImages(LazyImages):
    """The images of one episode in a video file, decoded on access."""

    def __init__(
        self, path: Path, *, first: int, length: int, resolution_hw: tuple[int, int], fps: float, about: str
    ) -> None:
        """Store the arguments; no file is opened yet.

        Args:
            path: The file.
            first: Index of the episode's first image in it.
            length: Number of images of the episode.
            resolution_hw: Height and width [px].
            fps: Pictures per second.
            about: Name in errors, such as ``"episode 3, camera front"``.
        """
        super().__init__(length, resolution_hw)
        self._path, self._first, self._fps, self._about = path, first, fps, about

    @property
    def part(self) -> VideoPart:
        """Return the range of the images in the file."""
        return VideoPart(self._path, self._first, self._length)

    def is_encoded_as(self, codec: str, fps: float) -> bool:
        """Return whether the file has this codec and rate, the pixel format `PIXELS`, and no B-frames."""
        with open_video(self._path) as container, reading_video(self._path):
            stream = container.streams.video[0]
            context = stream.codec_context
            found = (stream.codec.canonical_name, stream.average_rate, context.pix_fmt, context.height, context.width)
            return found == (codec, rate_of(fps), PIXELS, *self._resolution_hw) and not context.has_b_frames

    def _read(self, row: int) -> Image:
        try:
            rgb = _PICTURES.picture(self._path, self._first + row, rate_of(self._fps))
        except DatasetError as error:
            raise DatasetError(f"{self._about}, row {row}: {error}") from error
        if rgb.shape != self.shape[1:]:
            raise DatasetError(
                f"{self._about}: {self._path} has pictures of shape {rgb.shape}, the dataset says {self.shape[1:]}"
            )
        return rgb


_PICTURES = PictureSource()


def release_videos(folder: Path) -> None:
    """Remove the video files of a dataset from the cache of this process."""
    _PICTURES.release(folder)


def can_be_joined(one: Path, other: Path) -> bool:
    """Return whether two files can be joined without encoding."""
    return one == other or _encoding(one) == _encoding(other)


def join_videos(parts: Sequence[VideoPart], path: Path, fps: float) -> None:
    """Write one file with the images of several, in this order, without encoding them again.

    Raises:
        DatasetError: If a part is broken or does not begin with a key frame.
    """
    av = _av()
    with av.open(str(path), mode="w", format="mp4") as output:
        with open_video(parts[0].path) as first:
            stream = output.add_stream_from_template(first.streams.video[0], opaque=True)
        written = 0
        for part in parts:
            with open_video(part.path) as source, reading_video(part.path):
                _copy(source, part, output, stream, written, rate_of(fps))
            written += part.length
    found = read_video_info(path).num_frames
    if found != written:
        raise broken(path, f"it has {found} pictures where {written} were put together")


def _copy(source: Any, part: VideoPart, output: Any, target: Any, offset: int, rate: Fraction) -> None:
    stream = source.streams.video[0]
    tick = stream.time_base
    source.seek(round(part.first / rate / tick), stream=stream)
    shift = round(offset / rate / tick) - round(part.first / rate / tick)
    remaining = part.length
    for packet in source.demux(stream):
        if packet.pts is None or not packet.size:
            continue
        number = round(packet.pts * tick * rate)
        if not part.first <= number < part.first + part.length:
            continue
        if remaining == part.length and not packet.is_keyframe:
            raise broken(part.path, f"picture {part.first} is no key frame, so the file cannot be divided there")
        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, target
        output.mux(packet)
        remaining -= 1
        if not remaining:
            return
    raise broken(part.path, f"{remaining} of the pictures {part.first} to {part.first + part.length - 1} are missing")


def _encoding(path: Path) -> tuple[Any, ...]:
    with open_video(path) as container, reading_video(path):
        context = container.streams.video[0].codec_context
        return (context.name, context.width, context.height, context.pix_fmt, context.extradata)


def _checked(rgb: Any, shape: tuple[int, int, int] | None) -> Image:
    picture = np.asarray(rgb)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or shape not in (None, picture.shape):
        raise ShapeError(f"a picture has shape {picture.shape} {picture.dtype}, expected {shape or '(H, W, 3)'} uint8")
    return np.ascontiguousarray(picture)


def _av() -> Any:
    return require("av", extra="video", need="a dataset with pictures as video")
