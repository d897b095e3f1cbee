"""`CameraBank`: recorded cameras, large enough for RTX, whose pictures are never older than the state.

RTX anti-aliasing needs 300 px a side; smaller images are rendered at that size and scaled down. Pictures are one app
update late. A picture is fresh by its simulation time stamp, where the API gives a comparable one; otherwise updates
are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_isaac.backends.isaac.camera_pictures import Layers, Picture
from vla_isaac.backends.isaac.ports import CameraPort
from vla_isaac.core import images
from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import RenderError
from vla_isaac.core.types import Frame
from vla_isaac.scene.cameras import CameraConfig
from vla_isaac.sim.backend import RenderRequest

SMALLEST_SIDE = 300  # [px] below it DLSS may return buffers of another size
UPDATES_AFTER_RESET = 3  # before that an old picture may still be in the pipeline
PIPELINE_DEPTH = 3  # after this many updates, that of the change included, a picture is fresh, whatever its time stamp
LATE_UPDATES = 1  # before that stamps are ignored: 5.0 stamps every picture with the time at which it is read
ROBOT_PIXEL, TABLE_PIXEL, BACKGROUND_PIXEL = -2, -3, -1  # as in `core.types.Frame.segmentation`


@dataclass(frozen=True)
class Moment:
    """Time and update counts that decide whether a picture is fresh."""

    since: float | None
    """Simulation time of the state, on the clock that stamps pictures [s]; None where there is no such clock."""

    now: float | None
    """Simulation time now, on the same clock [s]; the same unless time passes while waiting."""

    half_step: float
    """Half a physics step [s]."""

    updates: int
    """App updates made or waited for since the backend was made."""

    updates_since_reset: int
    updates_since_change: int
    """Updates since the state last changed; the one that changed it counts as the first."""

    def is_within(self, time: float | None) -> bool:
        """Return whether a picture with this time stamp shows the state or a later one."""
        if time is None or self.since is None or self.now is None:
            return False
        return self.since - self.half_step <= time <= self.now + self.half_step


class CameraBank:
    """One feed per requested camera, size and layers."""

    def __init__(self, open_camera: Callable[[str, tuple[int, int], Layers], CameraPort], root: str) -> None:
        self._open_camera, self._root = open_camera, root
        self._feeds: dict[tuple[str, tuple[int, int], Layers], Feed] = {}
        self._aspects: dict[str, float] = {}

    def feed(self, stage: Any, camera: CameraConfig, request: RenderRequest, updates: int) -> Feed:
        """Return the feed of a request, opened at its first use; `updates` is the number of app updates so far.

        Raises:
            RenderError: If the camera's prim is gone.
        """
        path, size, layers = self._key(camera, request)
        prim = stage.GetPrimAtPath(path)
        if not prim or not prim.IsValid():
            raise RenderError(
                f"camera {camera.name!r}: its prim {path} is gone from the stage", remedy="press Load (load it again)"
            )
        is_turned = self._set_aspect(prim, camera, size[1] / size[0])
        key = (path, size, layers)
        if key not in self._feeds:
            self._feeds[key] = Feed(self._open_camera(path, rendered_size(size), layers), size)
        elif is_turned:
            self._feeds[key].wait_until(updates + PIPELINE_DEPTH)
        return self._feeds[key]

    def has(self, camera: CameraConfig, request: RenderRequest) -> bool:
        """Return whether the feed of a request is open already."""
        return self._key(camera, request) in self._feeds

    def newest(self, camera: CameraConfig) -> list[Picture]:
        """Return the newest picture of each open feed of a camera, fresh or not."""
        from vla_isaac.scene.usd_cameras import camera_path

        path = camera_path(camera, self._root)
        pictures = [feed.newest() for key, feed in self._feeds.items() if key[0] == path]
        return [picture for picture in pictures if picture is not None]

    def _key(self, camera: CameraConfig, request: RenderRequest) -> tuple[str, tuple[int, int], Layers]:
        from vla_isaac.scene.usd_cameras import camera_path  # needs pxr: this module is imported outside Isaac Sim, too

        size = request.resolution_hw or camera.resolution_hw
        return camera_path(camera, self._root), size, Layers(request.depth, request.segmentation)

    def close(self) -> None:
        """Stop recording and drop all feeds; a camera is invalid once its stage is gone."""
        for feed in self._feeds.values():
            feed.close()
        self._feeds.clear()
        self._aspects.clear()

    def _set_aspect(self, prim: Any, camera: CameraConfig, aspect: float) -> bool:
        """Fit the prim's aperture to an image's aspect, keeping the vertical field of view; return whether it changed."""
        path = str(prim.GetPath())
        own = camera.resolution_hw[1] / camera.resolution_hw[0]
        before = self._aspects.get(path, own)
        self._aspects[path] = aspect
        if abs(before - aspect) < 1e-9:
            return False
        from vla_isaac.scene.usd_cameras import HORIZONTAL_APERTURE

        prim.GetAttribute("horizontalAperture").Set(HORIZONTAL_APERTURE * aspect / own)
        return True


class Feed:
    """One camera at one size."""

    def __init__(self, port: CameraPort, size: tuple[int, int]) -> None:
        self._port, self._size = port, size
        self._first_update = 0

    def wait_until(self, updates: int) -> None:
        """Reject pictures before this app update; earlier ones have another aperture."""
        self._first_update = updates

    def close(self) -> None:
        """Stop recording."""
        self._port.close()

    def newest(self) -> Picture | None:
        """Return the newest picture."""
        return self._port.read()

    def picture(self, moment: Moment) -> Picture | None:
        """Return the newest picture if it is fresh."""
        picture = self._port.read()
        if picture is None or moment.updates < self._first_update or moment.updates_since_reset < UPDATES_AFTER_RESET:
            return None
        is_proved = moment.updates_since_change > LATE_UPDATES and moment.is_within(picture.time)
        return picture if is_proved or moment.updates_since_change >= PIPELINE_DEPTH else None

    def frame(self, camera: str, time: float, picture: Picture, rows: Mapping[str, int]) -> Frame:
        """Return a picture as a frame of the requested size."""
        height, width = self._size
        return Frame(
            camera=camera,
            time=time,
            rgb=images.resize(picture.rgb, height, width),
            depth=None if picture.depth is None else _nearest(picture.depth, self._size).astype(np.float32),
            segmentation=_rows_of(picture, self._size, rows),
        )


def rendered_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the height and width to render for an image of `size`: the same shape, no side below 300 px."""
    scale = max(1.0, SMALLEST_SIDE / min(size))
    return max(SMALLEST_SIDE, round(size[0] * scale)), max(SMALLEST_SIDE, round(size[1] * scale))


def _nearest(values: AnyArray, size: tuple[int, int]) -> AnyArray:
    """Resize by nearest neighbour; depths and labels must not be interpolated."""
    rows = ((np.arange(size[0]) + 0.5) * values.shape[0] / size[0]).astype(int)
    columns = ((np.arange(size[1]) + 0.5) * values.shape[1] / size[1]).astype(int)
    picked: AnyArray = values[rows[:, None], columns]
    return picked


def _rows_of(picture: Picture, size: tuple[int, int], rows: Mapping[str, int]) -> AnyArray | None:
    """Convert label ids to rows of objects, robot, table or background; None where no labels were recorded."""
    if picture.label_ids is None:
        return None
    ids = _nearest(picture.label_ids, size)
    special = {"robot": ROBOT_PIXEL, "table": TABLE_PIXEL}
    codes = np.full(ids.shape, BACKGROUND_PIXEL, dtype=np.int32)
    for number, label in (picture.labels or {}).items():
        # labels of two schemas, or of a prim and one below it, come joined by commas
        found = (rows.get(name, special.get(name)) for name in reversed(label.split(",")))
        code = next((code for code in found if code is not None), BACKGROUND_PIXEL)
        codes[ids == number] = code
    return codes
