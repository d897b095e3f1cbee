"""Make the shipped policy: collect, train, correct, export. Interrupted, the same command goes on.

    python -m tools.train_mini [--runs runs] [--workers 2]

The seconds of each stage are kept in ``train_mini.json`` of the runs folder, over all attempts.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from tools.train_mini.figures import REPORTED
from tools.train_mini.recipe import ABILITIES, SHIPPED, WEIGHTS, stages
from vla_isaac.policies.learned_checkpoint import PolicyCard


def main() -> int:
    """Run every stage; each takes up what is on disk."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for datasets and checkpoints (20 GB)")
    parser.add_argument("--workers", type=int, default=2, help="processor cores to use")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    for stage in stages(options.runs, workers=options.workers):
        print(f"== {stage.name}: {stage.text}", flush=True)
        begin = time.monotonic()
        try:
            code = subprocess.call([sys.executable, "-m", stage.module, *stage.arguments])
        finally:
            note_time(options.runs / "train_mini.json", stage.name, time.monotonic() - begin)
        if code != 0:
            print(f"== {stage.name} ended with {code}; mend what it says and give the same command again", flush=True)
            return code
    declare(SHIPPED)
    keep_weights()
    keep(options.runs)
    return 0


def declare(checkpoint: Path) -> None:
    """Write into a checkpoint's ``policy.json`` what it can be asked for."""
    replace(PolicyCard.load(checkpoint), abilities=ABILITIES).save(checkpoint)


def keep_weights() -> None:
    """Move what only further training needs from the shipped policy to `WEIGHTS`, and copy the rest of a checkpoint."""
    WEIGHTS.mkdir(exist_ok=True)
    for name in ("policy.json", "vocabulary.json"):
        shutil.copyfile(SHIPPED / name, WEIGHTS / name)
    for name in ("config.json", "model.safetensors"):
        (SHIPPED / name).replace(WEIGHTS / name)


def keep(runs: Path) -> None:
    """Keep how long it took, and what the rounds of corrections came to, for the model card."""
    REPORTED.mkdir(exist_ok=True)
    shutil.copyfile(runs / "train_mini.json", REPORTED / "seconds.json")
    shutil.copyfile(runs / "mini" / "rounds.json", REPORTED / "rounds.json")


def note_time(path: Path, stage: str, seconds: float) -> None:
    """Add the seconds of an attempt at a stage to what it took before."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known[stage] = round(known.get(stage, 0.0) + seconds, 1)
    path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
