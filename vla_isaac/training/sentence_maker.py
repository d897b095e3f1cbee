"""Training sentences of `models.mini.grounding` with their labels, drawn without a simulator.

Two in five are from the training templates of the families, the others from the lexicon's templates; all are varied as in
`demonstration_sentences`. A part has no supported goal. Sentences of held-out templates are never used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.models.text import split
from vla_isaac.tasks.paraphrases import paraphrases
from vla_isaac.training.demonstration_sentences import is_held_out, vary
from vla_isaac.training.order_drafts import draft_of_family, draft_order, families
from vla_isaac.training.sentence_drafts import fill_slots, labels_of, no_labels
from vla_isaac.training.unsupported_sentences import draw_unsupported

MAX_WORDS = 40
"""Largest number of words; enough for two steps with politeness."""

UNSUPPORTED_SHARE = 0.25


@dataclass(frozen=True)
class LabelledSentence:
    """A sentence and its labels."""

    sentence: str
    labels: AnyArray
    """Classes of `models.goal_query`, int64 (NUM_GOALS, WIDTH); all `UNSPECIFIED` if it makes no sense."""

    makes_sense: bool
    """Whether it is an instruction that these classes express."""


def draw_sentence(rng: np.random.Generator) -> LabelledSentence:
    """Return a sentence that matches no held-out template."""
    while True:
        is_unsupported = rng.random() < UNSUPPORTED_SHARE
        drawn = LabelledSentence(draw_unsupported(rng), no_labels(), False) if is_unsupported else _draw_order(rng)
        if drawn is not None and len(split(drawn.sentence)) <= MAX_WORDS:
            return drawn


def draw_sentences(seed: int, count: int) -> list[LabelledSentence]:
    """Return `count` sentences, the same for the same seed."""
    rng = np.random.default_rng(seed)
    return [draw_sentence(rng) for _ in range(count)]


def draw_held_out(family: str, rng: np.random.Generator) -> LabelledSentence:
    """Return a sentence of a held-out template of a family, for evaluation only."""
    draft = draft_of_family(family, paraphrases(family).held_out, rng)
    return LabelledSentence(fill_slots(draft, rng), labels_of(draft.goals), makes_sense=True)


def _draw_order(rng: np.random.Generator) -> LabelledSentence | None:
    """Return a varied instruction, or None if it matches a held-out template of any family."""
    draft = draft_order(rng)
    plain = fill_slots(draft, rng)
    if _is_held_out(plain):
        return None
    varied = vary(plain, rng)
    return None if _is_held_out(varied) else LabelledSentence(varied, labels_of(draft.goals), makes_sense=True)


def _is_held_out(sentence: str) -> bool:
    return any(is_held_out(sentence, family) for family in families())
