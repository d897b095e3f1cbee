"""`VLAModel`: base class of all networks; the interface that the trainer, the exporter and checkpoints use.

A Hugging Face `PreTrainedModel`, so ``save_pretrained`` and ``from_pretrained`` write and read config.json and
model.safetensors. Its batch is a dict of tensors, made by the data loader and the processor:

    images        {camera: uint8 (B, F, 3, H, W)}, history of F pictures, oldest first
    state         float32 (B, F, S), normalised
    words, pieces int64 (B, L) and (B, L, G), see `models.text`
    actions       float32 (B, k, A), normalised; gripper as open fraction 0 to 1      (training only)
    is_pad        bool (B, k), true past an episode's end                             (training only)
    goal_objects  float32 (B, 6) [m] in the base frame, NaN where there is none       (training only, may be absent)
    goal_pixels   {camera: float32 (B, 2, 2)}, their x and y as fractions of the picture's width and height
                                                                                      (training only, may be absent)
    goals         int64 (B, G, W), see `models.goal_query`, instead of words and pieces (models that `takes_goals`)
    memory        float32 (B, M), ``next_memory`` of the previous decision, zeros at the start (models with a `memory_width`)
    is_fitting    float32 (B,), 0 where the sentence names an absent object           (training only, may be absent)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from vla_isaac.core.errors import ConfigError, ShapeError
from vla_isaac.core.input_files import naming, read_json_object, reading
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
    """Probability that the named objects are in the scene, 0 to 1, shape (B,)."""


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
        """Store the fields that must agree between model and data.

        Args:
            cameras: Names of the cameras, in order.
            image_hw: Height and width of their pictures [px].
            history: Pictures and states per sample.
            chunk: Actions per prediction.
            state_names: Names of the numbers of `state`.
            state_offset: Subtracted from each number, in its unit.
            state_scale: Then divided by; the unit of the normalised state.
            action_names: Names of the numbers of an action; one called ``gripper`` is an open fraction.
            num_words: Rows of the word table.
            num_buckets: Buckets of hashed n-grams.
            max_words: Words of a sentence that are encoded; the rest is cut off.
            more: Fields of `PreTrainedConfig`.
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
    """Base class of all networks; a subclass defines `forward`, `loss` and `act`, and is registered in `models.MODELS`."""

    config_class = VLAConfig
    main_input_name = "images"
    trained_on: Literal["demonstrations", "transitions"] = "demonstrations"
    """Kind of dataset it is trained on; ``collect --format transitions`` writes transitions."""

    takes_goals = False
    """Whether its input is what the sentence asks for, as the grounding network says, instead of the sentence."""

    processor: VLAProcessor | None = None
    """Converts pictures and sentences to tensors; set by `load_model`, and for a new model by the trainer."""

    def forward(self, batch: Batch) -> Outputs:
        """Return the outputs for a batch, which `loss`, `act` and `heat` take."""
        raise NotImplementedError

    def loss(self, batch: Batch, outputs: Outputs) -> dict[str, Tensor]:
        """Return the weighted terms of the loss by name; training minimises their sum."""
        raise NotImplementedError

    def act(self, outputs: Outputs) -> Answer:
        """Return the actions and the confidence from the outputs of `forward`."""
        raise NotImplementedError

    def score(self, batch: Batch, outputs: Outputs) -> dict[str, tuple[float, int]]:
        """Return the validation metrics in addition to the loss, by name: a mean and its number of samples."""
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
        """Return the width of ``memory``, the state passed from one decision to the next; 0 if there is none."""
        return 0

    def frames_at_work(self) -> int:
        """Return the number of frames per inference call; fewer than in training if ``memory`` holds the others."""
        return int(self.config.history)

    def begin(self) -> None:
        """Prepare for training from step 0: models with pretrained parts load their weights."""

    def read_once(self, batch: Batch) -> dict[str, Tensor]:
        """Return the encoded instruction, which `forward` takes instead of words and pieces; empty encodes at every call."""
        return {}

    def seen(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return the objects that it sees, for the grounding of the sentence; empty unless it `takes_goals`.

        ``presence`` is a probability (B, S), ``place`` [m] in the base frame (B, S, 3), ``colour`` and ``shape`` are classes
        of `goal_query`, int64 (B, S).
        """
        return {}

    def heat(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return attention maps by camera, (B, h, w) with sum 1; may be empty."""
        return {}

    def check(self, batch: Batch) -> None:
        """Raise `ShapeError` if the batch does not have the shapes this model was made for."""
        config = self.config
        missing = [name for name in config.cameras if name not in batch["images"]]
        if missing:
            raise ShapeError(
                f"the batch has no pictures of camera {missing[0]!r}; it has {', '.join(batch['images']) or 'none'}, "
                f"this model was made for {', '.join(config.cameras)}"
            )
        for name in config.cameras:
            expected = (config.history, 3, *config.image_hw)
            if tuple(batch["images"][name].shape[1:]) != expected:
                shape = tuple(batch["images"][name].shape)
                raise ShapeError(f"pictures of camera {name!r} have shape {shape}, expected (B, {str(expected)[1:-1]})")
            if batch["images"][name].dtype != torch.uint8:
                raise ShapeError(
                    f"pictures of camera {name!r} are {batch['images'][name].dtype}, expected torch.uint8, 0 to 255; every "
                    "model makes floats of them itself"
                )
        widths = {"state": (config.history, len(config.state_names)), "actions": (config.chunk, len(config.action_names))}
        for name, expected_row in widths.items():
            if name in batch and tuple(batch[name].shape[1:]) != expected_row:
                raise ShapeError(
                    f"{name} has shape {tuple(batch[name].shape)}, expected (B, {expected_row[0]}, {expected_row[1]}); "
                    "the dataset and the model have different conventions"
                )


def load_model(folder: str | Path) -> VLAModel:
    """Return the model of a checkpoint folder, in evaluation mode, on the CPU.

    Raises:
        ConfigError: If it is not a checkpoint, or one of its files is broken or refers to something outside the folder.
        UnknownNameError: If its architecture is unknown.
    """
    folder = Path(folder)
    path, remedy = folder / "config.json", "give the folder of a checkpoint"
    config = read_json_object(path, error=ConfigError, remedy=remedy)
    with reading(path, error=ConfigError, remedy=remedy):
        kind = str(config["model_type"])
    check_checkpoint(folder, config)
    model_class: type[VLAModel] = MODELS.load(kind)
    transformers_logging.disable_progress_bar()
    before = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # hides its table of unexpected names; they raise an error below
    try:
        with reading(folder, error=ConfigError, remedy="copy the whole folder again", what="the checkpoint"), naming(folder):
            model, found = model_class.from_pretrained(
                str(folder), local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
            )
    finally:
        transformers_logging.set_verbosity(before)
    unexpected = sorted({*map(str, found["missing_keys"]), *map(str, found["unexpected_keys"])})
    if unexpected:
        raise ConfigError(f"{folder}: config.json and model.safetensors are of different models (such as {unexpected[0]})")
    if (folder / VOCABULARY).is_file():
        model.processor = VLAProcessor.load(folder, model.config.cameras, model.config.image_hw)
    return model.eval()
