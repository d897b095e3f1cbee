"""Paraphrases of the instructions of a family: training templates and held-out templates.

They are in ``config/paraphrases/<family>.yaml``. Every sentence made of them is checked by the instruction reader: a
sentence with another meaning than the family's goal is not used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from vla_isaac.core.config import load_preset
from vla_isaac.core.errors import ConfigError, InstructionError
from vla_isaac.core.goals import SIDES, Goal, GoalPlan
from vla_isaac.core.types import Body
from vla_isaac.language import lexicon
from vla_isaac.tasks.families import phrase, pick
from vla_isaac.tasks.language import read_instruction

Split = Literal["training", "held_out"]

PLAIN_SHARE = 0.5  # of the names; the others take a synonym for colour or noun


@dataclass(frozen=True, kw_only=True)
class Paraphrases:
    """Templates of one family; a slot such as ``{a}`` takes an object's name, ``{where}`` a side or a direction."""

    training: tuple[str, ...]
    """Templates of demonstrations."""

    held_out: tuple[str, ...]
    """Templates for evaluation only."""

    def __post_init__(self) -> None:
        shared = {normalised(t) for t in self.training} & {normalised(t) for t in self.held_out}
        if shared:
            raise ConfigError(f"paraphrases: {min(shared)!r} is both in training and held out", remedy="take it out of one")


@cache
def paraphrases(family: str) -> Paraphrases:
    """Return the templates of a family.

    Raises:
        UnknownNameError: If it has none.
        ConfigError: If the file is broken, or a template is both in training and held out.
    """
    return load_preset(Paraphrases, "paraphrases", family)


def normalised(sentence: str) -> str:
    """Return a sentence normalised for comparison: case, punctuation and spaces."""
    return " ".join(re.findall(r"[a-z0-9_{}]+", sentence.lower()))


def paraphrase(family: str, plan: GoalPlan, bodies: Sequence[Body], rng: np.random.Generator) -> str | None:
    """Return a sentence of the training templates that the reader understands as exactly `plan`.

    Args:
        family: The family that drew the plan.
        plan: Its goals.
        bodies: The objects of the scene.
        rng: Random generator of template and names.

    Returns:
        The sentence, or None if none of a dozen draws is understood in this scene; use the family's own then.
    """
    templates = paraphrases(family).training
    for _ in range(12):
        sentence = pick(rng, templates).format(**_words(plan, bodies, rng))
        if is_understood(sentence, plan, bodies):
            return sentence
    return None


def sentences(family: str, split: Split, plan: GoalPlan) -> list[str]:
    """Return every template of a split with the objects' plain names, in the order of the file."""
    slots = _words(plan, (), None)
    return [template.format(**slots) for template in getattr(paraphrases(family), split)]


def is_understood(sentence: str, plan: GoalPlan, bodies: Sequence[Body]) -> bool:
    """Return whether the reader takes `sentence` for `plan`; goals of one step may come in any order."""
    try:
        found = read_instruction(sentence, bodies)
    except InstructionError:
        return False
    return [set(step) for step in found.steps] == [set(step) for step in plan.steps]


def _words(plan: GoalPlan, bodies: Sequence[Body], rng: np.random.Generator | None) -> dict[str, str]:
    """Return the words of the slots; without `rng`, plain names and the first words."""
    names = {body.name: body for body in bodies}
    slots = _slots(plan)
    words = {slot: _spoken(name, names, rng) for slot, name in slots.items()}
    goal = plan.goals[0]
    if goal.predicate in SIDES or goal.predicate == "pushed_to":
        words["where"] = _where(goal, words.get("b", ""), rng)
    return words


def _slots(plan: GoalPlan) -> dict[str, str]:
    """Return the object of each slot."""
    goals = plan.goals
    first = goals[0].objects
    if len(goals) == 1:
        return dict(zip("ab", first, strict=False))
    if goals[0].predicate == "on":  # a tower: a on b, b on c
        return {"a": first[0], "b": first[1], "c": goals[1].objects[1]}
    slots = {"a": first[0], "x": first[1], "b": goals[1].objects[0], "y": goals[1].objects[1]}
    is_clearing = len({goal.objects[1] for goal in goals}) == 1
    return {"b": first[1]} if is_clearing else slots


def _where(goal: Goal, landmark: str, rng: np.random.Generator | None) -> str:
    side = goal.predicate if goal.predicate in SIDES else goal.args[1]
    choices = lexicon().words.place(side).common
    wording = choices[0] if rng is None else pick(rng, choices)
    return f"{wording} the {landmark}" if side in SIDES else wording


def _spoken(name: str, bodies: dict[str, Body], rng: np.random.Generator | None) -> str:
    """Return words for an object; a name that is not made of its colour and shape stays as it is."""
    body = bodies.get(name)
    if rng is None or body is None or name != f"{body.colour}_{body.shape}" or rng.random() < PLAIN_SHARE:
        return phrase(name)
    words = lexicon().words
    colour = pick(rng, (body.colour, *words.colour(body.colour).common))
    return f"{colour} {pick(rng, (body.shape, *words.shape(body.shape).common))}"
