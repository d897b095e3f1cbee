"""`VLAProcessor`: preprocessing of a network's inputs: picture size and tokenised sentences; numpy only.

The trainer and the policy use the same processor, loaded from the same file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vla_isaac.core import images
from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.models.text import Tokens, Vocabulary
from vla_isaac.models.token_vocabulary import TokenVocabulary, load_vocabulary


@dataclass(frozen=True)
class VLAProcessor:
    """Converts pictures and sentences to the inputs of a network."""

    cameras: tuple[str, ...]
    image_hw: tuple[int, int]
    vocabulary: Vocabulary | TokenVocabulary

    @classmethod
    def load(cls, folder: Path, cameras: Sequence[str], image_hw: Sequence[int]) -> VLAProcessor:
        """Return the processor of a checkpoint.

        Raises:
            ConfigError: If its files are missing or broken.
        """
        height, width = image_hw
        return cls(tuple(cameras), (int(height), int(width)), load_vocabulary(folder))

    def pictures(self, frames: Mapping[str, Sequence[Image]]) -> dict[str, AnyArray]:
        """Return uint8 (1, F, 3, H, W) by camera.

        Args:
            frames: Pictures (H, W, 3) of each camera, oldest first.

        Raises:
            KeyError: If a camera is missing.
        """
        return {name: np.stack([self._picture(rgb) for rgb in frames[name]])[None] for name in self.cameras}

    def sentences(self, texts: Sequence[str]) -> Tokens:
        """Return tokenised sentences."""
        return self.vocabulary.encode(texts)

    def save(self, folder: Path) -> None:
        """Write the vocabulary; cameras and picture size are in the checkpoint's config.json."""
        self.vocabulary.save(folder)

    def _picture(self, rgb: Image) -> AnyArray:
        return np.ascontiguousarray(images.resize(rgb, *self.image_hw).transpose(2, 0, 1))
