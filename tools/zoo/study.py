"""The multi-task study of docs/zoo.md: ``python -m tools.zoo.study [--only NAME ...]``. Interrupted, it goes on.

One network for all families against one for each; heads against plain language; a family left out, then shown a few times;
and how success grows with the number of demonstrations. Every training is a preset of its own, written into the runs folder.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from tools.zoo.recipe import PICTURE, REPORTED_FROM
from tools.zoo.stages import Stage, carry_out
from vla_isaac.core.config import to_mapping
from vla_isaac.training.config import TrainConfig, train_preset

FAMILIES = ("reach", "lift", "place_on", "place_in", "stack", "push_to", "move_beside", "sort")
NEW = "stack"
"""The family that is left out."""

PER_FAMILY = 200
EPISODES = 50
STEPS = 6000
STEPS_NEW = 400


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One network."""

    name: str
    families: dict[str, int]
    """Demonstrations of each family."""

    judged: tuple[str, ...]
    steps: int
    model: str = "vla_transformer"
    begins_with: str = ""
    """Trial whose network is trained further."""

    @property
    def config(self) -> TrainConfig:
        """How it is trained."""
        preset = train_preset(self.model)
        return replace(preset, demonstrations=self.families, steps=self.steps, epoch_steps=min(500, self.steps))


def trials() -> list[Trial]:
    """Return all networks, those first that others begin with."""
    everything = dict.fromkeys(FAMILIES, PER_FAMILY)
    without_new = {family: count for family, count in everything.items() if family != NEW}
    found = [
        Trial(name="all_language", families=everything, judged=FAMILIES, steps=STEPS),
        Trial(name="all_heads", families=everything, judged=FAMILIES, steps=STEPS, model="multi_task"),
        Trial(name="all_but_new", families=without_new, judged=(NEW,), steps=STEPS),
    ]
    found += [
        Trial(name=f"alone_{family}", families={family: PER_FAMILY}, judged=(family,), steps=STEPS // len(FAMILIES))
        for family in FAMILIES
    ]
    for count in (5, 20, 50):
        few = {"families": {NEW: count}, "judged": (NEW,), "steps": STEPS_NEW}
        found.append(Trial(name=f"new_{count}", begins_with="all_but_new", **few))
        found.append(Trial(name=f"new_{count}_from_nothing", **few))
    return found


def stages(trial: Trial, runs: Path, workers: int, seed: int) -> list[Stage]:
    """Return what makes and judges a network."""
    out, demos = runs / trial.name, runs / "demos"
    begin = ("--begin-with", str(runs / trial.begins_with / "best")) if trial.begins_with else ()
    tasks = tuple(word for family in trial.judged for word in ("--task", family))
    return [
        Stage(
            f"train {trial.name}",
            (
                "train", "--config", str(written(trial, runs)), "--data", str(demos), "--out", str(out), *begin,
                "--threads", str(workers), "--resume", "--json",
            ),
        ),
        Stage(f"export {trial.name}", ("export", str(out / "best"))),
        Stage(
            f"eval {trial.name}",
            (
                "eval", "--policy", str(out / "best"), *tasks, "--episodes", str(EPISODES), "--seed", str(seed), "--workers",
                str(workers), "--out", str(runs / f"{trial.name}_{seed}.jsonl"), "--resume", "--json",
            ),
        ),
    ]  # fmt: skip


def written(trial: Trial, runs: Path) -> Path:
    """Return the preset of a trial as a file."""
    path = runs / f"{trial.name}.yaml"
    usual = to_mapping(TrainConfig())
    changed = {key: value for key, value in to_mapping(trial.config).items() if value != usual[key]}
    path.write_text(yaml.safe_dump({"model": trial.model, **changed}, sort_keys=False), encoding="utf-8")
    return path


def collecting(runs: Path, workers: int) -> Stage:
    """Return what makes the demonstrations."""
    tasks = tuple(word for family in FAMILIES for word in ("--task", family))
    episodes = len(FAMILIES) * (PER_FAMILY + PER_FAMILY // 10)  # some are kept for validation
    return Stage(
        "collect",
        (
            "collect", str(runs / "demos"), *tasks, "--episodes", str(episodes), "--fps", "10", "--size", str(PICTURE),
            "--perturb", "0.7", "--workers", str(workers), "--seed", "30000", "--resume",
        ),
    )  # fmt: skip


def main() -> int:
    """Run every stage; each takes up what is on disk."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs/study"))
    parser.add_argument("--only", action="append", choices=[trial.name for trial in trials()])
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--together", type=int, default=2, help="networks that are trained at the same time")
    parser.add_argument("--seed", type=int, default=REPORTED_FROM)
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
