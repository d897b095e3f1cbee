"""Nouns after a colour that no known object has: in "the green pear" the network alone would take the green thing for it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import pairwise

from vla_isaac.language import Kind, lexicon

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def words_after_colours(sentence: str) -> Iterator[str]:
    """Yield the words that follow a colour with nothing but a space between, in lower case."""
    for first, second in pairwise(_WORD.finditer(sentence)):
        entry = lexicon().entries.get(first[0].lower())
        if entry is not None and entry.kind is Kind.COLOUR and sentence[first.end() : second.start()].isspace():
            yield second[0].lower()


def unexplained(sentence: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the words after a colour that are neither in the lexicon nor in `known`.

    Args:
        sentence: The instruction.
        known: Words that people said after a colour, of sentences that can be done.
    """
    entries = lexicon().entries
    return tuple(word for word in words_after_colours(sentence) if word not in entries and word not in known)
