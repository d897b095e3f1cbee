"""`VideoFile`: an mp4 that is written frame by frame and gets its name only when it is complete."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from vla_isaac.core.arrays import Image
from vla_isaac.core.atomic_files import commit, temporary_path
from vla_isaac.core.errors import RenderError
from vla_isaac.runtime.video_encoder import Encoder, open_encoder


class VideoFile:
    """H.264 frames of one size; use it through `discarding_on_failure`, which leaves no incomplete file."""

    def __init__(self, path: Path, width: int, height: int, fps: float) -> None:
        """Open a temporary file next to `path`, whose folder is made if necessary.

        Args:
            path: The final name.
            width: Even number of pixels.
            height: Even number of pixels.
            fps: Frames per second [Hz].
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._part = temporary_path(path)
        self._encoder: Encoder = open_encoder(self._part, width, height, fps)

    def write(self, rgb: Image, *, times: int = 1) -> None:
        """Add a frame, shape (height, width, 3), once or repeatedly.

        Raises:
            RenderError: If the file cannot be written; what was written is removed.
        """
        with self.discarding_on_failure():
            for _ in range(times):
                self._encoder.write(rgb)

    def close(self) -> None:
        """Finish the file and give it its name; errors as for `write`."""
        with self.discarding_on_failure():
            self._encoder.close()
            commit(self._part, self.path)

    @contextlib.contextmanager
    def discarding_on_failure(self) -> Iterator[None]:
        """Remove the incomplete file if the block raises; an error of the file system names the video."""
        try:
            yield
        except OSError as error:
            self._discard()
            raise RenderError(
                f"the video {self.path} could not be written ({error.strerror or error})",
                remedy="the episode continues without it",
            ) from error
        except Exception:
            self._discard()
            raise

    def _discard(self) -> None:
        with contextlib.suppress(Exception):
            self._encoder.abandon()
        with contextlib.suppress(OSError):
            self._part.unlink()
