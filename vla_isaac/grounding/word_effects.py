"""Which word of a sentence stands for which part of its reading, found by taking each word away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.models.grounding.classes import RELATIONS, STEPS
from vla_isaac.models.grounding.decoding import HAS_OTHER, log_softmax
from vla_isaac.models.grounding.scene_objects import SceneObject
from vla_isaac.models.grounding.wordpieces import SPECIAL, UNKNOWN, WordPieces, words_of

Scores = Callable[[AnyArray, Sequence[SceneObject]], Sequence[AnyArray]]
"""Returns kind, relation and other (see `decoding.readings`) for rows of pieces, (B, L)."""

MATTERS = 0.1
"""Part of the probability of an object's role that a word must carry to stand for it."""


@dataclass(frozen=True)
class WordEffect:
    """What a word stands for."""

    word: str
    parts: tuple[str, ...]
    """Names of objects and a relation, those that depend most on the word first; empty for words without effect."""


def word_effects(sentence: str, vocabulary: WordPieces, scores: Scores, scene: Sequence[SceneObject]) -> list[WordEffect]:
    """Return each word of a sentence with the parts of its best reading that depend on it.

    The network reads the sentence once more for each word, with that word replaced by the unknown one. A word stands for the
    object or the relation whose probability falls most.
    """
    words = words_of(sentence)
    row = vocabulary.encode([sentence])[0]
    owner = [-1, *(piece.word for piece in vocabulary.split(sentence))][: len(row) - 1]
    rows = np.repeat(row[None], len(words) + 1, axis=0)
    for number in range(len(words)):
        for place, word in enumerate(owner):
            if word == number:
                rows[number + 1, place] = SPECIAL.index(UNKNOWN)
    _, relation, other = scores(rows, scene)
    parts = _parts(relation, other, scene)
    return [WordEffect(word, _lost_with(number, parts)) for number, word in enumerate(words)]


def _lost_with(number: int, parts: Mapping[str, AnyArray]) -> tuple[str, ...]:
    """Return the parts whose probability falls without a word, most first."""
    lost = {part: float(values[0] - values[number + 1]) for part, values in parts.items()}
    return tuple(part for part in sorted(lost, key=lambda part: -lost[part]) if lost[part] > MATTERS)


def _parts(relation: AnyArray, other: AnyArray, scene: Sequence[SceneObject]) -> dict[str, AnyArray]:
    """Return the probability of each part of the best reading of the first row, in every row."""
    relations, others = np.exp(log_softmax(relation)), np.exp(log_softmax(other))
    best = relation[0].argmax(-1)
    parts: dict[str, AnyArray] = {}
    for step in range(STEPS):
        for index, item in enumerate(scene):
            chosen = best[index, step]
            if chosen == 0:
                continue
            parts[item.name] = 1 - relations[:, index, step, 0]
            parts[RELATIONS[chosen]] = relations[:, index, step, chosen] / np.maximum(parts[item.name], 1e-6)
            if HAS_OTHER[chosen]:
                target = int(other[0, index, step].argmax())
                parts[scene[target].name] = others[:, index, step, target]
    return parts
