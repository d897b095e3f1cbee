"""Rendering of one compiled scene: a renderer that grows with the requested image size."""

from __future__ import annotations

from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.types import Frame
from vla_isaac.rendering.model import SceneIndex
from vla_isaac.rendering.renderer import BACKGROUND_PIXEL, ROBOT_PIXEL, TABLE_PIXEL, Renderer
from vla_isaac.scene.render_request import RenderRequest


class ScenePictures:
    """Draws a model's cameras; opens its GL context at the first picture."""

    def __init__(self, model: Any, index: SceneIndex) -> None:
        self._model, self._index = model, index
        self._renderer: Renderer | None = None

    def frame(self, data: Any, request: RenderRequest, resolution_hw: tuple[int, int]) -> Frame:
        """Draw one camera from the current `data`."""
        return self._renderer_for(resolution_hw).frame(data, request, resolution_hw)

    def close(self) -> None:
        """Free the GL context; a later picture opens another."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _renderer_for(self, size: tuple[int, int]) -> Renderer:
        """Return the renderer, recreated when an image is larger than any before."""
        if self._renderer is not None and not all(s <= m for s, m in zip(size, self._renderer.max_hw, strict=True)):
            size = (max(size[0], self._renderer.max_hw[0]), max(size[1], self._renderer.max_hw[1]))
            self.close()
        if self._renderer is None:
            self._renderer = Renderer(self._model, size, self._segment_codes())
        return self._renderer

    def _segment_codes(self) -> AnyArray:
        codes = np.full(self._model.ngeom, BACKGROUND_PIXEL, dtype=np.int32)
        codes[np.isin(self._model.geom_bodyid, self._index.robot.body_ids)] = ROBOT_PIXEL
        codes[self._index.table_geom] = TABLE_PIXEL
        for row, geoms in enumerate(self._index.object_geoms):
            codes[geoms] = row
        return codes
