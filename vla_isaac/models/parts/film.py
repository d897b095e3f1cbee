"""`FilmBlock`: a residual block whose channels a sentence modulates (FiLM).

Source: E. Perez et al. (2018), "FiLM: Visual Reasoning with a General Conditioning Layer".
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_isaac.models.norm import ModulatedNorm


class FilmBlock(nn.Module):
    """A residual 3 x 3 block whose channels a sentence modulates; without a sentence, a plain one."""

    def __init__(self, channels: int, text: int = 0) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(ModulatedNorm(channels) for _ in range(2))
        self.film = nn.Linear(text, 4 * channels) if text else None
        if self.film is not None:
            nn.init.normal_(self.film.weight, std=0.02)
            nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, sentence: Tensor | None = None) -> Tensor:
        """Return features of the same shape; `sentence` is (B, text) if there is one."""
        turned: tuple[Tensor | None, ...] = (None,) * 4
        if self.film is not None and sentence is not None:
            turned = self.film(sentence).chunk(4, dim=1)
        y = torch.relu(self.norms[0](self.first(x), *turned[:2]))
        return torch.relu(x + self.norms[1](self.second(y), *turned[2:]))
