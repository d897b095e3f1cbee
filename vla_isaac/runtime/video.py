"""`VideoRecorder`: an mp4 of the episode with instruction, step and verdict drawn in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import Image
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step
from vla_isaac.runtime.video_encoder import check_encoder
from vla_isaac.runtime.video_file import VideoFile
from vla_isaac.sim.backend import Backend, RenderRequest
from vla_isaac.sim.drive import drive

CAMERA = "video"
LAST_FRAME_SECONDS = 1.0
BAR = 74  # [px] height of the caption

INK, MUTED, GOOD, BAD = (245, 245, 245), (170, 175, 185), (95, 220, 130), (255, 120, 110)


class VideoRecorder:
    """Renders the scene after each step and writes H.264.

    The file gets its name only when it is complete; a video that cannot be written never ends the episode.
    """

    def __init__(self, backend: Backend, path: Path, *, camera: str = CAMERA) -> None:
        """Record `camera` to `path`; the front camera is used where the scene has no such camera.

        Raises:
            MissingDependencyError: If PyAV is not installed.
        """
        check_encoder()
        self._backend = backend
        self._camera = camera
        self.path = path
        self.written: Path | None = None
        self._file: VideoFile | None = None

    def on_start(self, start: EpisodeStart) -> None:
        """Open the file and write the first frame."""
        names = [c.name for c in start.scene.cameras]
        self._camera = self._camera if self._camera in names else names[0]
        self._instruction = start.instruction
        self._max_steps = start.max_steps
        height, width = start.scene.camera(self._camera).resolution_hw
        self._fps = start.scene.timing.control_hz
        self._file = VideoFile(self.path, width, height + BAR, self._fps)
        self._show("", MUTED, "step 0")

    def on_step(self, step: Step) -> None:
        """Render and write one frame."""
        phase = step.chunk.info.get("phase", "")
        line = f"step {step.index}   {step.state.time:.1f} s   {phase}"
        colour = GOOD if step.verdict.done else MUTED
        self._show(step.verdict.reason, colour, line)

    def on_end(self, result: EpisodeResult) -> None:
        """Repeat the last frame with the verdict, close the file and rename it."""
        outcome = "done" if result.success is None else ("SUCCESS" if result.success else f"FAILED: {result.failure}")
        colour = BAD if result.success is False else GOOD
        line = f"{outcome}   {result.steps} steps   {result.sim_seconds:.1f} s"
        self._show(result.reason, colour, line, times=max(1, round(LAST_FRAME_SECONDS * self._fps)))
        self._open_file().close()
        self.written = self.path

    def _show(self, verdict: str, colour: tuple[int, int, int], line: str, *, times: int = 1) -> None:
        """Render the scene as it is now and write it as one or more frames."""
        file = self._open_file()
        with file.discarding_on_failure():
            rgb = self._draw(verdict, colour, line)
        file.write(rgb, times=times)

    def _draw(self, verdict: str, colour: tuple[int, int, int], line: str) -> Image:
        request = RenderRequest(camera=self._camera, look="good")
        frame = drive(self._backend.render([request]))[self._camera]
        return caption(frame.rgb, [(self._instruction, INK), (line, MUTED), (verdict, colour)])

    def _open_file(self) -> VideoFile:
        assert self._file is not None  # opened at the start of the episode
        return self._file


def caption(rgb: Image, lines: list[tuple[str, tuple[int, int, int]]]) -> Image:
    """Return the image with a dark bar of text underneath, height + 74 px."""
    from PIL import Image as pil
    from PIL import ImageDraw, ImageFont

    height, width = rgb.shape[:2]
    canvas = np.empty((height + BAR, width, 3), dtype=np.uint8)
    canvas[:height] = rgb
    canvas[height:] = (24, 26, 31)
    picture = pil.fromarray(canvas)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=16)
    for k, (text, colour) in enumerate(lines):
        draw.text((12, height + 8 + 21 * k), _fit(text, font, width - 24), fill=colour, font=font)
    return np.asarray(picture)


def _fit(text: str, font: Any, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
