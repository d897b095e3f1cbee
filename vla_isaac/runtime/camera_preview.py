"""`CameraPreview`: the image shown by a view of a live session; a frame of the policy's cameras where it has any."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from vla_isaac.core.read_only import read_only_copy
from vla_isaac.core.types import Frame
from vla_isaac.policies.base import Policy
from vla_isaac.runtime.live_run import LiveRun
from vla_isaac.sensors.camera import CameraRig
from vla_isaac.sim.backend import Backend, Steps

logger = logging.getLogger(__name__)

VIEW_SECONDS = 0.2
"""Simulated time between two images that are rendered only for display [s]."""


class CameraPreview:
    """Keeps the last image; an image that cannot be rendered is noted and never ends the run."""

    def __init__(self, backend: Backend, cameras: Sequence[str]) -> None:
        """Prefer `cameras`, the first one most; if empty, only frames of the policy's cameras are shown."""
        self._backend = backend
        self._cameras = tuple(cameras)
        self._is_own = False
        self._look: Steps[None] | None = None
        self._next = 0.0
        self._shown: Frame | None = None
        self.frame: Frame | None = None
        self.notes: tuple[str, ...] = ()

    def reset(self, policy: Policy) -> None:
        """Reset; separate images are rendered only for a policy without cameras."""
        if self._look is not None:
            self._look.close()
        self._look, self._next, self.notes = None, 0.0, ()
        self._is_own = bool(self._cameras) and not policy.spec.cameras

    def show(self, run: LiveRun) -> None:
        """Take the latest frame of the run, or continue rendering one; requests at most one simulator update."""
        if run.frames:
            seen = [name for name in self._cameras if name in run.frames] or list(run.frames)
            self._take(run.frames[seen[0]])
        elif self._is_own and run.episode.end is None:
            self._continue(run.time)

    def look(self, now: float) -> Steps[None]:
        """Render an image, at `now` [s] or later; an error is added to the notes."""
        if not self._is_own:
            return
        try:
            frames = yield from CameraRig(self._backend, self._cameras[:1]).read_steps(now)
            self._take(frames[self._cameras[0]])
        except Exception as error:
            self._is_own = False
            self.notes = (f"there is no image of camera {self._cameras[0]!r}: {error}",)
            logger.info("%s", self.notes[0])

    def _take(self, frame: Frame) -> None:
        """Keep a read-only copy, since the run and its subscribers use the same frame."""
        if frame is not self._shown:
            self._shown, self.frame = frame, read_only_copy(frame)

    def _continue(self, now: float) -> None:
        if self._look is None and now >= self._next:
            self._look, self._next = self.look(now), now + VIEW_SECONDS
        if self._look is not None:
            try:
                next(self._look)
            except StopIteration:
                self._look = None
