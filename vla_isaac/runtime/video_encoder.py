"""Video encoders: frames to an mp4, in this process or in a child process where this one must not load an encoder.

Inside Kit (also in a standalone Isaac script) PyAV's libraries conflict with Kit's, so there an ordinary Python encodes:
``python -m vla_isaac.runtime.video_encoder PATH WIDTH HEIGHT FPS`` reads raw RGB frames from its standard input.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vla_isaac.core.arrays import Image
from vla_isaac.core.errors import RenderError
from vla_isaac.core.optional import is_installed, missing, require

_NEED = {"extra": "video", "need": "writing videos", "instead": "run with --no-video"}
CLOSE_TIMEOUT = 60.0  # [s] timeout of the child process to finish its file


class Encoder(Protocol):
    """Writes frames to a file."""

    def write(self, rgb: Image) -> None:
        """Add a frame, shape (height, width, 3)."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...

    def abandon(self) -> None:
        """Release the file after an error; nothing more is encoded."""
        ...


def open_encoder(path: Path, width: int, height: int, fps: float) -> Encoder:
    """Return the encoder that this process may use."""
    kind = ProcessEncoder if "omni.kit.app" in sys.modules else PyAvEncoder
    return kind(path, width, height, fps)


def check_encoder(instead: str = _NEED["instead"]) -> None:
    """Raise `MissingDependencyError` if videos cannot be written; loads nothing.

    Args:
        instead: What to do without videos.
    """
    if not is_installed("av"):
        raise missing("av", **{**_NEED, "instead": instead})


class PyAvEncoder:
    """H.264 through PyAV."""

    def __init__(self, path: Path, width: int, height: int, fps: float) -> None:
        self._av: Any = require("av", **_NEED)
        self._container = self._av.open(str(path), mode="w", format="mp4")
        self._stream = self._container.add_stream("libx264", rate=round(fps), options={"crf": "23", "preset": "veryfast"})
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "yuv420p"
        self._stream.thread_count = 2

    def write(self, rgb: Image) -> None:
        """Encode one frame."""
        for packet in self._stream.encode(self._av.VideoFrame.from_ndarray(rgb, format="rgb24")):
            self._container.mux(packet)

    def close(self) -> None:
        """Write the frames held back by the encoder, and the index."""
        for packet in self._stream.encode():
            self._container.mux(packet)
        self._container.close()

    def abandon(self) -> None:
        """Close the file as it is; to flush the encoder after an error would crash it."""
        self._container.close()


class ProcessEncoder:
    """The same encoder in a child process, fed through a pipe."""

    def __init__(self, path: Path, width: int, height: int, fps: float) -> None:
        command = [sys.executable, "-m", "vla_isaac.runtime.video_encoder", str(path), str(width), str(height), str(fps)]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)

    def write(self, rgb: Image) -> None:
        """Send one frame."""
        try:
            self._pipe().write(np.ascontiguousarray(rgb).tobytes())
        except OSError as error:
            raise self._failed() from error

    def close(self) -> None:
        """End the stream and wait until the file is complete."""
        try:
            self._pipe().close()
        except OSError as error:
            raise self._failed() from error
        if self._child.wait(timeout=CLOSE_TIMEOUT) != 0:
            raise self._failed()

    def abandon(self) -> None:
        """End the child process."""
        self._child.kill()
        self._child.wait()

    def _pipe(self) -> Any:
        assert self._child.stdin is not None  # requested above
        return self._child.stdin

    def _failed(self) -> RenderError:
        """Return an error with the last message of the child process."""
        self._child.kill()
        output = self._child.stderr.read().decode(errors="replace").strip() if self._child.stderr else ""
        last = output.rpartition("\n")[2] or f"exit code {self._child.poll()}"
        return RenderError(f"the video's encoder process ended early: {last}")


def main(arguments: list[str]) -> int:
    """Encode standard input; the other end of `ProcessEncoder`."""
    path, width, height, fps = Path(arguments[0]), int(arguments[1]), int(arguments[2]), float(arguments[3])
    encoder = PyAvEncoder(path, width, height, fps)
    length = width * height * 3
    while len(data := sys.stdin.buffer.read(length)) == length:
        encoder.write(np.frombuffer(data, dtype=np.uint8).reshape(height, width, 3))
    encoder.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
