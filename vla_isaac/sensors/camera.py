"""`CameraRig`: checked images of a policy's cameras, at the requested size and never stale.

Wraps `Backend.render`. A wrong name raises; an empty or stale frame is retried a bounded number of times, then raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vla_isaac.core import images
from vla_isaac.core.arrays import Image
from vla_isaac.core.errors import ConfigError, RenderError, ShapeError
from vla_isaac.core.number_fields import check_number_fields
from vla_isaac.core.seeding import stream
from vla_isaac.core.types import Frame
from vla_isaac.sim.backend import Backend, RenderRequest, Steps
from vla_isaac.sim.drive import drive

MAX_TRIES = 20  # Isaac's own tests allow its cameras up to 10 to 20 updates until the first frame


@dataclass(frozen=True, kw_only=True)
class ImageOptions:
    """Rendering size, crop, resize and noise of an image."""

    resolution_hw: tuple[int, int] = (224, 224)
    """Height and width of the result [px]."""

    render_hw: tuple[int, int] | None = None
    """Height and width that are rendered [px]; None renders the result's size."""

    crop_hw: tuple[int, int] | None = None
    """Height and width of the middle that is kept before resizing [px]; None keeps all."""

    noise: float = 0.0
    """Standard deviation of Gaussian noise added to each value (0 to 255)."""

    def __post_init__(self) -> None:
        check_number_fields("camera", self)
        for name in ("resolution_hw", "render_hw", "crop_hw"):
            size = getattr(self, name)
            if size is not None and not all(1 <= n <= 4096 for n in size):
                raise ConfigError(f"camera: {name}={size} must be (height, width) within 1 to 4096 px")
        rendered = self.render_hw or self.resolution_hw
        if self.crop_hw is not None and any(c > r for c, r in zip(self.crop_hw, rendered, strict=True)):
            raise ConfigError(
                f"camera: crop_hw={self.crop_hw} is larger than the rendered image {rendered}", remedy="crop less"
            )
        if not 0.0 <= self.noise <= 255.0:
            raise ConfigError(f"camera: noise={self.noise} must lie within 0 to 255")


class CameraRig:
    """Several cameras of one backend, read together."""

    def __init__(
        self, backend: Backend, cameras: Sequence[str], options: ImageOptions | None = None, *, seed: int = 0
    ) -> None:
        """Prepare to read `cameras` with the same `options`; `seed` is for the noise."""
        self.options = options or ImageOptions()
        self._backend = backend
        size = self.options.render_hw or self.options.resolution_hw
        self._requests = [RenderRequest(camera=name, resolution_hw=size) for name in cameras]
        self._rng = stream(seed, "camera noise")

    def read(self, not_before: float) -> dict[str, Frame]:
        """Return one frame per camera, taken at `not_before` [s] or later; for scripts."""
        return drive(self.read_steps(not_before))

    def read_steps(self, not_before: float) -> Steps[dict[str, Frame]]:
        """Like `read`, as a generator that yields once per simulator update it waits for.

        Raises:
            UnknownNameError: If the scene has no such camera.
            RenderError: If no fresh image came within a bounded number of tries.
            ShapeError: If the simulator gave an image of another shape or type than requested.
        """
        if not self._requests:
            return {}
        problem = ""
        for _ in range(MAX_TRIES):
            frames = yield from self._backend.render(self._requests)
            problem = self._problem(frames, not_before)
            if not problem:
                return {name: self._finish(frame) for name, frame in frames.items()}
            yield
        raise RenderError(
            f"{problem} after {MAX_TRIES} tries", remedy="check that the simulation plays and the camera exists"
        )

    def _problem(self, frames: Mapping[str, Frame], not_before: float) -> str:
        """Return why these frames cannot be used yet, or an empty text."""
        for request in self._requests:
            frame = frames.get(request.camera)
            if frame is None or frame.rgb.size == 0:
                return f"camera {request.camera!r} returned an empty frame"
            if frame.time < not_before - 1e-9:
                return f"camera {request.camera!r} returned a frame of {frame.time:.3f} s for a state of {not_before:.3f} s"
            images.check_image(f"the image of camera {request.camera!r}", frame.rgb)
            if frame.rgb.shape[:2] != request.resolution_hw:
                raise ShapeError(
                    f"camera {request.camera!r} returned {frame.rgb.shape[0]} x {frame.rgb.shape[1]} px, but "
                    f"{request.resolution_hw} was requested",
                    remedy="height comes first",
                )
        return ""

    def _finish(self, frame: Frame) -> Frame:
        rgb = frame.rgb
        if self.options.crop_hw is not None:
            rgb = images.center_crop(rgb, *self.options.crop_hw)
        rgb = images.resize(rgb, *self.options.resolution_hw)
        if self.options.noise > 0.0:
            rgb = self._noisy(rgb)
        return frame if rgb is frame.rgb else replace(frame, rgb=rgb)

    def _noisy(self, rgb: Image) -> Image:
        values = rgb + self._rng.normal(0.0, self.options.noise, size=rgb.shape)
        return values.round().clip(0, 255).astype(np.uint8)
