"""`Vocabulary`: tokenisation of sentences to word ids and hashed character n-grams; numpy only.

A word is encoded as its row in the vocabulary (0 is padding, 1 is an unknown word) and as its character n-grams, hashed. A
word that is not in the vocabulary is still encoded by its n-grams.

Source: P. Bojanowski et al. (2017), "Enriching Word Vectors with Subword Information", for the hashed n-grams.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.config import from_mapping
from vla_isaac.core.contained_paths import contained_file
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import read_json

PAD, UNKNOWN = 0, 1
"""Rows of the word table for padding and the unknown word."""

SIZES = (3, 4)  # characters of an n-gram; "^" and "$" mark the ends of a word
FILE = "vocabulary.json"

MOST_BUCKETS, MOST_WORDS = 1 << 24, 1 << 14
"""Largest accepted sizes; a sentence is encoded as an array of words by pieces."""


@dataclass(frozen=True)
class Tokens:
    """Sentences of one batch, padded to the same length L."""

    words: AnyArray
    """Rows of the vocabulary, int64, shape (B, L)."""

    pieces: AnyArray
    """Hashed n-grams of each word, 0 is none, int64, shape (B, L, G)."""


@dataclass(frozen=True)
class Vocabulary:
    """Known words of a model, and hashing of the n-grams of all words."""

    words: tuple[str, ...]
    """Known words in lower case; their rows start at 2."""

    num_buckets: int = 2048
    """Buckets of the hashed n-grams."""

    max_words: int = 24
    """Words of a sentence that are encoded; the rest is cut off."""

    max_pieces: int = 12
    """N-grams of a word that are encoded."""

    def __post_init__(self) -> None:
        if len(set(self.words)) != len(self.words):
            raise ConfigError("vocabulary: a word appears twice; every word has one row")
        for name, most in (("num_buckets", MOST_BUCKETS), ("max_words", MOST_WORDS), ("max_pieces", MOST_WORDS)):
            if not 1 <= getattr(self, name) <= most:
                raise ConfigError(f"vocabulary: {name} is not accepted; give a whole number from 1 to {most}")

    def __len__(self) -> int:
        """Rows of the word table."""
        return len(self.words) + 2

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(self.words, start=2)}

    @cached_property
    def _seen(self) -> dict[str, tuple[int, tuple[int, ...]]]:
        return {}

    def known(self, sentence: str) -> int:
        """Return the number of words of a sentence that are in the vocabulary."""
        return sum(word in self._rows for word in split(sentence))

    def encode(self, sentences: Sequence[str], *, length: int | None = None) -> Tokens:
        """Return tokenised sentences; an empty one is all padding.

        Args:
            sentences: Any text.
            length: Words per row; None takes `max_words`. Padding has no effect on a model's output.
        """
        length = length or self.max_words
        words = np.zeros((len(sentences), length), dtype=np.int64)
        pieces = np.zeros((len(sentences), length, self.max_pieces), dtype=np.int64)
        for row, sentence in enumerate(sentences):
            for column, word in enumerate(split(sentence)[:length]):
                words[row, column], found = self._look_up(word)
                pieces[row, column, : len(found)] = found
        return Tokens(words, pieces)

    def _look_up(self, word: str) -> tuple[int, tuple[int, ...]]:
        known = self._seen.get(word)
        if known is None:
            if len(self._seen) > 50_000:  # bounds the memory of a server
                self._seen.clear()
            found = tuple(_hashed(piece, self.num_buckets) for piece in ngrams(word)[: self.max_pieces])
            known = self._seen[word] = (self._rows.get(word, UNKNOWN), found)
        return known

    def save(self, folder: Path) -> None:
        """Write ``vocabulary.json`` into a checkpoint."""
        (folder / FILE).write_text(json.dumps(self.to_json(), ensure_ascii=False) + "\n", encoding="utf-8")

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "num_buckets": self.num_buckets,
            "max_words": self.max_words,
            "max_pieces": self.max_pieces,
            "words": list(self.words),
        }

    @classmethod
    def from_json(cls, data: Any, *, source: str = "vocabulary") -> Vocabulary:
        """Return a vocabulary from the values of `to_json`.

        Raises:
            ConfigError: If a key is missing or of the wrong type; names `source`.
        """
        missing = [field.name for field in fields(cls) if not isinstance(data, Mapping) or field.name not in data]
        if missing:
            raise ConfigError(f"{source}: has no {missing[0]!r}", remedy="use the vocabulary.json of the checkpoint")
        return from_mapping(cls, data, source=source)

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """Read ``vocabulary.json`` of a checkpoint.

        Raises:
            ConfigError: If it is missing or broken.
        """
        path = contained_file(folder, folder / FILE, error=ConfigError)
        return cls.from_json(read_json(path, error=ConfigError, remedy="copy the whole checkpoint folder"), source=str(path))


def split(sentence: str) -> list[str]:
    """Return the words of a sentence in lower case, without digits and punctuation."""
    return re.findall(r"[^\W\d_]+", sentence.lower())


def ngrams(word: str) -> list[str]:
    """Return the n-grams of a word, shortest first."""
    marked = f"^{word}$"
    return [marked[i : i + n] for n in SIZES for i in range(len(marked) - n + 1)] or [marked]


def vocabulary_of(sentences: Iterable[str], *, extra: Iterable[str] = (), **sizes: int) -> Vocabulary:
    """Return the vocabulary of all words of `sentences`, in alphabetical order."""
    found = {word for text in (*sentences, *extra) for word in split(text)}
    return Vocabulary(tuple(sorted(found)), **sizes)


def _hashed(piece: str, num_buckets: int) -> int:
    return 1 + zlib.crc32(piece.encode()) % num_buckets
