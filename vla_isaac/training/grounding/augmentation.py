"""Variants of an example with the same meaning, or with a meaning that follows from it.

Colours are exchanged in the sentence and in the scene alike; an object that the sentence names is taken away, so that it
cannot be done; other objects are added; letters are mistyped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import numpy as np

from vla_isaac.language import lexicon
from vla_isaac.language.word_tables import Synonyms
from vla_isaac.models.goal_query import COLOUR_NAMES
from vla_isaac.models.grounding.scene_objects import SceneObject
from vla_isaac.scene.objects import SHAPES
from vla_isaac.tasks.families import pick
from vla_isaac.training.demonstration_sentences import misspelt
from vla_isaac.training.grounding.examples import Example, full_names, nouns_of, used_objects

_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_EXCLUSIVE = re.compile(
    r"\b(all|every|each|both|others?|only|else|rest|same|matching|neither|nor|any|ones?|two|three"
    r"|leftmost|rightmost|nearest|closest|farthest|furthest)\b"
)


def augmented(example: Example, rng: np.random.Generator) -> Example:
    """Return a variant."""
    example = _recoloured(example, rng) if rng.random() < 0.6 else example
    chance = rng.random()
    if chance < 0.08:
        example = _without_an_object(example, rng)
    elif chance < 0.25:
        example = _with_more_objects(example, rng)
    return Example(retyped(example.sentence, rng), example.scene, example.kind, example.steps)


def _words(row: Synonyms) -> tuple[str, ...]:
    return (*row.used, *row.read_only)


# ------------------------------------------------------------------ colours


@cache
def _colour_of_word() -> dict[str, str]:
    return {word: colour for colour in COLOUR_NAMES for word in (colour, *_words(lexicon().words.colour(colour)))}


def _colours_said(sentence: str) -> Iterator[tuple[re.Match[str], str]]:
    for match in _WORD.finditer(sentence):
        colour = _colour_of_word().get(match[0].lower())
        if colour is not None:
            yield match, colour


def _is_maybe_a_colour(word: str) -> list[str]:
    """Return the colours that a word may be a misspelling or an abbreviation of."""
    if word in _colour_of_word() or word in _NOT_COLOURS:
        return []
    if len(word) <= 2:
        return [c for c in COLOUR_NAMES if c.startswith(word)] if word not in _SHORT_WORDS else []
    return [colour for known, colour in _colour_of_word().items() if _is_near(word, known)]


_NOT_COLOURS = frozenset(
    {"the", "then", "them", "back", "read", "ready", "need", "led", "lid", "let", "get", "got", "ten", "tin", "pan", "can"}
    | {"one", "ones", "so", "on", "in", "if", "it", "is", "rod", "bid", "lace", "blow", "place", "block", "below", "low"}
    | {"grab", "great", "agree", "seen", "been", "blank", "while", "pick", "sink", "think", "tank", "wrote", "write"}
)
"""Words that are near a colour's by spelling, but none."""

_SHORT_WORDS = frozenset(
    {"a", "i", "u", "d", "s", "t", "m", "n", "to", "by", "go", "be", "or", "of", "on", "in", "it", "is", "if"}
    | {"at", "an", "as", "so", "no", "my", "me", "we", "us", "up", "do", "hi", "ok", "uh", "um", "er", "ah"}
    | {"oh", "ve", "re", "ll", "em"}
)
"""Words of one or two letters that abbreviate no colour."""


def _is_near(word: str, known: str) -> bool:
    """Return whether one letter was left out, added, changed or exchanged with its neighbour."""
    if abs(len(word) - len(known)) > 1:
        return False
    if sorted(word) == sorted(known):
        return True
    if len(word) == len(known):
        return sum(a != b for a, b in zip(word, known, strict=True)) <= 1 and len(word) > 3
    short, long = sorted((word, known), key=len)
    return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


def _recoloured(example: Example, rng: np.random.Generator) -> Example:
    """Return the example with colours exchanged, in the sentence and in the scene."""
    said = list(_colours_said(example.sentence))
    mentioned = {colour for _, colour in said}
    unsure = {c for m in _WORD.finditer(example.sentence) for c in _is_maybe_a_colour(m[0].lower())}
    count = {shape: sum(item.shape == shape for item in example.scene) for shape in SHAPES}
    needed = {
        item.colour
        for step in example.steps
        for wish in step
        for item in (example.scene[wish.moved], *((example.scene[wish.other],) if wish.other >= 0 else ()))
        if count[item.shape] > 1 and item.colour not in mentioned
    }
    present = {item.colour for item in example.scene}
    if example.kind != "do":
        needed = present - mentioned if rng.random() < 0.7 else set()
    fixed = unsure | needed
    free = sorted((present | mentioned) - fixed)
    if not free:
        return example
    pool = sorted(set(COLOUR_NAMES if rng.random() < 0.5 else free) - fixed)
    chosen = [str(c) for c in rng.permutation(pool)[: len(free)]]
    new = dict(zip(free, chosen, strict=True))
    text, end = "", 0
    for match, colour in said:
        word = match[0]
        if colour in new and new[colour] != colour:
            word = _like(match[0], _name(new[colour], rng))
        text += example.sentence[end : match.start()] + word
        end = match.end()
    scene = tuple(item._replace(colour=new.get(item.colour, item.colour)) for item in example.scene)
    return Example(text + example.sentence[end:], scene, example.kind, example.steps)


def _name(colour: str, rng: np.random.Generator) -> str:
    others = _words(lexicon().words.colour(colour))
    return pick(rng, others) if others and rng.random() < 0.12 else colour


def _like(old: str, new: str) -> str:
    return new.upper() if old.isupper() and len(old) > 1 else new.capitalize() if old[:1].isupper() else new


# ------------------------------------------------------------------ objects


def _without_an_object(example: Example, rng: np.random.Generator) -> Example:
    """Return the example without an object that the sentence names by colour and noun, or by a noun of only one thing."""
    if example.kind != "do":
        return example
    needed = used_objects(example)
    named = [i for i in needed if _is_named(example, i)]
    if not named:
        return example
    lost = pick(rng, named)
    scene = tuple(item for index, item in enumerate(example.scene) if index != lost)
    return Example(example.sentence, scene, "unknown_thing")


def _is_named(example: Example, index: int) -> bool:
    shape = example.scene[index].shape
    is_only_one = shape in ("ball", "bowl") and re.search(rf"\b(?:{nouns_of(shape)})\b", example.sentence, re.IGNORECASE)
    return bool(full_names(example, index) or is_only_one)


def _with_more_objects(example: Example, rng: np.random.Generator) -> Example:
    """Return the example with further objects of colours that it does not have, where every one is named in full."""
    needed = used_objects(example)
    if example.kind != "do" or not all(_is_named(example, i) for i in needed) or _EXCLUSIVE.search(example.sentence.lower()):
        return example
    shapes_by_noun = {example.scene[i].shape for i in needed if not full_names(example, i)}
    taken = {item.colour for item in example.scene} | {colour for _, colour in _colours_said(example.sentence)}
    colours = [c for c in COLOUR_NAMES if c not in taken]
    shapes = [s for s in SHAPES if s not in shapes_by_noun]
    if not colours:
        return example
    more = tuple(
        SceneObject(colour, pick(rng, shapes), float(rng.uniform(0.35, 0.7)), float(rng.uniform(-0.3, 0.3)))
        for colour in rng.permutation(colours)[: int(rng.integers(1, 4))]
    )
    return Example(example.sentence, (*example.scene, *more), example.kind, example.steps)


# ------------------------------------------------------------------ typing


def retyped(sentence: str, rng: np.random.Generator) -> str:
    """Return the sentence as another person may have typed it."""
    if rng.random() < 0.3:
        sentence = sentence.lower()
    elif rng.random() < 0.03:
        sentence = sentence.upper()
    if rng.random() < 0.15:
        sentence = re.sub(r"[.,!?]", "", sentence)
    if rng.random() < 0.25:
        share = rng.uniform(0.04, 0.2)
        sentence = _WORD.sub(lambda m: _mistyped(m[0], rng) if rng.random() < share else m[0], sentence)
    return sentence


def _mistyped(word: str, rng: np.random.Generator) -> str:
    if len(word) < 4:
        return word
    if rng.random() < 0.75:
        return misspelt(word, rng)
    at = int(rng.integers(1, len(word) - 1))
    row = next((keys for keys in _KEYS if word[at].lower() in keys), _LETTERS)
    near = row.find(word[at].lower())
    return word[:at] + row[max(0, min(len(row) - 1, near + (1 if rng.random() < 0.5 else -1)))] + word[at + 1 :]
