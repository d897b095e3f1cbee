"""Training sentences without a supported goal: small talk, unknown objects and colours, incomplete sentences."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from vla_isaac.core.goals import SIDES
from vla_isaac.language import SLOT, lexicon
from vla_isaac.scene.objects import CONTAINERS, SHAPES
from vla_isaac.tasks.families import pick
from vla_isaac.training.demonstration_sentences import vary
from vla_isaac.training.grounding.order_drafts import draft_order
from vla_isaac.training.grounding.sentence_drafts import (
    MOVED_SHAPES,
    SUPPORTS,
    choose_words,
    describe,
    draw_object,
    fill_slots,
)
from vla_isaac.training.vocabulary import vocabulary_words


def draw_unsupported(rng: np.random.Generator) -> str:
    """Return a sentence of one of the kinds in this module."""
    return pick(rng, _KINDS)(rng)


def made_up_word(rng: np.random.Generator) -> str:
    """Return a made-up word of syllables, which no instruction has."""
    while True:
        parts = [pick(rng, _ONSETS) + pick(rng, _VOWELS) for _ in range(int(rng.integers(1, 4)))]
        word = "".join(parts) + pick(rng, _CODAS)
        if len(word) > 2 and word not in _known():
            return word


_ONSETS = ("", *"bcdfghjklmnpqrstvwxyz", "bl", "br", "cl", "cr", "dr", "fl", "gl", "gr", "pl", "pr", "qu", "sc", "sh", "sk",
           "sl", "sn", "sp", "st", "th", "tr", "wh", "zw")  # fmt: skip
_VOWELS = (*"aeiou", *"aeiou", "ai", "ea", "ee", "oo", "ou", "ie")
_CODAS = ("", *"bdgklmnprstxz", "ck", "sh", "nt", "rd", "le", "er", "y", "ish", "ow")


def _small_talk(rng: np.random.Generator) -> str:
    tables = lexicon().sentences
    return vary(pick(rng, (*tables.nonsense, *tables.small_talk)), rng)


def _unrelated(rng: np.random.Generator) -> str:
    """Return small talk of words, most of which no instruction has."""
    return vary(choose_words(pick(rng, lexicon().sentences.unrelated), "on", rng), rng)


def _with_an_unknown_name(rng: np.random.Generator) -> str:
    """Return an instruction in which one object has an unknown or incomplete name."""
    draft = draft_order(rng)
    slots = [slot for slot in draft.objects if f"{{{slot}}}" in draft.template]
    if not slots:
        return made_up_word(rng)
    slot = pick(rng, slots)
    return vary(fill_slots(draft, rng, {slot: unknown_name(describe(draft.objects[slot], rng), rng)}), rng)


def unknown_name(name: str, rng: np.random.Generator) -> str:
    """Return a name like that of an object, which is none or is incomplete."""
    colour, noun = name.split()
    chance = rng.random()
    if chance < 0.5:
        return f"{made_up_word(rng)} {noun}"
    if chance < 0.63:
        return f"{pick(rng, lexicon().sentences.unknown_colours)} {noun}"
    if chance < 0.75:
        return f"{colour} {pick(rng, lexicon().sentences.unknown_nouns)}"
    if chance < 0.82:
        return f"{colour} {made_up_word(rng)}"
    if chance < 0.9:
        return pick(rng, lexicon().sentences.unknown_nouns)
    return noun if chance < 0.97 else colour


def _unsupported(rng: np.random.Generator) -> str:
    """Return an instruction or a question about known objects that no class expresses."""
    template = choose_words(pick(rng, lexicon().sentences.unsupported), "on", rng)
    return vary(_with_objects(template, rng), rng)


def _incomplete(rng: np.random.Generator) -> str:
    template = pick(rng, lexicon().sentences.incomplete)
    return vary(_with_objects(choose_words(template, pick(rng, ("on", "in", *SIDES)), rng), rng), rng)


def _with_objects(template: str, rng: np.random.Generator) -> str:
    shapes = {"a": MOVED_SHAPES, "c": MOVED_SHAPES, "b": (*SUPPORTS, *CONTAINERS), "x": CONTAINERS, "y": CONTAINERS}
    return SLOT.sub(lambda m: describe(draw_object(rng, shapes.get(m[1], SHAPES)), rng), template)


def _shuffled_words(rng: np.random.Generator) -> str:
    """Return known words in random order."""
    return " ".join(pick(rng, vocabulary_words()) for _ in range(int(rng.integers(1, 13))))


def _made_up_words(rng: np.random.Generator) -> str:
    return " ".join(made_up_word(rng) for _ in range(int(rng.integers(1, 8))))


_KINDS: tuple[Callable[[np.random.Generator], str], ...] = (
    *(_small_talk,) * 3,
    *(_unrelated,) * 2,
    *(_unsupported,) * 3,
    *(_incomplete,) * 3,
    *(_shuffled_words,) * 2,
    _made_up_words,
)
"""Kinds of sentences, repeated by their sampling weight."""


@cache
def _known() -> frozenset[str]:
    return frozenset(vocabulary_words())
