"""`VLATrainer`: training loop of all models on all data, with validation, early stopping and exact resuming.

The order of the data, augmentation, sentences and dropout follow from the seed and the update number. A resumed run
therefore gives exactly the result of an uninterrupted one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vla_isaac.core.config import to_mapping
from vla_isaac.core.errors import ConfigError, PolicyError, UsageError
from vla_isaac.core.input_files import reading
from vla_isaac.core.specs import ActionSpec
from vla_isaac.models.base import Batch, VLAModel
from vla_isaac.policies.learned_checkpoint import PolicyCard
from vla_isaac.training.callbacks import TrainingCallback, default_callbacks, drop_metrics_after
from vla_isaac.training.checkpoint import (
    REMEDY,
    find_checkpoint,
    load_training,
    optimizer_tensors,
    save_checkpoint,
    set_optimizer,
)
from vla_isaac.training.config import TrainConfig
from vla_isaac.training.data_module import DataModule
from vla_isaac.training.ema import ExponentialMovingAverage
from vla_isaac.training.experiment import check_resumable, data_identity, make_card, make_model
from vla_isaac.training.hardware import Hardware, described, find_hardware, out_of_memory
from vla_isaac.training.schedule import averaging, learning_rate
from vla_isaac.training.validation_metrics import ValidationMetrics


@dataclass(frozen=True, kw_only=True)
class TrainReport:
    """The result of a training."""

    step: int
    best_loss: float | None
    """Best validation loss; None if no episode was held out."""

    best_step: int
    stopped_early: bool
    folder: str


def kept_report(folder: Path) -> TrainReport:
    """Return the report of a completed training.

    Raises:
        ConfigError: If its files are missing or broken.
    """
    _, numbers = load_training(folder / "last")
    return TrainReport(
        step=numbers["step"],
        best_loss=numbers["best_loss"],
        best_step=numbers["best_step"],
        stopped_early=numbers["step"] < numbers["config"]["steps"],
        folder=str(folder),
    )


def make_trainer(
    config: TrainConfig,
    data: DataModule,
    paths: Sequence[Path],
    folder: Path,
    *,
    begin_with: Path | None = None,
    action_spec: ActionSpec | None = None,
) -> VLATrainer:
    """Return a trainer with a model and a card for this data; the folder is created if it is missing.

    Raises:
        ConfigError: If an option of the architecture is unknown.
        ConventionError: If the convention of the actions is unknown, or `begin_with` was trained on other data.
    """
    card = make_card(config, data, paths, action_spec=action_spec)
    model = make_model(config, data, begin_with=begin_with)
    folder.mkdir(parents=True, exist_ok=True)
    hardware = find_hardware(config.precision)
    watchers = default_callbacks(folder, config.batch_size, where=described(hardware, config.precision))
    return VLATrainer(model, data, config, card=card, folder=folder, hardware=hardware, watchers=watchers)


class VLATrainer:
    """Trains a model; most callers use only `train`."""

    def __init__(
        self,
        model: VLAModel,
        data: DataModule,
        config: TrainConfig,
        *,
        card: PolicyCard,
        folder: Path,
        hardware: Hardware | None = None,
        watchers: Sequence[TrainingCallback] = (),
    ) -> None:
        """Prepare to train from step 0; see `resume`.

        Args:
            model: A model for this data; see `experiment.make_model`.
            data: Training and validation data.
            config: Hyperparameters.
            card: Written into its checkpoints.
            folder: Output folder of ``best`` and ``last``.
            hardware: Devices; None detects them.
            watchers: Callbacks of every update and validation.
        """
        self.model, self.data, self.config, self.card, self.folder = model, data, config, card, folder
        self.hardware = hardware or find_hardware(config.precision)
        self._watchers = list(watchers)
        model.to(self.hardware.device, memory_format=torch.channels_last)
        is_fused = self.hardware.device.type in ("cpu", "cuda")
        self.optimizer = torch.optim.AdamW(
            model.parameters(), config.learning_rate, weight_decay=config.weight_decay, fused=is_fused
        )
        self._network, self._prepared = self.hardware.prepare(model, self.optimizer)
        self.ema = ExponentialMovingAverage(model)
        self.step = self.best_step = 0
        self.best_loss: float | None = None
        self._stale = 0
        self._batches: Iterator[Batch] | None = None

    def train(self) -> TrainReport:
        """Train to the end, with a validation and a checkpoint every `epoch_steps` updates."""
        try:
            while self.step < self.config.steps and not self._is_over:
                self.train_epoch()
                self._keep(self.validate())
        except torch.OutOfMemoryError as error:
            raise out_of_memory(self.config.batch_size) from error
        finally:
            for watcher in self._watchers:
                watcher.close()
        return TrainReport(
            step=self.step,
            best_loss=self.best_loss,
            best_step=self.best_step,
            stopped_early=self.step < self.config.steps,
            folder=str(self.folder),
        )

    def train_epoch(self) -> float:
        """Train for `epoch_steps` updates, or up to the last one, and return their mean loss."""
        self.model.train()
        self._batches = self._batches or self.data.training(self.step)
        end = min(self.config.steps, (self.step // self.config.epoch_steps + 1) * self.config.epoch_steps)
        total, count = 0.0, end - self.step
        while self.step < end:
            terms = self.train_step(next(self._batches))
            total += terms["loss"] / count
            for watcher in self._watchers:
                watcher.on_step(self.step, self.config.steps, terms)
        return total

    def train_step(self, batch: Batch) -> dict[str, float]:
        """Make one update and return the terms of the loss, their sum as `loss`, the gradient norm and the learning rate."""
        torch.manual_seed(
            self.config.seed * 1_000_003 + self.step
        )  # depends on the update number alone, so resuming is exact
        rate = learning_rate(self.config, self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        terms = self._loss(self._here(batch))
        loss = torch.stack(list(terms.values())).sum()
        self._prepared.zero_grad(set_to_none=True)
        self.hardware.backward(loss)
        norm = self.hardware.clip(self.model.parameters(), self.config.clip_norm)
        self._prepared.step()
        self.step += 1
        self.ema.update(averaging(self.config, self.step))
        return self._numbers({**terms, "loss": loss, "gradient": norm}, batch) | {"lr": rate}

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Return the validation metrics of the averaged weights; empty if there is no validation set."""
        self.model.eval()
        scores = ValidationMetrics()
        with self.ema.apply():
            for batch in self.data.validation():
                here = self._here(batch)
                with self.hardware.arithmetic():
                    outputs = self.model(here)
                terms = self.model.loss(here, outputs)
                scores.add(here, outputs, terms, self.model)
        return scores.means()

    def resume(self) -> bool:
        """Resume from ``last``; return false if there is none.

        Raises:
            UsageError: If configuration or data differ from those of the run.
            ConfigError: If its files are broken.
        """
        last = find_checkpoint(self.folder / "last")
        if last is None:
            drop_metrics_after(self.folder, 0)  # of a run that was killed before its first checkpoint
            return False
        tensors, numbers = load_training(last)
        check_resumable(numbers, self.config, self.data)
        with reading(last, error=ConfigError, remedy=REMEDY, what="the state of the training in"):
            weights = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
            self.model.load_state_dict(weights)
            set_optimizer(self.optimizer, tensors)
            for i, value in enumerate(self.ema.values):
                value.copy_(tensors[f"average.{i}"])
        self.step, self.best_step, self._stale = numbers["step"], numbers["best_step"], numbers["stale"]
        self.best_loss = numbers["best_loss"]
        self._batches = None
        drop_metrics_after(self.folder, self.step)
        return True

    # ------------------------------------------------------------------

    @property
    def _is_over(self) -> bool:
        return self.config.patience is not None and self._stale >= self.config.patience

    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        with self.hardware.arithmetic():
            outputs = self._network(batch)
        return self.model.loss(batch, outputs)

    def _here(self, batch: Batch) -> Batch:
        """Return this process's share of a batch, on its device."""
        ours = slice(self.hardware.rank, None, self.hardware.num_processes)

        def moved(value: Any) -> Any:
            if isinstance(value, Mapping):
                return {name: moved(one) for name, one in value.items()}
            return value[ours].to(self.hardware.device, non_blocking=True) if isinstance(value, Tensor) else value[ours]

        here: Batch = moved(batch)
        if self.step == 0:
            self.model.check(here)
        return here

    def _numbers(self, values: Mapping[str, Tensor], batch: Batch) -> dict[str, float]:
        """Return plain numbers; raise an error if the loss is not finite."""
        means = self.hardware.mean(torch.stack([value.detach().float() for value in values.values()])).tolist()
        found = dict(zip(values, means, strict=True))
        if found["loss"] != found["loss"]:
            raise PolicyError(
                f"the loss is not a number at step {self.step} (episodes {sorted(set(batch['episode']))[:8]}); lower "
                "learning_rate, or choose precision: fp32"
            )
        return found

    def _keep(self, scores: Mapping[str, float]) -> None:
        """Write ``last``, and ``best`` if it is the best so far."""
        loss = scores.get("loss")
        is_best = loss is None or self.best_loss is None or loss < self.best_loss
        self._stale = 0 if is_best else self._stale + 1
        if is_best:
            self.best_loss, self.best_step = loss, self.step
        for watcher in self._watchers:
            watcher.on_validation(self.step, scores, is_best=is_best)
        if self.hardware.rank == 0:
            self._save(is_best)

    def _save(self, is_best: bool) -> None:
        if self.data.processor is None:
            raise UsageError("the training data has no processor; make the model with experiment.make_model")
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"average.{i}": value for i, value in enumerate(self.ema.values)}
        tensors |= optimizer_tensors(self.optimizer)
        tensors = {name: value.clone() for name, value in tensors.items()}
        numbers = {
            "step": self.step,
            "best_loss": self.best_loss,
            "best_step": self.best_step,
            "stale": self._stale,
            "config": to_mapping(self.config),
            "data": data_identity(self.data),
        }
        with self.ema.apply():
            if is_best:
                save_checkpoint(self.folder / "best", self.model, self.data.processor, self.card)
            save_checkpoint(
                self.folder / "last", self.model, self.data.processor, self.card, tensors=tensors, numbers=numbers
            )
