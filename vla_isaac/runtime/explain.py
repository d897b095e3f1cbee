"""`Explainer`: a video of a policy's heat maps over the camera images, and a page with an entry for each decision."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from vla_isaac.core import images
from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.atomic_files import atomic_path, write_bytes
from vla_isaac.core.errors import UsageError
from vla_isaac.core.read_only import read_only_copy
from vla_isaac.core.types import Observation
from vla_isaac.policies.base import Policy
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step
from vla_isaac.runtime.video_encoder import check_encoder
from vla_isaac.runtime.video_file import VideoFile

DIM = 0.45
"""Brightness of pixels where the heat map is zero."""

SCALE = 3
"""Scale of the written image relative to the policy's input image."""

VIDEO, PAGE = "explained.mp4", "index.html"

HEAD = """<!doctype html>
<meta charset="utf-8">
<title>{title}</title>
<style>body {{ font: 15px sans-serif; margin: 2em }} td, th {{ padding: 2px 12px 2px 0; text-align: left }}
video {{ max-width: 100% }} td {{ font-variant-numeric: tabular-nums }}</style>
<h1>{title}</h1>
<p>{verdict}</p>
<p>Bright is where the policy looked. Cameras, from left to right: {cameras}.</p>
<video id="video" src="{video}" controls muted></video>
<p>Click a step to see its decision.</p>
<table>
<tr><th>step</th><th>time [s]</th><th>gripper</th><th>action</th><th>of the policy</th><th>verdict</th></tr>
"""

TAIL = """</table>
<script>
document.querySelectorAll("a").forEach(a => a.addEventListener("click", event => {
  event.preventDefault(); video.pause(); video.currentTime = Number(a.href.split("#t=")[1]); video.scrollIntoView();
}));
</script>
"""


@runtime_checkable
class Explains(Protocol):
    """A policy that returns heat maps of the camera images."""

    def explain(self, observation: Observation) -> Mapping[str, AnyArray]:
        """Return how much each place of each camera's image counts, by camera, (h, w) of any size."""
        ...


class Explainer:
    """A subscriber that writes ``explained.mp4``, one frame for each decision, and ``index.html``, which lists them."""

    def __init__(self, policy: Policy, folder: Path, *, keeps_pictures: bool = False) -> None:
        """Explain the runs of a policy.

        Args:
            policy: The policy.
            folder: Folder of the video and the page.
            keeps_pictures: Whether to write each frame also as ``step_0001_front.png``, one for each camera.

        Raises:
            UsageError: If the policy has no `explain`.
            MissingDependencyError: If PyAV is not installed.
        """
        if not isinstance(policy, Explains):
            raise UsageError(f"--explain: {type(policy).__name__} has no heat maps", remedy="choose --policy mini")
        check_encoder("run without --explain")
        self._policy = policy
        self._folder = folder
        self._keeps_pictures = keeps_pictures
        self.page = folder / PAGE
        self.decisions = 0

    def on_start(self, start: EpisodeStart) -> None:
        """Store the instruction and the control rate."""
        self._instruction, self._fps = start.instruction, start.scene.timing.control_hz
        self._file: VideoFile | None = None
        self._cameras: tuple[str, ...] = ()
        self._rows: list[str] = []
        self.decisions = 0

    def on_step(self, step: Step) -> None:
        """Write one frame, with the cameras side by side, and store the entry."""
        pictures = {}
        for camera, heat in self._policy.explain(read_only_copy(step.observation)).items():
            picture = overlay(step.observation.frames[camera].rgb, heat)
            height, width = picture.shape[:2]
            pictures[camera] = images.resize(picture, SCALE * height, SCALE * width)
        frame = side_by_side(list(pictures.values()))
        if self._file is None:
            self._cameras = tuple(pictures)
            self._file = VideoFile(self._folder / VIDEO, frame.shape[1], frame.shape[0], self._fps)
        self._file.write(frame)
        for camera in pictures if self._keeps_pictures else ():
            path = self._folder / f"step_{step.index:04d}_{camera}.png"
            with atomic_path(path, suffix=path.suffix) as part:
                images.to_pil(pictures[camera]).save(part)
        self._rows.append(self._row(step))
        self.decisions += 1

    def on_end(self, result: EpisodeResult) -> None:
        """Finish the video and write the page."""
        if self._file is None:
            return
        self._file.close()
        outcome = {True: "succeeded", False: f"failed ({result.failure})", None: "ran through"}[result.success]
        head = HEAD.format(
            title=html.escape(self._instruction),
            verdict=html.escape(f"{result.policy} on {result.backend}, seed {result.seed}: {outcome}, {result.reason}"),
            cameras=html.escape(", ".join(self._cameras)),
            video=VIDEO,
        )
        write_bytes(self.page, (head + "\n".join(self._rows) + "\n" + TAIL).encode())

    def _row(self, step: Step) -> str:
        """Return the entry of a decision; its link shows the middle of its frame."""
        link = f'<a href="{VIDEO}#t={(self.decisions + 0.5) / self._fps:.3f}">{step.index}</a>'
        gripper = "" if step.action.gripper is None else f"{step.action.gripper:.2f}"
        arm = " ".join(f"{number:+.3f}" for number in step.action.arm)
        facts = ", ".join(f"{name} {value}" for name, value in step.chunk.info.items())
        cells = [f"{step.observation.time:.2f}", gripper, arm, facts, step.verdict.reason]
        return f"<tr><td>{link}</td>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"


def side_by_side(pictures: list[Image]) -> Image:
    """Return pictures of any sizes in a row, padded with black to the tallest and to even numbers of pixels."""
    height = max(picture.shape[0] for picture in pictures)
    width = sum(picture.shape[1] for picture in pictures)
    row = np.zeros((height + height % 2, width + width % 2, 3), dtype=np.uint8)
    left = 0
    for picture in pictures:
        row[: picture.shape[0], left : left + picture.shape[1]] = picture
        left += picture.shape[1]
    return row


def overlay(rgb: Image, heat: AnyArray) -> Image:
    """Return the image, dark where the heat map is zero and bright where it is high.

    Args:
        rgb: Shape (H, W, 3), uint8.
        heat: Heat map, not negative, shape (h, w), for the whole image.
    """
    from PIL import Image as pil

    height, width = rgb.shape[:2]
    strongest = float(heat.max())
    share = np.asarray(heat, dtype=np.float32) / strongest if strongest > 0 else np.zeros(heat.shape, np.float32)
    large = np.asarray(pil.fromarray(share).resize((width, height), pil.Resampling.BILINEAR))[..., None]
    glow = np.array([255.0, 190.0, 0.0]) * large**2
    mixed = rgb * (DIM + (1 - DIM) * np.sqrt(large)) * (1 - 0.5 * large**2) + 0.5 * glow
    return mixed.round().clip(0, 255).astype(np.uint8)
