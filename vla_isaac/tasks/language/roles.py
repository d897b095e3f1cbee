"""`Role`: what an object is in a goal, which objects suit it, and the errors of those that do not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum

from vla_isaac.core.errors import InstructionError
from vla_isaac.core.types import Body
from vla_isaac.language import Kind
from vla_isaac.tasks.language.noun_phrases import NounPhrase
from vla_isaac.tasks.language.tokens import nearest_word


class Role(Enum):
    """Role of an object in a goal."""

    MOVED = "moved"
    TIER = "moved and built upon"
    SURFACE = "something to place on"
    CONTAINER = "something to put in"
    LANDMARK = "something to place beside"
    REACHED = "something to reach"


def suits(body: Body, role: Role) -> bool:
    """Return whether an object is suitable for a role."""
    if role is Role.MOVED:
        return not body.fixed
    if role is Role.CONTAINER:
        return body.cavity is not None
    if role is Role.TIER:
        return not body.fixed and body.cavity is None
    return role is not Role.SURFACE or body.cavity is None


def check_role(body: Body, role: Role, apart_from: Collection[str], bodies: Sequence[Body]) -> None:
    """Raise `InstructionError` if `body` is unsuitable for `role`."""
    the_body = phrase_for(body, bodies)
    if body.name in apart_from:
        raise InstructionError(
            f"{body.name} is the same object in both places",
            remedy=f"name something other than {the_body} in one of them",
        )
    if suits(body, role):
        return
    if role in (Role.MOVED, Role.TIER) and body.fixed:
        movable = ", ".join(b.name for b in bodies if not b.fixed) or "nothing"
        raise InstructionError(
            f"{body.name} is fixed to the table and cannot be moved", remedy=f"what can be moved: {movable}"
        )
    if role is Role.CONTAINER:
        containers = ", ".join(b.name for b in bodies if b.cavity is not None) or "none"
        raise InstructionError(
            f"{body.name} is not a container, nothing can be put in it",
            remedy=f'say "on {the_body}", or name a container: {containers}',
        )
    raise InstructionError(f"{body.name} is open at the top, nothing can stand on it", remedy=f'say "in {the_body}"')


def ambiguous(phrase: NounPhrase, fitting: Sequence[Body], bodies: Sequence[Body]) -> InstructionError:
    """Return the error of a phrase that fits several objects."""
    names = ", ".join(body.name for body in fitting)
    return InstructionError(
        f'"{phrase.text}" is ambiguous: {names}',
        remedy=f'say which, for example "{phrase_for(fitting[0], bodies)}"',
        has_examples=True,
    )


def missing(phrase: NounPhrase, bodies: Sequence[Body]) -> InstructionError:
    """Return the error of a phrase that no object fits, with what was probably meant."""
    hint = ""
    nouns = (Kind.COLOUR, Kind.SHAPE, Kind.GENERIC)
    for word in phrase.unknown_words:
        near = nearest_word(word, nouns)
        hint = hint or (f'did you mean "{near}"? It' if near else "")
    if not hint and len(phrase.unknown_words) == len(phrase.bare_text.split()):
        return InstructionError(
            f'"{phrase.bare_text}" is neither a verb nor an object known here',
            remedy=f"this scene has: {listing(bodies)}",
        )
    unknown = f'; the word "{phrase.unknown_words[0]}" is unknown' if phrase.unknown_words and not hint else ""
    return InstructionError(
        f'no "{phrase.bare_text}" in this scene{unknown}', remedy=f"{hint or 'it'} has: {listing(bodies)}"
    )


def listing(bodies: Sequence[Body]) -> str:
    """Return the names of all objects, for messages."""
    return ", ".join(body.name for body in bodies)


def phrase_for(body: Body, bodies: Sequence[Body]) -> str:
    """Return words that mean only this one of `bodies`: "the red cube", or its raw name if words are ambiguous."""
    same = [other for other in bodies if (other.colour, other.shape) == (body.colour, body.shape)]
    is_regular = body.name == f"{body.colour}_{body.shape}"
    return f"the {body.colour} {body.shape}" if is_regular and len(same) == 1 else body.name


def likeliest_shape(phrase: NounPhrase, bodies: list[Body]) -> list[Body]:
    """Return the bodies of the noun's first shape that occurs among them; all if the noun names no shape."""
    for shape in phrase.shape_preferences():
        of_shape = [body for body in bodies if body.shape == shape]
        if of_shape:
            return of_shape
    return bodies
