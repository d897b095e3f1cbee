"""Pictures that are not RGB of 8 bits: encoded as PNG, TIFF, PPM and video, and datasets in which they are a camera's."""

from __future__ import annotations

import io
import json
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from vla_isaac.datasets.lerobot.layout import INFO

H, W = 48, 64
DEPTH = np.linspace(100, 60_000, H * W).reshape(H, W).astype(np.uint16)
GRAY = (DEPTH >> 8).astype(np.uint8)
RGB = np.dstack([GRAY, np.full((H, W), 100, np.uint8), GRAY[::-1]])
KEY = "observation.images.front"


def png16(pixels: np.ndarray) -> bytes:
    """Return a PNG of 16 bits per channel of pixels (H, W) or (H, W, 3), which Pillow does not write."""
    height, width = pixels.shape[:2]
    color = 0 if pixels.ndim == 2 else 2
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def encoded(picture: Image.Image, kind: str = "PNG") -> bytes:
    memory = io.BytesIO()
    picture.save(memory, kind)
    return memory.getvalue()


ALPHA = Image.fromarray(RGB).convert("RGBA")
ALPHA.putalpha(7)
COLOR_FILES = {
    "rgb": (encoded(Image.fromarray(RGB)), RGB),
    "gray": (encoded(Image.fromarray(GRAY)), np.dstack([GRAY] * 3)),
    "gray and alpha": (encoded(Image.fromarray(np.dstack([GRAY, GRAY]))), np.dstack([GRAY] * 3)),
    "rgba": (encoded(ALPHA), RGB),
    "palette": (encoded(Image.fromarray(np.dstack([GRAY // 64 * 64] * 3)).convert("P")), None),
    "bmp": (encoded(Image.fromarray(RGB), "BMP"), RGB),
    "tiff": (encoded(Image.fromarray(RGB), "TIFF"), RGB),
}
"""Encoded picture, and the RGB that is right; None where only the shape is compared."""

OTHER_FILES = {
    "16-bit gray png": (png16(DEPTH), "is depth, not color"),
    "16-bit rgb png": (png16(np.dstack([DEPTH] * 3)), "nothing says which value is white"),
    "16-bit tiff": (encoded(Image.fromarray(DEPTH), "TIFF"), "is depth, not color"),
    "float tiff": (encoded(Image.fromarray(DEPTH.astype(np.float32)), "TIFF"), "is depth, not color"),
    "32-bit tiff": (encoded(Image.fromarray(DEPTH.astype(np.int32)), "TIFF"), "is depth, not color"),
    "16-bit ppm": (b"P6 %d %d 65535\n" % (W, H) + np.dstack([DEPTH] * 3).astype(">u2").tobytes(), "which value is white"),
    "16-bit pgm": (b"P5 %d %d 65535\n" % (W, H) + DEPTH.astype(">u2").tobytes(), "is depth, not color"),
}
"""Encoded picture, and words of the reason why it is left out."""


def encode(path: Path, frames: list[np.ndarray], codec: str, pixels: str, fps: float = 20.0) -> None:
    """Write a video of gray frames (H, W) in their own type, or of RGB frames."""
    import av

    options = {"x265-params": "log-level=none:lossless=1"} if codec == "libx265" else {}
    with av.open(str(path), mode="w", format="mp4") as container:
        stream = container.add_stream(codec, rate=Fraction(fps), options=options)
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], pixels
        for frame in frames:
            given = pixels if frame.ndim == 2 else "rgb24"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format=given).reformat(format=pixels)))
        container.mux(stream.encode())


def change_feature(path: Path, key: str = KEY, **changes) -> None:
    """Change the entry of a feature in `info.json`; None removes a field."""
    file = path / INFO
    data = json.loads(file.read_text(encoding="utf-8"))
    entry = data["features"][key] | changes
    data["features"][key] = {name: value for name, value in entry.items() if value is not None}
    file.write_text(json.dumps(data), encoding="utf-8")


def put_in_rows(path: Path, cells: list[bytes], key: str = KEY) -> None:
    """Turn a video camera of a LeRobot dataset into pictures in its rows: one of `cells` in all rows of a file, in turn."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    change_feature(path, key, dtype="image", info=None)
    for number, file in enumerate(sorted((path / "data").rglob("*.parquet"))):
        table = pq.read_table(file)
        rows = [{"bytes": cells[number % len(cells)], "path": None}] * table.num_rows
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        pq.write_table(table.append_column(key, pa.array(rows, kind)), file)
    for video in (path / "videos").rglob("*.mp4"):
        if key in video.as_posix():
            video.unlink()
