"""`SceneRenderer`: the frames of a scene in both looks, from a MuJoCo model in its current state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vla_isaac.core.types import Frame
from vla_isaac.rendering.model import SceneIndex
from vla_isaac.rendering.pictures import ScenePictures
from vla_isaac.rendering.video_scene import VideoScene
from vla_isaac.scene.render_request import RenderRequest
from vla_isaac.scene.spec import SceneLayout, SceneSpec


class SceneRenderer:
    """Draws the `fast` look from the given model and the `good` look from a model of its own, built at first use."""

    def __init__(self, spec: SceneSpec, model: Any, index: SceneIndex, robot_model: Path | None = None) -> None:
        """Prepare to draw; GL is opened at the first picture.

        Args:
            spec: The scene.
            model: Its `MjModel` of `build_model`.
            index: The indices of that model.
            robot_model: As in `build_model`.
        """
        self._spec, self._model, self._robot_model = spec, model, robot_model
        self._pictures = ScenePictures(model, index)
        self._video: VideoScene | None = None

    def frames(self, data: Any, layout: SceneLayout, requests: Sequence[RenderRequest]) -> dict[str, Frame]:
        """Draw one frame per request from `data`, whose positions, cameras and lamps are up to date.

        Raises:
            UnknownNameError: If the scene has no such camera.
            RenderError: If this machine has no OpenGL.
        """
        cameras = [self._spec.camera(request.camera) for request in requests]
        frames: dict[str, Frame] = {}
        for request, camera in zip(requests, cameras, strict=True):
            size = request.resolution_hw or camera.resolution_hw
            if request.look == "good":
                frames[request.camera] = self._video_scene().frame(self._model, data, layout, request, size)
            else:
                frames[request.camera] = self._pictures.frame(data, request, size)
        return frames

    def close(self) -> None:
        """Free GL; may be called twice."""
        self._pictures.close()
        if self._video is not None:
            self._video.close()
            self._video = None

    def _video_scene(self) -> VideoScene:
        if self._video is None:
            self._video = VideoScene(self._spec, self._robot_model)
        return self._video
