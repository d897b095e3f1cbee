"""Sentence encoders: one vector per word."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor

from vla_isaac.models.encoders.pretrained import PretrainedEncoder, language_model


class EncodedSentence(NamedTuple):
    """An encoded sentence."""

    words: Tensor
    """(B, L, width)."""

    is_word: Tensor
    """False for padding, bool (B, L)."""


class TransformersLanguage(PretrainedEncoder):
    """An encoder of the transformers library, such as BERT or the text part of CLIP.

    Its input is rows of `models.text.Vocabulary` (0 is padding), or its own token ids plus one.
    """

    def __init__(self, settings: dict[str, Any], *, is_frozen: bool, has_own_tokens: bool) -> None:
        """Build the encoder from its settings, with random weights.

        Args:
            settings: As returned by `encoders.pretrained.language_settings`.
            is_frozen: Whether its weights are not trained.
            has_own_tokens: Whether the input is the ids of its own tokenizer plus one.
        """
        network, self.width = language_model(settings)
        super().__init__(network, is_frozen=is_frozen)
        self.lowered = int(has_own_tokens)

    def forward(self, words: Tensor, pieces: Tensor) -> Tensor:
        """Return (B, L, width) of words (B, L)."""
        ids = (words - self.lowered).clamp(min=0)
        found: Tensor = self.network(input_ids=ids, attention_mask=(words > 0).long()).last_hidden_state
        return found
