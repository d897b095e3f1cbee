"""Placement goals from an object, a relation and a target; used by most verb frames."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from vla_isaac.core.errors import InstructionError
from vla_isaac.core.goals import SIDES, Goal
from vla_isaac.tasks.language.clause import Clause, LocationPhrase
from vla_isaac.tasks.language.noun_phrases import NounPhrase, it
from vla_isaac.tasks.language.referents import Referents
from vla_isaac.tasks.language.roles import Role
from vla_isaac.tasks.language.tokens import UnreadableError

_ROLE_OF_TARGET = {"on": Role.SURFACE, "in": Role.CONTAINER}


def placed(clause: Clause, scene: Referents) -> list[Goal]:
    """Return the goals of an object and its target place.

    Raises:
        InstructionError: If an object is missing or ambiguous, or does not fit its role.
        UnreadableError: If the places contradict each other.
    """
    refuse(clause, directions=True)
    if len(clause.locations) > 1:
        return _tower(clause, scene) if is_tower(clause) else _beside_several(clause, scene)
    location = clause.locations[0]
    if location.relation == "near" or location.relation in SIDES:
        return beside(clause, scene, location.relation)
    phrase = only_target(location)
    relation = "in" if location.relation == "to" and phrase.is_matching else location.relation
    if phrase.is_matching or any(p.is_matching for p in clause.objects):
        clause.objects = tuple(p.without_matching() for p in said_objects(clause))
        return matched(moved_objects(clause, scene), relation, phrase, scene)
    stacking = clause.frame == "stack"
    if any(p.speaks_of_all for p in clause.objects):
        is_among_them = any(phrase.fits(b) and p.fits(b) for p in clause.objects for b in scene.bodies)
        if not is_among_them:
            scene.note_noun(clause.objects, Role.MOVED)
        relation, target = one_target(location, scene, (), stacking=stacking and not is_among_them)
        return [Goal(relation, (name, target)) for name in moved_objects(clause, scene, apart_from=(target,))]
    moved = moved_objects(clause, scene)
    relation, target = one_target(location, scene, moved, stacking=stacking)
    return [Goal(relation, (name, target)) for name in moved]


def beside(clause: Clause, scene: Referents, relation: str) -> list[Goal]:
    """Return the goals of an object next to, or to a side of, landmarks; all landmarks must hold."""
    landmark_phrases = clause.locations[0].targets
    if any(p.speaks_of_all for p in clause.objects):
        scene.note_noun(clause.objects, Role.MOVED)
        landmarks = each_object(landmark_phrases, scene, Role.LANDMARK)
        moved = moved_objects(clause, scene, apart_from=landmarks)
    else:
        moved = moved_objects(clause, scene)
        landmarks = each_object(landmark_phrases, scene, Role.LANDMARK, apart_from=moved)
    return [Goal(relation, (name, landmark)) for name in moved for landmark in landmarks]


def matched(moved: Sequence[str], relation: str, phrase: NounPhrase, scene: Referents) -> list[Goal]:
    """Pair each object with the target of its colour; objects without one are left out, unless none is left."""
    relation = "in" if relation == "to" else relation
    if relation not in _ROLE_OF_TARGET:
        raise UnreadableError('objects of a colour are put "in" or "on" others')
    target = phrase.without_matching()
    scene.check_known(target)
    pairs = [(name, scene.of_same_colour(name, target, _ROLE_OF_TARGET[relation])) for name in moved]
    goals = [Goal(relation, (name, place)) for name, place in pairs if place is not None]
    if not goals:
        where = "container to put in" if relation == "in" else "object to put on"
        raise InstructionError(
            f"there is no {where} of the colour of {', '.join(moved) or 'anything'}",
            remedy=f"the scene has: {scene.listing()}",
        )
    return goals


def one_target(
    location: LocationPhrase, scene: Referents, moved: Sequence[str], *, stacking: bool = False
) -> tuple[str, str]:
    """Return the relation and the object: "to" means in a container, on a box, near anything else."""
    phrase = only_target(location)
    if location.relation == "to":
        name = scene.one(phrase, Role.LANDMARK, apart_from=moved)
        body = scene.body(name)
        return ("in" if body.cavity is not None else "on" if body.shape == "box" else "near"), name
    if location.relation not in _ROLE_OF_TARGET:
        raise UnreadableError('objects are put "on", "in", "next to" or to a side of others')
    return location.relation, scene.one(phrase, _ROLE_OF_TARGET[location.relation], apart_from=moved, stacking=stacking)


def is_tower(clause: Clause) -> bool:
    """Return whether the clause has the form "A on B on C"."""
    return len(clause.locations) > 1 and all(location.relation == "on" for location in clause.locations)


def moved_objects(clause: Clause, scene: Referents, *, apart_from: Sequence[str] = ()) -> list[str]:
    """Return the names of the objects that the clause moves."""
    return each_object(said_objects(clause), scene, Role.MOVED, apart_from=apart_from)


def each_object(phrases: Sequence[NounPhrase], scene: Referents, role: Role, *, apart_from: Sequence[str] = ()) -> list[str]:
    """Return the names of all the phrases mean, each once."""
    groups = [scene.every(phrase, role, apart_from=apart_from) for phrase in phrases]
    names = list(dict.fromkeys(name for group in groups for name in group))
    for phrase, group in zip(phrases, groups, strict=True):
        scene.check_count([phrase], group if phrase.speaks_of_all else names)
    return names


def said_objects(clause: Clause) -> tuple[NounPhrase, ...]:
    """Return the clause's objects; if it omits them, those of the previous clause."""
    return clause.objects or (it(),)


def only_location(clause: Clause) -> LocationPhrase:
    """Return the one place the clause names.

    Raises:
        UnreadableError: If it names none or several.
    """
    if len(clause.locations) != 1:
        raise UnreadableError("it names several places")
    return clause.locations[0]


def only_target(location: LocationPhrase) -> NounPhrase:
    """Return the single object of the relation.

    Raises:
        UnreadableError: If it has several.
    """
    return _only(location.targets)


def refuse(clause: Clause, *, directions: bool = False, locations: bool = False) -> None:
    """Raise `UnreadableError` if the clause has a direction, or a place, that its verb does not take."""
    if directions and clause.directions:
        raise UnreadableError(f'the direction "{clause.directions[0]}" is not understood here')
    if locations and clause.locations:
        raise UnreadableError("a place is not understood here")


def _tower(clause: Clause, scene: Referents) -> list[Goal]:
    """Read "A on B on C" as A on B and B on C."""
    names = [scene.one(_only(said_objects(clause)), Role.MOVED)]
    for location in clause.locations:
        role = Role.SURFACE if location is clause.locations[-1] else Role.TIER
        names.append(scene.one(only_target(location), role, apart_from=names, stacking=clause.frame == "stack"))
    return [Goal("on", pair) for pair in pairwise(names)]


def _beside_several(clause: Clause, scene: Referents) -> list[Goal]:
    """Read "next to the ball, to the left of the bowl": both must hold."""
    if not all(location.relation == "near" or location.relation in SIDES for location in clause.locations):
        raise UnreadableError("it names several places for one object")
    moved = moved_objects(clause, scene)
    return [
        Goal(location.relation, (name, landmark))
        for location in clause.locations
        for landmark in each_object(location.targets, scene, Role.LANDMARK, apart_from=moved)
        for name in moved
    ]


def _only(phrases: Sequence[NounPhrase]) -> NounPhrase:
    if len(phrases) != 1:
        raise UnreadableError(f'one object is expected instead of "{" and ".join(p.text for p in phrases)}"')
    return phrases[0]
