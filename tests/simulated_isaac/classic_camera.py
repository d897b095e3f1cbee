"""What the classic `Camera` does: a render product of its own, a live frame dict."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from pxr import Usd, UsdGeom

from tests.simulated_isaac.behaviour import Behaviour
from tests.simulated_isaac.pictures import Feed
from tests.simulated_isaac.rates import RATE_SETTING
from tests.simulated_isaac.replicator import reference_time
from tests.simulated_isaac.streams import Held


class LiveFrame(dict):  # type: ignore[type-arg]
    """The dict of a camera's frame, always of the newest frame; layers are drawn when they are taken out."""

    def __init__(self, camera: Camera) -> None:
        super().__init__()
        self._camera = camera

    def __getitem__(self, key: str) -> Any:
        return self._camera._layer(key) if super().__contains__(key) else super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 (that would be this method)

    def items(self) -> Any:
        return [(key, self[key]) for key in self]

    def values(self) -> Any:
        return [self[key] for key in self]

    def plain(self) -> dict[str, Any]:
        return dict(self.items())

    def __deepcopy__(self, memo: Any) -> dict[str, Any]:
        return copy.deepcopy(self.plain())

    def copy(self) -> dict[str, Any]:
        return self.plain()


class Camera(Behaviour):
    """A camera prim with a render product of its own; resolution is (width, height)."""

    def create(
        self,
        prim_path: str,
        name: str = "camera",
        frequency: int | None = None,
        dt: float | None = None,
        resolution: tuple[int, int] | None = None,
    ) -> None:
        sim = self._sim
        if frequency is not None and dt is not None and sim.traps.frequency_and_dt_raise:
            raise Exception("Frequency and dt can't be both specified.")
        self._period = -1.0  # of taking frames over [s]; negative: every one
        self._elapsed, self._previous_time = 0.0, None
        usual = sim.settings.get(RATE_SETTING) if sim.traps.frequency_skips_frames else None
        wanted = frequency if frequency is not None else round(1.0 / dt) if dt else usual
        if wanted is not None:
            self.set_frequency(wanted)
        prim = sim.stage.GetPrimAtPath(prim_path)
        if prim and prim.GetTypeName() != "Camera":
            raise Exception("prim path does not correspond to a Camera prim.")
        if not prim:
            sim.tell("info", f"Creating a new Camera prim at path {prim_path}")
            prim = UsdGeom.Camera.Define(sim.stage, prim_path).GetPrim()
        self._path, self._name, self._resolution = prim_path, name, tuple(resolution or (128, 128))
        self._feed: Feed | None = None
        self._annotators: dict[str, dict[str, Any]] = {}
        self._frame = LiveFrame(self)
        dict.update(self._frame, rendering_time=0, rendering_frame=0)
        self._is_paused = True
        self._stored: Any = None  # the snapshot of the last frame taken over
        self._keep_square()

    def set_frequency(self, value: float) -> None:
        """Take frames at most so often in simulated time; a negative one takes every frame, and divides any rate."""
        rate = self._sim.settings.get(RATE_SETTING)
        if rate is None:
            if self._sim.generation == "C":
                self._sim.tell("warn", f"Camera.set_frequency({value}): rendering frequency unknown; all frames are taken")
            value = -1
        elif rate % value != 0:
            raise Exception("frequency of the camera sensor needs to be a divisor of the rendering frequency.")
        self._period = 1.0 / value

    def get_frequency(self) -> float:
        return -1 if self._period < 0 else round(1.0 / self._period)

    def set_dt(self, value: float) -> None:
        self.set_frequency(round(1.0 / value))

    def get_dt(self) -> float:
        return max(self._period, 0.0)

    def _keep_square(self) -> None:
        """Source: 5.0 and 5.1, camera.py 280; the constructor of 4.1.0 leaves the apertures alone."""
        if self._sim.traps.square_pixels_enforced and self._sim.generation != "A":
            camera = UsdGeom.Camera(self._prim())
            width, height = self._resolution
            wanted = camera.GetHorizontalApertureAttr().Get() * height / width
            if abs(camera.GetVerticalApertureAttr().Get() - wanted) > 1e-5 * wanted:
                self._sim.tell("warn", f"'verticalAperture' of {self._path} is set to {wanted} to ensure square pixels")
                camera.GetVerticalApertureAttr().Set(wanted)

    def _prim(self) -> Usd.Prim:
        return self._sim.stage.GetPrimAtPath(self._path)

    @property
    def prim_path(self) -> str:
        return self._path

    @property
    def name(self) -> str:
        return self._name

    @property
    def prim(self) -> Usd.Prim:
        return self._prim()

    def initialize(self, physics_sim_view: Any = None, attach_rgb_annotator: bool = True) -> None:
        sim = self._sim
        width, height = self._resolution
        self._feed = Feed(sim, self._path, (height, width))
        self._is_paused = False
        self._stored = None
        stream = sim.timeline_stream
        self._outer._acquisition_callback = Held(
            sim.pinned, sim.new_frame_stream.subscribe(self._take, name=f"{self._path} acquisition")
        )
        self._outer._timer_reset_callback = Held(
            sim.pinned, stream.subscribe(self._on_timeline, name=f"{self._path} timeline")
        )
        self._outer._stage_open_callback = None
        if attach_rgb_annotator:
            self._annotators[self._colour_key] = {}
            first = None
            if sim.generation == "A" and sim.traps.frame_starts_with_zeros:
                first = np.zeros((width, height, 4), dtype=np.int32)
            dict.__setitem__(self._frame, self._colour_key, first)
        dict.update(self._frame, rendering_time=0, rendering_frame=0)

    @property
    def _colour_key(self) -> str:
        return "rgb" if self._sim.version >= (5, 0) else "rgba"

    def destroy(self) -> None:
        if self._feed is not None:
            self._sim.painter.feeds.discard(self._feed)
        self._feed, self._is_paused = None, True
        self._annotators = {}
        if self._sim.version >= (6, 0):  # 5.1, camera.py 288 to 296, keeps them; 6.0.1, 331 to 350, drops them
            self._outer._acquisition_callback = self._outer._timer_reset_callback = None

    def post_reset(self) -> None:
        self._elapsed, self._previous_time = 0.0, None

    def pause(self) -> None:
        self._is_paused = True

    def resume(self) -> None:
        self._is_paused = False

    def is_paused(self) -> bool:
        return self._is_paused

    def _on_timeline(self, event: Any) -> None:
        if event.type == 2 and self._sim.traps.stop_pauses_cameras:
            self.pause()
        elif event.type == 0:
            self.resume()

    def _take(self) -> None:
        """Take over a frame that was just drawn; the simulated time decides, and it starts anew with every play."""
        if self._is_paused or self._feed is None or self._feed.is_dropped:
            return
        new = self._feed.latest
        if new is None:
            self._stored = None
            return
        time = self._stamp(new)
        if self._previous_time is not None:
            self._elapsed += time - self._previous_time
        self._previous_time = time
        if 0 < self._period > self._elapsed:
            return
        self._elapsed, self._stored = 0.0, new
        dict.update(self._frame, rendering_time=time, rendering_frame=self._reference_time(new))

    def _stamp(self, new: Any) -> float:
        """Return the simulation time that belongs to a frame, as well as the release knows it."""
        sim = self._sim
        if sim.version >= (6, 0) or not sim.traps.frames_without_step_stamped_now:
            return new.time
        if sim.generation == "A":
            return new.time
        stamped = sim.samples.time_at(new.number) if sim.version >= (5, 1) else None
        return sim.physics.time if stamped is None else stamped

    def _reference_time(self, new: Any) -> Any:
        if self._sim.generation == "A":
            return new.number
        return reference_time(self._sim, new)

    def get_resolution(self) -> tuple[int, int]:
        return self._resolution

    def get_current_frame(self, clone: bool = False) -> dict[str, Any]:
        return self._frame.plain() if clone or not self._sim.traps.live_frame else self._frame

    def _layer(self, key: str) -> Any:
        """Return what the frame dict holds under a key now."""
        held = dict.__getitem__(self._frame, key)
        if key in ("rendering_time", "rendering_frame") or self._stored is None:
            return held
        feed, snapshot = self._feed, self._stored
        if feed is None:
            return held
        if key == self._colour_key:
            return feed.shaped(with_alpha(snapshot.picture("rgb")))
        if key == "distance_to_image_plane":
            return feed.shaped(snapshot.picture("depth"))
        return {"data": feed.shaped(snapshot.picture("labels")), "info": {"idToLabels": snapshot.id_to_labels()}}

    def _add(self, name: str, init_params: Any) -> None:
        if self._feed is None:
            raise RuntimeError(f"Camera.initialize() must be called before {name} is added to the frame")
        if name == "semantic_segmentation" and (init_params or {}).get("colorize"):
            raise NotImplementedError("simulated Isaac: colorized segmentation has no behaviour here")
        self._annotators[name] = dict(init_params or {})
        dict.__setitem__(self._frame, name, None)

    def add_distance_to_image_plane_to_frame(self, init_params: Any = None) -> None:
        self._add("distance_to_image_plane", init_params)

    def add_semantic_segmentation_to_frame(self, init_params: Any = None) -> None:
        self._add("semantic_segmentation", init_params)

    def remove_distance_to_image_plane_from_frame(self) -> None:
        self._remove("distance_to_image_plane")

    def remove_semantic_segmentation_from_frame(self) -> None:
        self._remove("semantic_segmentation")

    def _remove(self, name: str) -> None:
        self._annotators.pop(name, None)
        self._frame.pop(name, None)

    def get_rgba(self, device: str | None = None) -> Any:
        return self._colour(with_alpha, nothing=np.empty((0,), dtype=np.uint8))

    def get_rgb(self, device: str | None = None) -> Any:
        nothing = np.empty((0,), dtype=np.uint8) if self._sim.generation == "A" else None
        return self._colour(lambda rgb: rgb, nothing=nothing)

    def _colour(self, turn: Callable[[Any], Any], nothing: Any) -> Any:
        return self._read(self._colour_key, lambda snapshot: turn(snapshot.picture("rgb")), nothing)

    def get_depth(self, device: str | None = None) -> Any:
        nothing = np.empty((0,), dtype=np.float32)
        return self._read("distance_to_image_plane", lambda snapshot: snapshot.picture("depth"), nothing)

    def _read(self, annotator: str, draw: Callable[[Any], Any], nothing: Any) -> Any:
        """Return the newest data of an annotator: getters do not wait for the frame dict."""
        if annotator not in self._annotators or self._feed is None:
            self._sim.tell("warn", f"Annotator '{annotator}' not attached to {self._path}")
            return None
        snapshot = self._feed.latest
        if snapshot is None:
            self._sim.tell("warn", f"Annotator '{annotator}' returned None or unexpected shape for {self._path}.")
            return None if self._sim.generation == "C" else nothing
        return self._feed.shaped(draw(snapshot))

    def get_horizontal_aperture(self) -> float:
        return float(UsdGeom.Camera(self._prim()).GetHorizontalApertureAttr().Get()) / 10.0

    def get_focal_length(self) -> float:
        return float(UsdGeom.Camera(self._prim()).GetFocalLengthAttr().Get()) / 10.0

    def get_intrinsics_matrix(self, device: str | None = None, backend_utils_cls: Any = None) -> Any:
        width, height = self._resolution
        camera = UsdGeom.Camera(self._prim())
        f = width * camera.GetFocalLengthAttr().Get() / camera.GetHorizontalApertureAttr().Get()
        return np.array([[f, 0.0, width / 2], [0.0, f, height / 2], [0.0, 0.0, 1.0]])


def with_alpha(rgb: Any) -> Any:
    return np.concatenate([rgb, np.full((*rgb.shape[:2], 1), 255, dtype=np.uint8)], axis=2)
