"""`CameraPreview`: the images shown by a view of a live session; frames of the policy's cameras where it has any."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

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
    """Keeps the last image of each camera; an image that cannot be rendered is noted and never ends the run."""

    def __init__(self, backend: Backend, cameras: Sequence[str]) -> None:
        """Show `cameras`, the first one before the others; if empty, only frames of the policy's cameras are shown."""
        self._backend = backend
        self._cameras = tuple(cameras)
        self._rendered: tuple[str, ...] = ()  # those that are rendered only for display
        self._look: Steps[None] | None = None
        self._next = 0.0
        self._taken: dict[str, Frame] = {}  # by camera: the frame of which `frames` has a copy
        self._shown = ""
        self.frames: Mapping[str, Frame] = {}
        self.notes: tuple[str, ...] = ()

    @property
    def frame(self) -> Frame | None:
        """Return the newest image of the first camera that has one."""
        return self.frames.get(self._shown)

    def choose(self, cameras: Sequence[str]) -> None:
        """Show other cameras from the next image on."""
        if self._rendered:
            self._rendered = tuple(cameras)
        self._cameras, self._next, self.notes = tuple(cameras), 0.0, ()
        self._stop_looking()

    def reset(self, policy: Policy) -> None:
        """Reset; separate images are rendered only for a policy without cameras."""
        self._stop_looking()
        self._next, self.notes = 0.0, ()
        self._rendered = () if policy.spec.cameras else self._cameras

    def show(self, run: LiveRun) -> None:
        """Take the latest frames of the run, or continue rendering; requests at most one simulator update."""
        if run.frames:
            seen = [name for name in self._cameras if name in run.frames] or list(run.frames)[:1]
            self._take({name: run.frames[name] for name in seen})
        elif self._rendered and run.episode.end is None:
            self._continue(run.time)

    def look(self, now: float) -> Steps[None]:
        """Render the images, at `now` [s] or later; a camera that cannot is noted and left out from then on."""
        if not self._rendered:
            return
        try:
            frames: Mapping[str, Frame] = yield from CameraRig(self._backend, self._rendered).read_steps(now)
        except Exception:  # of one of them; which one, only rendering each alone shows
            frames = yield from self._look_at_each(now)
        self._take(frames)

    def _look_at_each(self, now: float) -> Steps[Mapping[str, Frame]]:
        """Render the images one after another, and leave out the cameras that raise."""
        found: dict[str, Frame] = {}
        for name in self._rendered:
            try:
                found.update((yield from CameraRig(self._backend, (name,)).read_steps(now)))
            except Exception as error:
                self.notes = (*self.notes, f"there is no image of camera {name!r}: {error}")
                logger.info("%s", self.notes[-1])
        self._rendered = tuple(found)
        return found

    def _take(self, frames: Mapping[str, Frame]) -> None:
        """Keep read-only copies, since the run and its subscribers use the same frames."""
        old = self.frames
        self.frames = {
            name: old[name] if self._taken.get(name) is frame and name in old else read_only_copy(frame)
            for name, frame in frames.items()
        }
        self._taken = dict(frames)
        self._shown = next(iter(frames), "")

    def _stop_looking(self) -> None:
        look, self._look = self._look, None
        if look is not None:
            look.close()

    def _continue(self, now: float) -> None:
        if self._look is None and now >= self._next:
            self._look, self._next = self.look(now), now + VIEW_SECONDS
        if self._look is not None:
            try:
                next(self._look)
            except StopIteration:
                self._look = None
