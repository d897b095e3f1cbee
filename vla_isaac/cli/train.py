"""``vla-isaac train``: train a model on datasets, or with DAgger on the expert's corrections."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

from tyro.conf import UseAppendAction, arg

from vla_isaac.cli.options import OptionalInt, OptionalPath
from vla_isaac.cli.output import OK, emit, note, say
from vla_isaac.cli.writable import check_writable
from vla_isaac.core.errors import UsageError
from vla_isaac.core.optional import require
from vla_isaac.models import DEFAULT_MODEL

Cameras = UseAppendAction[Annotated[tuple[str, ...], arg(metavar="CAMERA")]]
Datasets = UseAppendAction[Annotated[tuple[Path, ...], arg(metavar="DATASET")]]


@dataclass(frozen=True, kw_only=True)
class Train:
    """Train a model on demonstrations.

    For example: vla-isaac train --config mini --data demos --out runs/mini
    """

    config: str = DEFAULT_MODEL
    """A preset of config/train, or a YAML file."""

    data: Datasets = ()
    """A dataset; repeat the option for several."""

    out: Path = Path("runs/mini")
    """Folder for checkpoints and learning curves."""

    resume: bool = False
    """Continue the run in that folder, with the same result as without the interruption."""

    begin_with: OptionalPath = None
    """Checkpoint folder whose weights are the initial ones."""

    camera: Cameras = ()
    """A camera of the datasets, instead of the preset's; repeat the option for several."""

    steps: OptionalInt = None
    """Optimizer updates, instead of the preset's."""

    seed: OptionalInt = None
    """Seed of all random numbers, instead of the preset's."""

    threads: OptionalInt = None
    """Processor cores to use."""

    frames: OptionalPath = None
    """Folder for decoded images, which runs on the same data may share; OUT/.frames by default."""

    dagger: int = 0
    """Largest number of DAgger rounds after the training: the policy drives and the expert labels the correct action;
    they end when the success rate stops rising. The best checkpoint is then in OUT/chosen."""

    dagger_episodes: int = 200
    """Episodes per round."""

    dagger_steps: int = 1000
    """Optimizer updates per round."""

    dagger_seed: int = 50_000
    """First seed of the episodes of the first round."""

    randomisation: str = "training"
    """Randomisation of those episodes: a preset of config/randomisation, or a YAML file."""

    workers: int = 2
    """Processes that run the episodes of those rounds."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Train and print a report."""
        require("torch", extra="train", need="training")
        require("transformers", extra="train", need="training")
        from vla_isaac.training.config import train_preset
        from vla_isaac.training.training_run import DaggerPlan, train

        if not self.data:
            raise UsageError("there is no data to train on; give --data DATASET, which `vla-isaac collect` makes")
        if self.dagger < 0 or min(self.dagger_episodes, self.dagger_steps, self.workers) < 1:
            raise UsageError("--dagger takes whole numbers from 0, its episodes, steps and workers from 1")
        check_writable(self.out)
        if self.frames is not None:
            check_writable(self.frames)
        given = {"steps": self.steps, "seed": self.seed, "cameras": self.camera or None}
        config = replace(train_preset(self.config), **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
        dagger = DaggerPlan(
            rounds=self.dagger,
            episodes=self.dagger_episodes,
            steps=self.dagger_steps,
            first_seed=self.dagger_seed,
            randomisation=self.randomisation,
            workers=self.workers,
        )
        try:
            report = train(
                config,
                self.data,
                self.out,
                resume=self.resume,
                begin_with=self.begin_with,
                threads=self.threads,
                dagger=dagger,
                cache=self.frames,
            )
        except KeyboardInterrupt:
            note(f"{self.out} holds the last checkpoint; run the same command with --resume to continue")
            raise
        loss = "no validation data" if report.best_loss is None else f"validation loss {report.best_loss:.4f}"
        say(f"trained      {report.step} steps{' (stopped early)' if report.stopped_early else ''}, {loss}")
        say(f"checkpoint   {report.folder}/best (step {report.best_step})")
        if self.json:
            emit(asdict(report))
        return OK
