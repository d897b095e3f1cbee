"""Renderer of a MuJoCo model: one GL context, a fast look for policies and a good look for videos."""

from __future__ import annotations

import atexit
import importlib
import weakref
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import RenderError
from vla_isaac.core.types import Frame
from vla_isaac.rendering.engine import GL_REMEDY, headless_gl, mujoco_module, no_gl
from vla_isaac.scene.render_request import RenderRequest

ROBOT_PIXEL, TABLE_PIXEL, BACKGROUND_PIXEL = -2, -3, -1
GOOD_SAMPLES = 4  # multisampling of the good look
MAX_GEOMS = 1000

_open_renderers: weakref.WeakSet[Renderer] = weakref.WeakSet()


class Renderer:
    """Draws the cameras of one model; belongs to the thread that made it.

    MuJoCo prints tracebacks at exit when its contexts outlive the GL platform, so every renderer is also closed by
    our exit handler, which runs before the platform's.
    """

    def __init__(self, model: Any, max_hw: tuple[int, int], segment_codes: AnyArray) -> None:
        """Open the GL context.

        Args:
            model: The `MjModel` to draw.
            max_hw: Largest image to be requested, height and width [px].
            segment_codes: Pixel code of each geom, int32, shape (ngeom,).

        Raises:
            RenderError: If this machine has no OpenGL.
        """
        self._mujoco = mujoco = mujoco_module()
        self._model = model
        self._codes = segment_codes
        self.max_hw = max_hw
        model.vis.global_.offheight, model.vis.global_.offwidth = max_hw
        self._gl = _gl_context(mujoco, max_hw)
        self._contexts: dict[str, Any] = {}
        self._bound = ""
        self._scene = mujoco.MjvScene(model, maxgeom=MAX_GEOMS)
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = [1, 1, 1, 0, 0, 0]
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        if not _open_renderers:
            atexit.register(_close_all)
        _open_renderers.add(self)

    def frame(self, data: Any, request: RenderRequest, resolution_hw: tuple[int, int]) -> Frame:
        """Draw one camera from the current `data`."""
        mujoco = self._mujoco
        height, width = resolution_hw
        context = self._context(request.look)
        self._camera.fixedcamid = self._model.camera(request.camera).id
        mujoco.mjv_updateScene(self._model, data, self._option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene)
        flags = self._scene.flags
        flags[mujoco.mjtRndFlag.mjRND_SHADOW] = request.look == "good"
        flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        flags[mujoco.mjtRndFlag.mjRND_SKYBOX] = 1
        rect = mujoco.MjrRect(0, 0, width, height)
        rgb = np.empty((height, width, 3), dtype=np.uint8)
        depth = np.empty((height, width), dtype=np.float32) if request.depth else None
        mujoco.mjr_render(rect, self._scene, context)
        mujoco.mjr_readPixels(rgb, depth, rect, context)
        return Frame(
            camera=request.camera,
            time=float(data.time),
            rgb=np.ascontiguousarray(rgb[::-1]),
            depth=None if depth is None else self._metres(depth),
            segmentation=self._segmentation(rect) if request.segmentation else None,
        )

    def close(self) -> None:
        """Free the contexts, in the order GL requires; may be called twice."""
        for context in self._contexts.values():
            context.free()
        self._contexts.clear()
        if self._gl is not None:
            self._gl.free()
            self._gl = None
        _open_renderers.discard(self)

    def _context(self, look: str) -> Any:
        """Make a look's own buffers at first use; several renderers may share a thread, so bind each time."""
        self._gl.make_current()
        if look not in self._contexts:
            self._model.vis.quality.offsamples = GOOD_SAMPLES if look == "good" else 0
            try:
                context = self._mujoco.MjrContext(self._model, self._mujoco.mjtFontScale.mjFONTSCALE_100)
            except self._mujoco.FatalError as error:
                raise RenderError(f"{GL_REMEDY} ({error})") from error
            self._contexts[look] = context
        if look != self._bound:  # else the first picture after a change of look is read from the other look's buffer
            self._mujoco.mjr_setBuffer(self._mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._contexts[look])
            self._bound = look
        return self._contexts[look]

    def _metres(self, depth: AnyArray) -> AnyArray:
        """Convert the depth buffer's 0..1 to metres along the camera's axis."""
        extent = self._model.stat.extent
        near, far = self._model.vis.map.znear * extent, self._model.vis.map.zfar * extent
        metres: AnyArray = near / (1.0 - depth[::-1] * np.float32(1.0 - near / far))
        return metres

    def _segmentation(self, rect: Any) -> AnyArray:
        """Draw each geom in the colour of its id, without multisampling, which would blend ids."""
        mujoco = self._mujoco
        context = self._context("fast")
        flags = self._scene.flags
        for flag in (mujoco.mjtRndFlag.mjRND_SEGMENT, mujoco.mjtRndFlag.mjRND_IDCOLOR):
            flags[flag] = 1
        flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
        pixels = np.empty((rect.height, rect.width, 3), dtype=np.uint8)
        mujoco.mjr_render(rect, self._scene, context)
        mujoco.mjr_readPixels(pixels, None, rect, context)
        for flag in (mujoco.mjtRndFlag.mjRND_SEGMENT, mujoco.mjtRndFlag.mjRND_IDCOLOR):
            flags[flag] = 0
        ids = pixels[::-1].astype(np.int32) @ np.array([1, 256, 65536], dtype=np.int32)
        table = np.full(self._scene.ngeom + 1, BACKGROUND_PIXEL, dtype=np.int32)
        for geom in self._scene.geoms[: self._scene.ngeom]:
            if geom.segid >= 0 and geom.objtype == mujoco.mjtObj.mjOBJ_GEOM:
                table[geom.segid + 1] = self._codes[geom.objid]
        return table[ids]


def _gl_context(mujoco: Any, max_hw: tuple[int, int]) -> Any:
    try:
        context = _gl_class(mujoco)(max_hw[1], max_hw[0])
        context.make_current()
    except RenderError:
        raise
    except Exception as error:  # each GL platform raises errors of its own
        raise RenderError(f"{GL_REMEDY} ({type(error).__name__}: {error})") from error
    return context


def _gl_class(mujoco: Any) -> Any:
    """Return the GL platform that works here, even if MuJoCo was imported first by another program and set to GLFW."""
    platform = headless_gl()
    if platform == "egl":
        return importlib.import_module("mujoco.egl").GLContext
    if platform == "osmesa":
        return importlib.import_module("mujoco.osmesa").GLContext
    if platform == "disable" or not hasattr(mujoco, "GLContext"):
        raise no_gl()
    return mujoco.GLContext


def _close_all() -> None:
    for renderer in list(_open_renderers):
        renderer.close()
