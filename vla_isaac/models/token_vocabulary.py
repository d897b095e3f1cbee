"""`TokenVocabulary`: the tokenizer of a pretrained sentence encoder, with the interface of `Vocabulary`; no torch.

Token ids are raised by one, so that 0 is padding as in `Vocabulary`; the encoder subtracts it again.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.contained_paths import contained_file
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import reading, regular_file
from vla_isaac.core.optional import require
from vla_isaac.models.text import Tokens, Vocabulary

TOKENIZER = "tokenizer.json"
BUCKETS = 1  # no n-grams: the tokenizer has subwords


class TokenVocabulary:
    """A ``tokenizer.json`` of the transformers library."""

    num_buckets = BUCKETS

    def __init__(self, path: Path, *, max_words: int = 32) -> None:
        """Load the tokenizer.

        Args:
            path: The ``tokenizer.json``.
            max_words: Tokens of a sentence that are encoded; the rest is cut off.

        Raises:
            ConfigError: If it is missing or broken.
            MissingDependencyError: If the tokenizers library is not installed.
        """
        library: Any = require("tokenizers", extra="train", need="the tokenizer of a pretrained encoder")
        self.path, self.max_words = path, max_words
        remedy = "copy the whole folder of the encoder"
        with reading(path, error=ConfigError, remedy=remedy, what="the tokenizer"):
            self._tokenizer = library.Tokenizer.from_file(str(regular_file(path, error=ConfigError, remedy=remedy)))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_words)

    @cached_property
    def _size(self) -> int:
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    def __len__(self) -> int:
        """Number of tokens, including padding."""
        return self._size + 1

    def encode(self, sentences: Sequence[str], *, length: int | None = None) -> Tokens:
        """Return tokenised sentences as `Vocabulary.encode`, without n-grams.

        Args:
            sentences: Any text.
            length: Tokens per row; None takes `max_words`.
        """
        length = length or self.max_words
        words = np.zeros((len(sentences), length), dtype=np.int64)
        for row, found in enumerate(self._tokenizer.encode_batch(list(sentences))):
            ids = found.ids[:length]
            words[row, : len(ids)] = np.asarray(ids, dtype=np.int64) + 1
        return Tokens(words, np.zeros((*words.shape, 1), dtype=np.int64))

    def save(self, folder: Path) -> None:
        """Write ``tokenizer.json`` and ``vocabulary.json`` (with the number of tokens) into a checkpoint."""
        shutil.copyfile(self.path, folder / TOKENIZER)
        Vocabulary((), max_words=self.max_words, num_buckets=BUCKETS).save(folder)


def load_vocabulary(folder: Path) -> Vocabulary | TokenVocabulary:
    """Return the vocabulary or tokenizer of a checkpoint.

    Raises:
        ConfigError: If its files are missing or broken.
    """
    plain = Vocabulary.load(folder)
    path = contained_file(folder, folder / TOKENIZER, error=ConfigError)
    return TokenVocabulary(path, max_words=plain.max_words) if path.is_file() else plain
