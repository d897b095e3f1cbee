"""Make every picture of the README, the docs and the extension by running the program itself.

    python tools/make_pictures.py

A few minutes on two cores without a GPU. Pictures are drawn at twice their size and made smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vla_isaac.backends.mujoco.backend import MujocoBackend
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.session import Session
from vla_isaac.runtime.subscriber import EpisodeStart, Step
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.cameras import FRONT, SIDE, WRIST, CameraConfig
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.scene.spec import SceneSpec
from vla_isaac.sim.backend import RenderRequest
from vla_isaac.sim.drive import drive

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
INSTRUCTION = "Pick up the red cube and place it on the blue box"
SEED = 3  # the seed of `make demo`
EVERY = 4  # [control periods] from one picture of an episode to the next
FINER = 2  # drawn this many times larger, then made smaller: smooth edges and smooth shadows

INK, MUTED, PAPER = (28, 32, 40), (96, 104, 116), (255, 255, 255)

TALL = CameraConfig(name="tall", eye=(1.42, 0.50, 0.70), target=(0.34, -0.045, 0.262), fov_y=0.82)
WIDE = CameraConfig(name="wide", eye=(1.42, 0.66, 0.72), target=(0.34, -0.03, 0.255), fov_y=0.70)
PORTRAIT = CameraConfig(name="portrait", eye=(1.38, -0.86, 0.62), target=(0.22, -0.02, 0.395), fov_y=0.66)
ABOVE = CameraConfig(name="above", eye=(1.12, 0.42, 0.70), target=(0.46, 0.0, 0.02), fov_y=0.62)


@dataclass(frozen=True, eq=False)
class Shot:
    """What one camera saw at one step."""

    time: float
    phase: str
    image: Image.Image


class Photographer:
    """A subscriber that draws one camera every few steps, at the start and at the end."""

    def __init__(self, backend: MujocoBackend, camera: str, size_hw: tuple[int, int]) -> None:
        self.shots: list[Shot] = []
        self._backend, self._camera, self._size_hw = backend, camera, size_hw

    def on_start(self, start: EpisodeStart) -> None:
        """Draw the stage."""
        self._shoot(0.0, "start")

    def on_step(self, step: Step) -> None:
        """Draw what came of the step, where it is one that is drawn."""
        self._time, self._phase = step.state.time, str(step.chunk.info["phase"])
        if step.index % EVERY == 0:
            self._shoot(self._time, self._phase)

    def on_end(self, result: EpisodeResult) -> None:
        """Refuse to show a failure as if it were a success."""
        if not result.success:
            raise SystemExit(f"the episode of the pictures failed: {result.reason}")
        self._shoot(self._time, self._phase)

    def _shoot(self, time: float, phase: str) -> None:
        self.shots.append(Shot(time, phase, photograph(self._backend, self._camera, self._size_hw)))

    def last_of(self, phase: str) -> Shot:
        """Return the last picture of a phase."""
        return [shot for shot in self.shots if shot.phase == phase][-1]

    def middle_of(self, phase: str) -> Shot:
        """Return the picture in the middle of a phase."""
        found = [shot for shot in self.shots if shot.phase == phase]
        return found[len(found) // 2]


def main() -> None:
    """Make all pictures and say how large each is."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    backend = MujocoBackend()
    try:
        save(strip(film(backend, TALL, (290, 198))), IMAGES / "strip.png")
        save(preview(film(backend, WIDE, (400, 640))), ROOT / "data" / "preview.png")
        save(panda(backend), IMAGES / "panda.png")
        save(cameras(backend), IMAGES / "cameras.png")
        save(scenes(backend), IMAGES / "scenes.png")
    finally:
        backend.close()
    save(icon(), ROOT / "data" / "icon.png")


# ------------------------------------------------------------------ the pictures


def strip(film: Photographer) -> Image.Image:
    """Return six moments of the demo side by side, with the instruction above and the phases below."""
    moments = [
        replace(film.shots[0], phase="start"),
        film.last_of("reach"),
        film.last_of("grasp"),
        film.middle_of("carry"),
        film.last_of("lower"),
        replace(film.shots[-1], phase="done"),
    ]
    tiles = [captioned(shot.image, f"{shot.time:.1f} s   {shot.phase}") for shot in moments]
    return titled(beside(tiles, gap=3), f"“{INSTRUCTION}”")


def preview(film: Photographer) -> Image.Image:
    """Return the frame in which the cube is on its way."""
    return film.middle_of("carry").image


def panda(backend: MujocoBackend) -> Image.Image:
    """Return the embedded Panda, alone on its table."""
    set_up(backend, FrankaSceneBuilder("panda").add_camera(PORTRAIT).build())
    return photograph(backend, PORTRAIT.name, (480, 480))


def cameras(backend: MujocoBackend) -> Image.Image:
    """Return the three standard views at the moment before the grasp."""
    runner = Session(backend, ScriptedPolicy()).prepare(request(FrankaSceneBuilder.from_preset("clutter").build()))
    for _ in range(38):  # [control periods] the hand is open above the cube
        runner.tick()
    views = (FRONT.name, SIDE.name, WRIST.name)
    return beside([captioned(photograph(backend, name, (300, 300)), name) for name in views], gap=6)


def scenes(backend: MujocoBackend) -> Image.Image:
    """Return the four scene presets in two rows."""
    tiles = []
    for name in ("tabletop", "clutter", "sorting", "stacking"):
        set_up(backend, FrankaSceneBuilder.from_preset(name).add_camera(ABOVE).build())
        tiles.append(captioned(photograph(backend, ABOVE.name, (260, 400)), name))
    return below([beside(tiles[:2], gap=6), beside(tiles[2:], gap=6)], gap=6)


def icon() -> Image.Image:
    """Return an arm that is about to take a cube, drawn by hand in a few shapes."""
    side, big = 256, 1024
    picture = Image.new("RGBA", (big, big), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((16, 16, big - 16, big - 16), radius=190, fill=(38, 70, 83, 255))
    draw.rounded_rectangle((150, 800, 874, 840), radius=20, fill=(233, 196, 106, 255))
    joints = [(290, 770), (290, 520), (430, 290), (690, 330), (690, 470)]
    white, dark = (244, 246, 248, 255), (24, 30, 38, 255)
    draw.rounded_rectangle((190, 730, 390, 805), radius=30, fill=white)
    draw.line(joints, fill=white, width=92, joint="curve")
    for x, y in joints[1:4]:
        draw.ellipse((x - 62, y - 62, x + 62, y + 62), fill=white)
        draw.ellipse((x - 30, y - 30, x + 30, y + 30), fill=dark)
    draw.rounded_rectangle((590, 460, 790, 545), radius=24, fill=dark)
    for x in (596, 746):
        draw.rounded_rectangle((x, 530, x + 38, 660), radius=12, fill=dark)
    draw.rounded_rectangle((627, 672, 755, 800), radius=16, fill=(214, 54, 46, 255))
    return picture.resize((side, side), Image.Resampling.LANCZOS)


# ------------------------------------------------------------------ running the program


def request(scene: SceneSpec) -> EpisodeRequest:
    """Return the demo's episode in a scene."""
    return EpisodeRequest(scene=scene, randomisation=randomisation_preset("layout"), seed=SEED, instruction=INSTRUCTION)


def film(backend: MujocoBackend, camera: CameraConfig, size_hw: tuple[int, int]) -> Photographer:
    """Run the demo's episode and photograph every step."""
    scene = FrankaSceneBuilder.from_preset("tabletop").add_camera(camera).build()
    photographer = Photographer(backend, camera.name, size_hw)
    Session(backend, ScriptedPolicy()).run(request(scene), [photographer])
    return photographer


def set_up(backend: MujocoBackend, scene: SceneSpec) -> None:
    """Load a scene and lay it out."""
    drive(backend.load(scene))
    drive(backend.reset(sample_layout(scene, randomisation_preset("layout"), SEED)))


def photograph(backend: MujocoBackend, camera: str, size_hw: tuple[int, int]) -> Image.Image:
    """Draw a camera in the good look, finer than asked for, and make it smaller."""
    height, width = size_hw
    large = RenderRequest(camera=camera, look="good", resolution_hw=(FINER * height, FINER * width))
    rgb = drive(backend.render([large]))[camera].rgb
    return Image.fromarray(np.asarray(rgb)).resize((width, height), Image.Resampling.LANCZOS)


# ------------------------------------------------------------------ putting pictures together


def captioned(image: Image.Image, words: str) -> Image.Image:
    """Return an image with a line of words under it."""
    canvas = Image.new("RGB", (image.width, image.height + 26), PAPER)
    canvas.paste(image, (0, 0))
    draw = ImageDraw.Draw(canvas)
    draw.text((image.width / 2, image.height + 14), words, fill=MUTED, font=_font(14), anchor="mm")
    return canvas


def titled(image: Image.Image, words: str) -> Image.Image:
    """Return an image with a title above it."""
    canvas = Image.new("RGB", (image.width, image.height + 40), PAPER)
    canvas.paste(image, (0, 40))
    ImageDraw.Draw(canvas).text((image.width / 2, 20), words, fill=INK, font=_font(19), anchor="mm")
    return canvas


def beside(images: Sequence[Image.Image], *, gap: int) -> Image.Image:
    """Return images side by side."""
    width = sum(i.width for i in images) + gap * (len(images) - 1)
    canvas = Image.new("RGB", (width, max(i.height for i in images)), PAPER)
    x = 0
    for image in images:
        canvas.paste(image, (x, 0))
        x += image.width + gap
    return canvas


def below(images: Sequence[Image.Image], *, gap: int) -> Image.Image:
    """Return images one below the other."""
    height = sum(i.height for i in images) + gap * (len(images) - 1)
    canvas = Image.new("RGB", (max(i.width for i in images), height), PAPER)
    y = 0
    for image in images:
        canvas.paste(image, (0, y))
        y += image.height + gap
    return canvas


def save(image: Image.Image, path: Path) -> None:
    """Write a PNG."""
    image.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {image.width} x {image.height}, {path.stat().st_size / 1000:.0f} kB")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


if __name__ == "__main__":
    main()
