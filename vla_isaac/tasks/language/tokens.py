"""From a sentence to tokens: spelling made uniform, known phrases found, nothing dropped but punctuation nobody reads."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from vla_isaac.core.errors import InstructionError
from vla_isaac.core.types import Body
from vla_isaac.language import Entry, Kind, lexicon


class UnreadableError(InstructionError):
    """The sentence has a form the reader does not know; the message is the bare reason, which `reader` completes."""


@dataclass(frozen=True)
class Token:
    """A word or phrase and what it does."""

    kind: Kind
    """What it does in the sentence."""

    value: str
    """Its canonical form."""

    text: str
    """The words it was read from, in lower case and British spelling."""

    plural: bool = False
    """For nouns: whether it speaks of several."""


def tokens_of(text: str, bodies: Sequence[Body]) -> list[Token]:
    """Return the tokens of a sentence, politeness left out; always the longest phrase the lexicon knows.

    A word the lexicon lacks becomes part of an object's name if some object in `bodies` is called so, else an
    unknown word, which the grammar passes on and never skips.

    Raises:
        UnreadableError: If a word asks for what no goal can state, such as "not" or "under".
    """
    words = _words(text, {body.name.lower() for body in bodies})
    tokens = []
    start = 0
    while start < len(words):
        token, used = _longest_match(words, start, bodies)
        start += used
        if token.kind is Kind.REFUSED:
            raise UnreadableError(f'"{token.text}" is not supported: {token.value}')
        if token.kind is not Kind.FILLER:
            tokens.append(token)
    return tokens


def name_parts(name: str) -> list[str]:
    """Return the words in an object's name, in lower case."""
    return [part for part in re.split(r"[\W_]+", name.lower()) if part]


def nearest_word(word: str, kinds: Sequence[Kind]) -> str | None:
    """Return the known word of one of `kinds` that `word` is probably a misspelling of."""
    known = [phrase for phrase, entry in lexicon().entries.items() if entry.kind in kinds and " " not in phrase]
    cutoff = 0.6 if len(word) <= 3 else 0.72  # in a short word one slip changes a larger share
    near = difflib.get_close_matches(word, known, n=1, cutoff=cutoff)
    return near[0] if near else None


def _words(text: str, names: set[str]) -> list[str]:
    plain = re.sub(r"['’`]", "", text.lower()).replace("-", " ")
    plain = re.sub(r"\bcolor", "colour", plain)
    words: list[str] = []
    for word in re.findall(r"\w+|[.,;:!?&]", plain):
        words += [word] if word in names else word.replace("_", " ").split()
    return words


def _longest_match(words: Sequence[str], start: int, bodies: Sequence[Body]) -> tuple[Token, int]:
    """Return the token that begins at `start` and the number of words it takes."""
    for length in range(min(lexicon().longest_phrase, len(words) - start), 1, -1):
        phrase = " ".join(words[start : start + length])
        entry = lexicon().entries.get(phrase)
        if entry is not None:
            return _token(entry, phrase), length
    return _single(words[start], bodies), 1


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
