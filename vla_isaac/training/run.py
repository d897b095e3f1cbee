"""`train`: one experiment from its preset to its last checkpoint, and the rounds of corrections after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from vla_isaac.core.errors import UsageError
from vla_isaac.training.checkpoint import find_checkpoint
from vla_isaac.training.config import TrainConfig
from vla_isaac.training.dagger import CorrectionPlan, collect_corrections
from vla_isaac.training.data import TrainingData
from vla_isaac.training.experiment import make_card, make_model, normalisers_of
from vla_isaac.training.export import export
from vla_isaac.training.trainer import TrainReport, VLATrainer
from vla_isaac.training.watching import usual_watchers

CORRECTED = "corrected"
AFTER_ROUND = 0.4
"""Share of the first learning rate that training goes on with after a round of corrections."""


@dataclass(frozen=True, kw_only=True)
class DaggerPlan:
    """Rounds of corrections."""

    rounds: int = 0
    episodes: int = 200
    steps: int = 1000
    """Updates after each round."""

    first_seed: int = 50_000
    randomisation: str = "full"
    workers: int = 2


def train(
    config: TrainConfig,
    paths: Sequence[Path],
    folder: Path,
    *,
    resume: bool = False,
    begin_with: Path | None = None,
    threads: int | None = None,
    dagger: DaggerPlan | None = None,
) -> TrainReport:
    """Train, then correct and train again for as many rounds as asked; each stage takes up what is on disk.

    Args:
        config: The experiment.
        paths: Datasets.
        folder: Where checkpoints are written; round n of corrections in ``round_n`` of it.
        resume: Whether to go on with what is there.
        begin_with: Checkpoint whose weights are trained further.
        threads: Processor cores to use; None leaves torch its choice.
        dagger: Rounds of corrections; None or none of them trains on the datasets alone.

    Raises:
        UsageError: If the folder holds a run and `resume` is false, or it is another run.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    report = train_once(config, paths, folder, resume=resume, begin_with=begin_with)
    for number in range(1, (dagger.rounds if dagger else 0) + 1):
        assert dagger is not None
        export(Path(report.folder) / "best")
        plan = CorrectionPlan(
            checkpoint=Path(report.folder) / "best",
            tasks=tuple(sorted(_tasks(paths, config))),
            episodes=dagger.episodes,
            seed=dagger.first_seed + (number - 1) * 10 * dagger.episodes,
            randomisation=dagger.randomisation,
        )
        round_folder = folder / f"round_{number}"
        corrections = round_folder / CORRECTED
        collect_corrections(corrections, plan, num_workers=dagger.workers, resume=resume)
        again = replace(
            config,
            steps=dagger.steps,
            learning_rate=AFTER_ROUND * config.learning_rate,
            epoch_steps=min(config.epoch_steps, dagger.steps),
        )
        paths = [*paths, corrections]
        report = train_once(again, paths, round_folder, resume=resume, begin_with=Path(report.folder) / "best")
    return report


def train_once(
    config: TrainConfig, paths: Sequence[Path], folder: Path, *, resume: bool = False, begin_with: Path | None = None
) -> TrainReport:
    """Train on these datasets alone; see `train`."""
    if find_checkpoint(folder / "last") is not None and not resume:
        raise UsageError(f"{folder} holds a training run; add --resume to go on with it, or choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    normalisers = normalisers_of(begin_with) if begin_with is not None else None
    data = TrainingData(paths, config, cache=folder / ".frames", normalisers=normalisers)
    model = make_model(config, data, begin_with=begin_with)
    trainer = VLATrainer(
        model,
        data,
        config,
        card=make_card(config, data, paths),
        folder=folder,
        watchers=usual_watchers(folder, config.batch_size),
    )
    if resume:
        trainer.resume()
    return trainer.train()


def _tasks(paths: Sequence[Path], config: TrainConfig) -> set[str]:
    """Return the families of the first dataset; corrections are of the same."""
    from vla_isaac.datasets.formats import open_dataset

    reader = open_dataset(paths[0])
    try:
        return {reader.meta(episode).task for episode in range(len(reader))} - {""}
    finally:
        reader.close()
