"""Steps of a sentence: split at "then" and full stops, without auxiliary verbs; questions and statements are refused."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from vla_isaac.language import Kind
from vla_isaac.tasks.language.noun_phrases import NOUN_KINDS
from vla_isaac.tasks.language.tokens import Token, UnreadableError


def split_steps(tokens: Sequence[Token]) -> list[list[Token]]:
    """Return the tokens of each step of a sequence, split at "then", full stops and the like.

    Raises:
        UnreadableError: If a step is a question, or a later one is to come "first".
    """
    steps: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind is Kind.THEN:
            steps.append([])
        else:
            steps[-1].append(token)
    trimmed = [step for step in map(_trimmed, steps) if step]
    plain = [_trimmed(_without_auxiliaries(step, is_first=step is trimmed[0])) for step in trimmed]
    return [step for step in plain if step]


def _without_auxiliaries(step: Sequence[Token], *, is_first: bool) -> list[Token]:
    """Return the step without "first", "should" and "could", where these change nothing."""
    kept: list[Token] = []
    _check_statement(step)
    for i, token in enumerate(step):
        after = step[i + 1] if i + 1 < len(step) else None
        if token.kind is Kind.BEGINNING and not (is_first and all(t.kind not in (Kind.AND, Kind.THEN) for t in kept)):
            raise UnreadableError(f'"{token.text}" comes too late', remedy='name the steps in order, joined by "then"')
        if token.kind is Kind.REQUEST and (i > 0 or not _is_request(step)):
            raise UnreadableError(f'"{token.text}" is a question or not understood there', remedy="say what to do")
        if token.kind is Kind.MODAL and i == 0 and after is not None and after.kind in NOUN_KINDS:
            raise UnreadableError(f'"{token.text}" begins a question or a condition', remedy="say what to do")
        if token.kind not in (Kind.BEGINNING, Kind.REQUEST, Kind.MODAL, Kind.WISH):
            kept.append(token)
    return kept


def _check_statement(step: Sequence[Token]) -> None:
    """Raise `UnreadableError` for "the cube is on the box"; "make sure that it is" and "it is lifted" ask for something."""
    for i, token in enumerate(step):
        if token.kind in (Kind.WISH, Kind.MODAL, Kind.VERB):
            return
        is_state = token.kind is Kind.COPULA and token.text in ("is", "are") and 0 < i < len(step) - 1
        if is_state and step[i + 1].kind is not Kind.VERB and step[i - 1].kind in NOUN_KINDS:
            raise UnreadableError(f'"{token.text}" tells how things are, not what to do', remedy='say "should be"')


def _is_request(step: Sequence[Token]) -> bool:
    """Return whether a step that begins with "could" asks for an action, as "could the red cube be lifted" does."""
    kinds = [token.kind for token in step]
    return (Kind.COPULA, Kind.VERB) in pairwise(kinds)


def _trimmed(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens without "and" at either end or twice in a row."""
    kept: list[Token] = []
    for token in tokens:
        if token.kind is not Kind.AND or (kept and kept[-1].kind is not Kind.AND):
            kept.append(token)
    return kept[:-1] if kept and kept[-1].kind is Kind.AND else kept
