"""Drafts of sentences: templates with their goals, and how words fill their slots."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vla_isaac.core.goals import SIDES
from vla_isaac.language import SLOT, lexicon
from vla_isaac.models.goal_query import COLOUR_NAMES
from vla_isaac.tasks.families import pick
from vla_isaac.tasks.paraphrases import PLAIN_SHARE

MOVED_SHAPES = ("cube", "cube", "cube", "ball", "cylinder")  # cubes most often
SUPPORTS = ("box", "cube")


@dataclass(frozen=True)
class DescribedObject:
    """Description of an object in a sentence."""

    colour: str
    """Empty if the sentence means all objects of a shape."""

    shape: str


@dataclass(frozen=True)
class SentenceGoal:
    """One goal: a relation of a moved object, and optionally a reference object."""

    relation: str
    moved: DescribedObject
    other: DescribedObject | None = None


@dataclass(frozen=True)
class SentenceDraft:
    """A sentence template with goals, before objects are named."""

    template: str
    goals: tuple[SentenceGoal, ...]
    objects: Mapping[str, DescribedObject] = field(default_factory=dict)
    """The object of each slot."""


def draw_object(rng: np.random.Generator, shapes: Sequence[str]) -> DescribedObject:
    """Return an object of one of `shapes` in any colour."""
    return DescribedObject(pick(rng, COLOUR_NAMES), pick(rng, shapes))


def draw_two_objects(
    rng: np.random.Generator, moved: Sequence[str], others: Sequence[str]
) -> tuple[DescribedObject, DescribedObject]:
    """Return two different objects of these shapes."""
    while True:
        a, b = draw_object(rng, moved), draw_object(rng, others)
        if a != b:
            return a, b


def choose_words(template: str, relation: str, rng: np.random.Generator) -> str:
    """Return the template with verbs and prepositions filled in; objects stay slots."""
    side = relation.removeprefix("push_")
    preposition = side if side in ("on", "in", *SIDES) else "on"
    slots = lexicon().sentences.slots

    def chosen(match: re.Match[str]) -> str:
        slot = match[1]
        if slot == "p":
            return pick(rng, lexicon().words.place(preposition).training)
        if slot == "where":
            return _where(relation, rng)
        words = slots.get(f"{slot}_{relation}") or slots.get(slot)
        return match[0] if words is None else pick(rng, words)

    return SLOT.sub(chosen, SLOT.sub(chosen, template))


def fill_slots(draft: SentenceDraft, rng: np.random.Generator, names: Mapping[str, str] | None = None) -> str:
    """Return the sentence; repeated objects mostly have the same name, and `names` are used first."""
    known = dict(names or {})
    relation = draft.goals[0].relation if draft.goals else ""

    def named(match: re.Match[str]) -> str:
        slot = match[1]
        if slot not in known or (slot not in (names or {}) and rng.random() < 0.15):
            known[slot] = describe(draft.objects[slot], rng)
        return known[slot]

    where = _where(relation, rng) if "{where}" in draft.template else ""
    return SLOT.sub(named, draft.template.replace("{where}", where))


def describe(item: DescribedObject, rng: np.random.Generator) -> str:
    """Return words for an object: half of the time its plain name, else possibly a synonym."""
    if rng.random() < PLAIN_SHARE:
        return f"{item.colour} {item.shape}"
    rare = rng.random() < 0.3
    colour, shape = lexicon().words.colour(item.colour), lexicon().words.shape(item.shape)
    colours = (item.colour, *(colour.used if rare else colour.common))
    nouns = (item.shape, *(shape.used if rare else shape.common))
    return f"{pick(rng, colours)} {pick(rng, nouns)}"


def _where(relation: str, rng: np.random.Generator) -> str:
    side = relation.removeprefix("push_")
    words = lexicon().words.place(side)
    word = pick(rng, words.common if rng.random() < 0.6 else words.training)
    return f"{word} the {{b}}" if side in SIDES else word
