"""Train and judge the networks of the study: ``python -m tools.zoo.study [--only NAME ...]``. Interrupted, it goes on."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.zoo import recipe
from tools.zoo.stages import Stage, carry_out
from tools.zoo.study.trials import collecting, stages, trials


def main() -> int:
    """Run every stage; each takes up what is on disk."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs/study"))
    parser.add_argument("--only", action="append", choices=[trial.name for trial in trials()])
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--together", type=int, default=2, help="networks that are trained at the same time")
    parser.add_argument("--seed", type=int, default=recipe.REPORTED_FROM)
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    cores = max(1, options.cores // options.together)
    chains: dict[str, list[Stage]] = {}
    for trial in trials():
        if not options.only or trial.name in options.only:
            chain = stages(trial, options.runs, cores, options.seed)
            chains.setdefault(trial.begins_with or trial.name, []).extend(chain)
    return carry_out([collecting(options.runs, options.cores)], chains, options.runs, options.together)


if __name__ == "__main__":
    sys.exit(main())
