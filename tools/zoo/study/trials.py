"""The networks of the study: what each learns from, for how long, and what it is asked to do.

All families in one network against one network for each; heads against plain language; a family left out, then shown a few
times; and how success grows with the number of demonstrations. Networks that are compared see a moment equally often.
All are `keypoints_small`, which learns as much from an update as the others at two fifths of the time, but for the pair that
differs in its heads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from tools.zoo import recipe
from tools.zoo.stages import Stage
from vla_isaac.core.config import to_mapping
from vla_isaac.training.config import TrainConfig, train_preset

FAMILIES = ("reach", "lift", "place_on", "place_in", "stack", "push_to", "move_beside", "sort")
NEW = "stack"
"""The family that is left out."""

PER_FAMILY, SPARE = 200, 30
"""Demonstrations of each family that are learned from, and those for validation beside them."""

VALIDATION = 0.08
FEW = (5, 20, 50)
CURVE = (20, 60, 200)
"""Demonstrations of `place_on` alone."""

EPISODES = 50
"""Of each family that a network is judged on."""

STEPS, STEPS_NEW, STEPS_CURVE = 4800, 400, 1000


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One network."""

    name: str
    families: dict[str, int]
    """Demonstrations of each family."""

    judged: tuple[str, ...]
    steps: int
    model: str = "keypoints_small"
    begins_with: str = ""
    """Trial whose network is trained further."""

    @property
    def config(self) -> TrainConfig:
        """How it is trained."""
        preset = train_preset(self.model)
        return replace(
            preset,
            demonstrations=self.families,
            steps=self.steps,
            epoch_steps=min(400, self.steps),
            warmup_steps=min(preset.warmup_steps, self.steps // 4),
            validation_share=VALIDATION,
            learning_rate=preset.learning_rate / 2 if self.begins_with else preset.learning_rate,
        )


def trials() -> list[Trial]:
    """Return all networks, those first that others begin with."""
    everything = dict.fromkeys(FAMILIES, PER_FAMILY)
    without_new = {family: count for family, count in everything.items() if family != NEW}
    share = STEPS // len(FAMILIES)
    return [
        Trial(name="all_but_new", families=without_new, judged=(NEW,), steps=STEPS - share),
        Trial(name="all_language", families=everything, judged=FAMILIES, steps=STEPS, model="vla_transformer"),
        Trial(name="all_heads", families=everything, judged=FAMILIES, steps=STEPS, model="multi_task"),
        Trial(name="all_in_one", families=everything, judged=FAMILIES, steps=STEPS),
        *(alone(family, share) for family in FAMILIES),
        *(trial for count in FEW for trial in shown_few(count)),
        *(on_the_curve(count) for count in CURVE),
    ]


def alone(family: str, steps: int) -> Trial:
    """Return the network of one family."""
    return Trial(name=f"alone_{family}", families={family: PER_FAMILY}, judged=(family,), steps=steps)


def shown_few(count: int) -> list[Trial]:
    """Return the network that knows the other families and is shown a few of the new one, and one that knows nothing."""
    few = Trial(name=f"new_{count}_from_nothing", families={NEW: count}, judged=(NEW,), steps=STEPS_NEW)
    return [replace(few, name=f"new_{count}", begins_with="all_but_new"), few]


def on_the_curve(count: int) -> Trial:
    """Return a network of some demonstrations of one family."""
    return Trial(name=f"curve_{count}", families={recipe.TASK: count}, judged=(recipe.TASK,), steps=STEPS_CURVE)


def stages(trial: Trial, runs: Path, workers: int, seed: int) -> list[Stage]:
    """Return what makes and judges a network."""
    out = runs / trial.name
    begin = ("--begin-with", str(runs / trial.begins_with / "best")) if trial.begins_with else ()
    tasks = tuple(word for family in trial.judged for word in ("--task", family))
    return [
        Stage(
            f"train {trial.name}",
            (
                "train", "--config", str(written(trial, runs)), "--data", str(runs / "demos"), "--out", str(out), *begin,
                "--threads", str(workers), "--frames", str(runs / "frames"), "--resume", "--json",
            ),
        ),
        Stage(f"export {trial.name}", ("export", str(out / "best"))),
        Stage(
            f"eval {trial.name}",
            (
                "eval", "--policy", str(out / "best"), *tasks, "--episodes", str(EPISODES), "--seed", str(seed),
                "--must-act", "--workers", str(workers), "--out", str(results(runs, trial.name, seed)), "--resume", "--json",
            ),
        ),
    ]  # fmt: skip


def results(runs: Path, trial: str, seed: int) -> Path:
    """Return the file of an evaluation's episodes."""
    return runs / f"{trial}_{seed}.jsonl"


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
    episodes = len(FAMILIES) * (PER_FAMILY + SPARE)
    return Stage(
        "collect",
        (
            "collect", str(runs / "demos"), *tasks, "--episodes", str(episodes), "--fps", "10", "--size",
            str(recipe.PICTURE), "--perturb", "0.7", "--workers", str(workers), "--seed", "30000", "--resume",
        ),
    )  # fmt: skip
