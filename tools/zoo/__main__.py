"""Train and judge every model of the comparison: ``python -m tools.zoo [--only MODEL ...]``. Interrupted, it goes on.

The seconds of each training are kept in ``seconds.json`` of the runs folder, over all attempts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tools.train_mini.__main__ import note_time
from tools.zoo.recipe import MODELS, REPORTED_FROM, Stage, collecting, judging, training


def main() -> int:
    """Run every stage; each takes up what is on disk."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs/zoo"))
    parser.add_argument("--only", action="append", choices=MODELS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--seed", type=int, default=REPORTED_FROM, help="first of the seeds to judge on; 100000 for choosing"
    )
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    stages = [collecting(options.runs, options.workers)]
    for model in options.only or MODELS:
        stages += training(options.runs, model, options.workers)
        stages += [judging(options.runs, model, options.workers, seed=options.seed, blind=blind) for blind in (False, True)]
    return next((code for stage in stages if (code := run(stage, options.runs)) not in (0, 1)), 0)


def run(stage: Stage, runs: Path) -> int:
    """Carry out a stage and note its seconds."""
    print(f"== {stage.name}: vla-isaac {' '.join(stage.arguments)}", flush=True)
    begin = time.monotonic()
    try:
        return subprocess.call([sys.executable, "-m", "vla_isaac", *stage.arguments])
    finally:
        note_time(runs / "seconds.json", stage.name, time.monotonic() - begin)


if __name__ == "__main__":
    sys.exit(main())
