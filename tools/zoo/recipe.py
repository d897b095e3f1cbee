"""What is trained for the comparison, on what, and how it is judged. Every stage is a command of `vla-isaac`.

Seeds below 100,000 are for training, 100,000 to 199,999 for choosing, 900,000 and up for the figures that are reported.
"""

from __future__ import annotations

from pathlib import Path

from tools.train_mini.recipe import SHIPPED
from tools.zoo.stages import Stage

TASK = "place_on"
BLIND = "blind"
"""Learns in the dark."""

AGAIN = {"rt1_style_again": "rt1_style"}
"""Trained once more, everything random drawn anew: how much of a figure is the training's luck, and weights to try."""

MODELS = (
    "vla_transformer", "rt1_style", *AGAIN, "custom_vla", "multi_task", "hierarchical", "keypoints_small", BLIND,
)  # fmt: skip
"""Presets of config/train, or such a preset once more; those first that take longest."""

SEED_AGAIN = 1

MINI = "mini"
"""Judged beside them as it is shipped; it was trained on other demonstrations, and longer."""

COMPARED = (*MODELS, MINI)

KEPT = {"rt1_style_again": Path("tools/zoo/weights/rt1_style"), MINI: SHIPPED}
"""Whose weights are in this repository, rounded to half precision and judged as they are there; `mini` is packaged, too."""

DEMONSTRATIONS, PICTURE = 1500, 96
EPISODES, CHOSEN_FROM, REPORTED_FROM = 100, 100_000, 900_000

KINDS = ("usual", "blackened")
"""Seeing, and with black pictures."""


def collecting(runs: Path, workers: int) -> Stage:
    """Return what makes the demonstrations that all learn from."""
    return Stage(
        "collect",
        (
            "collect", str(runs / "demos"), "--task", TASK, "--episodes", str(DEMONSTRATIONS), "--fps", "10",
            "--size", str(PICTURE), "--perturb", "0.7", "--workers", str(workers), "--seed", "0", "--resume",
        ),
    )  # fmt: skip


def checkpoint(runs: Path, model: str) -> Path:
    """Return the folder of a model's weights."""
    return KEPT.get(model, runs / model / "best")


def preset_of(model: str) -> str:
    """Return the name in config/train of how a model is trained."""
    return AGAIN.get(model, model)


def training(runs: Path, model: str, threads: int) -> list[Stage]:
    """Return what makes a policy of a model; nothing for the one that is shipped."""
    if model == MINI:
        return []
    out = runs / model
    anew = ("--seed", str(SEED_AGAIN)) if model in AGAIN else ()
    rounded = ("--out", str(KEPT[model]), "--half") if model in KEPT else ()
    return [
        Stage(
            f"train {model}",
            (
                "train", "--config", preset_of(model), "--data", str(runs / "demos"), "--out", str(out), *anew,
                "--threads", str(threads), "--frames", str(runs / "frames"), "--resume", "--json",
            ),
        ),
        Stage(f"export {model}", ("export", str(out / "best"), *rounded)),
    ]  # fmt: skip


def results(runs: Path, model: str, kind: str, seed: int) -> Path:
    """Return the file of an evaluation's episodes."""
    return runs / f"{model}_{kind}_{seed}.jsonl"


def judging(runs: Path, model: str, workers: int, *, seed: int, kind: str) -> Stage:
    """Return what tells how often a policy succeeds. It may not decline: a policy that does so in the dark has not tried."""
    return Stage(
        f"eval {model} {kind}",
        (
            "eval", "--policy", str(checkpoint(runs, model)), "--task", TASK, "--episodes", str(EPISODES), "--seed",
            str(seed), "--trial", kind, "--must-act", "--workers", str(workers), "--out",
            str(results(runs, model, kind, seed)), "--resume", "--json",
        ),
    )  # fmt: skip
