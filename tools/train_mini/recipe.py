"""The recipe: which moments, which training, and where the result goes. Every stage is a command.

Seeds below 100,000 are for training, 100,000 to 199,999 for choosing, 900,000 and up for the figures that are reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vla_isaac.policies.abilities import Abilities, FamilyAbility
from vla_isaac.scene.layout import OBJECT_COLOURS
from vla_isaac.scene.objects import SHAPES

FAMILIES = ("reach", "lift", "place_on", "place_in", "stack", "push_to", "move_beside", "sort")
LONG = ("tower", "clear")
SHIPPED = Path("data/checkpoints/mini")
GROUNDING = Path("data/checkpoints/grounding")
WEIGHTS = Path("tools/train_mini/weights")
"""The same weights as a checkpoint for training further, rounded to half precision."""


GRASPED = ("cube", "cylinder", "ball")
PLACED = GRASPED  # cylinders and balls on, in and beside things: 33 to 39 of 40 layouts each, seeds from 900,000
ABILITIES = Abilities(
    backends=("mujoco",),
    families={
        "reach": FamilyAbility(moved=GRASPED),
        "lift": FamilyAbility(moved=GRASPED),
        "place_on": FamilyAbility(moved=PLACED, other=("box",)),
        "place_in": FamilyAbility(moved=PLACED, other=("bin", "bowl")),
        "stack": FamilyAbility(moved=("cube",), other=("cube",)),
        "push_to": FamilyAbility(moved=("cube",), other=SHAPES),  # balls 11 of 20, cylinders 14 of 20
        "move_beside": FamilyAbility(moved=PLACED, other=SHAPES),
        "sort": FamilyAbility(moved=("cube",), other=("bin",)),
    },
    objects={shape: (*OBJECT_COLOURS, "white") if shape == "bowl" else OBJECT_COLOURS for shape in SHAPES},
    size_scale=(0.9, 1.1),
)
"""What the shipped checkpoint declares: of the families it is made for, the shapes that training sentences name and that
succeeded on at least 80 % of the layouts; colours and sizes as in training."""


@dataclass(frozen=True)
class Stage:
    """One command; done before, it does nothing but look."""

    name: str
    arguments: tuple[str, ...]
    module: str = "vla_isaac"
    """Module that is run with the arguments; by default the command line."""

    @property
    def text(self) -> str:
        """The command as one types it."""
        command = "vla-isaac" if self.module == "vla_isaac" else f"python -m {self.module}"
        return " ".join((command, *self.arguments))


def stages(runs: Path, *, workers: int = 2) -> list[Stage]:
    """Return the stages in order, for a folder that keeps what they make."""
    moments, recoloured, mini = (runs / name for name in ("moments", "moments_recoloured", "mini"))
    return [
        Stage("grounding", ("--work", str(runs / "grounding"), "--threads", str(workers)), "tools.train_mini.grounding"),
        _collect(moments, 3200, 0, "training", workers),
        _collect(recoloured, 1800, 20_000, "training_recoloured", workers),
        Stage(
            "train",
            (
                "train", "--config", "mini", "--data", str(moments), "--data", str(recoloured), "--out", str(mini),
                "--threads", str(workers), "--resume", "--dagger", "1", "--dagger-episodes", "600", "--dagger-steps", "800",
                "--dagger-seed", "50000", "--randomisation", "training", "--workers", str(workers), "--json",
            ),
        ),
        Stage("export", ("export", str(mini / "chosen"), "--out", str(SHIPPED), "--half")),
    ]  # fmt: skip


def _collect(path: Path, episodes: int, seed: int, randomisation: str, workers: int) -> Stage:
    named = [word for task in (*FAMILIES, *LONG) for word in ("--task", task)]
    return Stage(
        f"collect {path.name}",
        (
            "collect", str(path), "--format", "moments", *named, "--episodes", str(episodes), "--fps", "10",
            "--randomisation", randomisation, "--perturb", "0.7", "--workers", str(workers), "--seed", str(seed), "--resume",
        ),
    )  # fmt: skip
