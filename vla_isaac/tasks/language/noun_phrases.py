"""Noun phrases: descriptions of objects in a sentence, before they are resolved in the scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vla_isaac.core.types import Body
from vla_isaac.language import Kind, lexicon
from vla_isaac.tasks.language.tokens import Token, UnreadableError, name_parts

NOUN_KINDS = frozenset({
    Kind.DETERMINER, Kind.QUANTIFIER, Kind.COUNT, Kind.COLOUR, Kind.SHAPE, Kind.GENERIC, Kind.PRONOUN, Kind.MATCHING,
    Kind.PLACE, Kind.GRIPPER, Kind.ADJECTIVE, Kind.NAME, Kind.PART, Kind.UNKNOWN, Kind.CHOICE, Kind.EXCLUDED,
})  # fmt: skip
"""Parts of speech in noun phrases."""

_HEADS = frozenset({Kind.SHAPE, Kind.GENERIC, Kind.PRONOUN, Kind.PLACE, Kind.GRIPPER, Kind.NAME})
_BEFORE_DETERMINER = frozenset({Kind.QUANTIFIER, Kind.COUNT, Kind.DETERMINER})
_AROUND = _BEFORE_DETERMINER | {Kind.ADJECTIVE}
_TAKES_NO_MORE = {
    Kind.PRONOUN: _BEFORE_DETERMINER | {Kind.PRONOUN},
    Kind.GRIPPER: _AROUND | {Kind.GRIPPER},
    Kind.PLACE: _AROUND | {Kind.PLACE},
}
"""Head that is described by no further words, such as "it", to the kinds that may stand with it."""
_AFTER_HEAD = frozenset({Kind.MATCHING, Kind.QUANTIFIER, Kind.PART, Kind.GENERIC, Kind.CHOICE, Kind.EXCLUDED})
_NAMES_SOMETHING = frozenset({Kind.SHAPE, Kind.GENERIC, Kind.NAME, Kind.PART, Kind.UNKNOWN})


@dataclass(frozen=True)
class Whereabouts:
    """Where an object stands relative to others: "next to the bowl" in "the cube next to the bowl"."""

    relation: str
    """A key of `references.RELATIONS`."""

    text: str
    """The words of the relation."""

    landmarks: tuple[NounPhrase, ...]
    """The other objects: two after "between", otherwise one."""


@dataclass(frozen=True)
class NounPhrase:
    """A description such as "the red cube", "all cubes", "it" or "the matching bin"."""

    tokens: tuple[Token, ...]
    """Its words in order."""

    whereabouts: tuple[Whereabouts, ...] = ()
    """Where the object stands, as far as the phrase says it."""

    def __post_init__(self) -> None:
        if self.is_described and not self.can_be_described:
            raise UnreadableError(f'"{self.text}" is not understood: its words describe one object')

    @property
    def shape_word(self) -> str | None:
        """Its noun if that is a shape, a key of `Lexicon.nouns`."""
        return next(iter(self._values(Kind.SHAPE)), None)

    @property
    def colours(self) -> tuple[str, ...]:
        """The colours it names; more than one is a contradiction."""
        return tuple(dict.fromkeys(self._values(Kind.COLOUR)))

    @property
    def text(self) -> str:
        """The phrase as it was written."""
        words = [token.text for token in self.tokens]
        for where in self.whereabouts:
            words += [where.text, " and ".join(landmark.text for landmark in where.landmarks)]
        return " ".join(words)

    @property
    def bare_text(self) -> str:
        """The phrase without "the" or "all"."""
        kept = [t.text for t in self.tokens if t.kind not in _BEFORE_DETERMINER]
        return " ".join(kept) or self.text

    @property
    def pronoun(self) -> str | None:
        """Either "it" or "them" for an object named before; a lone "that" is "it"."""
        if all(t.kind is Kind.DETERMINER for t in self.tokens):
            return lexicon().reader.demonstratives.get(self.tokens[-1].text)
        return next(iter(self._values(Kind.PRONOUN)), None)

    @property
    def is_matching(self) -> bool:
        """Whether its colour is that of the moved object."""
        return self._has(Kind.MATCHING)

    @property
    def is_generic(self) -> bool:
        """Whether its noun is generic, as in "the green one"."""
        return self.shape_word is None and self._has(Kind.GENERIC)

    @property
    def is_one(self) -> bool:
        """Whether its noun is "one", which stands for a noun before."""
        return self.is_generic and any(t.text == "one" for t in self.tokens)

    @property
    def is_bare_colour(self) -> bool:
        """Whether a colour stands alone, as in "stack red on yellow"."""
        kinds = {t.kind for t in self.tokens if t.kind not in (Kind.DETERMINER, Kind.ADJECTIVE)}
        return kinds == {Kind.COLOUR}

    @property
    def speaks_of_all(self) -> bool:
        """Whether it means every object that fits: "all cubes", "each cube", "the cubes", "everything"."""
        return self._has(Kind.QUANTIFIER) or any(t.plural for t in self.tokens)

    @property
    def count(self) -> int | None:
        """The number it states, as in "both cubes" and "both of them"."""
        numbers = self._values(Kind.COUNT)
        return int(numbers[0]) if numbers else 2 if self.text.startswith("both of") else None

    @property
    def place(self) -> str | None:
        """The word for the table, if it means the table."""
        return next(iter(self._values(Kind.PLACE)), None)

    @property
    def is_gripper(self) -> bool:
        """Whether it means the end effector."""
        return self._has(Kind.GRIPPER) and self.shape_word is None

    @property
    def choice(self) -> Token | None:
        """The word that chooses one of several objects, such as "leftmost" or "other"."""
        return next((t for t in self.tokens if t.kind is Kind.CHOICE), None)

    @property
    def is_nearest_of_something(self) -> bool:
        """Whether it says "nearest" or "farthest", not to what."""
        return self.choice is not None and self.choice.text in ("nearest", "closest", "farthest", "furthest")

    @property
    def is_described(self) -> bool:
        """Whether the layout, a size or another object decides which object it means."""
        return bool(self.whereabouts) or self._has(Kind.CHOICE) or self._has(Kind.EXCLUDED)

    @property
    def can_be_described(self) -> bool:
        """Whether it names one object by a noun, which a description then tells from others of the kind."""
        kinds = [t.kind for t in self.tokens]
        return (
            not _NAMES_SOMETHING.isdisjoint(kinds)
            and {Kind.PRONOUN, Kind.PLACE, Kind.GRIPPER, Kind.MATCHING}.isdisjoint(kinds)
            and kinds.count(Kind.CHOICE) <= 1
            and not self.speaks_of_all
            and self.count is None
        )

    @property
    def unknown_words(self) -> tuple[str, ...]:
        """Words that are not in the lexicon and not in an object's name."""
        return self._values(Kind.UNKNOWN)

    def shape_preferences(self) -> tuple[str, ...]:
        """Return the shapes the noun may mean, most likely first; empty if it names none."""
        return lexicon().nouns[self.shape_word] if self.shape_word else ()

    def fits(self, body: Body) -> bool:
        """Return whether the words describe `body`; a word of its own name always does."""
        parts = name_parts(body.name)
        names = self._values(Kind.NAME)
        if self.unknown_words or (names and names != (body.name,)):
            return False
        colour = lexicon().colour_of(body.colour)
        if any(other == colour or other in parts for other in self._values(Kind.EXCLUDED)):
            return False
        fits_parts = all(word in parts for word in self._values(Kind.PART))
        fits_colour = all(c == colour or c in parts for c in self.colours)
        fits_shape = self.shape_word is None or body.shape in self.shape_preferences() or self.shape_word in parts
        return fits_parts and fits_colour and fits_shape

    def with_noun_of(self, other: NounPhrase) -> NounPhrase:
        """Return "red" of "the red and green cubes" completed by the noun of its neighbour."""
        nouns = tuple(t for t in other.tokens if t.kind is Kind.SHAPE)
        return replace(self, tokens=(*self.tokens, *(Token(t.kind, t.value, t.value) for t in nouns)))

    def without_matching(self) -> NounPhrase:
        """Return the phrase without the words about having the same colour.

        Raises:
            UnreadableError: If there are no other words.
        """
        kept = tuple(t for t in self.tokens if t.kind is not Kind.MATCHING)
        if not kept:
            raise UnreadableError(f'"{self.text}" is not followed by the name of an object')
        return replace(self, tokens=kept)

    def to_you(self) -> NounPhrase:
        """Return "the nearest cube" as the nearest to the robot, not to another object."""
        return replace(
            self, tokens=tuple(replace(t, text=f"{t.text} to you") if t.kind is Kind.CHOICE else t for t in self.tokens)
        )

    def at(self, where: Whereabouts, *, without: Token | None = None) -> NounPhrase:
        """Return the phrase with where its object stands; `without` is a word of it that `where` repeats.

        Raises:
            UnreadableError: If it is already described so, or means no single object.
        """
        if self.whereabouts:
            raise UnreadableError(f'"{self.text} {where.text}" describes one object twice')
        return replace(self, tokens=tuple(t for t in self.tokens if t is not without), whereabouts=(where,))

    def _values(self, kind: Kind) -> tuple[str, ...]:
        return tuple(token.value for token in self.tokens if token.kind is kind)

    def _has(self, kind: Kind) -> bool:
        return any(token.kind is kind for token in self.tokens)


def it() -> NounPhrase:
    """Return the pronoun, for sentences that omit it: "pick up red and place on blue"."""
    return NounPhrase((Token(Kind.PRONOUN, "it", ""),))


def group_noun_phrases(tokens: Sequence[Token]) -> list[Token | NounPhrase]:
    """Return the tokens with every run of noun words replaced by its phrases.

    Raises:
        UnreadableError: If an article stands without a noun.
    """
    grouped: list[Token | NounPhrase] = []
    run: list[Token] = []
    for token in _with_colours_before_nouns(tokens):
        if token.kind not in NOUN_KINDS or (run and _begins_phrase(token, run)):
            _close(run, grouped)
            run = []
        if token.kind in NOUN_KINDS:
            run.append(token)
        else:
            grouped.append(token)
    _close(run, grouped)
    return grouped


def _with_colours_before_nouns(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with "the cube that is red" and "the cubes that are red" as "the red cube" and "the red cubes"."""
    ordered: list[Token] = []
    rest = list(tokens)
    while rest:
        token = rest.pop(0)
        skipped = 0 if token.kind is Kind.RELATIVE else 1
        begins = skipped == 0 or (token.text == "that" and [t.text for t in rest[:1]] == ["are"])
        has_colour = begins and len(rest) > skipped and rest[skipped].kind is Kind.COLOUR
        is_after_noun = bool(ordered) and ordered[-1].kind in (Kind.SHAPE, Kind.GENERIC)
        if has_colour and is_after_noun and not _is_noun_word(rest[skipped + 1 : skipped + 2]):
            ordered.insert(-1, rest[skipped])
            del rest[: skipped + 1]
        else:
            ordered.append(token)
    return ordered


def _is_noun_word(tokens: Sequence[Token]) -> bool:
    return any(token.kind in NOUN_KINDS for token in tokens)


def _begins_phrase(token: Token, run: Sequence[Token]) -> bool:
    """Return whether `token` cannot belong to the phrase so far."""
    if token.kind is Kind.DETERMINER:
        return any(t.kind not in _BEFORE_DETERMINER for t in run)
    has_head = any(t.kind in _HEADS for t in run)
    if token.kind is Kind.PRONOUN:
        return any(t.kind not in _BEFORE_DETERMINER for t in run)
    if token.kind is Kind.NAME:
        return has_head
    return has_head and token.kind not in _AFTER_HEAD and run[-1].kind is not Kind.GENERIC


def _close(run: Sequence[Token], grouped: list[Token | NounPhrase]) -> None:
    if not run:
        return
    phrase = NounPhrase(tuple(run))
    if all(t.kind is Kind.DETERMINER for t in run) and phrase.pronoun is None:
        raise UnreadableError(f'"{phrase.text}" is not followed by the name of an object')
    _check_together(phrase)
    grouped.append(phrase)


def _check_together(phrase: NounPhrase) -> None:
    """Raise `UnreadableError` for a phrase in which a word would be ignored, such as "the red gripper"."""
    kinds = [token.kind for token in phrase.tokens]
    for head, others in _TAKES_NO_MORE.items():
        if head in kinds and Kind.SHAPE not in kinds and not others.issuperset(kinds):
            unknown = phrase.unknown_words
            hint = f'; the word "{unknown[0]}" is unknown' if unknown else ""
            raise UnreadableError(f'"{phrase.text}" is not understood{hint}')
    if kinds.count(Kind.COUNT) > 1:
        raise UnreadableError(f'"{phrase.text}" states two numbers')
