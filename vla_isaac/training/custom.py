"""`train_custom_vla`: train a policy on your own pictures, sentences and actions in one call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from vla_isaac.core.specs import ActionSpec
from vla_isaac.datasets.formats import open_dataset
from vla_isaac.training.config import train_preset
from vla_isaac.training.data import TrainingData
from vla_isaac.training.trainer import TrainReport, make_trainer


def train_custom_vla(
    data: str | Path,
    folder: str | Path,
    *,
    preset: str = "custom_vla",
    action_spec: ActionSpec | None = None,
    threads: int | None = None,
    **changes: Any,
) -> TrainReport:
    """Train `CustomVLA`, or the model of another preset, on a dataset of any format.

    Args:
        data: A folder with a ``manifest.json`` whose entries have image_path, instruction and action, or any other dataset.
        folder: Output folder of the ``best`` and ``last`` checkpoints.
        preset: Name of a training preset, or a YAML file.
        action_spec: Convention of the actions, if the data does not declare it.
        threads: CPU threads; None uses the default of torch.
        changes: Fields of `TrainConfig` by name that replace those of the preset.

    Returns:
        The result of the training.

    Raises:
        UsageError: If there are no samples.
        ConventionError: If neither the data nor `action_spec` declares the convention of the actions.
    """
    data, folder = Path(data), Path(folder)
    if threads is not None:
        torch.set_num_threads(threads)
    config = replace(train_preset(preset), cameras=_cameras(data), **changes)
    return make_trainer(config, TrainingData([data], config), [data], folder, action_spec=action_spec).train()


def _cameras(data: Path) -> tuple[str, ...]:
    reader = open_dataset(data)
    try:
        return tuple(reader.info.cameras)
    finally:
        reader.close()
