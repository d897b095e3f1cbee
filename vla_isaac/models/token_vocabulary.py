"""`TokenVocabulary`: the tokenizer of a pretrained encoder of sentences, as numbers our networks take; no torch.

Tokens are numbered from 1, so that 0 is padding here as everywhere; the encoder lowers them again.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.errors import ConfigError
from vla_isaac.core.optional import require
from vla_isaac.models.text import Tokens, Vocabulary

TOKENIZER = "tokenizer.json"
BUCKETS = 1  # spelling is the tokenizer's business


class TokenVocabulary:
    """A ``tokenizer.json``, as the transformers library keeps them."""

    num_buckets = BUCKETS

    def __init__(self, path: Path, *, max_words: int = 32) -> None:
        """Read it.

        Args:
            path: The file.
            max_words: Tokens of a sentence that are read; the rest is left out.

        Raises:
            ConfigError: If it is missing or broken.
            MissingDependencyError: If the tokenizers library is not installed.
        """
        library: Any = require("tokenizers", extra="train", need="the tokenizer of a pretrained encoder")
        self.path, self.max_words = path, max_words
        try:
            self._tokenizer = library.Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare exceptions
            raise ConfigError(f"{path}: is no tokenizer ({error}); copy the whole folder of the encoder") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_words)

    @cached_property
    def _size(self) -> int:
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    def __len__(self) -> int:
        """Tokens and padding."""
        return self._size + 1

    def encode(self, sentences: Sequence[str], *, length: int | None = None) -> Tokens:
        """Return sentences as numbers; as `Vocabulary.encode`, without pieces.

        Args:
            sentences: Any text at all.
            length: Tokens per row; None takes `max_words`.
        """
        length = length or self.max_words
        words = np.zeros((len(sentences), length), dtype=np.int64)
        for row, found in enumerate(self._tokenizer.encode_batch(list(sentences))):
            ids = found.ids[:length]
            words[row, : len(ids)] = np.asarray(ids, dtype=np.int64) + 1
        return Tokens(words, np.zeros((*words.shape, 1), dtype=np.int64))

    def save(self, folder: Path) -> None:
        """Write ``tokenizer.json``, and how many tokens are read, into a checkpoint."""
        shutil.copyfile(self.path, folder / TOKENIZER)
        Vocabulary((), max_words=self.max_words, num_buckets=BUCKETS).save(folder)


def load_vocabulary(folder: Path) -> Vocabulary | TokenVocabulary:
    """Return how a checkpoint reads sentences.

    Raises:
        ConfigError: If its files are missing or broken.
    """
    plain = Vocabulary.load(folder)
    path = folder / TOKENIZER
    return TokenVocabulary(path, max_words=plain.max_words) if path.is_file() else plain
