"""What the study found, as the few numbers that are kept: ``python -m tools.zoo.study.gather`` writes ``reported.json``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tools.zoo import recipe
from tools.zoo.gather import episodes, learned_from, scores
from tools.zoo.study.trials import EPISODES, Trial, results, trials

REPORTED = Path(__file__).with_name("reported.json")


def main() -> int:
    """Gather what is finished; what is not is left as it was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs/study"))
    parser.add_argument("--seed", type=int, default=recipe.REPORTED_FROM)
    options = parser.parse_args()
    known = json.loads(REPORTED.read_text(encoding="utf-8")) if REPORTED.exists() else {}
    for trial in trials():
        if is_judged(options.runs, trial, options.seed):
            known[trial.name] = gathered(options.runs, trial, options.seed)
    ordered = {trial.name: known[trial.name] for trial in trials() if trial.name in known}
    REPORTED.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
    print(f"{REPORTED}: {', '.join(ordered)}")
    return 0


def is_judged(runs: Path, trial: Trial, seed: int) -> bool:
    """Tell whether every episode of a network was run."""
    path = results(runs, trial.name, seed)
    return path.exists() and len(episodes(path)) == EPISODES * len(trial.judged)


def gathered(runs: Path, trial: Trial, seed: int) -> dict[str, Any]:
    """Return a network's numbers."""
    successes: dict[str, list[int]] = {family: [] for family in trial.judged}
    found = episodes(results(runs, trial.name, seed))
    for family in trial.judged:
        successes[family] = sorted(one.seed for one in found if one.task == family and one.success)
    seconds = json.loads((runs / "seconds.json").read_text(encoding="utf-8"))[f"train {trial.name}"]
    return {
        "solved_seeds": successes,
        "episodes": {family: sum(one.task == family for one in found) for family in trial.judged},
        "demonstrations": sum(trial.families.values()),
        "training_seconds": seconds,
        **learned_from(runs / trial.name),
        **scores(runs / trial.name),
    }


if __name__ == "__main__":
    sys.exit(main())
