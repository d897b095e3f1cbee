"""Many sentences for one demonstration, and sentences about things that are not there.

A demonstration's goal is worded anew each time it is drawn: the training templates of its family, then free variation of
what people vary (politeness, fillers, synonyms, spelling). What a held-out template would give is never used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import VlaIsaacError
from vla_isaac.core.goals import goal_from_json
from vla_isaac.core.resources import preset_names
from vla_isaac.core.types import Body
from vla_isaac.datasets.episode import EpisodeMeta
from vla_isaac.scene.colours import COLOURS
from vla_isaac.scene.objects import SHAPES
from vla_isaac.scene.spec import SceneSpec
from vla_isaac.tasks.families import pick
from vla_isaac.tasks.paraphrases import (
    COLOUR_WORDS,
    DIRECTION_WORDS,
    NOUNS,
    SIDE_WORDS,
    normalised,
    paraphrase,
    paraphrases,
)

SENTENCES = 16
"""Wordings kept for each demonstration."""

BEFORE = (
    "please", "now", "ok", "okay", "robot", "hey", "well", "next", "kindly", "so", "alright", "hello robot", "then",
    "could you", "can you", "would you", "will you", "i want you to", "i would like you to", "i need you to",
    "go ahead and", "try to", "you should", "your task is to", "let us", "just", "carefully", "slowly", "gently",
)  # fmt: skip
AFTER = ("please", "now", "for me", "thanks", "thank you", "carefully", "if you can", "right away", "gently", "will you")

VERBS = {
    "put": ("place", "set", "lay", "position"),
    "place": ("put", "set", "lay", "position"),
    "lift": ("raise", "hoist", "pick up", "elevate"),
    "raise": ("lift", "hoist", "elevate"),
    "grab": ("grasp", "take", "seize", "get"),
    "take": ("grab", "get", "grasp"),
    "push": ("shove", "slide", "nudge", "drag", "sweep"),
    "slide": ("push", "shove", "drag"),
    "move": ("shift", "bring"),
    "stack": ("pile",),
}
"""Verb to others that ask for the same; only first words of a sentence are exchanged."""

RARE_COLOURS = {
    "red": ("ruby", "maroon", "cherry"), "green": ("lime", "olive"), "blue": ("cobalt", "sapphire"),
    "yellow": ("lemon", "gold"),
    "orange": ("amber", "tangerine"), "purple": ("lilac", "lavender"), "pink": ("magenta", "rose"), "cyan": ("teal", "aqua"),
    "brown": ("chocolate",), "grey": ("gray", "silver"), "black": ("ebony",),
}  # fmt: skip
RARE_NOUNS = {"cube": ("brick",), "box": ("pedestal",), "bin": ("basket", "bucket"), "ball": ("orb",), "cylinder": ("tube",)}
"""Words that people may use beyond those of the templates. They have to be learned: a pretrained word embedding, cut down to
64 numbers, does not bring them along (docs/text-encoder.md)."""

FURNITURE = frozenset({"the", "a", "to", "it", "of", "please", "you", "and", "that", "up", "down", "then"})
"""Words without which a sentence means the same to most listeners; those that may be dropped."""

NONSENSE = (
    "", "hello", "what time is it", "sing a song", "do something", "i like music", "the weather is nice", "stop", "wait",
    "who are you", "blah blah", "xyzzy", "open the door", "turn on the lights", "make me a sandwich", "yes", "no",
)  # fmt: skip
"""What names nothing that can be done here."""


@dataclass(frozen=True, kw_only=True)
class Wordings:
    """What may be said of one demonstration."""

    fitting: tuple[str, ...]
    """Sentences that ask for what it shows."""

    unfitting: tuple[str, ...]
    """Sentences that name something which is not there, or nothing at all."""


def wordings(meta: EpisodeMeta, *, seed: int, count: int = SENTENCES) -> Wordings:
    """Return sentences for a demonstration, drawn from `seed`; without scene and goal only its own sentence varies.

    Args:
        meta: What the dataset says of it.
        seed: From which wording is drawn.
        count: How many of each.
    """
    rng = np.random.default_rng(seed)
    bodies, plan = _bodies(meta), goal_from_json(meta.goal)
    fitting = [meta.instruction]
    for _ in range(4 * count):
        if len(fitting) >= count:
            break
        plain = paraphrase(meta.task, plan, bodies, rng) if plan is not None and bodies and meta.task else None
        sentence = vary(plain or meta.instruction, rng)
        if not is_held_out(sentence, meta.task):
            fitting.append(sentence)
    names = frozenset((b.colour, b.shape) for b in bodies)
    absent = [_with_something_absent(pick(rng, fitting), names, rng) for _ in range(count)] if names else []
    return Wordings(fitting=tuple(fitting), unfitting=(*(s for s in absent if s is not None), *NONSENSE))


def vary(sentence: str, rng: np.random.Generator) -> str:
    """Return the sentence as somebody else might have said or typed it; its meaning stays."""
    words = sentence.split()
    if rng.random() < 0.3 and words and (verb := words[0].lower()) in VERBS:
        words[:1] = pick(rng, VERBS[verb]).split()
    words = [_rarer(w, rng) if rng.random() < 0.12 else w for w in words]
    if rng.random() < 0.25:
        words = [w for w in words if w.lower() not in FURNITURE or rng.random() > 0.4]
    if rng.random() < 0.25:
        words = [_misspelt(w, rng) if len(w) > 4 and rng.random() < 0.2 else w for w in words]
    if rng.random() < 0.25:
        words = [*pick(rng, BEFORE).split(), *words]
    if rng.random() < 0.15:
        words = [*words, *pick(rng, AFTER).split()]
    text = " ".join(words)
    return text.lower() if rng.random() < 0.5 else text


def is_held_out(sentence: str, family: str) -> bool:
    """Tell whether a sentence is what a held-out template of its family gives, whatever the objects are called."""
    return _without_names(sentence) in _held_out(family)


def words_of_training() -> list[str]:
    """Return every text a training sentence can be made of, for a vocabulary."""
    from vla_isaac.tasks.families import family_names

    templates = [t for family in family_names() for t in paraphrases(family).training]
    sides = [w for table in (SIDE_WORDS, DIRECTION_WORDS) for choices in table.values() for w in choices]
    names = [*_colour_words(), *_noun_words()]
    verbs = [w for verb, others in VERBS.items() for w in (verb, *others)]
    return [re.sub(r"\{\w+\}", " ", t) for t in templates] + sides + names + verbs + [*BEFORE, *AFTER]


# ------------------------------------------------------------------


def _bodies(meta: EpisodeMeta) -> tuple[Body, ...]:
    scene = meta.extra.get("scene_spec")
    if scene is None:
        return ()
    try:
        return from_mapping(SceneSpec, scene, source="dataset", key="scene_spec").bodies
    except VlaIsaacError:  # another version's scene: its own sentence still serves
        return ()


def _with_something_absent(sentence: str, present: frozenset[tuple[str, str]], rng: np.random.Generator) -> str | None:
    """Return the sentence with one of its objects in a colour that no such object has here, or that is no colour at all.

    None if it names no object.
    """
    found = list(_NAME.finditer(sentence))
    if not found:
        return None
    match = pick(rng, found)
    noun = match[2].lower()
    shapes = [s for s in SHAPES if noun in (s, *NOUNS.get(s, ()), *RARE_NOUNS.get(s, ()))]
    free = [c for c in COLOURS if all((c, shape) not in present for shape in shapes)]
    colour = pick(rng, free)
    spoken = pick(rng, (colour, *COLOUR_WORDS.get(colour, ()))) if rng.random() < 0.8 else _made_up(rng)
    return sentence[: match.start(1)] + spoken + sentence[match.end(1) :]


def _rarer(word: str, rng: np.random.Generator) -> str:
    choices = (*RARE_COLOURS.get(word, ()), *RARE_NOUNS.get(word, ()))
    return pick(rng, choices) if choices else word


def _made_up(rng: np.random.Generator) -> str:
    """Return a word that nobody knows."""
    syllables = (pick(rng, "bdfgklmnprstvz") + pick(rng, "aeiou") for _ in range(int(rng.integers(2, 4))))
    return "".join(syllables) + pick(rng, "bkmnt")


def _misspelt(word: str, rng: np.random.Generator) -> str:
    """Return the word with one letter gone, doubled or changed places with its neighbour."""
    at = int(rng.integers(1, len(word) - 1))
    kind = rng.integers(3)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _colour_words() -> list[str]:
    return [w for c in COLOURS for w in (c, *COLOUR_WORDS.get(c, ()), *RARE_COLOURS.get(c, ()))]


def _noun_words() -> list[str]:
    return [w for s in SHAPES for w in (s, *NOUNS.get(s, ()), *RARE_NOUNS.get(s, ()))]


def _any_of(words: Sequence[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_NAME = re.compile(rf"\b({_any_of(_colour_words())}) ({_any_of(_noun_words())})\b", re.IGNORECASE)
_SIDE = re.compile(
    rf"\b(?:{_any_of([w for choices in SIDE_WORDS.values() for w in choices])}) the <>"
    rf"|\b(?:{_any_of([w for choices in DIRECTION_WORDS.values() for w in choices])})\b"
)


@lru_cache(maxsize=100_000)
def _without_names(sentence: str) -> str:
    """Return the sentence with every object as ``<>`` and every place beside one as ``<where>``."""
    plain = normalised(_NAME.sub("OBJECTNAME", sentence)).replace("objectname", "<>")
    return _SIDE.sub("<where>", plain)


@cache
def _held_out(family: str) -> frozenset[str]:
    return frozenset(map(_slotted, paraphrases(family).held_out)) if family in preset_names("paraphrases") else frozenset()


def _slotted(template: str) -> str:
    plain = normalised(template).replace("{where}", "<where>")
    return _SIDE.sub("<where>", re.sub(r"\{\w+\}", "<>", plain))
