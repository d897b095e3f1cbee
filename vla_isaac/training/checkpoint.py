"""Checkpoints: written to a temporary folder and renamed when complete, so that the previous one is never lost.

A checkpoint has config.json and model.safetensors (the averaged weights, for inference), vocabulary.json and policy.json;
the last one of a run also has training.safetensors and training.json, from which training resumes exactly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from vla_isaac.core.atomic_files import replaced_folder, restore_folder, writing
from vla_isaac.core.contained_paths import contained_file
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import read_json_object, reading, regular_file
from vla_isaac.models.base import VLAModel
from vla_isaac.models.hugging_face import transformers_logging
from vla_isaac.models.processor import VLAProcessor
from vla_isaac.policies.learned_checkpoint import PolicyCard

TENSORS, NUMBERS = "training.safetensors", "training.json"
RESUME = "free disk space, then run the same command with --resume; the checkpoint before it is intact"
REMEDY = "give the output folder of a run that was interrupted, or start again"


def save_checkpoint(
    folder: Path,
    model: VLAModel,
    processor: VLAProcessor,
    card: PolicyCard,
    *,
    tensors: Mapping[str, Tensor] | None = None,
    numbers: Mapping[str, Any] | None = None,
) -> None:
    """Write a checkpoint; if interrupted, `find_checkpoint` still finds the previous one.

    Raises:
        WriteError: If it cannot be written; the previous one is intact.
    """
    with replaced_folder(folder) as part, writing(folder, remedy=RESUME, also=(SafetensorError,)):
        write_checkpoint(part, model, processor, card)
        if tensors is not None:
            save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, str(part / TENSORS))
        if numbers is not None:
            (part / NUMBERS).write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


def write_checkpoint(folder: Path, model: VLAModel, processor: VLAProcessor, card: PolicyCard) -> None:
    """Write the files of a checkpoint that inference needs into an existing folder."""
    transformers_logging.disable_progress_bar()
    model.save_pretrained(str(folder))
    processor.save(folder)
    card.save(folder)


def find_checkpoint(folder: Path) -> Path | None:
    """Return the folder if it has a complete checkpoint, restored if a save was interrupted; else None."""
    restore_folder(folder)
    return folder if (folder / "config.json").is_file() else None


def load_training(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the saved state from which a run resumes.

    Raises:
        ConfigError: If the files are missing or broken.
    """
    return load_tensors(contained_file(folder, folder / TENSORS, error=ConfigError)), read_numbers(folder)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file by name.

    Raises:
        ConfigError: If it is missing or broken.
    """
    regular_file(path, error=ConfigError, remedy=REMEDY)
    with reading(path, error=ConfigError, remedy=REMEDY):
        return dict(load_file(str(path)))


def read_numbers(folder: Path) -> dict[str, Any]:
    """Return the counters and the configuration of a checkpoint from which a run resumes.

    Raises:
        ConfigError: If the file is missing or broken, or a counter is not a whole number from 0.
    """
    path = contained_file(folder, folder / NUMBERS, error=ConfigError)
    numbers = read_json_object(path, error=ConfigError, remedy=REMEDY)
    with reading(path, error=ConfigError, remedy=REMEDY):
        wrong = [name for name in ("step", "best_step", "stale") if type(numbers[name]) is not int or numbers[name] < 0]
        wrong += [name for name in ("config", "data") if not isinstance(numbers[name], dict)]
        loss = numbers["best_loss"]
        wrong += ["best_loss"] if loss is not None and type(loss) not in (int, float) else []
        if wrong:
            raise ConfigError(f"{path}: {wrong[0]} is {str(numbers[wrong[0]])[:60]}", remedy=REMEDY)
    return numbers


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return an optimizer's state by name."""
    state = optimizer.state_dict()["state"]
    return {f"optimizer.{i}.{key}": torch.as_tensor(value) for i, values in state.items() for key, value in values.items()}


def set_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Restore the state returned by `optimizer_tensors`."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, number, key = name.split(".")
            state.setdefault(int(number), {})[key] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    for parameter, values in optimizer.state.items():
        for key, value in values.items():
            if value.shape == parameter.shape:  # fused updates go through memory: both need the same layout
                values[key] = torch.empty_like(parameter).copy_(value)
