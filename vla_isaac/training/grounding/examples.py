"""`Example`: a sentence, the objects of a scene, and its classes; what the network is trained on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from vla_isaac.grounding.said_sentences import SaidSentence, wishes_of_text
from vla_isaac.language import lexicon
from vla_isaac.models.grounding.classes import Steps, is_circular, is_expressible
from vla_isaac.models.grounding.scene_objects import SceneObject
from vla_isaac.scene.builder import scene_preset

TRIES = 30
"""Layouts that are drawn for a sentence whose goal depends on the layout."""


@dataclass(frozen=True)
class Example:
    """One sentence in one scene."""

    sentence: str
    scene: tuple[SceneObject, ...]
    kind: str
    steps: Steps = ()


@cache
def objects_of_preset(name: str) -> tuple[tuple[str, str], ...]:
    """Return colour and shape of the objects of a scene preset."""
    return tuple((item.colour, item.shape) for item in scene_preset(name).objects)


def placed(objects: Sequence[tuple[str, str]], rng: np.random.Generator) -> tuple[SceneObject, ...]:
    """Return objects at random places of the table."""
    return tuple(
        SceneObject(colour, shape, float(rng.uniform(0.35, 0.7)), float(rng.uniform(-0.3, 0.3))) for colour, shape in objects
    )


def example_of(said: SaidSentence, rng: np.random.Generator) -> Example | None:
    """Return a sentence of the corpus in its scene, with objects at random places; None if no class expresses it."""
    for _ in range(TRIES):
        scene = placed(objects_of_preset(said.scene), rng)
        if said.cannot:
            return Example(said.sentence, scene, said.cannot)
        steps = wishes_of_text(said.goal, scene)
        if not is_circular(steps):  # as "the leftmost cube on the red one" is where the red one is the leftmost
            return Example(said.sentence, scene, "do", steps) if is_expressible(steps) else None
    return None


def used_objects(example: Example) -> list[int]:
    """Return the numbers of the objects that the wishes are about, each once, in order."""
    return sorted({i for step in example.steps for wish in step for i in (wish.moved, wish.other) if i >= 0})


def full_names(example: Example, index: int) -> list[re.Match[str]]:
    """Return where a sentence names an object by its colour and a noun; the groups are the colour and the noun."""
    item = example.scene[index]
    return list(re.finditer(rf"\b(?:the )?({item.colour})\s+({nouns_of(item.shape)})\b", example.sentence, re.IGNORECASE))


def nouns_of(shape: str) -> str:
    """Return a regular expression for the nouns of a shape."""
    row = lexicon().words.shape(shape)
    return "|".join((shape, *row.used, *row.read_only))
