"""`TaskHeads`: two layers per task, selected for each sample of a batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TaskHeads(nn.Module):
    """Heads of all tasks with stacked weights, so that a batch of mixed tasks is one batched product."""

    def __init__(self, tasks: int, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.first, self.first_bias = _layer(tasks, inputs, hidden)
        self.second, self.second_bias = _layer(tasks, hidden, outputs)

    def forward(self, x: Tensor, task: Tensor) -> Tensor:
        """Return (B, outputs) from x (B, inputs), each by the head of its task, int64 (B,)."""
        hidden = torch.relu(torch.bmm(x[:, None], self.first[task]) + self.first_bias[task][:, None])
        return (torch.bmm(hidden, self.second[task]) + self.second_bias[task][:, None]).squeeze(1)


def _layer(tasks: int, inputs: int, outputs: int) -> tuple[nn.Parameter, nn.Parameter]:
    """Return weights (T, inputs, outputs) and biases (T, outputs), initialised as `nn.Linear`."""
    layers = [nn.Linear(inputs, outputs) for _ in range(tasks)]
    weight = torch.stack([layer.weight.detach().T for layer in layers])
    return nn.Parameter(weight.contiguous()), nn.Parameter(torch.stack([layer.bias.detach() for layer in layers]))
