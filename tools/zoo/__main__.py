"""Train and judge every model of the comparison: ``python -m tools.zoo [--only MODEL ...]``. Interrupted, it goes on.

Two models learn side by side, each on half of the cores, which takes less time than one after the other on all of them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.zoo.recipe import CHOSEN_FROM, COMPARED, KINDS, REPORTED_FROM, collecting, judging, training
from tools.zoo.stages import Stage, carry_out


def main() -> int:
    """Run every stage; each takes up what is on disk."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs/zoo"))
    parser.add_argument("--only", action="append", choices=COMPARED)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--together", type=int, default=2, help="models that are trained at the same time")
    parser.add_argument(
        "--seed", type=int, default=REPORTED_FROM, help=f"first of the seeds to judge on; {CHOSEN_FROM} for choosing"
    )
    options = parser.parse_args()
    cores = max(1, options.cores // options.together)
    chains = {model: chain(options.runs, model, cores, options.seed) for model in (options.only or COMPARED)}
    return carry_out([collecting(options.runs, options.cores)], chains, options.runs, options.together)


def chain(runs: Path, model: str, cores: int, seed: int) -> list[Stage]:
    """Return what makes a policy of a model and says how good it is."""
    judged = [judging(runs, model, cores, seed=seed, kind=kind) for kind in KINDS]
    return [*training(runs, model, cores), *judged]


if __name__ == "__main__":
    sys.exit(main())
