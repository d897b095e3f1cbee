"""`EncodedModel`: base class of models whose picture and sentence encoders are chosen by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from vla_isaac.core.arrays import Image
from vla_isaac.core.errors import ShapeError
from vla_isaac.models.base import Batch
from vla_isaac.models.encoders import pretrained
from vla_isaac.models.encoders.batching import BatchProcessor
from vla_isaac.models.encoders.configuration import EncodedConfig
from vla_isaac.models.encoders.language import EncodedSentence, TransformersLanguage
from vla_isaac.models.encoders.pretrained import SMALL, is_pretrained
from vla_isaac.models.encoders.vision import TransformersVision
from vla_isaac.models.imitation import ImitationModel
from vla_isaac.models.io_names import IS_WORD, READ
from vla_isaac.models.sentences import WordEncoder


class EncodedModel(ImitationModel):
    """Base class of models with encoders by name."""

    config_class = EncodedConfig
    processor_class = BatchProcessor

    def __init__(self, config: EncodedConfig) -> None:
        super().__init__(config)
        self.language = self._make_language()

    def begin(self) -> None:
        """Load the weights of pretrained encoders.

        Raises:
            ConfigError: If they are not on this machine and cannot be downloaded.
        """
        super().begin()
        config = self.config
        if is_pretrained(config.language) and isinstance(self.language, TransformersLanguage):
            pretrained.load_weights(self.language.network, config.language)
        for part in self.modules():
            if isinstance(part, TransformersVision) and is_pretrained(config.vision):
                pretrained.load_weights(part.network, config.vision)

    def read(self, batch: Batch) -> EncodedSentence:
        """Return the encoded sentences; a batch with the result of `read_once` is not encoded again."""
        if READ in batch:
            return EncodedSentence(batch[READ], batch[IS_WORD] > 0)
        count, most = batch["words"].shape[1], self.config.max_words
        if not torch.onnx.is_in_onnx_export() and count > most:
            raise ShapeError(
                f"a sentence of {count} words, this model was made for {most}; its processor leaves out the rest"
            )
        return EncodedSentence(self.language(batch["words"], batch["pieces"]), batch["words"] > 0)

    def read_once(self, batch: Batch) -> dict[str, Tensor]:
        """Return the encoded instruction, which `forward` takes instead of words and pieces."""
        found = self.read(batch)
        return {READ: found.words, IS_WORD: found.is_word.to(torch.float32)}

    def make_processor(self) -> BatchProcessor:
        """Return the processor that makes batches of one for this model.

        Raises:
            UsageError: If the model has no processor.
        """
        return self.processor_class(self)

    @torch.no_grad()
    def process_instruction(self, instruction: str) -> dict[str, Tensor]:
        """Return the encoded instruction, which `get_action` takes instead of the sentence; encoded only once."""
        return self.read_once(self.make_processor().said(instruction))

    @torch.no_grad()
    def get_action(
        self,
        pictures: Mapping[str, Image],
        instruction: str | Mapping[str, Tensor],
        state: Sequence[float] | None = None,
        **more: Any,
    ) -> Tensor:
        """Return a chunk of actions (k, A), normalised as in training; the arguments are those of the processor.

        `policies.learned` returns them in physical units and keeps the history.

        Raises:
            UsageError: If the model has no processor.
            ShapeError: If pictures or state do not have the expected shapes.
        """
        batch = self.make_processor()(pictures, instruction, state, **more)
        self.check(batch)
        return self.act(self.eval()(batch)).actions[0]

    def frozen(self) -> list[str]:
        """Return the names of frozen weights."""
        return [name for name, weight in self.named_parameters() if not weight.requires_grad]

    # ------------------------------------------------------------------

    def _make_language(self) -> WordEncoder | TransformersLanguage:
        config = self.config
        if config.language == SMALL:
            return WordEncoder(
                config.num_words, config.num_buckets, config.max_words, dim=config.text_dim, layers=config.text_layers
            )
        config.language_settings = config.language_settings or pretrained.language_settings(
            config.language, num_words=config.num_words, max_words=config.max_words
        )
        has_own = is_pretrained(config.language)
        encoder = TransformersLanguage(
            config.language_settings, is_frozen=has_own and not config.trains_pretrained, has_own_tokens=has_own
        )
        config.text_dim = encoder.width
        return encoder
