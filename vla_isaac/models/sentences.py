"""`WordEncoder`: words and their n-grams to a vector each; `SentenceEncoder`: slots that attend to the words."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from vla_isaac.models.text import UNKNOWN

MASKED = -1e4  # far below any score, and finite in half precision
WORD_DROPOUT = 0.1
"""Fraction of known words that training replaces by the unknown word, so that the n-grams are trained too."""


class WordEncoder(nn.Module):
    """A small transformer over words, written out for ONNX export; padding has no effect.

    Source: A. Vaswani et al. (2017), "Attention Is All You Need", with pre-normalisation.
    """

    def __init__(self, num_words: int, num_buckets: int, max_words: int, *, dim: int = 64, layers: int = 1) -> None:
        """Initialise the module; `dim` is the width of a word vector."""
        super().__init__()
        self.words = nn.Embedding(num_words, dim, padding_idx=0)
        self.pieces = nn.Embedding(num_buckets + 1, dim, padding_idx=0)
        self.places = nn.Parameter(torch.randn(max_words, dim) * 0.02)
        self.layers = nn.ModuleList(WordLayer(dim) for _ in range(layers))

    def forward(self, words: Tensor, pieces: Tensor) -> Tensor:
        """Return (B, L, dim) of words (B, L) and pieces (B, L, G)."""
        is_word = words > 0
        x = self._embedded(words, pieces)
        for layer in self.layers:
            x = layer(x, is_word)
        return x

    def _embedded(self, words: Tensor, pieces: Tensor) -> Tensor:
        return embed_words(self, words, pieces) + self.places[: words.shape[1]]


class SentenceEncoder(WordEncoder):
    """Words to `slots` vectors of width `dim`, each with attention to the words."""

    def __init__(
        self, num_words: int, num_buckets: int, max_words: int, *, dim: int = 64, slots: int = 4, layers: int = 1
    ) -> None:
        """Initialise the module; the output has `slots` times `dim` numbers."""
        super().__init__(num_words, num_buckets, max_words, dim=dim, layers=layers)
        self.slots = nn.Parameter(torch.randn(slots, dim) * 0.2)
        self.slot_key_value = nn.Linear(dim, 2 * dim)

    def forward(self, words: Tensor, pieces: Tensor) -> Tensor:
        """Return (B, slots, dim) of words (B, L) and pieces (B, L, G)."""
        key, value = self.slot_key_value(super().forward(words, pieces)).chunk(2, dim=-1)
        scores = self.slots @ key.transpose(1, 2) / key.shape[-1] ** 0.5
        return masked_softmax(scores, (words > 0)[:, None]) @ value


def embed_words(module: Any, words: Tensor, pieces: Tensor) -> Tensor:
    """Return vectors (B, L, dim) of words and their n-grams, from the embeddings ``words`` and ``pieces`` of a module."""
    if module.training:
        dropped = (torch.rand(words.shape, device=words.device) < WORD_DROPOUT) & (words > UNKNOWN)
        words = torch.where(dropped, torch.full_like(words, UNKNOWN), words)
    spelling = module.pieces(pieces).sum(2) / (pieces > 0).sum(-1, keepdim=True).clamp(min=1).sqrt()
    vectors: Tensor = module.words(words) + spelling
    return vectors


class WordLayer(nn.Module):
    """Self-attention of words, then a feed-forward layer."""

    def __init__(self, dim: int, heads: int = 4) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.think = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.heads = heads

    def forward(self, x: Tensor, is_word: Tensor) -> Tensor:
        """Return words (B, L, dim) after attention to the words; bool (B, L) is false for padding."""
        x = x + self.out(self._attended(self.before(x), is_word))
        out: Tensor = x + self.think(self.between(x))
        return out

    def _attended(self, x: Tensor, is_word: Tensor) -> Tensor:
        batch, length, dim = x.shape
        parts = self.query_key_value(x).view(batch, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = parts[0], parts[1], parts[2]
        scores = query @ key.transpose(2, 3) / (dim // self.heads) ** 0.5
        mixed = masked_softmax(scores, is_word[:, None, None]) @ value
        return mixed.transpose(1, 2).reshape(batch, length, dim)


def masked_softmax(scores: Tensor, counts: Tensor) -> Tensor:
    """Return the masked softmax; padding gets exactly 0, and a sentence of padding gives zeros."""
    shares = scores.masked_fill(~counts, MASKED).softmax(-1)
    return shares * counts.to(shares.dtype)
