"""`EncodedModel`: models whose encoders of pictures and of sentences are chosen by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from vla_isaac.core.arrays import Image
from vla_isaac.core.errors import ShapeError, UsageError
from vla_isaac.models.base import Batch
from vla_isaac.models.encoders import pretrained
from vla_isaac.models.encoders.configuration import EncodedConfig
from vla_isaac.models.encoders.language import Read, TransformersLanguage
from vla_isaac.models.encoders.pretrained import SMALL, is_pretrained
from vla_isaac.models.encoders.vision import TransformersVision
from vla_isaac.models.feed import IS_WORD, READ
from vla_isaac.models.imitation import ImitationModel
from vla_isaac.models.sentences import WordEncoder


class EncodedModel(ImitationModel):
    """Base of those models."""

    config_class = EncodedConfig

    def __init__(self, config: EncodedConfig) -> None:
        super().__init__(config)
        self.language = self._make_language()

    def begin(self) -> None:
        """Load the weights of pretrained encoders.

        Raises:
            ConfigError: If they are not here and cannot be fetched.
        """
        super().begin()
        config = self.config
        if is_pretrained(config.language) and isinstance(self.language, TransformersLanguage):
            pretrained.load_weights(self.language.network, config.language)
        for part in self.modules():
            if isinstance(part, TransformersVision) and is_pretrained(config.vision):
                pretrained.load_weights(part.network, config.vision)

    def read(self, batch: Batch) -> Read:
        """Return what the sentences say; those that were read before are not read again."""
        if READ in batch:
            return Read(batch[READ], batch[IS_WORD] > 0)
        count, most = batch["words"].shape[1], self.config.max_words
        if not torch.onnx.is_in_onnx_export() and count > most:
            raise ShapeError(
                f"a sentence of {count} words, this model was made for {most}; its processor leaves out the rest"
            )
        return Read(self.language(batch["words"], batch["pieces"]), batch["words"] > 0)

    def read_once(self, batch: Batch) -> dict[str, Tensor]:
        """Return what `forward` takes in place of words and pieces, as long as the instruction is the same."""
        found = self.read(batch)
        return {READ: found.words, IS_WORD: found.is_word.to(torch.float32)}

    def process_instruction(self, instruction: str) -> dict[str, Tensor]:
        """Return an instruction as it is read; `get_action` takes it in place of the words, and reads nothing again.

        Raises:
            UsageError: If the model has no processor.
        """
        if self.processor is None:
            raise UsageError("the model has no processor; load it from a checkpoint, or set model.processor")
        tokens = self.processor.sentences([instruction])
        said = {"words": torch.from_numpy(tokens.words), "pieces": torch.from_numpy(tokens.pieces)}
        with torch.no_grad():
            return self.read_once(said)

    @torch.no_grad()
    def get_action(
        self, pictures: Mapping[str, Image], instruction: str | Mapping[str, Tensor], state: Sequence[float] | None = None
    ) -> Tensor:
        """Return a chunk of actions (k, A), normalised as in training; `policies.learned` gives them in units.

        Args:
            pictures: What each camera sees, uint8 (H, W, 3) of any size.
            instruction: What was said, or what `process_instruction` made of it.
            state: Proprioception in the units of the data, (S,); None is the middle of what it was trained on.

        Raises:
            UsageError: If the model has no processor.
            ShapeError: If pictures or state are not what it was made for.
        """
        read = self.process_instruction(instruction) if isinstance(instruction, str) else instruction
        if self.processor is None:
            raise UsageError("the model has no processor; load it from a checkpoint, or set model.processor")
        config = self.config
        missing = [name for name in config.cameras if name not in pictures]
        if missing:
            raise ShapeError(f"there is no picture of camera {missing[0]!r}; given: {', '.join(pictures) or 'none'}")
        found = self.processor.pictures({name: [pictures[name]] * config.history for name in config.cameras})
        offset, scale = torch.tensor(config.state_offset), torch.tensor(config.state_scale)
        felt = torch.zeros_like(offset) if state is None else (torch.tensor(list(state)) - offset) / scale
        batch: Batch = {
            "images": {name: torch.from_numpy(rgb) for name, rgb in found.items()},
            "state": felt.expand(1, config.history, -1),
            **read,
        }
        self.check(batch)
        return self.act(self.eval()(batch)).actions[0]

    def frozen(self) -> list[str]:
        """Return the names of weights that do not learn."""
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
