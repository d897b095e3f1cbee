"""Verb frames: goals of each group of verbs, given its object and target place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vla_isaac.core.goals import GRIPPER, SIDES, Goal
from vla_isaac.language import Kind, lexicon
from vla_isaac.tasks.language.clause import FRAMES_WITHOUT_PLACE, Clause, LocationPhrase
from vla_isaac.tasks.language.descriptions import attach_descriptions
from vla_isaac.tasks.language.noun_phrases import NounPhrase
from vla_isaac.tasks.language.placing import (
    beside,
    each_object,
    is_tower,
    matched,
    moved_objects,
    one_target,
    only_location,
    only_target,
    placed,
    refuse,
    said_objects,
)
from vla_isaac.tasks.language.referents import Referents
from vla_isaac.tasks.language.roles import Role
from vla_isaac.tasks.language.tokens import Token, UnreadableError

_PARTICLES_OF = {
    "up": ("lift", "hold", "stand", "stack", "clear", "turn"),
    "down": ("put", "stack", "stand"),
    "off": ("lift", "hold", "clear"),
    "push": ("give",),
}
_CONTAINER = NounPhrase((Token(Kind.SHAPE, "container", "container"),))
_SEEN_BY_ROBOT = "left and right are as the robot sees them"


@dataclass(frozen=True)
class ClauseGoals:
    """The goals of one clause."""

    goals: tuple[Goal, ...]
    """Goals that must hold together."""

    about: tuple[str, ...]
    """Objects of the clause; antecedents of "it" in the next clause."""

    has_verb: bool
    """Whether the clause has a verb of its own."""

    leads_in: bool
    """Whether it is only a preparation if the next clause has the same object: "pick up X and ..."."""


def goals_of_clause(clause: Clause, scene: Referents) -> ClauseGoals:
    """Return the goals of a clause, and record its objects in `scene`.

    Raises:
        InstructionError: If an object is missing, ambiguous or unsuitable.
        UnreadableError: If the verb does not fit the rest of the clause.
    """
    _check_particles(clause)
    _drop_where_it_lies(clause)
    if clause.has_verb:
        scene.begin_step()
    attach_descriptions(clause, scene)
    for phrase in (*clause.objects, *(p for location in clause.locations for p in location.targets)):
        if phrase.unknown_words:
            scene.check_known(phrase)
    goals = FRAMES[clause.frame](clause, scene)
    if clause.upright:
        if clause.frame in ("approach", "go", "touch"):
            raise UnreadableError('"upright" is not understood here')
        goals += [Goal("upright", (name,)) for name in dict.fromkeys(g.args[0] for g in goals if g.predicate != "upright")]
    about = tuple(dict.fromkeys(goal.objects[0] for goal in goals))
    if len(goals) > 1 and is_tower(clause):
        about = about[:1]
    scene.mention([name for goal in goals for name in goal.objects], about)
    scene.note_grip(goals)
    leads_in = clause.frame in FRAMES_WITHOUT_PLACE and not clause.locations
    return ClauseGoals(tuple(goals), about, clause.has_verb, leads_in)


def _put(clause: Clause, scene: Referents) -> list[Goal]:
    if clause.objects and all(p.is_gripper for p in clause.objects):
        return _approach(clause, scene)
    if clause.directions and not clause.locations:
        if clause.directions[0] not in ("left", "right"):
            raise UnreadableError("it does not say where to put the object")
        return _pushed(clause, scene)
    if clause.upright and not clause.locations:
        return _upright(clause, scene)
    if not clause.locations:
        raise UnreadableError("it does not say where to put the object")
    return placed(clause, scene)


def _stack(clause: Clause, scene: Referents) -> list[Goal]:
    if not clause.locations:
        raise UnreadableError("it does not say which object goes on which", remedy='say for example "stack A on B on C"')
    return placed(clause, scene)


def _move(clause: Clause, scene: Referents) -> list[Goal]:
    if not clause.objects or all(p.is_gripper for p in clause.objects):
        return _approach(clause, scene)
    return _put(clause, scene) if clause.locations or clause.upright else _pushed(clause, scene)


def _push(clause: Clause, scene: Referents) -> list[Goal]:
    if not clause.locations:
        return _pushed(clause, scene)
    refuse(clause, directions=True)
    location = only_location(clause)
    if location.relation in SIDES:
        moved = moved_objects(clause, scene)
        landmark = scene.one(only_target(location), Role.LANDMARK, apart_from=moved)
        return [Goal("pushed_to", (name, location.relation, landmark)) for name in moved]
    if location.relation == "to":
        return beside(clause, scene, "near")
    return placed(clause, scene)


def _pull(clause: Clause, scene: Referents) -> list[Goal]:
    if not clause.locations and not clause.directions:
        clause.directions.append("back")
    return _push(clause, scene)


def _lift(clause: Clause, scene: Referents) -> list[Goal]:
    return _gripped("lifted", clause, scene)


def _hold(clause: Clause, scene: Referents) -> list[Goal]:
    return _gripped("lifted" if "up" in clause.particles else "held", clause, scene)


def _approach(clause: Clause, scene: Referents) -> list[Goal]:
    """Read "reach X" and "move the gripper to X"."""
    refuse(clause, directions=True, locations=any(not p.is_gripper for p in clause.objects))
    phrases = only_location(clause).targets if clause.locations else clause.objects
    if clause.locations and clause.locations[0].relation not in ("to", "near", "above"):
        raise UnreadableError("the gripper can be sent to an object, not to a side of it")
    if not phrases or all(p.is_gripper for p in phrases):
        raise UnreadableError("it does not say which object the gripper is to go to")
    return [Goal("near", (GRIPPER, name)) for name in each_object(phrases, scene, Role.REACHED)]


def _go(clause: Clause, scene: Referents) -> list[Goal]:
    """Read "go to X"; "X goes in Y" is about placing."""
    is_placing = clause.locations and any(not p.is_gripper for p in clause.objects)
    if clause.is_subject_first and clause.objects and not clause.locations:
        raise UnreadableError("it does not say where the object is to go")
    return placed(clause, scene) if is_placing else _approach(clause, scene)


def _touch(clause: Clause, scene: Referents) -> list[Goal]:
    refuse(clause, directions=True, locations=True)
    return [Goal("touching", (name,)) for name in each_object(said_objects(clause), scene, Role.REACHED)]


def _sort(clause: Clause, scene: Referents) -> list[Goal]:
    """Put objects at targets of their colour; without a target, into containers."""
    refuse(clause, directions=True)
    location = only_location(clause) if clause.locations else LocationPhrase("in", "in", ())
    target = only_target(location) if location.targets else _CONTAINER
    clause.objects = tuple(p.without_matching() for p in said_objects(clause))
    _check_place_is_alone(clause)
    moved = scene.all_movable() if clause.objects[0].place else moved_objects(clause, scene)
    goals = matched(moved, location.relation, target, scene)
    if target.colours and len(goals) < len(moved):
        raise UnreadableError(
            f'"{target.text}" is the place of {", ".join(goal.args[0] for goal in goals)} only',
            remedy='name the places as "the matching bins", or say "put" instead of "sort"',
        )
    return goals


def _clear(clause: Clause, scene: Referents) -> list[Goal]:
    """Put all objects, or all of a kind, in one place; the default is the only container."""
    refuse(clause, directions=True)
    containers = [body.name for body in scene.bodies if body.cavity is not None]
    if not clause.locations and len(containers) != 1:
        raise UnreadableError("it does not say where to put the objects")
    _check_place_is_alone(clause)
    if not any(p.place for p in said_objects(clause)):
        return placed(clause, scene) if clause.locations else _all_in(containers[0], moved_objects(clause, scene))
    if not clause.locations:
        return _all_in(containers[0], scene.all_movable())
    location = only_location(clause)
    relation, target = one_target(location, scene, ())
    return [Goal(relation, (name, target)) for name in scene.all_movable(apart_from=(target,))]


def _turn(clause: Clause, scene: Referents) -> list[Goal]:
    if not clause.upright:
        raise UnreadableError("objects can only be turned upright", remedy='say "upright"')
    return _upright(clause, scene)


def _stand(clause: Clause, scene: Referents) -> list[Goal]:
    return placed(clause, scene) if clause.locations else _upright(clause, scene)


def _release(clause: Clause, scene: Referents) -> list[Goal]:
    """Read "release X in Y" as placing; after a placement of X, "release it" asks for nothing more."""
    if clause.locations:
        return placed(clause, scene)
    refuse(clause, directions=True)
    clause.objects = tuple(p for p in clause.objects if not p.is_gripper)
    if not set(moved_objects(clause, scene)) <= scene.let_go:
        raise UnreadableError(
            "it does not say where the released object is to be", remedy='say where, for example "put it on ..."'
        )
    return []


def _give(clause: Clause, scene: Referents) -> list[Goal]:
    if "push" not in clause.particles:
        raise UnreadableError('"give" is understood only as in "give the red cube a push to the left"')
    return _push(clause, scene)


FRAMES: dict[str, Callable[[Clause, Referents], list[Goal]]] = {
    "put": _put,
    "stack": _stack,
    "move": _move,
    "push": _push,
    "pull": _pull,
    "lift": _lift,
    "hold": _hold,
    "approach": _approach,
    "go": _go,
    "touch": _touch,
    "sort": _sort,
    "clear": _clear,
    "turn": _turn,
    "stand": _stand,
    "release": _release,
    "give": _give,
}
"""Frame → function that reads it; the keys are `language.VERB_FRAMES`."""


def _pushed(clause: Clause, scene: Referents) -> list[Goal]:
    if len(clause.directions) != 1:
        raise UnreadableError(f"it does not say in which one direction: left, right, forward or back ({_SEEN_BY_ROBOT})")
    return [Goal("pushed_to", (name, clause.directions[0])) for name in moved_objects(clause, scene)]


def _upright(clause: Clause, scene: Referents) -> list[Goal]:
    refuse(clause, directions=True, locations=True)
    return [Goal("upright", (name,)) for name in moved_objects(clause, scene)]


def _gripped(predicate: str, clause: Clause, scene: Referents) -> list[Goal]:
    """Read lifting and holding; "lift X onto Y" is a placement, "lift X on Y" may describe where X is and is rejected."""
    refuse(clause, directions=True)
    if clause.locations:
        if any(location.text not in lexicon().reader.destinations for location in clause.locations):
            raise UnreadableError(
                "an object is described by colour and shape", remedy='for placing say "pick up ... and place it ..."'
            )
        return placed(clause, scene)
    return [Goal(predicate, (name,)) for name in moved_objects(clause, scene)]


def _check_place_is_alone(clause: Clause) -> None:
    """Raise `UnreadableError` for "the table and the red cube": the table stands for all that is on it."""
    if len(clause.objects) > 1 and any(phrase.place for phrase in clause.objects):
        raise UnreadableError(f'"{" and ".join(p.text for p in clause.objects)}" is not understood: the table is all of it')


def _all_in(container: str, moved: Sequence[str]) -> list[Goal]:
    return [Goal("in", (name, container)) for name in moved if name != container]


def _check_particles(clause: Clause) -> None:
    for particle in clause.particles:
        if clause.frame not in _PARTICLES_OF[particle]:
            raise UnreadableError(f'"{particle}" is not understood with that verb')


def _drop_where_it_lies(clause: Clause) -> None:
    """Skip "on the table" if it describes where an object is, not its target."""
    kept = [where for where in clause.locations if where.relation != "on" or not all(p.place for p in where.targets)]
    if kept or clause.directions or clause.frame in FRAMES_WITHOUT_PLACE:
        clause.locations = kept
