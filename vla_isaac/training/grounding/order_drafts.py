"""Drafts of instructions from templates of a family or of the lexicon, and of two instructions in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from vla_isaac.core.goals import DIRECTIONS, SIDES
from vla_isaac.language import SentenceTemplates, lexicon
from vla_isaac.scene.objects import CONTAINERS, SHAPES
from vla_isaac.tasks.families import family_names, pick
from vla_isaac.tasks.paraphrases import paraphrases
from vla_isaac.training.grounding.sentence_drafts import (
    MOVED_SHAPES,
    SUPPORTS,
    DescribedObject,
    SentenceDraft,
    SentenceGoal,
    choose_words,
    draw_object,
    draw_two_objects,
)

DrawDraft = Callable[[np.random.Generator], SentenceDraft]


def draft_order(rng: np.random.Generator) -> SentenceDraft:
    """Return the draft of an instruction."""
    chance = rng.random()
    if chance < 0.40:
        family = pick(rng, (*families(), "tower", "sort"))
        return draft_of_family(family, paraphrases(family).training, rng)
    if chance < 0.72:
        return pick(rng, _FROM_TEMPLATES)(rng)
    return _two_orders(rng)


def draft_of_family(family: str, templates: Sequence[str], rng: np.random.Generator) -> SentenceDraft:
    """Return a draft from a template of a family."""
    return replace(_GOALS_OF_FAMILY[family](rng), template=pick(rng, templates))


@cache
def families() -> tuple[str, ...]:
    """Return the names of all families."""
    return tuple(family_names())


# ------------------------------------------------------------------ goals, without a template


def _one(*, on: Sequence[str], relation: str) -> DrawDraft:
    def drawn(rng: np.random.Generator) -> SentenceDraft:
        a, b = draw_two_objects(rng, MOVED_SHAPES, on)
        return SentenceDraft("", (SentenceGoal(relation, a, b),), {"a": a, "b": b})

    return drawn


def _alone(relation: str) -> DrawDraft:
    def drawn(rng: np.random.Generator) -> SentenceDraft:
        a = draw_object(rng, MOVED_SHAPES if rng.random() < 0.9 else SHAPES)
        return SentenceDraft("", (SentenceGoal(relation, a),), {"a": a})

    return drawn


def _beside(rng: np.random.Generator) -> SentenceDraft:
    a, b = draw_two_objects(rng, MOVED_SHAPES if rng.random() < 0.9 else SHAPES, SHAPES)
    return SentenceDraft("", (SentenceGoal(pick(rng, SIDES), a, b),), {"a": a, "b": b})


def _pushed(rng: np.random.Generator) -> SentenceDraft:
    draft = _beside(rng)
    goal = draft.goals[0]
    if rng.random() < 0.5:
        return replace(draft, goals=(replace(goal, relation=f"push_{goal.relation}"),))
    a = goal.moved
    return SentenceDraft("", (SentenceGoal(f"push_{pick(rng, DIRECTIONS)}", a),), {"a": a})


def _cleared(rng: np.random.Generator) -> SentenceDraft:
    b = draw_object(rng, ("bin", "bin", "bowl"))
    return SentenceDraft("", (SentenceGoal("in", DescribedObject("", "cube"), b),), {"b": b})


def _sorted(rng: np.random.Generator) -> SentenceDraft:
    container = pick(rng, ("bin", "bin", "bin", "bowl"))
    a, b = draw_two_objects(rng, MOVED_SHAPES, MOVED_SHAPES)
    x, y = DescribedObject(a.colour, container), DescribedObject(b.colour, container)
    return SentenceDraft("", (SentenceGoal("in", a, x), SentenceGoal("in", b, y)), {"a": a, "b": b, "x": x, "y": y})


def _sorted_family(rng: np.random.Generator) -> SentenceDraft:
    while True:  # colours must differ, otherwise both bins are the same
        draft = _sorted(rng)
        if draft.objects["a"].colour != draft.objects["b"].colour and draft.objects["x"].shape == "bin":
            return draft


def _towered(rng: np.random.Generator) -> SentenceDraft:
    shape = ("cube",) if rng.random() < 0.7 else SUPPORTS
    while True:
        a = draw_object(rng, ("cube",) if len(shape) == 1 else MOVED_SHAPES)
        b, c = draw_object(rng, shape), draw_object(rng, shape)
        if len({a, b, c}) == 3:
            return SentenceDraft("", (SentenceGoal("on", a, b), SentenceGoal("on", b, c)), {"a": a, "b": b, "c": c})


_stacked = _one(on=SUPPORTS, relation="on")
_held = _one(on=CONTAINERS, relation="in")

_GOALS_OF_FAMILY: dict[str, DrawDraft] = {
    "clear": _cleared,
    "lift": _alone("lifted"),
    "move_beside": _beside,
    "place_in": _held,
    "place_on": _stacked,
    "push_to": _pushed,
    "reach": _alone("near_gripper"),
    "sort": _sorted_family,
    "stack": _stacked,
    "tower": _towered,
}


# ------------------------------------------------------------------ from the lexicon's templates


def _templates() -> SentenceTemplates:
    return lexicon().sentences


def _placing(rng: np.random.Generator) -> SentenceDraft:
    draft = pick(rng, (_stacked, _held, _beside, _beside))(rng)
    return _with_template(draft, _templates().placing, rng)


def _carrying(rng: np.random.Generator) -> SentenceDraft:
    draft = pick(rng, (_stacked, _held))(rng)
    own = _templates().containing if draft.goals[0].relation == "in" else _templates().supporting
    return _with_template(draft, _templates().carrying if rng.random() < 0.5 else own, rng)


def _pushing(rng: np.random.Generator) -> SentenceDraft:
    draft = _pushed(rng)
    moves = draft.goals[0].other is None and rng.random() < 0.15
    return _with_template(draft, _templates().moves_without_landmark if moves else _templates().pushing, rng)


def _lifting(rng: np.random.Generator) -> SentenceDraft:
    return _with_template(_alone("lifted")(rng), _templates().lifting, rng)


def _reaching(rng: np.random.Generator) -> SentenceDraft:
    return _with_template(_alone("near_gripper")(rng), _templates().reaching, rng)


def _clearing(rng: np.random.Generator) -> SentenceDraft:
    draft = _cleared(rng)
    shape = pick(rng, MOVED_SHAPES)
    noun = pick(rng, (shape, *lexicon().words.shape(shape).common))
    draft = _with_template(draft, _templates().clearing, rng)
    template = draft.template.replace("{nouns}", f"{noun}s").replace("{noun}", noun)
    return SentenceDraft(template, (replace(draft.goals[0], moved=DescribedObject("", shape)),), draft.objects)


def _sorting(rng: np.random.Generator) -> SentenceDraft:
    draft = _with_template(_sorted_family(rng), _templates().sorting, rng)
    return replace(draft, template=draft.template.replace("{bin}", draft.objects["x"].shape))


def _tower(rng: np.random.Generator) -> SentenceDraft:
    return _with_template(_towered(rng), _templates().tower, rng)


_FROM_TEMPLATES: tuple[DrawDraft, ...] = (
    *(_placing,) * 3,
    *(_carrying,) * 2,
    *(_pushing,) * 2,
    _lifting,
    _reaching,
    _clearing,
    _sorting,
    *(_tower,) * 3,
)
"""Kinds of drafts, repeated by their sampling weight."""


def _with_template(draft: SentenceDraft, templates: Sequence[str], rng: np.random.Generator) -> SentenceDraft:
    return replace(draft, template=choose_words(pick(rng, templates), draft.goals[0].relation, rng))


# ------------------------------------------------------------------ two orders in one sentence


def _two_orders(rng: np.random.Generator) -> SentenceDraft:
    """Return two instructions in one sentence; the second may refer to the object of the first as "it"."""
    if rng.random() < 0.25:
        draft = _two_placements(rng)
        return replace(draft, template=choose_words(draft.template, draft.goals[0].relation, rng))
    first, second = _clause(rng), _clause(rng)
    objects = {**first.objects, **{_AFTER[slot]: item for slot, item in second.objects.items()}}
    goals = [*first.goals, *second.goals]
    template = second.template.replace("{a}", "{x}").replace("{b}", "{y}")
    chance, moved = rng.random(), goals[0].moved
    if chance < 0.25 and goals[1].relation == "on" and moved.shape in SUPPORTS and moved != goals[1].moved:
        goals[1] = replace(goals[1], other=moved)
        template = template.replace("the {y}", "it")
        objects.pop("y")
    elif chance < 0.4 and goals[0].relation != "lifted" and goals[1].other != moved:
        goals[1] = replace(goals[1], moved=moved)
        template = template.replace("the {x}", "it")
        objects.pop("x")
    connective = pick(rng, _templates().connectives)
    whole = connective.replace("{first}", first.template).replace("{second}", template)
    return SentenceDraft(whole, tuple(goals), objects)


_AFTER = {"a": "x", "b": "y"}


def _clause(rng: np.random.Generator) -> SentenceDraft:
    """Return one short instruction."""
    chance = rng.random()
    if chance < 0.7:
        draft = pick(rng, (_stacked, _stacked, _held, _held, _beside))(rng)
        kind = "place"
    else:
        kind, goals = pick(rng, _OTHER_CLAUSES)
        draft = goals(rng)
    return _with_template(draft, _templates().clauses[kind], rng)


_OTHER_CLAUSES = (("push", _pushed), ("lift", _alone("lifted")), ("reach", _alone("near_gripper")))


def _two_placements(rng: np.random.Generator) -> SentenceDraft:
    """Return two placements with one verb: "put A on B and C on D"; A and C may have the same target."""
    goals = pick(rng, (_stacked, _held, _held, _beside))
    while True:
        first, second = goals(rng), goals(rng)
        a, b = first.goals[0], replace(second.goals[0], relation=first.goals[0].relation)
        if b.moved not in (a.moved, a.other) and a.moved != b.other:
            objects = {**first.objects, "x": second.objects["a"], "y": second.objects["b"]}
            return SentenceDraft(pick(rng, _templates().two_placements), (a, b), objects)
