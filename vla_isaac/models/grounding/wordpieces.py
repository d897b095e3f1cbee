"""`WordPieces`: tokenisation of a sentence into subwords by the longest match; standard library and numpy only.

Source: Y. Wu et al. (2016), "Google's Neural Machine Translation System", section 4.1; splitting and lower case as in BERT
(J. Devlin et al., 2019), whose tokenizer gives the same pieces with the same vocabulary.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import read_json

PAD, UNKNOWN, FIRST, LAST = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
SPECIAL = (PAD, UNKNOWN, FIRST, LAST)
"""The first rows of every vocabulary."""

INSIDE = "##"
"""Prefix of a piece that continues a word."""

LONGEST_WORD = 100
MOST_PIECES = 96
"""Pieces of a sentence that are read, with the two at its ends."""


class WordPiece(NamedTuple):
    """A piece of a sentence."""

    row: int
    """Row of the vocabulary."""

    word: int
    """Number of its word in the sentence."""


@dataclass(frozen=True)
class WordPieces:
    """A vocabulary of subwords, `SPECIAL` first."""

    pieces: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.pieces[: len(SPECIAL)] != SPECIAL or len(set(self.pieces)) != len(self.pieces):
            raise ConfigError(
                f"the vocabulary of the grounding does not begin with {', '.join(SPECIAL)}, or has a piece twice",
                remedy="copy the whole checkpoint folder",
            )

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {piece: row for row, piece in enumerate(self.pieces)}

    def split(self, sentence: str) -> list[WordPiece]:
        """Return the pieces of a sentence, without the two at its ends."""
        return [WordPiece(row, number) for number, word in enumerate(words_of(sentence)) for row in self._rows_of(word)]

    def encode(self, sentences: Sequence[str]) -> AnyArray:
        """Return rows of the vocabulary, int64 (B, L), padded to the longest of them; what is too long is cut."""
        first, last = self._rows[FIRST], self._rows[LAST]
        rows = [[first, *(p.row for p in self.split(s)[: MOST_PIECES - 2]), last] for s in sentences]
        out = np.zeros((len(rows), max(map(len, rows), default=1)), dtype=np.int64)
        for number, row in enumerate(rows):
            out[number, : len(row)] = row
        return out

    def _rows_of(self, word: str) -> list[int]:
        rows, start, unknown = [], 0, [self._rows[UNKNOWN]]
        if len(word) > LONGEST_WORD:
            return unknown
        while start < len(word):
            for end in range(len(word), start, -1):
                row = self._rows.get((INSIDE if start else "") + word[start:end])
                if row is not None:
                    break
            else:
                return unknown
            rows.append(row)
            start = end
        return rows

    @classmethod
    def load(cls, path: Path) -> WordPieces:
        """Read a JSON list of pieces.

        Raises:
            ConfigError: If the file is missing or broken.
        """
        remedy = "copy the whole checkpoint folder"
        data = read_json(path, error=ConfigError, remedy=remedy)
        if not isinstance(data, list) or not all(isinstance(piece, str) for piece in data):
            raise ConfigError(f"{path} is not a list of texts", remedy=remedy)
        return cls(tuple(data))


def words_of(sentence: str) -> list[str]:
    """Return the words and punctuation marks of a sentence in lower case, without accents."""
    text = unicodedata.normalize("NFD", sentence.lower())
    out, word = [], ""
    for letter in text:
        category = unicodedata.category(letter)
        if category == "Mn" or (category[0] == "C" and letter not in "\t\n\r"):
            continue
        if letter.isspace() or _is_mark(letter, category):
            out += [word] if word else []
            out += [] if letter.isspace() else [letter]
            word = ""
        else:
            word += letter
    return [*out, word] if word else out


def _is_mark(letter: str, category: str) -> bool:
    code = ord(letter)
    is_ascii = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return is_ascii or category[0] == "P"
