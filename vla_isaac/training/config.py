"""`TrainConfig`: one experiment, as it stands in ``config/train/<name>.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vla_isaac.core.config import load_preset
from vla_isaac.core.errors import ConfigError
from vla_isaac.datasets.loading.augmentation import Augmentation
from vla_isaac.datasets.loading.options import SampleOptions
from vla_isaac.datasets.normaliser import Method
from vla_isaac.models import DEFAULT_MODEL

Schedule = Literal["cosine", "linear", "constant"]
Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What is trained, on what, and how."""

    model: str = DEFAULT_MODEL
    """Architecture: a name of `models.MODELS`."""

    model_options: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the architecture's own config."""

    cameras: tuple[str, ...] = ("front", "wrist")
    """Names of the model's cameras."""

    image_hw: tuple[int, int] = (96, 96)
    """Height and width of its pictures [px]."""

    history: int = 1
    """Pictures and states per sample; 1 is only now."""

    chunk: int = 8
    """Actions put out at once."""

    normalise: Method = "quantile"
    """How state and actions are scaled."""

    augmentation: Augmentation | None = None
    """How pictures are varied; None shows them as they are."""

    mix: Mapping[str, float] | None = None
    """Share of each task family; None draws every sample once an epoch."""

    demonstrations: Mapping[str, int] | None = None
    """Most demonstrations of each task family that are learned from, the first ones; a family that is not named gives none.
    None takes all."""

    corrected_share: float = 0.4
    """Share of the samples that come from corrections, where there are any."""

    leave_out: tuple[str, ...] = ()
    """Goals such as ``on(red_cube, blue_box)`` that no training sample may have, to see whether others teach them."""

    rows_per_batch: int = 1024
    """Control periods of a batch, for models whose controller head learns without pictures."""

    sentences_per_batch: int = 128
    """Sentences of a batch, for models whose grounding learns without pictures."""

    wordings: int = 16
    """Sentences kept for each demonstration; 0 trains on the dataset's own."""

    unfitting_share: float = 0.1
    """Share of samples whose sentence names what is not there."""

    decline_below: float = 0.5
    """Confidence below which the trained policy declines to act."""

    batch_size: int = 128
    steps: int = 10_000
    """Updates in all; the schedule ends there."""

    epoch_steps: int = 500
    """Updates between two validations, each of which writes a checkpoint."""

    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    warmup_steps: int = 200
    """Updates in which the learning rate rises from 0."""

    schedule: Schedule = "cosine"
    """How it falls afterwards."""

    clip_norm: float = 1.0
    """Largest norm of the gradient; a longer one is scaled down to it (the ``max_grad_norm`` of other trainers)."""

    ema: float = 0.998
    """Share of the averaged weights that each update keeps; 0 switches averaging off."""

    precision: Precision = "bf16"
    """Arithmetic of the large layers; fp32 in any case on a processor or GPU that has no instructions for bf16."""

    seed: int = 0
    """From which everything random is drawn."""

    validation_share: float = 0.02
    """Share of the episodes that are held out for validation."""

    validation_batches: int = 16
    """Largest number of batches of a validation."""

    patience: int | None = None
    """Validations without a better loss after which training ends; None never."""

    workers: int = 0
    """Processes that read ahead; their number changes no batch."""

    readers: int = 2
    """Processes that decode pictures before training begins; 0 does it in this one."""

    cache_mb: int = 8192
    """Most disk space for decoded pictures [MiB]."""

    def __post_init__(self) -> None:
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
            "sentences_per_batch",
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
        """What a training sample is."""
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
