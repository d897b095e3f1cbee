"""What cameras see: a snapshot at every app update, drawn by MuJoCo only when somebody looks."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import mujoco
import numpy as np
from pxr import UsdGeom

from tests.simulated_isaac.gl import gl_context
from tests.simulated_isaac.traps import LATE_UPDATES, OLD_FRAME_UPDATES, SMALLEST_SIDE, WARM_UP_UPDATES

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation

BACKGROUND, UNLABELLED, FIRST_LABEL = 0, 1, 2
SKY = ((0.74, 0.80, 0.87), (0.93, 0.94, 0.95))
KEPT_CONTEXTS = 2  # the running world's, and that of the one before for old frames


class Snapshot:
    """One moment as one camera sees it; its pictures are drawn at first use and kept."""

    def __init__(self, painter: Painter, sim: Simulation, view: View) -> None:
        self._painter, self.loaded, self.qpos, self.view = painter, sim.physics.loaded, sim.physics.data.qpos.copy(), view
        self.time, self.number = sim.physics.time, sim.num_updates
        self._drawn: dict[str, Any] = {}

    def picture(self, layer: str) -> Any:
        """Return a copy of ``rgb`` (H, W, 3), ``depth`` (H, W) or ``labels`` (H, W)."""
        if layer not in self._drawn:
            self._drawn.update(self._painter.draw(self, layer == "labels"))
        return self._drawn[layer].copy()

    def id_to_labels(self) -> dict[str, dict[str, str]]:
        found = {str(BACKGROUND): {"class": "BACKGROUND"}, str(UNLABELLED): {"class": "UNLABELLED"}}
        names = sorted({label for label in self.loaded.labels if label})
        return found | {str(FIRST_LABEL + i): {"class": name} for i, name in enumerate(names)}


class View:
    """Where a camera stands, what angle it covers and how large its picture is."""

    def __init__(self, matrix: Any, prim: Any, size_hw: tuple[int, int]) -> None:
        camera = UsdGeom.Camera(prim)
        self.matrix, self.size_hw = matrix, size_hw
        # square pixels: the vertical aperture follows from the shape of the image, as in RTX
        self.half_width = camera.GetHorizontalApertureAttr().Get() / camera.GetFocalLengthAttr().Get() / 2
        self.half_height = self.half_width * size_hw[0] / size_hw[1]
        self.near, self.far = map(float, camera.GetClippingRangeAttr().Get())


class Feed:
    """The frames of one render product."""

    def __init__(self, sim: Simulation, path: str, size_hw: tuple[int, int], *, is_mended: bool = False) -> None:
        self._sim, self.path, self.size_hw = sim, path, size_hw
        self.latest: Snapshot | None = None
        self._in_flight: list[Snapshot] = []
        self.warm = 0
        self.is_blind = False
        self.is_dropped = False
        self._is_small_mended = is_mended
        if sim.physics.is_stepping:
            sim.violate("render_product_in_step", f"a render product of {path} was made inside a physics step")
        sim.painter.feeds.add(self)

    @property
    def is_mended_small(self) -> bool:
        return min(self.size_hw) < SMALLEST_SIDE and self._is_small_mended

    @property
    def is_misshapen(self) -> bool:
        is_small = min(self.size_hw) < SMALLEST_SIDE
        return is_small and self._sim.traps.small_images_misshapen and not self._is_small_mended

    def advance(self) -> bool:
        """Take what this update shows; tells whether a frame came."""
        traps, prim = self._sim.traps, self._sim.stage.GetPrimAtPath(self.path)
        if self.is_blind or self.is_dropped or not prim:
            self.latest = None
            return False
        self._in_flight.append(self._sim.painter.snapshot(prim, self.size_hw))
        late = LATE_UPDATES if traps.frames_late else 0
        done = self._in_flight.pop(0) if len(self._in_flight) > late else self.latest
        self.warm += 1
        is_old = self.latest is not None and self.latest.loaded is not self._sim.physics.loaded
        if is_old and traps.old_frame_after_reset and self.warm <= OLD_FRAME_UPDATES:
            return True
        if traps.first_frames_empty and self.warm <= WARM_UP_UPDATES:
            self.latest = None
            return False
        self.latest = done
        return self.latest is not None

    def shaped(self, picture: Any) -> Any:
        """Return a picture as the renderer hands it over: below 300 px of another size than asked."""
        if not self.is_misshapen:
            return picture
        height, width = (max(1, round(side * 2 / 3)) for side in self.size_hw)
        return np.ascontiguousarray(picture[:height, :width])


class Painter:
    """Draws snapshots; GL is opened at the first picture that somebody looks at."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self.feeds: weakref.WeakSet[Feed] = weakref.WeakSet()
        self._gl: Any = None
        self._stages: list[_Drawing] = []

    def new_frames(self) -> None:
        for feed in sorted(self.feeds, key=lambda f: f.path):
            feed.advance()
        self._sim.new_frame_stream.emit()

    def snapshot(self, prim: Any, size_hw: tuple[int, int]) -> Snapshot:
        physics = self._sim.physics
        view = View(physics.world_matrix(prim), prim, size_hw)
        return Snapshot(self, self._sim, view)

    def played(self) -> None:
        for feed in self.feeds:
            feed.warm = 0

    def stopped(self) -> None:
        """The classic cameras pause by themselves; nothing new is drawn while stopped."""

    def stage_opened(self) -> None:
        for feed in self.feeds:
            feed.is_dropped = feed.is_dropped or self._sim.traps.opened_drops_cameras
            feed.latest = None

    def deleted(self, path: str) -> None:
        for feed in self.feeds:
            if self._sim.traps.deleted_camera_blind and (feed.path == path or feed.path.startswith(f"{path}/")):
                feed.is_blind = True

    def draw(self, snapshot: Snapshot, with_labels: bool) -> dict[str, Any]:
        if self._gl is None:
            self._gl = gl_context()
        self._gl.make_current()
        found = next((d for d in self._stages if d.loaded is snapshot.loaded), None)
        if found is None or not found.holds(snapshot.view.size_hw):
            if found is not None:
                found.free()
                self._stages.remove(found)
            found = _Drawing(snapshot.loaded, max((*(f.size_hw for f in self.feeds), snapshot.view.size_hw), key=_area))
            self._stages.append(found)
            while len(self._stages) > KEPT_CONTEXTS:
                self._stages.pop(0).free()
        return found.draw(snapshot, with_labels)

    def close(self) -> None:
        if self._gl is not None:
            self._gl.make_current()
            for drawing in self._stages:
                drawing.free()
            self._gl.free()
        self._stages, self._gl = [], None


class _Drawing:
    """GL for one compiled stage."""

    def __init__(self, loaded: Any, size_hw: tuple[int, int]) -> None:
        self.loaded, self._model = loaded, loaded.model
        model = loaded.model
        model.vis.global_.offheight = self._height = max(size_hw[0], 64)
        model.vis.global_.offwidth = self._width = max(size_hw[1], 64)
        self._data = mujoco.MjData(model)
        self._scene = mujoco.MjvScene(model, maxgeom=1000)
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = [1, 1, 1, 0, 0, 0]
        self._camera = mujoco.MjvCamera()
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        names = sorted({label for label in loaded.labels if label})
        self._codes = np.array([FIRST_LABEL + names.index(n) if n else UNLABELLED for n in loaded.labels], dtype=np.uint32)

    def holds(self, size_hw: tuple[int, int]) -> bool:
        return size_hw[0] <= self._height and size_hw[1] <= self._width

    def draw(self, snapshot: Snapshot, with_labels: bool) -> dict[str, Any]:
        height, width = snapshot.view.size_hw
        self._data.qpos[:] = snapshot.qpos
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(self._model, self._data, self._option, None, self._camera, everything, self._scene)
        self._look(snapshot.view)
        rect = mujoco.MjrRect(0, 0, width, height)
        flags = mujoco.mjtRndFlag
        for flag, value in ((flags.mjRND_SHADOW, 0), (flags.mjRND_REFLECTION, 0), (flags.mjRND_SKYBOX, 1)):
            self._scene.flags[flag] = value
        rgb, depth = np.empty((height, width, 3), dtype=np.uint8), np.empty((height, width), dtype=np.float32)
        mujoco.mjr_render(rect, self._scene, self._context)
        mujoco.mjr_readPixels(rgb, depth, rect, self._context)
        found = {"rgb": np.ascontiguousarray(rgb[::-1]), "depth": self._metres(depth, snapshot.view)}
        if with_labels:
            found["labels"] = self._labels(rect)
        return found

    def _look(self, view: View) -> None:
        """Stand where the prim stands; both eyes alike."""
        for eye in self._scene.camera:
            eye.pos[:] = view.matrix[:3, 3]
            eye.forward[:] = -view.matrix[:3, 2] / np.linalg.norm(view.matrix[:3, 2])
            eye.up[:] = view.matrix[:3, 1] / np.linalg.norm(view.matrix[:3, 1])
            eye.frustum_center, eye.frustum_width = 0.0, view.near * view.half_width
            eye.frustum_bottom, eye.frustum_top = -view.near * view.half_height, view.near * view.half_height
            eye.frustum_near, eye.frustum_far = view.near, view.far

    @staticmethod
    def _metres(depth: Any, view: View) -> Any:
        metres = view.near / (1.0 - depth[::-1] * np.float32(1.0 - view.near / view.far))
        metres[metres >= 0.999 * view.far] = np.inf
        return metres.astype(np.float32)

    def _labels(self, rect: Any) -> Any:
        flags = mujoco.mjtRndFlag
        for flag in (flags.mjRND_SEGMENT, flags.mjRND_IDCOLOR):
            self._scene.flags[flag] = 1
        pixels = np.empty((rect.height, rect.width, 3), dtype=np.uint8)
        mujoco.mjr_render(rect, self._scene, self._context)
        mujoco.mjr_readPixels(pixels, None, rect, self._context)
        for flag in (flags.mjRND_SEGMENT, flags.mjRND_IDCOLOR):
            self._scene.flags[flag] = 0
        ids = pixels[::-1].astype(np.int32) @ np.array([1, 256, 65536], dtype=np.int32)
        table = np.full(self._scene.ngeom + 1, BACKGROUND, dtype=np.uint32)
        for geom in self._scene.geoms[: self._scene.ngeom]:
            if geom.segid >= 0 and geom.objtype == mujoco.mjtObj.mjOBJ_GEOM:
                table[geom.segid + 1] = self._codes[geom.objid]
        return table[ids]

    def free(self) -> None:
        self._context.free()


def _area(size_hw: tuple[int, int]) -> int:
    return size_hw[0] * size_hw[1]
