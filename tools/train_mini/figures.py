"""The closed-loop figures of a checkpoint, one evaluation after the other: ``python -m tools.train_mini.figures``.

On seeds from 900,000 every evaluation is a look at what must be looked at once only: it is entered in ``looks.jsonl`` beside
this file, which the model card shows, and what was found is kept in ``reported``. Choices are made with ``--seed 100000``,
on which nothing is entered.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.train_mini.recipe import FAMILIES, GROUNDING, LONG, SHIPPED

REPORTED_FROM = 900_000
LOOKS = Path(__file__).with_name("looks.jsonl")
REPORTED = Path(__file__).with_name("reported")
"""What was found on those seeds, and how long the making took; the model card is written from it."""

PLACING = ("place_on", "place_in")


@dataclass(frozen=True)
class Figure:
    """One evaluation."""

    name: str
    tasks: tuple[str, ...]
    episodes: int
    """Per family."""

    more: tuple[str, ...] = ()


FIGURES = (
    Figure("layout", FAMILIES, 200),
    Figure("long", LONG, 200),
    Figure("full", FAMILIES, 200, ("--randomisation", "full")),
    Figure("unseen_table", FAMILIES, 100, ("--randomisation", "unseen_table")),
    Figure("training_wording", FAMILIES, 100, ("--wording", "training")),
    Figure("held_out_wording", FAMILIES, 100, ("--wording", "held_out")),
    Figure("wrong_instruction", PLACING, 100, ("--trial", "wrong_instruction")),
    Figure("no_instruction", PLACING, 100, ("--trial", "no_instruction")),
    Figure("blackened", PLACING, 100, ("--trial", "blackened")),
    Figure("moved", ("lift", "place_on", "stack"), 100, ("--trial", "moved")),
)


def main() -> int:
    """Evaluate what is not yet there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=SHIPPED)
    parser.add_argument("--out", type=Path, default=Path("runs/figures"))
    parser.add_argument("--seed", type=int, default=REPORTED_FROM)
    parser.add_argument("--share", type=float, default=1.0, help="of the episodes, for a quick look at seeds for choosing")
    parser.add_argument("--only", action="append", choices=[figure.name for figure in FIGURES])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if options.share != 1.0 and options.seed >= REPORTED_FROM:
        parser.error("seeds from 900,000 are for whole figures; take --seed 100000 with --share")
    options.out.mkdir(parents=True, exist_ok=True)
    for figure in FIGURES:
        if options.only and figure.name not in options.only:
            continue
        result = options.out / f"{figure.name}.json"
        if result.exists():
            continue
        found = evaluated(figure, options)
        if found is None:
            return 1
        found = {"weights": weights_of(options.checkpoint), **found}
        text = json.dumps(found, indent=1) + "\n"
        result.write_text(text, encoding="utf-8")
        if options.seed >= REPORTED_FROM:
            REPORTED.mkdir(exist_ok=True)
            (REPORTED / result.name).write_text(text, encoding="utf-8")
            enter_look(figure, found)
    return 0


def evaluated(figure: Figure, options: argparse.Namespace) -> dict[str, Any] | None:
    """Return what ``eval --json`` says, None if it failed."""
    episodes = max(1, round(options.share * figure.episodes))
    named = [word for task in figure.tasks for word in ("--task", task)]
    command = [
        sys.executable, "-m", "vla_isaac", "eval", "--policy", str(options.checkpoint), *named, "--episodes", str(episodes),
        "--seed", str(options.seed), "--workers", str(options.workers), *figure.more,
        "--out", str(options.out / f"{figure.name}.jsonl"), "--resume", "--json",
    ]  # fmt: skip
    print(f"== {figure.name}: {' '.join(command[2:])}", flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, flush=True)
    lines = done.stdout.strip().splitlines()
    try:
        return json.loads(lines[-1])
    except (IndexError, ValueError):
        return None


def weights_of(checkpoint: Path) -> str:
    """Return what tells one set of weights from another; of the shipped policy with those of the grounding network."""
    parts = [checkpoint / "model.onnx", *([GROUNDING / "sentence.onnx"] if checkpoint == SHIPPED else [])]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:12]


def enter_look(figure: Figure, found: dict[str, Any]) -> None:
    """Write down that these seeds were looked at, with which weights, and what was seen."""
    line = {
        "date": datetime.date.today().isoformat(), "figure": figure.name, "weights": found["weights"],
        "seeds": found["seeds"], "successes": found["successes"], "episodes": found["episodes"],
    }  # fmt: skip
    with LOOKS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    sys.exit(main())
