"""Choices that are given from outside, such as a task or a skill, checked."""

from __future__ import annotations

import torch
from torch import Tensor

from vla_isaac.core.errors import ShapeError


def checked(what: str, chosen: Tensor, samples: int, options: int) -> Tensor:
    """Return choices int64 (B,), one for each sample.

    Raises:
        ShapeError: If there are more or fewer than samples, or one is not among the options.
    """
    if torch.onnx.is_in_onnx_export():
        return chosen
    if tuple(chosen.shape) != (samples,):
        raise ShapeError(f"{what} has shape {tuple(chosen.shape)}, expected ({samples},): one for each sample")
    odd = chosen[(chosen < 0) | (chosen >= options)]
    if len(odd):
        raise ShapeError(f"{what} {int(odd[0])} is out of range; there are {options}: 0 to {options - 1}")
    return chosen
