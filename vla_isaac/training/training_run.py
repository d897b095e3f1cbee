"""`train`: run one experiment from preset to checkpoint, with DAgger rounds until the success rate stops rising."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from vla_isaac.collection.transitions import collect_transitions
from vla_isaac.core.atomic_files import OutputLock, remove_leftovers, replaced_folder, write_bytes
from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.formats import open_dataset
from vla_isaac.datasets.loading import fill_cache
from vla_isaac.datasets.transitions import is_transition_dataset, plan_of
from vla_isaac.evaluation import EvaluationPlan, evaluate
from vla_isaac.models import MODELS
from vla_isaac.training.checkpoint import find_checkpoint
from vla_isaac.training.config import TrainConfig
from vla_isaac.training.dagger import CorrectionPlan, collect_corrections, collection_of, correct
from vla_isaac.training.data import TrainingData
from vla_isaac.training.data_module import DataModule
from vla_isaac.training.experiment import is_finished, make_card, normalisers_of
from vla_isaac.training.export import export
from vla_isaac.training.trainer import TrainReport, kept_report, make_trainer
from vla_isaac.training.transitions import TransitionData

CORRECTED, CHOSEN, ROUNDS, FRAMES = "corrected", "chosen", "rounds.json", ".frames"
PICTURE_SHARE = 0.12
"""Fraction of the corrected control periods whose pictures are kept, in transition datasets."""

AFTER_ROUND = 0.4
"""Factor of the learning rate in training after a round of corrections."""


@dataclass(frozen=True, kw_only=True)
class DaggerPlan:
    """Settings of the DAgger rounds: the policy acts, the expert labels the states, and training continues on both."""

    rounds: int = 0
    """Largest number of rounds; they end earlier when success stops rising."""

    episodes: int = 200
    """Corrected episodes per round."""

    steps: int = 1000
    """Updates after each round."""

    first_seed: int = 50_000
    randomisation: str = "training"
    """Randomisation preset of the corrected episodes."""

    checked_on: int = 10
    """Episodes per family on which success is measured before and after a round."""

    checked_seed: int = 100_000
    checked_randomisation: str = "full"
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
    cache: Path | None = None,
) -> TrainReport:
    """Train, then collect corrections and train again while success rises; each stage resumes from the files on disk.

    Args:
        config: The experiment.
        paths: Datasets.
        folder: Output folder of the checkpoints; round n of corrections is in ``round_n``, the best of all in ``chosen``.
        resume: Whether to resume a run in `folder`.
        begin_with: Checkpoint to fine-tune.
        threads: CPU threads; None uses the default of torch.
        dagger: Rounds of corrections; None or 0 rounds trains on the datasets alone.
        cache: Folder for decoded pictures, which trainings on the same data may share; None uses ``.frames`` of
            `folder`.

    Returns:
        The report of the training whose checkpoint is best.

    Raises:
        UsageError: If the folder contains a run and `resume` is false, or a run with other settings.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    cache = cache or folder / FRAMES
    with OutputLock(folder):
        report = train_once(config, paths, folder, resume=resume, begin_with=begin_with, cache=cache)
        if dagger is not None and dagger.rounds > 0:
            report = _correct(report, config, list(paths), folder, dagger, resume=resume, cache=cache)
    return report


def train_once(
    config: TrainConfig,
    paths: Sequence[Path],
    folder: Path,
    *,
    resume: bool = False,
    begin_with: Path | None = None,
    num_corrections: int = 0,
    cache: Path | None = None,
) -> TrainReport:
    """Train on these datasets alone; see `train`. Decoded pictures are stored in `cache`, or next to the checkpoints."""
    for name in ("last", "best"):
        remove_leftovers(folder / name)
    if find_checkpoint(folder / "last") is not None and not resume:
        raise UsageError(f"{folder} holds a training run; add --resume to resume it, or choose another folder")
    if resume and is_finished(folder / "last", config, paths):
        return kept_report(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data = source_of(paths, config, num_corrections=num_corrections, cache=cache or folder / FRAMES, begin_with=begin_with)
    trainer = make_trainer(config, data, paths, folder, begin_with=begin_with)
    if resume:
        trainer.resume()
    return trainer.train()


def source_of(
    paths: Sequence[Path],
    config: TrainConfig,
    *,
    cache: Path,
    num_corrections: int = 0,
    begin_with: Path | None = None,
) -> DataModule:
    """Return the data module of these datasets: transitions or demonstrations.

    Raises:
        UsageError: If the model is trained on the other kind, or datasets of both kinds are mixed.
        ConventionError: If the convention of the actions is unknown, or does not fit them.
    """
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise UsageError(f"{missing[0]}: there is no such file or folder; give --data an output of `vla-isaac collect`")
    of_transitions = [is_transition_dataset(path) for path in paths]
    if any(of_transitions) != all(of_transitions):
        raise UsageError("transitions and demonstrations cannot be mixed in one training; give one kind with --data")
    needs_transitions = MODELS.load(config.model).trained_on == "transitions"
    if all(of_transitions) != needs_transitions:
        kind = (
            "transitions: vla-isaac collect OUT --format transitions"
            if needs_transitions
            else "demonstrations: vla-isaac collect OUT"
        )
        raise UsageError(f"{paths[0]}: the model {config.model!r} is not trained on this kind of dataset, but on {kind}")
    if all(of_transitions):
        return TransitionData(paths, config)
    normalisers = normalisers_of(begin_with) if begin_with is not None else None
    data = TrainingData(paths, config, num_corrections=num_corrections, cache=cache, normalisers=normalisers)
    make_card(config, data, paths)  # raises if the actions have no convention, before pictures are decoded for minutes
    fill_cache(data.dataset, config.readers)
    return data


def _correct(
    report: TrainReport,
    config: TrainConfig,
    paths: list[Path],
    folder: Path,
    dagger: DaggerPlan,
    *,
    resume: bool,
    cache: Path,
) -> TrainReport:
    """Run rounds until one does not raise success, and copy the best checkpoint to ``chosen``."""
    tasks = tuple(sorted({task for path in paths for task in _tasks_of(path)} - {""}))
    best, best_rate = report, _success(report, tasks, folder, dagger)
    rates = [best_rate]
    for number in range(1, dagger.rounds + 1):
        round_folder = folder / f"round_{number}"
        corrected = _corrections(
            report,
            tasks,
            round_folder / CORRECTED,
            number,
            dagger,
            resume=resume,
            of_transitions=is_transition_dataset(paths[0]),
        )
        paths = [*paths, corrected]
        again = replace(
            config,
            steps=dagger.steps,
            learning_rate=AFTER_ROUND * config.learning_rate,
            epoch_steps=min(config.epoch_steps, dagger.steps),
        )
        report = train_once(
            again,
            paths,
            round_folder,
            resume=resume,
            begin_with=Path(report.folder) / "best",
            num_corrections=number,
            cache=cache,
        )
        rates.append(_success(report, tasks, folder, dagger))
        if rates[-1] <= best_rate:
            break
        best, best_rate = report, rates[-1]
    _choose(best, folder, {"success_rates": rates, "chosen": best.folder, "dagger": asdict(dagger)})
    return best


def _corrections(
    report: TrainReport,
    tasks: tuple[str, ...],
    path: Path,
    number: int,
    dagger: DaggerPlan,
    *,
    resume: bool,
    of_transitions: bool,
) -> Path:
    """Collect the corrections of a round and return their folder."""
    plan = CorrectionPlan(
        checkpoint=Path(report.folder) / "best",
        tasks=tasks,
        episodes=dagger.episodes,
        seed=dagger.first_seed + (number - 1) * 10 * dagger.episodes,
        randomisation=dagger.randomisation,
    )
    if of_transitions:
        driver = partial(correct, checkpoint=plan.checkpoint)
        for _ in collect_transitions(
            path, collection_of(plan), picture_share=PICTURE_SHARE, num_workers=dagger.workers, driver=driver, resume=resume
        ):
            pass
    else:
        collect_corrections(path, plan, num_workers=dagger.workers, resume=resume)
    return path


def _success(report: TrainReport, tasks: tuple[str, ...], folder: Path, dagger: DaggerPlan) -> float:
    """Return the success rate of the best checkpoint of a training, read from its file if it was measured before."""
    best = Path(report.folder) / "best"
    export(best)
    plan = EvaluationPlan(
        policy=str(best),
        tasks=tasks,
        episodes=dagger.checked_on,
        seed=dagger.checked_seed,
        randomisation=dagger.checked_randomisation,
    )
    out = best.parent / f"success_at_{report.best_step}.jsonl"
    found = evaluate(plan, out=out, num_workers=dagger.workers, resume=out.exists())
    rate = sum(bool(episode.success) for episode in found.episodes) / max(1, len(found.episodes))
    print(f"{best}: {100 * rate:.1f} % of {len(found.episodes)} episodes succeed", file=sys.stderr, flush=True)
    return rate


def _choose(best: TrainReport, folder: Path, why: dict[str, Any]) -> None:
    """Copy the best checkpoint to ``chosen`` with the reason."""
    with replaced_folder(folder / CHOSEN) as part:
        shutil.copytree(Path(best.folder) / "best", part, dirs_exist_ok=True)
    write_bytes(folder / ROUNDS, (json.dumps(why, indent=1) + "\n").encode())


def _tasks_of(path: Path) -> list[str]:
    """Return the task families of a dataset's episodes."""
    if is_transition_dataset(path):
        return list(plan_of(path)["tasks"])
    reader = open_dataset(path)
    try:
        return [reader.meta(episode).task for episode in range(len(reader))]
    finally:
        reader.close()
