"""Make the animated picture at the top of the README by running the shipped policy.

    python tools/make_animation.py

Two episodes of `mini`: the sentence as it is typed, the scene, what the wrist camera sees, and where in the front camera's
picture the policy looks. Motion is shown a quarter faster than it happened. A minute or two on two cores without a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vla_isaac.api.requests import make_request
from vla_isaac.api.sessions import make_session
from vla_isaac.core.arrays import Array
from vla_isaac.policies.factory import make_policy
from vla_isaac.runtime.explain import Explains, overlay
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.cameras import CameraConfig
from vla_isaac.sim.backend import Backend, RenderRequest
from vla_isaac.sim.drive import drive

FILE = Path(__file__).resolve().parents[1] / "docs" / "images" / "demo.webp"
EPISODES = (
    ("Pick up the red cube and place it on the blue box", "tabletop", 3),
    ("Put the green cube in the white bowl", "clutter", 4),
)
CAMERA = CameraConfig(name="film", eye=(1.36, 0.70, 0.74), target=(0.33, -0.01, 0.22), fov_y=0.70)
FRAME_MS, LETTER_MS, HOLD_MS = 80, 40, 1500
LETTERS = 3  # typed per frame

WIDTH, HEIGHT = 860, 486
SCENE_HW, SMALL = (400, 620), 186  # [px]
TOP, MARGIN, GAP = 56, 12, 12
CARD, INK, MUTED, GOOD, FIELD = (24, 27, 33), (240, 242, 245), (150, 157, 168), (110, 225, 145), (40, 44, 53)


@dataclass(eq=False)
class Film:
    """A subscriber that keeps what every step looked like."""

    backend: Backend
    policy: Explains
    frames: list[Image.Image] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)
    sentence: str = ""

    def on_start(self, start: EpisodeStart) -> None:
        """Type the sentence over the first picture."""
        self.sentence, self.scene = start.instruction, self._scene()
        frames = drive(self.backend.render([RenderRequest(camera=c, resolution_hw=(128, 128)) for c in ("wrist", "front")]))
        self.wrist = self.front = np.zeros((1, 1, 3), np.uint8)
        self.wrist, self.front = (frames[c].rgb for c in ("wrist", "front"))
        for count in range(0, len(self.sentence), LETTERS):
            self._add(self.sentence[:count] + "|", "", MUTED, LETTER_MS)
        self._add(self.sentence, "", MUTED, 5 * FRAME_MS)

    def on_step(self, step: Step) -> None:
        """Add one frame."""
        heat = self.policy.explain(step.observation)["front"]
        frames = step.observation.frames
        self.wrist, self.front, self.scene = frames["wrist"].rgb, overlay(frames["front"].rgb, heat), self._scene()
        self._add(self.sentence, f"{step.state.time:.1f} s   {step.verdict.reason}", MUTED, FRAME_MS)

    def on_end(self, result: EpisodeResult) -> None:
        """Hold the last frame; refuse to show a failure as if it were a success."""
        if not result.success:
            raise SystemExit(f"the episode of the animation failed: {result.reason}")
        self._add(self.sentence, f"done in {result.sim_seconds:.1f} s:  {result.reason}", GOOD, HOLD_MS)

    def _scene(self) -> Array:
        request = RenderRequest(camera=CAMERA.name, look="good", resolution_hw=SCENE_HW)
        return drive(self.backend.render([request]))[CAMERA.name].rgb

    def _add(self, typed: str, line: str, colour: tuple[int, int, int], duration: int) -> None:
        canvas = Image.new("RGB", (WIDTH, HEIGHT), CARD)
        draw = ImageDraw.Draw(canvas)
        draw.rounded_rectangle((MARGIN, 10, WIDTH - MARGIN, TOP - 8), radius=9, fill=FIELD)
        draw.text((MARGIN + 16, TOP / 2 + 1), typed, fill=INK, font=_font(21), anchor="lm")
        canvas.paste(Image.fromarray(self.scene), (MARGIN, TOP))
        x = MARGIN + SCENE_HW[1] + GAP
        small = (WIDTH - MARGIN - x, SMALL)
        for y, rgb, words in ((TOP, self.wrist, "wrist camera"), (TOP + SMALL + 28, self.front, "where it looks")):
            square = Image.fromarray(rgb).resize((SMALL, SMALL), Image.Resampling.BICUBIC)
            canvas.paste(square, (x + (small[0] - SMALL) // 2, y))
            draw.text((x + small[0] / 2, y + SMALL + 13), words, fill=MUTED, font=_font(14), anchor="mm")
        draw.text((MARGIN + 4, TOP + SCENE_HW[0] + 15), line, fill=colour, font=_font(16), anchor="lm")
        self.frames.append(canvas)
        self.durations.append(duration)


def main() -> None:
    """Run the episodes and write the file."""
    policy = make_policy("mini")
    if not isinstance(policy, Explains):
        raise SystemExit(f"mini is a {type(policy).__name__}; this picture needs a policy that says where it looks")
    with make_session("mujoco", policy) as session:
        film = Film(session.backend, policy)
        for sentence, preset, seed in EPISODES:
            scene = FrankaSceneBuilder.from_preset(preset).add_camera(CAMERA).build()
            film.backend = session.backend
            session.run(make_request(sentence, scene=replace(scene, instruction=sentence), seed=seed), [film])
    first, *others = film.frames
    first.save(FILE, save_all=True, append_images=others, duration=film.durations, loop=0, quality=72, method=5)
    seconds, size = sum(film.durations) / 1000, FILE.stat().st_size / 1e6
    print(f"{FILE.name}: {len(film.frames)} frames, {seconds:.1f} s, {size:.2f} MB")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


if __name__ == "__main__":
    main()
