"""Descriptions by place: whether "next to the bowl" in a clause says which object is meant, or where it is to go.

"Lift the cube next to the bowl" can only mean the former, "put the cube next to the bowl" the latter. Where both are
possible the clause is refused.
"""

from __future__ import annotations

from dataclasses import replace

from vla_isaac.tasks.language.clause import Clause, LocationPhrase
from vla_isaac.tasks.language.noun_phrases import NounPhrase
from vla_isaac.tasks.language.referents import Referents
from vla_isaac.tasks.language.roles import Role
from vla_isaac.tasks.language.tokens import UnreadableError

_WITHOUT_PLACE = ("lift", "hold", "touch", "approach", "turn")
_OF_GRIPPER = ("approach", "go", "move")
_ROLES = {"on": Role.SURFACE, "in": Role.CONTAINER}


def attach_descriptions(clause: Clause, scene: Referents) -> None:
    """Join the places of a clause that describe an object to that object.

    Raises:
        InstructionError: If a place may be a description or a target.
    """
    _check_between(clause)
    _check_nearest_of_each(clause)
    scene.announce([*clause.objects, *(p for location in clause.locations for p in location.targets)])
    if clause.goes_on and scene.ended_described and clause.locations and clause.locations[0].can_describe:
        raise _either_way(scene.ended_described, clause.locations[0])
    said = len(clause.locations)
    has_object = bool(clause.objects) and not clause.objects[0].is_gripper
    if has_object and clause.locations and not clause.goes_on:
        _describe_object(clause, scene)
    if len(clause.locations) == 2 and not clause.directions:
        _describe_target(clause, scene)
    last = clause.locations[-1].targets[-1] if clause.locations else clause.objects[-1] if clause.objects else None
    is_described = last is not None and bool(last.whereabouts) and not clause.directions and len(clause.locations) < said
    scene.ended_described = last if is_described else None


def _describe_object(clause: Clause, scene: Referents) -> None:
    """Join the first place to the object of the verb: "lift the cube next to the bowl"."""
    phrase, first = clause.objects[-1], clause.locations[0]
    if len(clause.objects) > 1 or not phrase.can_be_described or first.stands_apart or len(first.targets) > 1:
        return
    where = first.as_description
    if first.relation == "to" and phrase.choice is not None and phrase.choice.value == "nearest":
        if clause.frame not in ("touch", "approach"):
            raise _either_way(phrase, first, f"the {phrase.shape_word or 'one'} that is nearest to")
        described = phrase.at(replace(where, relation="nearest"), without=phrase.choice)
    elif first.can_describe and _is_description(clause, scene):
        described = phrase.at(where)
    else:
        return
    clause.objects, clause.locations = (described,), clause.locations[1:]


def _is_description(clause: Clause, scene: Referents) -> bool:
    """Return whether the first place can only describe the object: where it is to go is said after it, or never.

    Raises:
        InstructionError: If it may say either.
    """
    phrase, first, *further = clause.objects[0], *clause.locations
    is_clear = scene.is_clear(phrase, Role.REACHED if clause.frame in ("touch", "approach") else Role.MOVED)
    target = further[0] if further else None
    if clause.frame in _WITHOUT_PLACE:
        if is_clear and (clause.frame == "hold" or (clause.frame == "lift" and first.text.startswith("to "))):
            raise _either_way(phrase, first)
    elif target is None and not clause.directions:
        if clause.frame == "clear" or (clause.frame == "stand" and "up" in clause.particles):
            raise _either_way(phrase, first)
        return False
    elif target is None and (clause.frame in ("put", "stack") or first.text.startswith("to ")):
        raise _either_way(phrase, first)
    elif is_clear and (target is None or target.can_describe):
        if target is not None and (target.stands_apart or not scene.is_clear(first.targets[0], Role.LANDMARK)):
            return False
        raise _either_way(phrase, first)
    if target is not None and target.relation in ("on", "in", "to") and len(target.targets) == 1:
        landmark, place = first.targets[0], target.targets[0]
        if place.can_be_described and scene.lies_at(landmark, place):
            raise _either_way(landmark, target)
    return True


def _describe_target(clause: Clause, scene: Referents) -> None:
    """Join the second place to the object of the first: "on the box next to the bowl"."""
    target, second = clause.locations
    if not second.can_describe or second.stands_apart:
        return
    phrase = target.targets[-1]
    is_clear = scene.is_clear(phrase, _ROLES.get(target.relation, Role.LANDMARK))
    if is_clear and not (clause.frame in _OF_GRIPPER and all(p.is_gripper for p in clause.objects)):
        if target.can_describe:
            raise _either_way(phrase, second)
    elif len(target.targets) == 1 and phrase.can_be_described:
        clause.locations = [replace(target, targets=(phrase.at(second.as_description),))]


def _check_between(clause: Clause) -> None:
    """Raise `UnreadableError` for "put the cube between the box and the ball": no goal says that."""
    has_place = clause.locations or clause.directions or clause.upright or clause.frame in _WITHOUT_PLACE
    for where in (where for phrase in clause.objects for where in phrase.whereabouts):
        if where.relation == "between" and not has_place:
            raise UnreadableError('"between" is not supported as a place to put an object, only to tell one from others')


def _check_nearest_of_each(clause: Clause) -> None:
    """Raise `UnreadableError` for "put each cube in the nearest bin": each may have another one."""
    is_several = len(clause.objects) > 1 or any(p.speaks_of_all or p.place for p in clause.objects)
    for phrase in (p for location in clause.locations for p in location.targets):
        if is_several and phrase.is_nearest_of_something:
            raise UnreadableError(f'"{phrase.text}" may be another one for each object', remedy="name it by its colour")


def _either_way(phrase: NounPhrase, place: LocationPhrase, description: str = "") -> UnreadableError:
    target = " and ".join(p.text for p in place.targets)
    description = description or f"the {phrase.shape_word or 'one'} that is {place.text}"
    return UnreadableError(
        f'it names several places for one object: "{place.text} {target}" may tell which object "{phrase.text}" is, '
        "or where one is to go",
        remedy=f'for the former say "{description} {target}", join several places by "and"',
    )
