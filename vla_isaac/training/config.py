"""`TrainConfig`: settings of one experiment, read from ``config/train/<name>.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vla_isaac.core.config import load_preset
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.number_fields import check_number_fields
from vla_isaac.datasets.loading.augmentation import Augmentation
from vla_isaac.datasets.loading.options import SampleOptions
from vla_isaac.datasets.normaliser import Method
from vla_isaac.models import DEFAULT_MODEL

Schedule = Literal["cosine", "linear", "constant"]
Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Model, data and hyperparameters of a training."""

    model: str = DEFAULT_MODEL
    """Architecture: a name in `models.MODELS`."""

    model_options: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the architecture's own config."""

    cameras: tuple[str, ...] = ("front", "wrist")
    """Names of the model's cameras."""

    image_hw: tuple[int, int] = (96, 96)
    """Height and width of its pictures [px]."""

    history: int = 1
    """Pictures and states per sample; 1 is the current ones only."""

    chunk: int = 8
    """Actions per prediction."""

    normalise: Method = "quantile"
    """Normalisation of state and actions."""

    augmentation: Augmentation | None = None
    """Image augmentation; None switches it off."""

    mix: Mapping[str, float] | None = None
    """Sampling fraction of each task family; None draws every sample once per epoch."""

    demonstrations: Mapping[str, int] | None = None
    """Largest number of demonstrations of each task family, the first ones; families not named are left out.
    None uses all."""

    corrected_share: float = 0.4
    """Fraction of the samples that come from corrections, if there are any."""

    leave_out: tuple[str, ...] = ()
    """Goals such as ``on(red_cube, blue_box)`` left out of training, to test generalisation to them."""

    rows_per_batch: int = 1024
    """Control periods per batch, for models whose controller head is trained without pictures."""

    wordings: int = 16
    """Generated sentences per demonstration; 0 uses the sentence of the dataset."""

    unfitting_share: float = 0.1
    """Fraction of samples whose sentence names an absent object."""

    decline_below: float = 0.5
    """Confidence below which the trained policy declines to act."""

    batch_size: int = 128
    steps: int = 10_000
    """Total number of updates; the schedule ends there."""

    epoch_steps: int = 500
    """Updates between two validations; each validation writes a checkpoint."""

    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    warmup_steps: int = 200
    """Updates in which the learning rate rises from 0."""

    schedule: Schedule = "cosine"
    """Decay of the learning rate after the warm-up."""

    clip_norm: float = 1.0
    """Largest norm of the gradient; a larger one is clipped to it (``max_grad_norm`` in other trainers)."""

    ema: float = 0.998
    """Decay of the exponential moving average of the weights; 0 switches it off."""

    precision: Precision = "bf16"
    """Precision of the large layers; always fp32 on a CPU or GPU without bf16 instructions."""

    seed: int = 0
    """Seed of all random numbers."""

    validation_share: float = 0.02
    """Fraction of the episodes held out for validation."""

    validation_batches: int = 16
    """Largest number of batches per validation."""

    patience: int | None = None
    """Validations without a better loss after which training stops early; None never stops early."""

    workers: int = 0
    """Data loader processes; their number does not change the batches."""

    readers: int = 2
    """Processes that decode pictures before training begins; 0 decodes in the main process."""

    cache_mb: int = 8192
    """Largest disk space for decoded pictures [MiB]."""

    def __post_init__(self) -> None:
        check_number_fields("training", self)
        for name in (
            "image_hw",
            "history",
            "chunk",
            "batch_size",
            "steps",
            "epoch_steps",
            "validation_batches",
            "cache_mb",
            "rows_per_batch",
        ):
            value = getattr(self, name)
            if min(value if isinstance(value, tuple) else (value,)) < 1:
                raise ConfigError(f"training: {name}={value} is not accepted; give whole numbers from 1")
        for name in ("ema", "unfitting_share", "corrected_share", "validation_share", "decline_below"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"training: {name}={getattr(self, name)} must lie within 0 to 1, without 1")
        if self.learning_rate <= 0 or self.clip_norm <= 0 or self.weight_decay < 0:
            raise ConfigError(
                f"training: learning_rate={self.learning_rate}, clip_norm={self.clip_norm}, weight_decay="
                f"{self.weight_decay} are not accepted; the first two are positive, the last is not negative"
            )
        if min(self.warmup_steps, self.workers, self.readers, self.wordings, self.seed) < 0:
            raise ConfigError("training: warmup_steps, workers, readers, wordings and seed are whole numbers from 0")
        if self.patience is not None and self.patience < 1:
            raise ConfigError(f"training: patience={self.patience} is not accepted; give a whole number from 1, or none")
        if self.demonstrations is not None and min(self.demonstrations.values(), default=0) < 1:
            raise ConfigError("training: demonstrations names families with a whole number from 1 each")
        if not self.cameras:
            raise ConfigError("training: cameras is empty; name at least one camera of the dataset")

    @property
    def samples(self) -> SampleOptions:
        """Return what a training sample contains."""
        return SampleOptions(
            chunk=self.chunk,
            history=self.history,
            cameras=self.cameras,
            image_hw=self.image_hw,
            normalise=self.normalise,
            augmentation=self.augmentation,
            seed=self.seed,
        )


def train_preset(name_or_path: str) -> TrainConfig:
    """Return ``config/train/<name>.yaml``, or a YAML file by its path."""
    return load_preset(TrainConfig, "train", name_or_path)
