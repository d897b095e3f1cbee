"""The picture of docs/zoo.md: where each model looks, at four moments of the same episode: ``python -m tools.zoo.looks``."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

from tools.zoo.recipe import BLIND, MINI, MODELS, REPORTED_FROM, checkpoint

OUT = Path("docs/images/zoo_looks.jpg")
INSTRUCTION = "Pick up the red cube and place it on the blue box"
STEPS = (1, 10, 20, 32)
CAMERAS = ("front", "wrist")
SIDE = 160  # px


def main() -> int:
    """Draw a row for each model that is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs/zoo"))
    parser.add_argument("--seed", type=int, default=REPORTED_FROM + 3)
    options = parser.parse_args()
    models = [model for model in (*MODELS, MINI) if model != BLIND and checkpoint(options.runs, model).exists()]
    whole = Image.new("RGB", (SIDE * len(STEPS) * len(CAMERAS), SIDE * len(models)))
    for number, model in enumerate(models):
        whole.paste(row(checkpoint(options.runs, model), options.seed), (0, SIDE * number))
        ImageDraw.Draw(whole).text((5, SIDE * number + 4), model, fill="black", font_size=15)
    whole.save(OUT, quality=88)
    print(f"{OUT}, from above: {', '.join(models)}")
    return 0


def row(policy: Path, seed: int) -> Image.Image:
    """Return a model's looks side by side."""
    line = Image.new("RGB", (SIDE * len(STEPS) * len(CAMERAS), SIDE))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "vla_isaac", "run", "--policy", str(policy), "--seed", str(seed), "--no-video"]
        subprocess.run([*command, "--explain", folder, "--explain-pictures", INSTRUCTION], check=True)
        names = [f"step_{step:04d}_{camera}.png" for step in STEPS for camera in CAMERAS]
        for place, name in enumerate(names):
            with Image.open(Path(folder) / name) as look:
                line.paste(look.convert("RGB").resize((SIDE, SIDE)), (SIDE * place, 0))
    return line


if __name__ == "__main__":
    sys.exit(main())
