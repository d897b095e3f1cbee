"""Modifiers of nouns: words and places that tell an object from others of its kind, joined to their noun without the scene.

Only what can mean nothing else is joined here, such as "the cube that is next to the bowl"; `descriptions` decides
about "the cube next to the bowl", which may also say where the cube is to go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vla_isaac.core.goals import SIDES
from vla_isaac.language import Kind
from vla_isaac.tasks.language.clause import FRAMES_WITHOUT_PLACE, Chunk
from vla_isaac.tasks.language.noun_phrases import NounPhrase, Whereabouts
from vla_isaac.tasks.language.references import RELATIONS
from vla_isaac.tasks.language.tokens import Token, UnreadableError

_NOUNS = (Kind.SHAPE, Kind.GENERIC, Kind.NAME)
_OBJECT_WORDS = (*_NOUNS, Kind.COLOUR, Kind.ADJECTIVE, Kind.PART)
_NEEDS_LANDMARK = ("nearest_to", "farthest_from")
_AFTER_DESCRIPTION = (Kind.RELATION, Kind.DIRECTION, Kind.UPRIGHT, Kind.VERB, Kind.COPULA)
_WINDOW = 24  # words or chunks that a modifier looks ahead
_DEEPEST = 3  # descriptions within each other
_DOUBTFUL_SIDES = ("back", "forward")


def with_modifiers(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with the words that choose an object as one token each.

    "The cube on the left" becomes "the cube" and a choice, "the cube that isn't red" becomes "the cube" and an excluded
    colour.

    Raises:
        UnreadableError: For "the back cube", which may be the near or the far one.
    """
    rules: tuple[Callable[[list[Token], Sequence[Token]], int], ...] = (_excluded, _chosen_after, _chosen_before, _between)
    done: list[Token] = []
    start = 0
    while start < len(tokens):
        rest = tokens[start : start + _WINDOW]
        used = next(filter(None, (rule(done, rest) for rule in rules)), 0)
        if not used:
            done.append(tokens[start])
        start += max(used, 1)
    return done


def _excluded(done: list[Token], rest: Sequence[Token]) -> int:
    """Read colours that the object does not have.

    These are "non red" and "not red" before a noun; after it "that isn't red", "that isn't the red one", "that is neither
    red nor green" and ", not the red one".
    """
    start = _length_of_negation(done, rest)
    noun = next((t.value for t in reversed(done[-_WINDOW:]) if t.kind in _NOUNS), "")
    colours: list[Token] = []
    used, separators = 0, ["nor"]
    while start and used < len(rest) and (not colours or rest[used].text in ("nor", ",")):
        begin = start if not colours else used + 1
        length = _colour_length(rest[begin:], noun)
        if not length:
            break
        words = rest[used : begin + length]
        separators.append(words[0].text)
        colour = next(t.value for t in words if t.kind is Kind.COLOUR)
        colours.append(Token(Kind.EXCLUDED, colour, " ".join(t.text for t in words if t.text != ",")))
        used = begin + length
    is_neither = rest[0].text.endswith("neither")
    goes_on = [t.kind for t in rest[used : used + 2]] == [Kind.AND, Kind.COLOUR]  # "that isn't red and blue"
    if not colours or goes_on or (separators[-1] != "nor" and (is_neither or len(colours) > 1)):
        return 0
    if rest[0].kind is not Kind.EXCLUSION and done[-1].text == ",":
        done.pop()
    done += colours
    return used


def _length_of_negation(done: Sequence[Token], rest: Sequence[Token]) -> int:
    """Return the number of words before the first excluded colour; 0 if nothing is excluded here."""
    if rest[0].kind is Kind.EXCLUSION:
        return int(rest[0].text == "non" or _is_noun(done))
    texts = [t.text for t in rest[:2]]
    if texts[:1] != ["not"] and texts != ["but", "not"]:
        return 0
    if done and done[-1].kind is Kind.DETERMINER:
        return int(texts[0] == "not" and _begins_object(rest[2:]))
    before = done[-_WINDOW:-1] if done and done[-1].text == "," else done[-_WINDOW:]
    clause = before[max((i for i, t in enumerate(before) if t.kind is Kind.VERB), default=0) :]
    could_be_another = any(t.kind is Kind.RELATION and t.value in ("near", *SIDES) for t in clause)
    words = rest[len(texts) - (texts[0] == "not") :]
    is_one = [t.kind for t in words[:1]] == [Kind.DETERMINER]
    return len(rest) - len(words) if _is_noun(before) and is_one and not could_be_another else 0


def _colour_length(words: Sequence[Token], noun: str) -> int:
    """Return the number of words in "red", "the red one" or "the red cube" of cubes at the front; 0 if there is no such."""
    if not words or words[0].kind is not Kind.DETERMINER:
        return int(bool(words) and words[0].kind is Kind.COLOUR)
    has_colour = [t.kind for t in words[1:2]] == [Kind.COLOUR]
    return 3 if has_colour and any(t.kind is Kind.GENERIC or t.value == noun for t in words[2:3]) else 0


def _chosen_after(done: list[Token], rest: Sequence[Token]) -> int:
    """Read "on the left", "on the far left", "that is leftmost" and "that is the leftmost" after a noun."""
    start = int(rest[0].kind is Kind.RELATIVE)
    has_preposition = [t.text for t in rest[start : start + 1]] in (["on"], ["at"])
    at = start + has_preposition
    has_article = [t.kind for t in rest[at : at + 1]] == [Kind.DETERMINER]
    at += has_article
    if not _is_noun(done) or at >= len(rest) or not (start or has_preposition) or has_preposition > has_article:
        return 0
    choice = _side(rest[at]) if has_preposition else rest[at]
    end = at + 1 + (has_preposition and [t.text for t in rest[at + 1 : at + 2]] == ["side"])
    if choice is None or choice.kind is not Kind.CHOICE or choice.value == "other" or _goes_on(rest[end:]):
        return 0
    done.append(Token(Kind.CHOICE, choice.value, " ".join(t.text for t in rest[:end])))
    return end


def _chosen_before(done: list[Token], rest: Sequence[Token]) -> int:
    """Read "left" in "the left cube"."""
    is_between = bool(done) and done[-1].kind is Kind.DETERMINER and _begins_object(rest[1:])
    if not is_between or rest[0].kind is not Kind.DIRECTION:
        return 0
    if rest[0].value in _DOUBTFUL_SIDES:
        raise UnreadableError(
            f'"{rest[0].text}" may mean near the robot or far from it', remedy='say "the nearest" or "the farthest"'
        )
    choice = _side(rest[0])
    if choice is None:
        return 0
    done.append(choice)
    return 1


def _between(done: list[Token], rest: Sequence[Token]) -> int:
    """Read "between" after a noun, with or without "that is"."""
    used = 2 if rest[0].kind is Kind.RELATIVE else 1
    if not _is_noun(done) or [t.text for t in rest[used - 1 : used]] != ["between"]:
        return 0
    done.append(Token(Kind.BETWEEN, rest[used - 1].value, "between"))
    return used


def _side(token: Token) -> Token | None:
    """Return the choice of "left" or "far left"; None for other words."""
    if token.kind is Kind.DIRECTION and token.text in ("left", "right"):
        return Token(Kind.CHOICE, token.text, token.text)
    return token if token.kind is Kind.CHOICE and token.value in ("leftmost", "rightmost") else None


def _is_noun(done: Sequence[Token]) -> bool:
    return bool(done) and done[-1].kind in (*_NOUNS, Kind.EXCLUDED)


def _begins_object(words: Sequence[Token]) -> bool:
    return bool(words) and words[0].kind in _OBJECT_WORDS


def _goes_on(words: Sequence[Token]) -> bool:
    """Return whether the words before name no side: "on the left box", "on the far left of the table"."""
    return _begins_object(words) or [t.text for t in words[:1]] in (["of"], ["from"])


def join_modifiers(chunks: Sequence[Chunk]) -> list[Chunk]:
    """Return the chunks with each place that must be a description joined to its noun phrase, from the right.

    These are "that is next to the bowl", "nearest to the bowl" and "between the box and the ball".

    Raises:
        UnreadableError: If a part is missing, or the end of a description is not clear.
    """
    after: list[Chunk] = []  # the chunks so far, the first one last
    for i, said in reversed(list(enumerate(chunks))):
        chunk = said
        if isinstance(said, NounPhrase):
            before = chunks[i - 1] if i else None
            length = _length_of_to_you(before, said, after[: -_WINDOW - 1 : -1])
            del after[len(after) - length :]
            chunk = said.to_you() if length else said
            where, length = _whereabouts(chunk, after[: -_WINDOW - 1 : -1])
            del after[len(after) - length :]
            if where is not None:
                _check_depth(where)
                _check_end(where, after[: -_WINDOW - 1 : -1])
                is_choice = where.relation in ("nearest", "farthest")
                chunk = chunk.at(where, without=chunk.choice if is_choice else None)
            elif chunk.choice is not None and chunk.choice.value in _NEEDS_LANDMARK:
                raise UnreadableError(f'"{chunk.choice.text}" is not followed by the name of an object')
        after.append(chunk)
    return after[::-1]


def _whereabouts(phrase: NounPhrase, rest: Sequence[Chunk]) -> tuple[Whereabouts | None, int]:
    """Return where a phrase's object stands by the chunks after it, and how many of them say it."""
    first, second, third, fourth = (*rest[:4], None, None, None, None)[:4]
    choice = phrase.choice
    if isinstance(first, NounPhrase) and choice is not None and choice is phrase.tokens[-1] and _takes_landmark(choice):
        return Whereabouts(choice.value.split("_")[0], choice.text, (first,)), 1
    if isinstance(first, NounPhrase) or first is None:
        return None, 0
    is_relative = first.kind is Kind.RELATIVE and isinstance(second, Token) and second.kind is Kind.RELATION
    if is_relative and isinstance(second, Token) and second.value in RELATIONS and isinstance(third, NounPhrase):
        return Whereabouts(second.value, f"{first.text} {second.text}", (third,)), 3
    is_and = isinstance(third, Token) and third.kind is Kind.AND
    if first.kind is Kind.BETWEEN and isinstance(second, NounPhrase) and is_and and isinstance(fourth, NounPhrase):
        return Whereabouts("between", first.text, (second, fourth)), 4
    return None, 0


def _length_of_to_you(before: Chunk | None, phrase: NounPhrase, rest: Sequence[Chunk]) -> int:
    """Return how many chunks are "to you" or "to the robot" of "the nearest cube to you"; 0 if there are none.

    Raises:
        UnreadableError: If they may be a direction, as in "push the nearest cube to you".
    """
    first, second = (*rest[:2], None, None)[:2]
    if phrase.choice is None or phrase.choice.value != "nearest" or not isinstance(first, Token):
        return 0
    is_you = first.kind is Kind.DIRECTION and first.text in ("to you", "to yourself")
    is_robot = first.text == "to" and isinstance(second, NounPhrase) and second.bare_text == "robot"
    used = 1 if is_you else 2 if is_robot else 0
    after = rest[used] if used < len(rest) else None
    takes_no_place = isinstance(before, Token) and (before.kind is Kind.RELATION or before.value in FRAMES_WITHOUT_PLACE)
    if used and not takes_no_place and not (isinstance(after, Token) and after.kind in _AFTER_DESCRIPTION):
        raise UnreadableError(
            f'"{first.text}" may be a direction or belong to "{phrase.text}"', remedy=f'say "{phrase.text}" alone'
        )
    return used


def _takes_landmark(choice: Token) -> bool:
    """Return whether another object may follow: after "nearest to" and "nearest", not after "nearest to you"."""
    return choice.value in _NEEDS_LANDMARK or (choice.value == "nearest" and choice.text.endswith(("nearest", "closest")))


def _check_depth(where: Whereabouts) -> None:
    """Raise `UnreadableError` for a description within too many others."""
    landmarks, depth = where.landmarks, 0
    while landmarks and depth <= _DEEPEST:
        landmarks, depth = tuple(p for one in landmarks for w in one.whereabouts for p in w.landmarks), depth + 1
    if depth > _DEEPEST:
        raise UnreadableError(
            "it describes an object by another, that by a third, and so on", remedy="name each by its colour and shape"
        )


def _check_end(where: Whereabouts, rest: Sequence[Chunk]) -> None:
    """Raise `UnreadableError` for "nearest to the bowl and the ball" and "... and behind the ball".

    The ball may be a second landmark, or have nothing to do with the description.
    """
    first, second, third = (*rest[:3], None, None, None)[:3]
    begins_clause = isinstance(third, Token) and third.kind in (Kind.VERB, Kind.COPULA)
    is_place = isinstance(second, Token) and second.kind is Kind.RELATION and second.value in ("near", *SIDES)
    goes_on = is_place or (isinstance(second, NounPhrase) and not begins_clause)
    if isinstance(first, Token) and first.kind is Kind.AND and second is not None and goes_on:
        landmark = where.landmarks[-1].text
        raise UnreadableError(
            f'"{where.text} {landmark} and {second.text}" may describe one object or name two',
            remedy="name each object by its colour and shape",
        )
