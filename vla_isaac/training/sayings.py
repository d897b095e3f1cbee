"""Sentences with what they ask for, drawn without a simulator: what `models.mini.reading` learns to read from.

Two in five are the training templates of the families, the others are put together here from tables; all are varied as
people vary them. A part asks for nothing that can be done: small talk, unknown things and colours, half sentences. Nothing
is used that a held-out template gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.goals import DIRECTIONS, SIDES
from vla_isaac.models.asked import ANY, COLOUR_NAMES, NUM_GOALS, RELATIONS, UNSAID, WIDTH
from vla_isaac.models.text import split
from vla_isaac.scene.objects import CONTAINERS, SHAPES
from vla_isaac.tasks.families import family_names, pick
from vla_isaac.tasks.paraphrases import COLOUR_WORDS, DIRECTION_WORDS, NOUNS, PLAIN_SHARE, SIDE_WORDS, paraphrases
from vla_isaac.training.sentence_tables import (
    ABOUT_CARRYING,
    ABOUT_CARRYING_ON_TOP,
    ABOUT_CLEARING,
    ABOUT_HOLDING,
    ABOUT_LIFTING,
    ABOUT_NOTHING,
    ABOUT_PLACING,
    ABOUT_PUSHING,
    ABOUT_REACHING,
    ABOUT_SORTING,
    ABOUT_TOWERS,
    ABOUT_TWO,
    CLAUSES,
    FOREIGN_COLOURS,
    FOREIGN_NOUNS,
    INCOMPLETE,
    JOINTS,
    OTHERWISE,
    SMALL_TALK,
    WORDS,
)
from vla_isaac.training.wording import NONSENSE, RARE_COLOURS, RARE_NOUNS, is_held_out, vary, words_of_training

MAX_WORDS = 40
"""Words of a sentence at most; two steps with all their politeness take that many."""

SENSELESS_SHARE = 0.25
SUPPORTS = ("box", "cube")
_HANDY = ("cube", "cube", "cube", "ball", "cylinder")  # what is moved; cubes most often
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Saying:
    """A sentence and what it asks for."""

    sentence: str
    labels: AnyArray
    """Classes of `models.asked`, int64 (NUM_GOALS, WIDTH); all `UNSAID` without sense."""

    makes_sense: bool
    """Whether it asks for something that these classes can say."""


@dataclass(frozen=True)
class Thing:
    """An object as sentences know it."""

    colour: str
    """Empty where the sentence speaks of all of a shape."""

    shape: str


@dataclass(frozen=True)
class Wish:
    """One goal: a relation of a thing that is moved, perhaps with another."""

    relation: str
    moved: Thing
    other: Thing | None = None

    @property
    def row(self) -> list[int]:
        """Its classes, `WIDTH` numbers."""
        colour = COLOUR_NAMES.index(self.moved.colour) if self.moved.colour else ANY
        row = [RELATIONS.index(self.relation), colour, SHAPES.index(self.moved.shape)]
        if self.other is None:
            return [*row, UNSAID, UNSAID]
        return [*row, COLOUR_NAMES.index(self.other.colour), SHAPES.index(self.other.shape)]


@dataclass(frozen=True)
class Draft:
    """A sentence whose things have no names yet."""

    template: str
    wishes: tuple[Wish, ...]
    things: Mapping[str, Thing] = field(default_factory=dict)
    """What stands at each slot."""


def draw(rng: np.random.Generator) -> Saying:
    """Return a sentence that no held-out template gives."""
    while True:
        senseless = rng.random() < SENSELESS_SHARE
        saying = _without_sense(rng) if senseless else _with_sense(rng)
        if saying is not None and len(split(saying.sentence)) <= MAX_WORDS:
            return saying


def batch(seed: int, count: int) -> list[Saying]:
    """Return `count` sentences, the same for the same seed."""
    rng = np.random.default_rng(seed)
    return [draw(rng) for _ in range(count)]


def held_out(family: str, rng: np.random.Generator) -> Saying:
    """Return a sentence of a held-out template of a family, for measuring; nothing is ever trained on it."""
    draft = replace(_WISHES[family](rng), template=pick(rng, paraphrases(family).held_out))
    return Saying(_filled(draft, rng), labels_of(draft.wishes), makes_sense=True)


def labels_of(wishes: Sequence[Wish]) -> AnyArray:
    """Return the classes of wishes, int64 (NUM_GOALS, WIDTH).

    Of two things on top of each other the upper comes first, as the family `tower` has it, in whatever order they are said.
    """
    if len(wishes) == 2 and all(w.relation == "on" for w in wishes) and wishes[1].other == wishes[0].moved:
        wishes = wishes[::-1]
    labels = np.full((NUM_GOALS, WIDTH), UNSAID, dtype=np.int64)
    labels[:, 0] = 0
    for row, wish in enumerate(wishes):
        labels[row] = wish.row
    return labels


def texts() -> list[str]:
    """Return every text an order can be made of, for a vocabulary; unknown things and small talk are not among them."""
    moving = (ABOUT_PLACING, ABOUT_CARRYING, ABOUT_HOLDING, ABOUT_CARRYING_ON_TOP, ABOUT_PUSHING, ABOUT_LIFTING)
    others = (ABOUT_REACHING, ABOUT_CLEARING, ABOUT_SORTING, ABOUT_TOWERS, ABOUT_TWO, JOINTS)
    own = [t for table in (*moving, *others, OTHERWISE, INCOMPLETE, *CLAUSES.values(), *WORDS.values()) for t in table]
    plural = [f"{noun}s" for noun in _all_nouns()]
    return [*words_of_training(), *(_SLOT.sub(" ", t) for t in own), *plural]


# ------------------------------------------------------------------ with sense


def _with_sense(rng: np.random.Generator) -> Saying | None:
    draft = _drafted(rng)
    sentence = _varied(_filled(draft, rng), rng)
    return None if sentence is None else Saying(sentence, labels_of(draft.wishes), True)


def _varied(sentence: str, rng: np.random.Generator) -> str | None:
    """Return the sentence as others would say it, None if any family holds it out."""
    if _is_held_out(sentence):
        return None
    spoken = vary(sentence, rng)
    return None if _is_held_out(spoken) else spoken


def _is_held_out(sentence: str) -> bool:
    return any(is_held_out(sentence, family) for family in _families())


def _drafted(rng: np.random.Generator) -> Draft:
    chance = rng.random()
    if chance < 0.40:
        return _of_family(rng)
    if chance < 0.72:
        return _of_tables(rng)
    return _of_two(rng)


def _of_family(rng: np.random.Generator) -> Draft:
    family = pick(rng, (*_families(), "tower", "sort"))
    return replace(_WISHES[family](rng), template=pick(rng, paraphrases(family).training))


def _of_tables(rng: np.random.Generator) -> Draft:
    return pick(rng, _TABLES)(rng)


def _one(*, on: Sequence[str], relation: str) -> Callable[[np.random.Generator], Draft]:
    def drawn(rng: np.random.Generator) -> Draft:
        a, b = _two_things(rng, _HANDY, on)
        return Draft("", (Wish(relation, a, b),), {"a": a, "b": b})

    return drawn


def _alone(relation: str) -> Callable[[np.random.Generator], Draft]:
    def drawn(rng: np.random.Generator) -> Draft:
        a = _thing(rng, _HANDY if rng.random() < 0.9 else SHAPES)
        return Draft("", (Wish(relation, a),), {"a": a})

    return drawn


def _beside(rng: np.random.Generator) -> Draft:
    a, b = _two_things(rng, _HANDY if rng.random() < 0.9 else SHAPES, SHAPES)
    return Draft("", (Wish(pick(rng, SIDES), a, b),), {"a": a, "b": b})


def _pushed(rng: np.random.Generator) -> Draft:
    draft = _beside(rng)
    wish = draft.wishes[0]
    if rng.random() < 0.5:
        return replace(draft, wishes=(replace(wish, relation=f"push_{wish.relation}"),))
    a = wish.moved
    return Draft("", (Wish(f"push_{pick(rng, DIRECTIONS)}", a),), {"a": a})


def _cleared(rng: np.random.Generator) -> Draft:
    b = _thing(rng, ("bin", "bin", "bowl"))
    return Draft("", (Wish("in", Thing("", "cube"), b),), {"b": b})


def _sorted(rng: np.random.Generator) -> Draft:
    container = pick(rng, ("bin", "bin", "bin", "bowl"))
    a, b = _two_things(rng, _HANDY, _HANDY)
    x, y = Thing(a.colour, container), Thing(b.colour, container)
    return Draft("", (Wish("in", a, x), Wish("in", b, y)), {"a": a, "b": b, "x": x, "y": y})


def _sorted_family(rng: np.random.Generator) -> Draft:
    while True:  # colours must differ, or the bins would be one
        draft = _sorted(rng)
        if draft.things["a"].colour != draft.things["b"].colour and draft.things["x"].shape == "bin":
            return draft


def _towered(rng: np.random.Generator) -> Draft:
    shape = ("cube",) if rng.random() < 0.7 else SUPPORTS
    while True:
        a, b, c = _thing(rng, ("cube",) if len(shape) == 1 else _HANDY), _thing(rng, shape), _thing(rng, shape)
        if len({a, b, c}) == 3:
            return Draft("", (Wish("on", a, b), Wish("on", b, c)), {"a": a, "b": b, "c": c})


_stacked = _one(on=SUPPORTS, relation="on")
_held = _one(on=CONTAINERS, relation="in")

_WISHES: dict[str, Callable[[np.random.Generator], Draft]] = {
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


def _table_of_placing(rng: np.random.Generator) -> Draft:
    draft = pick(rng, (_stacked, _held, _beside, _beside))(rng)
    return replace(draft, template=_worded(pick(rng, ABOUT_PLACING), draft.wishes[0].relation, rng))


def _table_of_carrying(rng: np.random.Generator) -> Draft:
    draft = pick(rng, (_stacked, _held))(rng)
    relation = draft.wishes[0].relation
    own = ABOUT_HOLDING if relation == "in" else ABOUT_CARRYING_ON_TOP
    return replace(draft, template=_worded(pick(rng, ABOUT_CARRYING if rng.random() < 0.5 else own), relation, rng))


def _table_of_pushing(rng: np.random.Generator) -> Draft:
    draft = _pushed(rng)
    wish = draft.wishes[0]
    if wish.other is None and rng.random() < 0.15:  # "move it to the left" is a push: nothing is there to put it beside
        template = pick(rng, ("{ask} move the {a} {where}", "move the {a} {where}", "shift the {a} {where}"))
        return replace(draft, template=_worded(template, wish.relation, rng))
    return replace(draft, template=_worded(pick(rng, ABOUT_PUSHING), wish.relation, rng))


def _table_of(
    table: Sequence[str], wishes: Callable[[np.random.Generator], Draft]
) -> Callable[[np.random.Generator], Draft]:
    def drawn(rng: np.random.Generator) -> Draft:
        draft = wishes(rng)
        return replace(draft, template=_worded(pick(rng, table), draft.wishes[0].relation, rng))

    return drawn


def _table_of_clearing(rng: np.random.Generator) -> Draft:
    draft = _cleared(rng)
    shape = pick(rng, _HANDY)
    noun = pick(rng, (shape, *NOUNS[shape]))
    template = _worded(pick(rng, ABOUT_CLEARING), "in", rng).replace("{nouns}", f"{noun}s").replace("{noun}", noun)
    return Draft(template, (replace(draft.wishes[0], moved=Thing("", shape)),), draft.things)


def _table_of_sorting(rng: np.random.Generator) -> Draft:
    draft = _sorted_family(rng)
    container = draft.things["x"].shape
    return replace(draft, template=_worded(pick(rng, ABOUT_SORTING), "in", rng).replace("{bin}", container))


_table_of_towers = _table_of(ABOUT_TOWERS, _towered)
_TABLES = (
    _table_of_placing,
    _table_of_placing,
    _table_of_placing,
    _table_of_carrying,
    _table_of_carrying,
    _table_of_pushing,
    _table_of_pushing,
    _table_of(ABOUT_LIFTING, _alone("lifted")),
    _table_of(ABOUT_REACHING, _alone("near_gripper")),
    _table_of_clearing,
    _table_of_sorting,
    _table_of_towers,
    _table_of_towers,
    _table_of_towers,
)


def _of_two(rng: np.random.Generator) -> Draft:
    """Return two wishes in one sentence; the second may speak of the first's thing as "it"."""
    if rng.random() < 0.25:
        draft = _two_in_one(rng)
        return replace(draft, template=_worded(draft.template, draft.wishes[0].relation, rng))
    first, second = _clause(rng), _clause(rng)
    things = {**first.things, **{_AFTER[slot]: thing for slot, thing in second.things.items()}}
    wishes = [*first.wishes, *second.wishes]
    template = second.template.replace("{a}", "{x}").replace("{b}", "{y}")
    chance, moved = rng.random(), wishes[0].moved
    if chance < 0.25 and wishes[1].relation == "on" and moved.shape in SUPPORTS and moved != wishes[1].moved:
        wishes[1] = replace(wishes[1], other=moved)
        template = template.replace("the {y}", "it")
        things.pop("y")
    elif chance < 0.4 and wishes[0].relation != "lifted" and wishes[1].other != moved:
        wishes[1] = replace(wishes[1], moved=moved)
        template = template.replace("the {x}", "it")
        things.pop("x")
    joint = pick(rng, JOINTS)
    return Draft(joint.replace("{first}", first.template).replace("{second}", template), tuple(wishes), things)


_AFTER = {"a": "x", "b": "y"}


def _clause(rng: np.random.Generator) -> Draft:
    """Return one short order."""
    chance = rng.random()
    if chance < 0.7:
        draft = pick(rng, (_stacked, _stacked, _held, _held, _beside))(rng)
        kind = "place"
    else:
        kind, wishes = pick(rng, _OTHER_CLAUSES)
        draft = wishes(rng)
    return replace(draft, template=_worded(pick(rng, CLAUSES[kind]), draft.wishes[0].relation, rng))


_OTHER_CLAUSES = (("push", _pushed), ("lift", _alone("lifted")), ("reach", _alone("near_gripper")))


def _two_in_one(rng: np.random.Generator) -> Draft:
    """Return two placings with one verb: "put A on B and C on D"; A and C may share the place."""
    wishes = pick(rng, (_stacked, _held, _held, _beside))
    while True:
        first, second = wishes(rng), wishes(rng)
        a, b = first.wishes[0], replace(second.wishes[0], relation=first.wishes[0].relation)
        if b.moved not in (a.moved, a.other) and a.moved != b.other:
            things = {**first.things, "x": second.things["a"], "y": second.things["b"]}
            return Draft(pick(rng, ABOUT_TWO), (a, b), things)


# ------------------------------------------------------------------ words


def _worded(template: str, relation: str, rng: np.random.Generator) -> str:
    """Return the template with its verbs and prepositions; things stay slots."""
    side = relation.removeprefix("push_")
    preposition = side if side in ("on", "in", *SIDES) else "on"

    def chosen(match: re.Match[str]) -> str:
        slot = match[1]
        if slot == "p":
            return pick(rng, WORDS[preposition])
        if slot == "where":
            return _where(relation, rng)
        table = WORDS.get(f"{slot}_{relation}") or WORDS.get(slot)
        return match[0] if table is None else pick(rng, table)

    return _SLOT.sub(chosen, _SLOT.sub(chosen, template))


def _where(relation: str, rng: np.random.Generator) -> str:
    side = relation.removeprefix("push_")
    if side in SIDES:
        return f"{pick(rng, SIDE_WORDS[side] if rng.random() < 0.6 else WORDS[side])} the {{b}}"
    return pick(rng, DIRECTION_WORDS[side] if rng.random() < 0.6 else WORDS[side])


def _filled(draft: Draft, rng: np.random.Generator, names: Mapping[str, str] | None = None) -> str:
    """Return the sentence; a thing said twice mostly has the same name twice, `names` are taken first."""
    known = dict(names or {})
    relation = draft.wishes[0].relation if draft.wishes else ""

    def named(match: re.Match[str]) -> str:
        slot = match[1]
        if slot not in known or (slot not in (names or {}) and rng.random() < 0.15):
            known[slot] = spoken(draft.things[slot], rng)
        return known[slot]

    where = _where(relation, rng) if "{where}" in draft.template else ""
    return _SLOT.sub(named, draft.template.replace("{where}", where))


def spoken(thing: Thing, rng: np.random.Generator) -> str:
    """Return words for a thing: half of the time its plain name, else perhaps a synonym."""
    if rng.random() < PLAIN_SHARE:
        return f"{thing.colour} {thing.shape}"
    rare = rng.random() < 0.3
    colours = (thing.colour, *COLOUR_WORDS.get(thing.colour, ()), *(RARE_COLOURS.get(thing.colour, ()) if rare else ()))
    nouns = (thing.shape, *NOUNS.get(thing.shape, ()), *(RARE_NOUNS.get(thing.shape, ()) if rare else ()))
    return f"{pick(rng, colours)} {pick(rng, nouns)}"


def _thing(rng: np.random.Generator, shapes: Sequence[str]) -> Thing:
    return Thing(pick(rng, COLOUR_NAMES), pick(rng, shapes))


def _two_things(rng: np.random.Generator, moved: Sequence[str], others: Sequence[str]) -> tuple[Thing, Thing]:
    while True:
        a, b = _thing(rng, moved), _thing(rng, others)
        if a != b:
            return a, b


# ------------------------------------------------------------------ without sense


def _without_sense(rng: np.random.Generator) -> Saying | None:
    sentence = pick(rng, _SENSELESS)(rng)
    return Saying(sentence, np.full((NUM_GOALS, WIDTH), UNSAID, dtype=np.int64), False)


def _small_talk(rng: np.random.Generator) -> str:
    return vary(pick(rng, (*NONSENSE, *SMALL_TALK)), rng)


def _about_nothing(rng: np.random.Generator) -> str:
    """Return talk put together from words, most of which no order has."""
    return vary(_worded(pick(rng, ABOUT_NOTHING), "on", rng), rng)


def _with_a_flaw(rng: np.random.Generator) -> str:
    """Return a sensible sentence in which one thing is called what nobody knows, or not told."""
    draft = _drafted(rng)
    slots = [slot for slot in draft.things if f"{{{slot}}}" in draft.template]
    if not slots:
        return made_up(rng)
    slot = pick(rng, slots)
    return vary(_filled(draft, rng, {slot: _flawed(spoken(draft.things[slot], rng), rng)}), rng)


def _flawed(name: str, rng: np.random.Generator) -> str:
    colour, noun = name.split()
    chance = rng.random()
    if chance < 0.5:
        return f"{made_up(rng)} {noun}"
    if chance < 0.63:
        return f"{pick(rng, FOREIGN_COLOURS)} {noun}"
    if chance < 0.75:
        return f"{colour} {pick(rng, FOREIGN_NOUNS)}"
    if chance < 0.82:
        return f"{colour} {made_up(rng)}"
    if chance < 0.9:
        return pick(rng, FOREIGN_NOUNS)
    return noun if chance < 0.97 else colour


def _otherwise(rng: np.random.Generator) -> str:
    """Return an order or a question about known things that no class can say."""
    template = _worded(pick(rng, OTHERWISE), "on", rng)
    return vary(_with_things(template, rng), rng)


def _incomplete(rng: np.random.Generator) -> str:
    return vary(_with_things(_worded(pick(rng, INCOMPLETE), pick(rng, ("on", "in", *SIDES)), rng), rng), rng)


def _with_things(template: str, rng: np.random.Generator) -> str:
    shapes = {"a": _HANDY, "c": _HANDY, "b": (*SUPPORTS, *CONTAINERS), "x": CONTAINERS, "y": CONTAINERS}
    return _SLOT.sub(lambda m: spoken(_thing(rng, shapes.get(m[1], SHAPES)), rng), template)


def _salad(rng: np.random.Generator) -> str:
    """Return known words in no order at all."""
    words = _known_words()
    return " ".join(pick(rng, words) for _ in range(int(rng.integers(1, 13))))


def _babble(rng: np.random.Generator) -> str:
    return " ".join(made_up(rng) for _ in range(int(rng.integers(1, 8))))


_SENSELESS: tuple[Callable[[np.random.Generator], str], ...] = (
    *(_small_talk,) * 3,
    *(_about_nothing,) * 2,
    *(_with_a_flaw,) * 13,
    *(_otherwise,) * 3,
    *(_incomplete,) * 3,
    *(_salad,) * 2,
    _babble,
)


def made_up(rng: np.random.Generator) -> str:
    """Return a word that nobody knows, made of syllables."""
    while True:
        parts = [pick(rng, _ONSETS) + pick(rng, _VOWELS) for _ in range(int(rng.integers(1, 4)))]
        word = "".join(parts) + pick(rng, _CODAS)
        if len(word) > 2 and word not in _known():
            return word


_ONSETS = ("", *"bcdfghjklmnpqrstvwxyz", "bl", "br", "cl", "cr", "dr", "fl", "gl", "gr", "pl", "pr", "qu", "sc", "sh", "sk",
           "sl", "sn", "sp", "st", "th", "tr", "wh", "zw")  # fmt: skip
_VOWELS = (*"aeiou", *"aeiou", "ai", "ea", "ee", "oo", "ou", "ie")
_CODAS = ("", *"bdgklmnprstxz", "ck", "sh", "nt", "rd", "le", "er", "y", "ish", "ow")


@cache
def _families() -> tuple[str, ...]:
    return tuple(family_names())


@cache
def _known_words() -> tuple[str, ...]:
    return tuple(sorted({word for text in texts() for word in split(text)}))


@cache
def _known() -> frozenset[str]:
    return frozenset(_known_words())


def _all_nouns() -> list[str]:
    return [w for s in SHAPES for w in (s, *NOUNS.get(s, ()), *RARE_NOUNS.get(s, ()))]
