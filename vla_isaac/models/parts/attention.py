"""Multi-head attention and transformer layers, written out for ONNX export; padding gets exactly 0.

Source: A. Vaswani et al. (2017), "Attention Is All You Need"; pre-normalisation as in R. Xiong et al. (2020).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_isaac.models.sentences import masked_softmax


class Attention(nn.Module):
    """Multi-head attention."""

    def __init__(self, dim: int, heads: int = 4) -> None:
        super().__init__()
        self.query, self.key_value, self.out = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)
        self.heads = heads

    def forward(self, x: Tensor, others: Tensor, counts: Tensor | None = None) -> Tensor:
        """Return (B, N, dim) of tokens x (B, N, dim) that attend to `others` (B, M, dim).

        Args:
            x: Queries.
            others: Keys and values.
            counts: Attention mask, bool, true where attended to, broadcast to (B, heads, N, M); None attends to all.
        """
        query = self._by_head(self.query(x))
        key, value = (self._by_head(part) for part in self.key_value(others).chunk(2, dim=-1))
        scores = query @ key.transpose(2, 3) / query.shape[-1] ** 0.5
        shares = scores.softmax(-1) if counts is None else masked_softmax(scores, counts)
        mixed: Tensor = self.out((shares @ value).transpose(1, 2).flatten(2))
        return mixed

    def _by_head(self, x: Tensor) -> Tensor:
        batch, count, dim = x.shape
        return x.view(batch, count, self.heads, dim // self.heads).transpose(1, 2)


class FeedForward(nn.Module):
    """Normalisation and two linear layers, applied to each token, as a residual."""

    def __init__(self, dim: int, widening: int = 2) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, widening * dim), nn.GELU(), nn.Linear(widening * dim, dim)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        out: Tensor = x + self.layers(x)
        return out


class SelfLayer(nn.Module):
    """Self-attention, then a feed-forward layer."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm, self.look, self.think = nn.LayerNorm(dim), Attention(dim, heads), FeedForward(dim)

    def forward(self, x: Tensor, counts: Tensor | None = None) -> Tensor:
        """Return tokens (B, N, dim); `counts` as in `Attention`."""
        seen = self.norm(x)
        out: Tensor = self.think(x + self.look(seen, seen, counts))
        return out


class CrossLayer(nn.Module):
    """Cross-attention from words to pictures and from pictures to words, then a feed-forward layer for each."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm_words, self.norm_places = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.words_look, self.places_look = Attention(dim, heads), Attention(dim, heads)
        self.words_think, self.places_think = FeedForward(dim), FeedForward(dim)

    def forward(self, words: Tensor, places: Tensor, is_word: Tensor) -> tuple[Tensor, Tensor]:
        """Return words (B, L, dim) and places (B, V, dim); bool `is_word` (B, L) is false for padding."""
        normed, seen = self.norm_words(words), self.norm_places(places)
        words = self.words_think(words + self.words_look(normed, seen))
        places = self.places_think(places + self.places_look(seen, normed, is_word[:, None, None]))
        return words, places


def causal(frames: int, tokens: int, device: torch.device) -> Tensor:
    """Return the causal mask of F frames of T tokens, bool (1, 1, F * T, F * T): false for tokens of later frames."""
    frame = torch.arange(frames, device=device).repeat_interleave(tokens)
    return (frame[None, :] <= frame[:, None])[None, None]
