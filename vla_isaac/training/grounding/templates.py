"""Examples of the repository's templates, in scenes that are drawn for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vla_isaac.core.errors import InstructionError
from vla_isaac.core.types import Body
from vla_isaac.language import SLOT, lexicon
from vla_isaac.models.goal_query import COLOUR_NAMES
from vla_isaac.models.grounding.classes import REACH, Steps, Wish, is_expressible, wishes_of
from vla_isaac.scene.objects import CONTAINERS, SHAPES, make_object
from vla_isaac.tasks.families import pick
from vla_isaac.tasks.language import read_instruction
from vla_isaac.tasks.paraphrases import paraphrases
from vla_isaac.training.demonstration_sentences import is_held_out, vary
from vla_isaac.training.grounding.examples import Example, placed
from vla_isaac.training.grounding.order_drafts import draft_of_family, draft_order, families
from vla_isaac.training.grounding.sentence_drafts import DescribedObject, SentenceDraft, choose_words, describe, fill_slots
from vla_isaac.training.grounding.unsupported_sentences import draw_unsupported, unknown_name

MOST_OBJECTS = 11
CANNOT_SHARE = 0.35
STAYS = ("box", *CONTAINERS)
"""Shapes that the arm cannot move."""

FORBIDS = ("do not", "don't", "never", "you must not", "stop")
"""Beginnings of what only says what not to do."""

Named = tuple[str, str]  # colour and shape


def draw_example(rng: np.random.Generator) -> Example:
    """Return an example of a training template, never of a held-out one."""
    while True:
        if rng.random() < CANNOT_SHARE:
            found = _with_an_unknown_name(rng) if rng.random() < 0.5 else _unsupported(rng)
        else:
            found = _order(rng)
        if found is not None and not any(is_held_out(found.sentence, family) for family in families()):
            return found


def draw_held_out(family: str, rng: np.random.Generator) -> Example:
    """Return an example of a held-out template of a family, for evaluation only."""
    while True:
        found = _example(draft_of_family(family, paraphrases(family).held_out, rng), rng)
        if found is not None:
            return found


def _order(rng: np.random.Generator) -> Example | None:
    found = _example(draft_order(rng), rng)
    if found is None or any(is_held_out(found.sentence, family) for family in families()):
        return None
    return replace(found, sentence=vary(found.sentence, rng))


def _example(draft: SentenceDraft, rng: np.random.Generator) -> Example | None:
    """Return a draft in a scene, None if the order of its goals is not known or no class expresses them."""
    plain = fill_slots(draft, rng)
    scene = placed(_objects(draft, rng), rng)
    names = [item.name for item in scene]
    steps = _steps(draft, names) if len(draft.goals) == 1 else _as_read(plain, draft, names)
    if steps is None or not is_expressible(steps):
        return None
    if any(wish.relation != REACH and scene[wish.moved].shape in STAYS for step in steps for wish in step):
        return Example(plain, scene, "impossible")
    return Example(plain, scene, "do", steps)


def _objects(draft: SentenceDraft, rng: np.random.Generator) -> list[Named]:
    """Return the objects of a draft, and others."""
    needed = {(d.colour, d.shape) for goal in draft.goals for d in (goal.moved, goal.other) if d is not None and d.colour}
    needed |= {(d.colour, d.shape) for d in draft.objects.values() if d.colour}
    whole = next((goal.moved.shape for goal in draft.goals if not goal.moved.colour), None)
    if whole is not None:
        colours = rng.permutation(COLOUR_NAMES)[: int(rng.integers(2, 5))]
        needed |= {(str(colour), whole) for colour in colours}
    return _filled(needed, rng)


def _filled(needed: set[Named], rng: np.random.Generator, *, without: Sequence[Named] = ()) -> list[Named]:
    found = sorted(needed)
    for _ in range(int(rng.integers(0, MOST_OBJECTS))):
        other = (pick(rng, COLOUR_NAMES[:6] if rng.random() < 0.6 else COLOUR_NAMES), pick(rng, ("cube", "cube", *SHAPES)))
        if other not in found and other not in without and len(found) < MOST_OBJECTS:
            found.append(other)
    return [found[i] for i in rng.permutation(len(found))]


def _steps(draft: SentenceDraft, names: list[str]) -> Steps:
    goal = draft.goals[0]
    relation = "reach" if goal.relation == "near_gripper" else goal.relation
    other = -1 if goal.other is None else names.index(f"{goal.other.colour}_{goal.other.shape}")
    if goal.moved.colour:
        return ((Wish(relation, names.index(f"{goal.moved.colour}_{goal.moved.shape}"), other),),)
    whole = [i for i, name in enumerate(names) if name.endswith(f"_{goal.moved.shape}") and i != other]
    return (tuple(Wish(relation, i, other) for i in whole),)


def _as_read(sentence: str, draft: SentenceDraft, names: list[str]) -> Steps | None:
    """Return how the reader orders the goals of a draft; None if it does not read them, or reads other ones."""
    bodies = [body_of(name) for name in names]
    try:
        steps = wishes_of(read_instruction(sentence, bodies), names)
    except InstructionError:
        return None
    meant = {
        (
            "reach" if goal.relation == "near_gripper" else goal.relation,
            names.index(f"{goal.moved.colour}_{goal.moved.shape}"),
            -1 if goal.other is None else names.index(f"{goal.other.colour}_{goal.other.shape}"),
        )
        for goal in draft.goals
    }
    return steps if steps is not None and {tuple(wish) for step in steps for wish in step} == meant else None


def body_of(name: str) -> Body:
    """Return an object of the usual size."""
    colour, shape = name.split("_")
    return make_object(shape, colour).body


def _with_an_unknown_name(rng: np.random.Generator) -> Example | None:
    """Return an instruction in which one object has a name that the scene does not have, or that several things have."""
    draft = draft_order(rng)
    slots = [slot for slot in draft.objects if f"{{{slot}}}" in draft.template]
    if not slots:
        return None
    slot = pick(rng, slots)
    item = draft.objects[slot]
    needed = {(d.colour, d.shape) for name, d in draft.objects.items() if name != slot and d.colour}
    if rng.random() < 0.5 and item.colour:
        name, lost = describe(item, rng), (item.colour, item.shape)
        return _said(draft, {slot: name}, _filled(needed - {lost}, rng, without=(lost,)), "unknown_thing", rng)
    name = unknown_name(describe(item, rng), rng)
    if " " in name or not {name.lower()} & {*SHAPES, *COLOUR_NAMES}:
        own = {(item.colour, item.shape)} if item.colour and rng.random() < 0.7 else set()
        return _said(draft, {slot: name}, _filled(needed | own, rng), "unknown_thing", rng)
    return _said(draft, {slot: name}, _filled(needed | _two_of(name, item, rng), rng), "ambiguous", rng)


def _two_of(name: str, item: DescribedObject, rng: np.random.Generator) -> set[Named]:
    """Return three objects of which a colour alone, or a noun alone, does not say which is meant."""
    if name in SHAPES:
        return {(str(colour), name) for colour in rng.permutation(COLOUR_NAMES)[:3]}
    return {(name, shape) for shape in ("cube", "ball", "cylinder")}


def _said(draft: SentenceDraft, names: dict[str, str], objects: list[Named], kind: str, rng: np.random.Generator) -> Example:
    return Example(vary(fill_slots(draft, rng, names), rng), placed(objects, rng), kind)


def _unsupported(rng: np.random.Generator) -> Example:
    """Return what cannot be asked for: mostly of objects that are there, so that it is the wish that is refused."""
    objects = _filled(set(), rng)
    if rng.random() < 0.3 or len(objects) < 5:
        return Example(draw_unsupported(rng), placed(objects, rng), "unknown_action")
    tables = lexicon().sentences
    if rng.random() < 0.4:
        template = pick(rng, tables.placing).replace("{p}", pick(rng, tables.unsupported_places))
    else:
        template = pick(rng, tables.unsupported)
    template = choose_words(template, pick(rng, ("on", "in")), rng)
    chosen = iter(rng.permutation(len(objects)))

    def named(_: re.Match[str]) -> str:
        return describe(DescribedObject(*objects[int(next(chosen))]), rng)

    kind = "forbidden" if template.startswith(FORBIDS) else "unknown_action"
    return Example(vary(SLOT.sub(named, template), rng), placed(objects, rng), kind)
