"""Tokenisation of sentences: normalised spelling, known phrases, ignored punctuation removed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from vla_isaac.core.errors import InstructionError
from vla_isaac.core.types import Body
from vla_isaac.language import Entry, Kind, lexicon


class UnreadableError(InstructionError):
    """The reader cannot parse the sentence; the message is only the reason, which `reader` completes."""


@dataclass(frozen=True)
class Token:
    """A word or phrase with its part of speech."""

    kind: Kind
    """Its part of speech."""

    value: str
    """Its canonical form."""

    text: str
    """Its words, in lower case and British spelling."""

    plural: bool = False
    """For nouns: whether it is a plural."""


def tokens_of(text: str, bodies: Sequence[Body]) -> list[Token]:
    """Return the tokens of a sentence without politeness; the longest phrase of the lexicon is matched first.

    A word that is not in the lexicon becomes part of an object's name if an object in `bodies` has it, else an unknown
    word, which the grammar never skips. `check_supported` raises for the words that the grammar has no use for.
    """
    words = _words(text, {body.name.lower() for body in bodies})
    tokens: list[Token] = []
    start = 0
    while start < len(words):
        token, used = _longest_match(words, start, bodies)
        start += used
        if token.kind is not Kind.FILLER:
            tokens.append(token)
    return tokens


def check_supported(tokens: Sequence[Token]) -> None:
    """Raise `UnreadableError` for the first unsupported word, such as "not" or "under"."""
    for before, token in pairwise((None, *tokens)):
        if token is not None and token.kind in (Kind.REFUSED, Kind.EXCLUSION):
            raise _refusal(token, before)


def name_parts(name: str) -> list[str]:
    """Return the words in an object's name, in lower case."""
    return [part for part in re.split(r"[\W_]+", name.lower()) if part]


def nearest_word(word: str, kinds: Sequence[Kind]) -> str | None:
    """Return the known word of one of `kinds` of which `word` is probably a misspelling."""
    known = [phrase for phrase, entry in lexicon().entries.items() if entry.kind in kinds and " " not in phrase]
    cutoff = 0.6 if len(word) <= 3 else 0.72  # in a short word one typo changes a larger fraction
    near = difflib.get_close_matches(word, known, n=1, cutoff=cutoff)
    return near[0] if near else None


def verbs_known() -> str:
    """Return the remedy for an unknown verb: a verb of each group."""
    return f"its verbs are, among others: {', '.join(verbs[0] for verbs in lexicon().reader.verbs.values())}"


def _refusal(token: Token, before: Token | None) -> UnreadableError:
    """Return the error of an unsupported word; "make me a coffee" asks for something that no verb of the reader means."""
    if before is not None and before.kind is Kind.VERB and token.text in ("me", "us"):
        return UnreadableError(f'"{before.text} {token.text}" is no verb that the reader knows', remedy=verbs_known())
    if token.kind is Kind.EXCLUSION:
        token = Token(Kind.REFUSED, 'it is understood only before a colour, as in "the cube that isn\'t red"', token.text)
    return UnreadableError(f'"{token.text}" is not supported: {token.value}')


_ARROW = re.compile(r"[-=~–—]*[-=~–—]>|[→⇒⟶➔➜➡]")
_IGNORED = re.compile(r"[\s\"“”„«»‘()\[\]{}–—…\u200b-\u200f\u2060\ufeff]+")
_WORD = re.compile(r"\w+|\S")


def _words(text: str, names: set[str]) -> list[str]:
    plain = re.sub(r"['’`]", "", _ARROW.sub(" to ", text.lower().replace("...", "."))).replace("-", " ")
    plain = re.sub(r"\bthats\b", "that is", plain)
    plain = _IGNORED.sub(" ", plain)
    plain = re.sub(r"\bcolor", "colour", plain)
    words: list[str] = []
    for word in _WORD.findall(plain):
        words += [word] if word in names else word.replace("_", " ").split()
    return words


def _longest_match(words: Sequence[str], start: int, bodies: Sequence[Body]) -> tuple[Token, int]:
    """Return the token that begins at `start` and the number of words it takes."""
    for length in range(min(lexicon().longest_phrase, len(words) - start), 1, -1):
        phrase = " ".join(words[start : start + length])
        entry = lexicon().entries.get(phrase)
        if entry is not None and not (entry.kind is Kind.THEN and _begins_relation(words, start + length - 1)):
            return _token(entry, phrase), length
    return _single(words[start], bodies), 1


def _begins_relation(words: Sequence[str], start: int) -> bool:
    """Return whether a phrase such as "next to" begins there, which "and next" would cut."""
    found = lexicon().entries.get(" ".join(words[start : start + 2]))
    return found is not None and found.kind is Kind.RELATION


def _single(word: str, bodies: Sequence[Body]) -> Token:
    entry = lexicon().entries.get(word)
    if entry is None or entry.kind is Kind.SHAPE:
        for body in bodies:
            if body.name.lower() == word:
                return Token(Kind.NAME, body.name, word)
    if entry is not None:
        return _token(entry, word)
    is_part = any(word in name_parts(body.name) for body in bodies)
    return Token(Kind.PART if is_part else Kind.UNKNOWN, word, word)


def _token(entry: Entry, text: str) -> Token:
    return Token(entry.kind, entry.value, text, entry.plural)
