"""Successes on pairs of colours that an ablation never trained on, beside all others.

python -m tools.train_mini.pairs EPISODES.jsonl [--config mini_pairs]

The file is that of ``vla-isaac eval --out`` with a checkpoint of ``train --config mini_pairs``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from vla_isaac.core.intervals import wilson95
from vla_isaac.training.config import train_preset


def main() -> None:
    """Print a line for each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("episodes", type=Path)
    parser.add_argument("--config", default="mini_pairs")
    options = parser.parse_args()
    left_out = set(train_preset(options.config).leave_out)
    lines = [json.loads(line) for line in options.episodes.read_text(encoding="utf-8").splitlines()]
    found = [(one["goal"] in left_out, one["success"]) for one in lines if one.get("kind") == "episode"]
    for name, kind in (("never trained on", True), ("all other pairs", False)):
        successes = [success for is_left_out, success in found if is_left_out == kind]
        low, high = wilson95(sum(successes), len(successes))
        print(f"{name:17s} {sum(successes)} of {len(successes)} ({100 * low:.1f} to {100 * high:.1f} %)")


if __name__ == "__main__":
    main()
