"""`GroundingNetwork`: a transformer over the words of a sentence and the objects of a scene.

Words and objects are tokens of one sequence; an object's token is the sum of what it is (colour, shape) and where it is
among those of its shape. Objects have no order. The lower layers start from a pretrained language model.

Source: the layers are those of BERT (J. Devlin et al., 2019), started from MiniLM (W. Wang et al., 2020) as fine-tuned by
N. Reimers and I. Gurevych (all-MiniLM-L6-v2, Apache-2.0); the score of pairs is the biaffine one of T. Dozat and
C. Manning (2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_isaac.models.goal_query import COLOUR_NAMES
from vla_isaac.models.grounding.classes import KINDS, RELATIONS, STEPS
from vla_isaac.models.grounding.scene_objects import EXTREMES
from vla_isaac.models.grounding.wordpieces import MOST_PIECES
from vla_isaac.scene.objects import SHAPES

MASKED = -1e4
PAIR = 64
"""Width of the vectors whose product is the score of a pair of objects."""


@dataclass(frozen=True)
class GroundingShape:
    """Sizes of the network."""

    pieces: int
    """Rows of the vocabulary."""

    layers: int = 3
    dim: int = 384
    heads: int = 12
    hidden: int = 1536


class GroundingNetwork(nn.Module):
    """Scores of the classes of `classes`, for B sentences of L pieces and N objects.

    The score of a pair has a part of its own for things of one colour, as in "into the bin of its colour".
    """

    def __init__(self, shape: GroundingShape, *, dropout: float = 0.1) -> None:
        super().__init__()
        dim = shape.dim
        self.shape = shape
        self.words = nn.Embedding(shape.pieces, dim, padding_idx=0)
        self.places = nn.Parameter(torch.randn(MOST_PIECES, dim) * 0.02)
        self.colours = nn.Embedding(len(COLOUR_NAMES), dim)
        self.shapes = nn.Embedding(len(SHAPES), dim)
        self.extremes = nn.Linear(len(EXTREMES), dim)
        self.norm = nn.LayerNorm(dim, eps=1e-12)
        self.layers = nn.ModuleList(Layer(dim, shape.heads, shape.hidden, dropout) for _ in range(shape.layers))
        self.dropout = FeatureDropout(dropout)
        self.kind = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, len(KINDS)))
        self.relation = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, STEPS * len(RELATIONS)))
        self.asks = nn.Linear(dim, STEPS * PAIR)
        self.answers = nn.Linear(dim, PAIR)
        self.matches = nn.Linear(dim, STEPS)

    def forward(self, words: Tensor, colours: Tensor, shapes: Tensor, extremes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits of the kind (B, KINDS), the relations (B, N, STEPS, RELATIONS) and the other (B, N, STEPS, N).

        Args:
            words: Rows of the vocabulary, (B, L); 0 is padding.
            colours: Indices of colours, (B, N).
            shapes: Indices of shapes, (B, N); -1 is padding.
            extremes: Which of `EXTREMES` each object is, (B, N, 4).
        """
        is_object = shapes >= 0
        said = self.words(words) + self.places[: words.shape[1]]
        seen = self.colours(colours) + self.shapes(shapes.clamp(min=0)) + self.extremes(extremes)
        x = self.dropout(self.norm(torch.cat([said, seen], dim=1)))
        mask = torch.cat([words > 0, is_object], dim=1)
        bias = torch.where(mask, 0.0, MASKED)[:, None, None]
        for layer in self.layers:
            x = layer(x, bias)
        batch, count = shapes.shape
        things = x[:, words.shape[1] :]
        relation = self.relation(things).view(batch, count, STEPS, len(RELATIONS))
        asks = self.asks(things).view(batch, count, STEPS, PAIR)
        scores = torch.einsum("bisd,bjd->bisj", asks, self.answers(things)) / PAIR**0.5
        alike = (colours[:, :, None] == colours[:, None]).to(scores.dtype)
        scores = scores + self.matches(things)[..., None] * alike[:, :, None]
        number = torch.arange(count, device=scores.device)
        itself = (number[:, None] == number)[None, :, None]
        scores = scores.masked_fill(itself | ~is_object[:, None, None], MASKED)
        return self.kind(x[:, 0]), relation, scores


class FeatureDropout(nn.Module):
    """Dropout of whole features of a sentence: drawing a mask for every token took a sixth of an update.

    Source: Y. Gal and Z. Ghahramani (2016).
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, T, dim) of (B, T, dim); as it is in evaluation."""
        if not self.training:
            return x
        kept = torch.rand(x.shape[0], 1, x.shape[2]) >= self.share
        return x * (kept / (1 - self.share)).to(x.dtype)


class Layer(nn.Module):
    """Attention, then a feed-forward layer, each followed by normalisation."""

    def __init__(self, dim: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.after_attention = nn.LayerNorm(dim, eps=1e-12)
        self.wide, self.narrow = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.after_all = nn.LayerNorm(dim, eps=1e-12)
        self.dropout = FeatureDropout(dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return (B, T, dim) of (B, T, dim); `bias` (B, 1, 1, T) is added to the scores of attention."""
        batch, length, dim = x.shape
        parts = self.query_key_value(x).view(batch, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        scores = parts[0] @ parts[1].transpose(2, 3) / (dim // self.heads) ** 0.5 + bias
        mixed = (scores.softmax(-1) @ parts[2]).transpose(1, 2).reshape(batch, length, dim)
        x = self.after_attention(x + self.dropout(self.out(mixed)))
        out: Tensor = self.after_all(x + self.dropout(self.narrow(functional.gelu(self.wide(x)))))
        return out


def grounding_loss(
    outputs: tuple[Tensor, Tensor, Tensor], kind: Tensor, relation: Tensor, other: Tensor, is_object: Tensor
) -> Tensor:
    """Return the loss of the classes, a scalar; relations count where the sentence can be done.

    Args:
        outputs: Output of `GroundingNetwork`.
        kind: (B,), see `classes.Labels`.
        relation: (B, N, STEPS).
        other: (B, N, STEPS).
        is_object: Which objects are no padding, (B, N).
    """
    kinds, relations, others = outputs
    loss = functional.cross_entropy(kinds, kind, label_smoothing=0.02)
    counts = ((kind == 0)[:, None] & is_object)[..., None].expand_as(relation)
    each = functional.cross_entropy(relations.movedim(-1, 1), relation, reduction="none")
    sentences = (kind == 0).sum().clamp(min=1)
    loss = loss + (each * counts).sum() / sentences
    points = functional.cross_entropy(others.movedim(-1, 1), other.clamp(min=0), reduction="none")
    result: Tensor = loss + (points * (counts & (other >= 0))).sum() / sentences
    return result
