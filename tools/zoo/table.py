"""The table of docs/zoo.md, written from what ``python -m tools.zoo`` left behind: ``python -m tools.zoo.table``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.zoo.recipe import MODELS, REPORTED_FROM, results
from vla_isaac.core.intervals import wilson95
from vla_isaac.evaluation.paired import paired

PAGE = Path("docs/zoo.md")
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
HEAD = ("model", "place_on", "interval", "black pictures", "p", "parameters", "ONNX MB", "training min", "decision p50 ms")


def main() -> int:
    """Put the table between its marks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs/zoo"))
    parser.add_argument("--seed", type=int, default=REPORTED_FROM)
    options = parser.parse_args()
    rows = [HEAD, tuple("---" for _ in HEAD)]
    rows += [
        row(options.runs, model, options.seed)
        for model in MODELS
        if results(options.runs, model, "usual", options.seed).exists()
    ]
    table = "\n".join(f"| {' | '.join(one)} |" for one in rows)
    text = PAGE.read_text(encoding="utf-8")
    before, _, after = text.partition(BEGIN)
    after = after.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")
    print(table)
    return 0


def row(runs: Path, model: str, seed: int) -> tuple[str, ...]:
    """Return a model's figures."""
    seeing, blind = (successes(results(runs, model, kind, seed)) for kind in ("usual", "blackened"))
    checkpoint = runs / model / "best"
    low, high = wilson95(sum(seeing.values()), len(seeing))
    seconds = json.loads((runs / "seconds.json").read_text(encoding="utf-8"))[f"train {model}"]
    size = sum(path.stat().st_size for path in checkpoint.glob("*.onnx")) / 1e6
    return (
        f"`{model}`", f"{sum(seeing.values())} of {len(seeing)}", f"{100 * low:.0f} to {100 * high:.0f} %",
        f"{sum(blind.values())} of {len(blind)}", f"{paired(seeing, blind).p_value:.0e}", f"{parameters(checkpoint):,}",
        f"{size:.1f}", f"{seconds / 60:.0f}", f"{decision_time(checkpoint):.1f}",
    )  # fmt: skip


def successes(path: Path) -> dict[tuple[str, int], bool]:
    """Return which episodes succeeded, by family and seed."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {(one["task"], one["seed"]): bool(one["success"]) for one in lines if one.get("kind") == "episode"}


def parameters(checkpoint: Path) -> int:
    """Return how many weights a model has."""
    from vla_isaac.models.base import load_model

    return sum(weight.numel() for weight in load_model(checkpoint).parameters())


def decision_time(checkpoint: Path) -> float:
    """Return the median time of a decision [ms], two threads."""
    command = [sys.executable, "benchmarks/decision_time.py", str(checkpoint)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return float(json.loads(said.strip().splitlines()[-1])["p50_ms"])


if __name__ == "__main__":
    sys.exit(main())
