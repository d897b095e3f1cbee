"""`InstructionGrounding`: classify a sentence into the classes of `models.goal_query`, and whether it is an instruction."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_isaac.models.goal_query import NUM_COLOURS, NUM_GOALS, NUM_SHAPES, RELATIONS, UNSPECIFIED
from vla_isaac.models.sentences import WordLayer, embed_words, masked_softmax

CLASSES = {
    "relation": len(RELATIONS),
    "moved_colour": NUM_COLOURS + 1,
    "moved_shape": NUM_SHAPES,
    "other_colour": NUM_COLOURS,
    "other_shape": NUM_SHAPES,
}
"""Classes of each number of a goal, in the order of `models.goal_query`; the last colour of a moved object is `ANY`."""

ROLES = 3
"""Slots of a goal: its relation, the moved object, the reference object."""

SLOTS = NUM_GOALS * ROLES + 1
"""The last slot has no class; whether the sentence makes sense is predicted from all slots."""


class InstructionGrounding(nn.Module):
    """A small transformer over words; slots attend to words, then to each other, layer by layer.

    A word is combined with its neighbours before it attends to the others, so that "red cube" is found at any position.

    Source: A. Vaswani et al. (2017), "Attention Is All You Need", and F. Locatello et al. (2020), "Object-Centric Learning
    with Slot Attention", for the slots.
    """

    def __init__(
        self, num_words: int, num_buckets: int, max_words: int, *, dim: int = 64, slots: int = SLOTS, layers: int = 2
    ) -> None:
        """Initialise the module.

        Args:
            num_words: Rows of the word table.
            num_buckets: Buckets of hashed n-grams.
            max_words: Largest number of words of a sentence.
            dim: Width of a word vector.
            slots: Number of slots, at least `SLOTS`; further ones have no class.
            layers: Layers of the word transformer, and of the slots.
        """
        super().__init__()
        self.words = nn.Embedding(num_words, dim, padding_idx=0)
        self.pieces = nn.Embedding(num_buckets + 1, dim, padding_idx=0)
        self.places = nn.Parameter(torch.randn(max_words, dim) * 0.02)
        self.neighbours = nn.Linear(3 * dim, dim)
        self.layers = nn.ModuleList(WordLayer(dim) for _ in range(layers))
        self.slots = nn.Parameter(torch.randn(slots, dim) * 0.2)
        self.rounds = nn.ModuleList(_Round(dim) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)
        of_role = (0, 1, 1, 2, 2)
        self.roles = dict(zip(CLASSES, of_role, strict=True))
        self.heads = nn.ModuleDict({name: nn.Linear(dim, count) for name, count in CLASSES.items()})
        self.sense = nn.Sequential(nn.Linear(SLOTS * dim, dim), nn.GELU(), nn.Linear(dim, 1))

    def forward(self, words: Tensor, pieces: Tensor) -> dict[str, Tensor]:
        """Return logits of each of `CLASSES`, (B, NUM_GOALS, classes), and ``sense`` (B,).

        Args:
            words: Rows of the vocabulary, (B, L).
            pieces: Hashed n-grams of each word, (B, L, G).
        """
        is_word = words > 0
        spelt = self._spelt(words, pieces)
        x = spelt
        for layer in self.layers:
            x = layer(x, is_word)
        slots = self.slots.expand(words.shape[0], -1, -1)
        for attend in self.rounds:
            slots = attend(slots, x, spelt, is_word)
        slots = self.norm(slots)
        goals = slots[:, : NUM_GOALS * ROLES].reshape(-1, NUM_GOALS, ROLES, slots.shape[-1])
        outputs: dict[str, Tensor] = {name: head(goals[:, :, self.roles[name]]) for name, head in self.heads.items()}
        outputs["sense"] = self.sense(slots[:, :SLOTS].flatten(1)).squeeze(-1)
        return outputs

    def _spelt(self, words: Tensor, pieces: Tensor) -> Tensor:
        """Return each word combined with its neighbours, (B, L, dim); padding is zero."""
        plain = embed_words(self, words, pieces)
        nothing = torch.zeros_like(plain[:, :1])
        before = torch.cat([nothing, plain[:, :-1]], dim=1)
        after = torch.cat([plain[:, 1:], nothing], dim=1)
        x = plain + self.neighbours(torch.cat([before, plain, after], dim=-1)) + self.places[: words.shape[1]]
        return x * (words > 0).unsqueeze(-1).to(x.dtype)


class _Round(nn.Module):
    """Slots attend to the words, then to each other, followed by a feed-forward layer."""

    def __init__(self, dim: int, heads: int = 4) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.norm_words = nn.LayerNorm(2 * dim)
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(2 * dim, 2 * dim)
        self.out = nn.Linear(dim, dim)
        self.talk = WordLayer(dim)
        self.heads = heads

    def forward(self, slots: Tensor, x: Tensor, spelt: Tensor, is_word: Tensor) -> Tensor:
        """Return slots (B, S, dim) after attention to words `x` and their embeddings `spelt`, both (B, L, dim)."""
        batch, count, dim = slots.shape
        width = dim // self.heads
        query = self.query(self.norm(slots)).view(batch, count, self.heads, width).transpose(1, 2)
        seen = self.key_value(self.norm_words(torch.cat([x, spelt], dim=-1)))
        parts = seen.view(batch, -1, 2, self.heads, width).permute(2, 0, 3, 1, 4)
        scores = query @ parts[0].transpose(2, 3) / width**0.5
        mixed = masked_softmax(scores, is_word[:, None, None]) @ parts[1]
        slots = slots + self.out(mixed.transpose(1, 2).reshape(batch, count, dim))
        updated: Tensor = self.talk(slots, torch.ones_like(slots[..., 0], dtype=torch.bool))
        return updated


def grounding_loss(outputs: dict[str, Tensor], labels: Tensor, makes_sense: Tensor) -> Tensor:
    """Return the loss of the classes and of whether a sentence makes sense, a scalar.

    Args:
        outputs: Output of `InstructionGrounding`.
        labels: Labels of `goal_query`, int64 (B, NUM_GOALS, WIDTH); `UNSPECIFIED` and rows that make no sense are ignored.
        makes_sense: 1 where the sentence is an instruction with these labels, else 0, (B,).
    """
    labels = torch.where(makes_sense[:, None, None] > 0.5, labels, torch.full_like(labels, UNSPECIFIED))
    loss = nn.functional.binary_cross_entropy_with_logits(outputs["sense"], makes_sense)
    for place, name in enumerate(CLASSES):
        target = labels[..., place].flatten()
        each = nn.functional.cross_entropy(outputs[name].flatten(0, 1), target, ignore_index=UNSPECIFIED, reduction="sum")
        loss = loss + each / (target != UNSPECIFIED).sum().clamp(min=1)
    return loss


def is_grounded(outputs: dict[str, Tensor], labels: Tensor, makes_sense: Tensor) -> Tensor:
    """Return which sentences have all classes right, bool (B,); the arguments are those of `grounding_loss`."""
    right = (outputs["sense"] > 0) == (makes_sense > 0.5)
    for place, name in enumerate(CLASSES):
        target = labels[..., place]
        hits = (outputs[name].argmax(-1) == target) | (target == UNSPECIFIED)
        right = right & (hits.all(-1) | (makes_sense < 0.5))
    return right
