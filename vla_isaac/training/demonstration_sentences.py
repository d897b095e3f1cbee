"""Training sentences of a demonstration: paraphrases of its goal, and sentences that name absent objects.

A paraphrase of a training template is varied by politeness, fillers, synonyms and misspellings. Sentences of held-out
templates are never used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import VlaIsaacError
from vla_isaac.core.goals import DIRECTIONS, SIDES, goal_from_json
from vla_isaac.core.resources import preset_names
from vla_isaac.core.types import Body
from vla_isaac.datasets.episode import EpisodeMeta
from vla_isaac.language import SLOT, lexicon
from vla_isaac.scene.colours import COLOURS
from vla_isaac.scene.objects import SHAPES
from vla_isaac.scene.spec import SceneSpec
from vla_isaac.tasks.families import pick
from vla_isaac.tasks.paraphrases import normalised, paraphrase, paraphrases

SENTENCES = 16
"""Number of sentences per demonstration."""


@dataclass(frozen=True, kw_only=True)
class DemonstrationSentences:
    """Training sentences of one demonstration."""

    matching: tuple[str, ...]
    """Sentences with the demonstrated goal."""

    mismatching: tuple[str, ...]
    """Sentences that name an absent object, or no object."""


def sentences_of(meta: EpisodeMeta, *, seed: int, count: int = SENTENCES) -> DemonstrationSentences:
    """Return sentences for a demonstration, drawn from `seed`; without scene and goal, variants of its own sentence.

    Args:
        meta: Metadata of the episode.
        seed: Seed of the sentences.
        count: Number of sentences of each kind.
    """
    rng = np.random.default_rng(seed)
    bodies, plan = _bodies(meta), goal_from_json(meta.goal)
    matching = [meta.instruction]
    for _ in range(4 * count):
        if len(matching) >= count:
            break
        plain = paraphrase(meta.task, plan, bodies, rng) if plan is not None and bodies and meta.task else None
        sentence = vary(plain or meta.instruction, rng)
        if not is_held_out(sentence, meta.task):
            matching.append(sentence)
    names = frozenset((b.colour, b.shape) for b in bodies)
    absent = [_with_something_absent(pick(rng, matching), names, rng) for _ in range(count)] if names else []
    nonsense = lexicon().sentences.nonsense
    return DemonstrationSentences(matching=tuple(matching), mismatching=(*(s for s in absent if s is not None), *nonsense))


def vary(sentence: str, rng: np.random.Generator) -> str:
    """Return a variant of the sentence with the same meaning."""
    words, tables = sentence.split(), lexicon().sentences
    if rng.random() < 0.3 and words and (verb := words[0].lower()) in tables.verb_synonyms:
        words[:1] = pick(rng, tables.verb_synonyms[verb]).split()
    words = [_rare_synonym(w, rng) if rng.random() < 0.12 else w for w in words]
    if rng.random() < 0.25:
        words = [w for w in words if w.lower() not in tables.droppable or rng.random() > 0.4]
    if rng.random() < 0.25:
        words = [misspelt(w, rng) if len(w) > 4 and rng.random() < 0.2 else w for w in words]
    if rng.random() < 0.25:
        words = [*pick(rng, tables.prefixes).split(), *words]
    if rng.random() < 0.15:
        words = [*words, *pick(rng, tables.suffixes).split()]
    text = " ".join(words)
    return text.lower() if rng.random() < 0.5 else text


def is_held_out(sentence: str, family: str) -> bool:
    """Return whether a sentence matches a held-out template of its family, with any object names."""
    return _without_names(sentence) in _held_out(family)


def colour_words() -> list[str]:
    """Return all colour words of training sentences."""
    return [w for c in COLOURS for w in (c, *lexicon().words.colour(c).used)]


def noun_words() -> list[str]:
    """Return all nouns of training sentences for shapes."""
    return [w for s in SHAPES for w in (s, *lexicon().words.shape(s).used)]


# ------------------------------------------------------------------


def _bodies(meta: EpisodeMeta) -> tuple[Body, ...]:
    scene = meta.extra.get("scene_spec")
    if scene is None:
        return ()
    try:
        return from_mapping(SceneSpec, scene, source="dataset", key="scene_spec").bodies
    except VlaIsaacError:  # a scene of another version: use the sentence of the dataset
        return ()


def _with_something_absent(sentence: str, present: frozenset[tuple[str, str]], rng: np.random.Generator) -> str | None:
    """Return the sentence with an object in a colour that no such object of the scene has, or in an unknown colour.

    None if it names no object.
    """
    found = list(_object_name().finditer(sentence))
    if not found:
        return None
    match = pick(rng, found)
    noun, words = match[2].lower(), lexicon().words
    shapes = [s for s in SHAPES if noun in (s, *words.shape(s).used)]
    free = [c for c in COLOURS if all((c, shape) not in present for shape in shapes)]
    colour = pick(rng, free)
    word = pick(rng, (colour, *words.colour(colour).common)) if rng.random() < 0.8 else _made_up_word(rng)
    return sentence[: match.start(1)] + word + sentence[match.end(1) :]


def _rare_synonym(word: str, rng: np.random.Generator) -> str:
    """Return a synonym of a colour or shape used only in training, or the word itself if it has none."""
    choices = (*lexicon().words.colour(word).training, *lexicon().words.shape(word).training)
    return pick(rng, choices) if choices else word


def _made_up_word(rng: np.random.Generator) -> str:
    """Return a made-up word."""
    syllables = (pick(rng, "bdfgklmnprstvz") + pick(rng, "aeiou") for _ in range(int(rng.integers(2, 4))))
    return "".join(syllables) + pick(rng, "bkmnt")


def misspelt(word: str, rng: np.random.Generator) -> str:
    """Return the word with one letter removed, doubled or swapped with its neighbour."""
    at = int(rng.integers(1, len(word) - 1))
    kind = rng.integers(3)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


@cache
def _object_name() -> re.Pattern[str]:
    """Return a regular expression for colour and noun."""
    return re.compile(rf"\b({_any_of(colour_words())}) ({_any_of(noun_words())})\b", re.IGNORECASE)


@cache
def _side_or_direction() -> re.Pattern[str]:
    """Return a regular expression for a side of a ``<>``, or a direction."""
    sides, directions = (
        _any_of([w for name in names for w in lexicon().words.place(name).common]) for names in (SIDES, DIRECTIONS)
    )
    return re.compile(rf"\b(?:{sides}) the <>|\b(?:{directions})\b")


@lru_cache(maxsize=100_000)
def _without_names(sentence: str) -> str:
    """Return the sentence with every object as ``<>`` and every side of one as ``<where>``."""
    plain = normalised(_object_name().sub("OBJECTNAME", sentence)).replace("objectname", "<>")
    return _side_or_direction().sub("<where>", plain)


@cache
def _held_out(family: str) -> frozenset[str]:
    return frozenset(map(_slotted, paraphrases(family).held_out)) if family in preset_names("paraphrases") else frozenset()


def _slotted(template: str) -> str:
    plain = normalised(template).replace("{where}", "<where>")
    return _side_or_direction().sub("<where>", SLOT.sub("<>", plain))
