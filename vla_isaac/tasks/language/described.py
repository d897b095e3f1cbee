"""`described`: the object of a phrase that the layout, a size or another object decides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from vla_isaac.core.errors import InstructionError
from vla_isaac.core.types import Body
from vla_isaac.language import Kind
from vla_isaac.tasks.language.noun_phrases import NounPhrase
from vla_isaac.tasks.language.references import Layout, extreme_from, narrowed
from vla_isaac.tasks.language.roles import Role, ambiguous, check_role, likeliest_shape, missing, phrase_for, suits
from vla_isaac.tasks.language.tokens import UnreadableError

_NEGATIONS = ("non", "not", "isnt", "neither", "nor")


@dataclass(frozen=True)
class Context:
    """What the sentence so far and the scene say about an object that is described."""

    bodies: Sequence[Body]
    """The objects of the scene."""

    layouts: Sequence[Layout]
    """Where they stand at the start and, in a later step, after the steps before."""

    named: Collection[str]
    """Objects that the sentence names otherwise, which "the other" does not mean."""

    noun_shape: str | None
    """Shape of the last noun, which "one" may stand for."""

    landmark: Callable[[NounPhrase], Body]
    """Returns the object that a phrase within the description means."""


def described(phrase: NounPhrase, role: Role, apart_from: Collection[str], context: Context) -> Body:
    """Return the one object of a phrase that the layout, a size or another object decides.

    A noun of several shapes, and a step after others, must lead to the same object whichever way it is taken.
    """
    fitting = [body for body in context.bodies if phrase.fits(body)]
    if not fitting:
        raise missing(phrase, context.bodies)
    _check_contrast(phrase, fitting, context)
    is_literal = phrase.choice is not None and phrase.choice.value != "other"
    found: dict[str, Body] = {}
    for group in _groups(phrase, fitting, context):
        for layout in context.layouts:
            chosen = narrowed(phrase, group, layout, context.landmark)
            suited = [body for body in chosen if suits(body, role) and body.name not in apart_from]
            found.update((body.name, body) for body in (chosen if is_literal else suited or chosen))
    if not found:
        names = ", ".join(body.name for body in fitting)
        raise UnreadableError(
            f'"{phrase.text}" fits no object, it is true of none of: {names}', remedy="name it by its colour and shape"
        )
    if len(found) > 1:
        raise _several(phrase, list(found.values()), context)
    (body,) = found.values()
    check_role(body, role, apart_from, context.bodies)
    if role is not Role.MOVED and phrase.choice is not None and phrase.is_nearest_of_something:
        _check_nearest_to_all(phrase, phrase.choice.value, body, fitting, apart_from, context)
    return body


def _check_nearest_to_all(
    phrase: NounPhrase, value: str, body: Body, fitting: list[Body], moved: Collection[str], context: Context
) -> None:
    """Raise `UnreadableError` if "the nearest box" is not that of the robot and of the objects that are put on it."""
    for other in (b for b in context.bodies if b.name in moved):
        group = [b for b in likeliest_shape(phrase, fitting) if b is not other]
        nearest = extreme_from(phrase, value, group, other, context.layouts[0])
        if nearest is not body:
            raise UnreadableError(
                f'"{phrase.text}" may be {body.name}, seen from the robot, or {nearest.name}, seen from {other.name}',
                remedy='say nearest to what, for example "nearest to you"',
            )


def _groups(phrase: NounPhrase, fitting: list[Body], context: Context) -> list[list[Body]]:
    """Return the objects that the words of a phrase fit, once for each way to take its noun."""
    if phrase.choice is not None and phrase.choice.value == "other":
        return [_others(phrase, fitting, context)]
    groups = [fitting, likeliest_shape(phrase, fitting)]
    if phrase.is_one and context.noun_shape is not None:
        groups.append([body for body in fitting if body.shape == context.noun_shape] or fitting)
    return groups


def _check_contrast(phrase: NounPhrase, fitting: Sequence[Body], context: Context) -> None:
    """Raise `UnreadableError` for ", not the red one" if nothing of the kind is red: another noun may be meant."""
    shapes = {body.shape for body in fitting}
    for token in phrase.tokens:
        is_contrast = token.kind is Kind.EXCLUDED and token.text.startswith(("not", "but"))
        if is_contrast and not any(b.shape in shapes and b.colour == token.value for b in context.bodies):
            raise UnreadableError(f'"{token.text}" is not supported: it is no contrast to "{phrase.bare_text}"')


def _others(phrase: NounPhrase, fitting: Sequence[Body], context: Context) -> list[Body]:
    """Return the objects of a phrase with "other" that the sentence did not name, of the kinds that it did name."""
    named = context.named
    shapes = {body.shape for body in context.bodies if body.name in named}
    if phrase.is_one:
        fitting = [body for body in fitting if body.shape in shapes]
    if not any(body.name in named for body in fitting):
        raise UnreadableError(f'"{phrase.text}" is not understood: it names no first one', remedy="name the object")
    return [body for body in fitting if body.name not in named]


def _several(phrase: NounPhrase, found: Sequence[Body], context: Context) -> InstructionError:
    """Return the error of a description that fits several objects; a negation is named."""
    excluded = next((t for t in phrase.tokens if t.kind is Kind.EXCLUDED), None)
    if excluded is None:
        return ambiguous(phrase, found, context.bodies)
    word = next(word for word in excluded.text.split() if word in _NEGATIONS)
    return UnreadableError(
        f'"{word}" is not supported where several objects are left: "{phrase.text}" may be '
        f"{' or '.join(body.name for body in found)}",
        remedy=f'say which, for example "{phrase_for(found[0], context.bodies)}"',
    )
