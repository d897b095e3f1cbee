"""`BatchProcessor`: pictures, an instruction and proprioception of a robot to a batch of one for a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from vla_isaac.core.arrays import Image
from vla_isaac.core.errors import ShapeError, UsageError
from vla_isaac.core.registry import unknown_name
from vla_isaac.models.base import Batch, VLAModel
from vla_isaac.models.io_names import SKILL, TASK_ID


class BatchProcessor:
    """Makes batches for direct calls of a model; `policies.learned` does this without torch."""

    def __init__(self, model: VLAModel) -> None:
        """Initialise the processor of a model.

        Raises:
            UsageError: If the model has no processor.
        """
        if model.processor is None:
            raise UsageError("the model has no processor; load it from a checkpoint, or set model.processor")
        self.config, self.processor = model.config, model.processor

    def __call__(
        self,
        pictures: Mapping[str, Image],
        instruction: str | Mapping[str, Tensor],
        state: Sequence[float] | None = None,
        *,
        task: str | None = None,
        skill: int | None = None,
    ) -> Batch:
        """Return a batch of one.

        Args:
            pictures: Picture of each camera, uint8 (H, W, 3) of any size.
            instruction: A sentence, or the result of a model's `process_instruction`.
            state: Proprioception in the units of the data, (S,); None takes the centre of the normalisation.
            task: Name of a task of the model; None lets the model choose.
            skill: Number of a skill of the model; None lets the model choose.

        Raises:
            ShapeError: If a camera or numbers are missing.
            UnknownNameError: If the model has no such task.
        """
        config = self.config
        tasks = getattr(config, "tasks", ())
        if task is not None and task not in tasks:
            raise unknown_name("task", task, tasks)
        chosen = {TASK_ID: None if task is None else tasks.index(task), SKILL: skill}
        missing = [name for name in config.cameras if name not in pictures]
        if missing:
            raise ShapeError(f"there is no picture of camera {missing[0]!r}; given: {', '.join(pictures) or 'none'}")
        frames, states = self.history({name: pictures[name] for name in config.cameras}, self._normalised_state(state))
        found = self.processor.pictures(frames)
        said = self.said(instruction) if isinstance(instruction, str) else dict(instruction)
        return {
            "images": {name: torch.from_numpy(rgb) for name, rgb in found.items()},
            "state": states[None],
            **said,
            **{name: torch.tensor([number]) for name, number in chosen.items() if number is not None},
        }

    def history(self, pictures: dict[str, Image], state: Tensor) -> tuple[dict[str, list[Image]], Tensor]:
        """Return pictures by camera and states (F, S) of a model's history; the current ones, repeated."""
        count = self.config.history
        return {name: [rgb] * count for name, rgb in pictures.items()}, state.expand(count, -1)

    def said(self, instruction: str) -> dict[str, Tensor]:
        """Return a tokenised sentence."""
        tokens = self.processor.sentences([instruction])
        return {"words": torch.from_numpy(tokens.words), "pieces": torch.from_numpy(tokens.pieces)}

    def _normalised_state(self, state: Sequence[float] | None) -> Tensor:
        """Return the normalised state, (S,)."""
        offset, scale = torch.tensor(self.config.state_offset), torch.tensor(self.config.state_scale)
        if state is None:
            return torch.zeros_like(offset)
        if len(state) != len(offset):
            raise ShapeError(
                f"the state has {len(state)} numbers, expected {len(offset)}: {', '.join(self.config.state_names)}"
            )
        return (torch.tensor(list(state), dtype=torch.float32) - offset) / scale


def check_choice(name: str, chosen: Tensor, samples: int, options: int) -> Tensor:
    """Return the choices given by a batch, such as a task or a skill per sample, int64 (B,).

    Raises:
        ShapeError: If there is not one for each sample, or one is out of range.
    """
    if torch.onnx.is_in_onnx_export():
        return chosen
    if tuple(chosen.shape) != (samples,):
        raise ShapeError(f"{name} has shape {tuple(chosen.shape)}, expected ({samples},): one for each sample")
    outside = chosen[(chosen < 0) | (chosen >= options)]
    if len(outside):
        raise ShapeError(f"{name} {int(outside[0])} is out of range; there are {options}: 0 to {options - 1}")
    return chosen
