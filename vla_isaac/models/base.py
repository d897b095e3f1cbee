"""`VLAModel`: what the trainer, the exporter and checkpoints ask of a network, whatever is inside.

A Hugging Face `PreTrainedModel`, so ``save_pretrained`` and ``from_pretrained`` write and read config.json and
model.safetensors. Its batch is a dict of tensors, as the loader and the processor make it:

    images        {camera: uint8 (B, F, 3, H, W)}, history of F pictures, oldest first
    state         float32 (B, F, S), normalised
    words, pieces int64 (B, L) and (B, L, G), see `models.text`
    actions       float32 (B, k, A), normalised; gripper as open fraction 0 to 1      (training only)
    is_pad        bool (B, k), true past an episode's end                             (training only)
    goal_objects  float32 (B, 6) [m] in the base frame, NaN where there is none       (training only, may be absent)
    goal_pixels   {camera: float32 (B, 2, 2)}, their x and y as shares of the picture's width and height
                                                                                      (training only, may be absent)
    memory        float32 (B, M), ``next_memory`` of the decision before, zeros at first  (models with a `memory_width`)
    is_fitting    float32 (B,), 0 where the sentence names what is not there          (training only, may be absent)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from vla_isaac.core.errors import ConfigError, ShapeError
from vla_isaac.models import MODELS
from vla_isaac.models.checkpoint_files import check_checkpoint
from vla_isaac.models.hugging_face import PreTrainedConfig, PreTrainedModel, transformers_logging
from vla_isaac.models.processor import VLAProcessor
from vla_isaac.models.text import FILE as VOCABULARY

Batch = dict[str, Any]
Outputs = dict[str, Tensor]


class Answer(NamedTuple):
    """The action chunk of a model, and its confidence."""

    actions: Tensor
    """Normalised, gripper as open fraction, shape (B, k, A)."""

    confidence: Tensor
    """Probability that what the sentence names is there, 0 to 1, shape (B,)."""


class VLAConfig(PreTrainedConfig):  # type: ignore[misc]
    """Fields of every model; each architecture adds its own fields."""

    model_type = "vla"

    def __init__(
        self,
        *,
        cameras: list[str] | None = None,
        image_hw: list[int] | None = None,
        history: int = 1,
        chunk: int = 8,
        state_names: list[str] | None = None,
        state_offset: list[float] | None = None,
        state_scale: list[float] | None = None,
        action_names: list[str] | None = None,
        num_words: int = 2,
        num_buckets: int = 2048,
        max_words: int = 24,
        **more: Any,
    ) -> None:
        """Keep what fits model and data together.

        Args:
            cameras: Names of the cameras, in order.
            image_hw: Height and width of their pictures [px].
            history: Pictures and states per sample.
            chunk: Actions put out at once.
            state_names: What the numbers of `state` are.
            state_offset: Value of each that is 0 to the model.
            state_scale: What is 1 to the model.
            action_names: What the numbers of an action are; one called ``gripper`` is an open fraction.
            num_words: Rows of the word table.
            num_buckets: Buckets of hashed n-grams.
            max_words: Words of a sentence that are read.
            more: Fields of transformers' own.
        """
        self.cameras = cameras or ["front", "wrist"]
        self.image_hw = image_hw or [96, 96]
        self.history = history
        self.chunk = chunk
        self.state_names = state_names or []
        self.state_offset = state_offset or [0.0] * len(self.state_names)
        self.state_scale = state_scale or [1.0] * len(self.state_names)
        self.action_names = action_names or ["x", "y", "z", "rx", "ry", "rz", "gripper"]
        self.num_words = num_words
        self.num_buckets = num_buckets
        self.max_words = max_words
        super().__init__(**more)


class VLAModel(PreTrainedModel):  # type: ignore[misc]
    """Base of our networks; a new one defines `forward`, `loss` and `act`, and is named in `models.MODELS`."""

    config_class = VLAConfig
    main_input_name = "images"
    trained_on: Literal["demonstrations", "transitions"] = "demonstrations"
    """Kind of dataset it learns from; transitions are what ``collect --format transitions`` writes."""

    processor: VLAProcessor | None = None
    """What makes numbers of sentences for it; set by `load_model`, and for a new model by the trainer."""

    def forward(self, batch: Batch) -> Outputs:
        """Return whatever `loss`, `act` and `heat` need of a batch."""
        raise NotImplementedError

    def loss(self, batch: Batch, outputs: Outputs) -> dict[str, Tensor]:
        """Return the terms of the loss by name, weighted; what is minimised is their sum."""
        raise NotImplementedError

    def act(self, outputs: Outputs) -> Answer:
        """Return the actions of what `forward` gave."""
        raise NotImplementedError

    def score(self, batch: Batch, outputs: Outputs) -> dict[str, tuple[float, int]]:
        """Return the scores of a validation in addition to the loss: by name a mean, and over how many samples."""
        answer, fits = self.act(outputs), batch["is_fitting"] > 0
        error = (answer.actions[fits, 0] - batch["actions"][fits, 0]).abs()
        doubted = (answer.confidence[~fits] < 0.5).float()
        count = len(error)
        return {
            "first_action_l1": (float(error.mean()) if count else 0.0, count),
            "recognised": (float((answer.confidence[fits] >= 0.5).float().sum()) / max(1, count), count),
            "doubted": (float(doubted.mean()) if len(doubted) else 0.0, len(doubted)),
        }

    def memory_width(self) -> int:
        """Return the width of ``memory``, which goes from one decision to the next; 0 if there is none."""
        return 0

    def frames_at_work(self) -> int:
        """Return how many pictures and states inference takes; fewer than training if it remembers the others."""
        return int(self.config.history)

    def begin(self) -> None:
        """Prepare for training from the start: models with pretrained parts load them."""

    def read_once(self, batch: Batch) -> dict[str, Tensor]:
        """Return what `forward` takes in place of words and pieces for one instruction; empty encodes it each time."""
        return {}

    def heat(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return how much each place of each camera's picture counted, by camera, (B, h, w) with sum 1; may be empty."""
        return {}

    def check(self, batch: Batch) -> None:
        """Raise `ShapeError` if a batch is not of the kind this model was made for."""
        config = self.config
        missing = [name for name in config.cameras if name not in batch["images"]]
        if missing:
            raise ShapeError(
                f"the batch has no pictures of camera {missing[0]!r}; it has {', '.join(batch['images']) or 'none'}, "
                f"this model was made for {', '.join(config.cameras)}"
            )
        for name in config.cameras:
            wanted = (config.history, 3, *config.image_hw)
            if tuple(batch["images"][name].shape[1:]) != wanted:
                shape = tuple(batch["images"][name].shape)
                raise ShapeError(f"pictures of camera {name!r} have shape {shape}, expected (B, {str(wanted)[1:-1]})")
            if batch["images"][name].dtype != torch.uint8:
                raise ShapeError(
                    f"pictures of camera {name!r} are {batch['images'][name].dtype}, expected torch.uint8, 0 to 255; every "
                    "model makes floats of them itself"
                )
        widths = {"state": (config.history, len(config.state_names)), "actions": (config.chunk, len(config.action_names))}
        for name, wanted_row in widths.items():
            if name in batch and tuple(batch[name].shape[1:]) != wanted_row:
                raise ShapeError(
                    f"{name} has shape {tuple(batch[name].shape)}, expected (B, {wanted_row[0]}, {wanted_row[1]}); "
                    "the dataset and the model speak different conventions"
                )


def load_model(folder: str | Path) -> VLAModel:
    """Return the model of a checkpoint folder, in evaluation mode, on the CPU.

    Raises:
        ConfigError: If it is no checkpoint, or a file of it is broken or names something outside the folder.
        UnknownNameError: If its architecture is unknown.
    """
    import json

    folder = Path(folder)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = config["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{folder}: holds no checkpoint ({error}); give a folder with config.json") from error
    check_checkpoint(folder, config)
    model_class: type[VLAModel] = MODELS.load(kind)
    transformers_logging.disable_progress_bar()
    before = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # its table of unexpected names; ours is an error below
    try:
        model, found = model_class.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
    except Exception as error:
        raise ConfigError(f"{folder}: its weights cannot be read ({error}); was its copying cut off?") from error
    finally:
        transformers_logging.set_verbosity(before)
    unexpected = sorted({*map(str, found["missing_keys"]), *map(str, found["unexpected_keys"])})
    if unexpected:
        raise ConfigError(f"{folder}: config.json and model.safetensors are of different models (such as {unexpected[0]})")
    if (folder / VOCABULARY).is_file():
        model.processor = VLAProcessor.load(folder, model.config.cameras, model.config.image_hw)
    return model.eval()
