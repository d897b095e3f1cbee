"""What ``python -m tools.zoo`` found, as the few numbers that are kept: ``python -m tools.zoo.gather``.

Writes ``reported.json`` beside this file; `tools.zoo.table` makes the table of docs/zoo.md of it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tools.train_mini.figures import weights_of
from tools.zoo.recipe import COMPARED, KEPT, KINDS, MINI, REPORTED_FROM, checkpoint, results
from vla_isaac.evaluation.outcome import Outcome
from vla_isaac.evaluation.results_file import read_results

REPORTED = Path(__file__).with_name("reported.json")
MINI_SECONDS = Path(__file__).parents[1] / "train_mini" / "reported" / "seconds.json"
SCORES = ("task_named", "objects_mm")
"""Of validation, by demonstrations that nothing was learned from."""


def main() -> int:
    """Gather what is there; rows of models that are not are left as they were."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs/zoo"))
    parser.add_argument("--seed", type=int, default=REPORTED_FROM)
    options = parser.parse_args()
    known = json.loads(REPORTED.read_text(encoding="utf-8")) if REPORTED.exists() else {}
    for model in COMPARED:
        if all(results(options.runs, model, kind, options.seed).exists() for kind in KINDS):
            known[model] = gathered(options.runs, model, options.seed)
    ordered = {model: known[model] for model in COMPARED if model in known}
    REPORTED.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
    print(f"{REPORTED}: {', '.join(ordered)}")
    return 0


def gathered(runs: Path, model: str, seed: int) -> dict[str, Any]:
    """Return a model's numbers."""
    folder = checkpoint(runs, model)
    seconds = json.loads((MINI_SECONDS if model == MINI else runs / "seconds.json").read_text(encoding="utf-8"))
    return {
        **{kind: successes(results(runs, model, kind, seed)) for kind in KINDS},
        "parameters": parameters(folder),
        "onnx_bytes": sum(path.stat().st_size for path in folder.glob("*.onnx")),
        "training_seconds": seconds["train" if model == MINI else f"train {model}"],
        "decision_p50_ms": round(decision_time(folder), 2),
        "failures": failures(results(runs, model, "usual", seed)),
        **({} if model == MINI else learned_from(runs / model) | scores(runs / model)),
        **({"weights": weights_of(folder)} if model in KEPT else {}),
    }


def successes(path: Path) -> dict[str, bool]:
    """Return which episodes succeeded, by seed."""
    return {str(one.seed): one.success for one in episodes(path)}


def failures(path: Path) -> dict[str, int]:
    """Return how often each failure came."""
    return dict(Counter(one.failure for one in episodes(path) if not one.success).most_common())


def episodes(path: Path) -> list[Outcome]:
    """Return the episodes of an evaluation's file."""
    return [one for one in read_results(path)[1] if one.kind == "episode"]


def scores(folder: Path) -> dict[str, float]:
    """Return what the validation of the checkpoint said that was kept."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    best = min((one["validation"] for one in lines if "validation" in one), key=lambda one: one["loss"])
    return {name: round(best[name], 4) for name in SCORES if name in best}


def parameters(folder: Path) -> int:
    """Return how many weights a model has."""
    from vla_isaac.models.base import load_model

    return sum(weight.numel() for weight in load_model(folder).parameters())


def decision_time(folder: Path) -> float:
    """Return the median time of a decision [ms], two threads."""
    command = [sys.executable, "benchmarks/decision_time.py", str(folder)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return float(json.loads(said.strip().splitlines()[-1])["p50_ms"])


def learned_from(folder: Path) -> dict[str, int]:
    """Return how many updates there were, and how many moments each looked at."""
    from vla_isaac.training.checkpoint import load_training

    _, numbers = load_training(folder / "last")
    config = numbers["config"]
    return {"steps": numbers["step"], "moments": numbers["step"] * config["batch_size"] * config["history"]}


if __name__ == "__main__":
    sys.exit(main())
