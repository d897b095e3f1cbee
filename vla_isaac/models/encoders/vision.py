"""Picture encoders: a camera's pixels to a grid of features."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_isaac.core.errors import ConfigError
from vla_isaac.models.encoders.configuration import EncodedConfig
from vla_isaac.models.encoders.pretrained import SMALL, PretrainedEncoder, is_pretrained, vision_model, vision_settings
from vla_isaac.models.imitation import ImitationConfig
from vla_isaac.models.norm import ModulatedNorm
from vla_isaac.models.parts.film import FilmBlock
from vla_isaac.models.parts.stem import YCbCrStem

EVERY = "every"


class SmallVision(nn.Module):
    """Convolutions that are trained from scratch; a sentence may modulate their channels (FiLM)."""

    def __init__(self, config: ImitationConfig, camera: str, *, frames: int = 1, text: int = 0) -> None:
        """Initialise the module.

        Args:
            config: The sizes.
            camera: Name of the camera, which has its own crop and strides.
            frames: Pictures per sample, concatenated along the channels.
            text: Width of the sentence encoding that modulates the channels; 0 without.
        """
        super().__init__()
        self.channels = channels = config.channels
        first, second = config.strides.get(camera, [2, 2])
        self.stem = nn.Sequential(
            YCbCrStem(config.image_hw, config.stem_channels, crop=config.crops.get(camera), frames=frames, stride=first),
            nn.ReLU(),  # no normalisation: it would take a tenth of the time on this largest layer
            nn.Conv2d(config.stem_channels, channels, 3, stride=second, padding=1, bias=False),
            ModulatedNorm(channels),
            nn.ReLU(),
        )
        self.blocks = nn.ModuleList(FilmBlock(channels, text) for _ in range(config.blocks))

    def forward(self, pictures: Tensor, sentence: Tensor | None = None) -> Tensor:
        """Return features (B, C, h, w) of uint8 pictures (B, F, 3, H, W); `sentence` is (B, text) if it modulates."""
        x: Tensor = self.stem(pictures)
        for block in self.blocks:
            x = block(x, sentence)
        return x


class TransformersVision(PretrainedEncoder):
    """An encoder of the transformers library, such as a ResNet or the vision part of CLIP; takes one whole picture."""

    mean: Tensor
    std: Tensor

    def __init__(self, settings: dict[str, Any], *, is_frozen: bool) -> None:
        """Build the encoder from its settings, with random weights.

        Args:
            settings: As returned by `encoders.pretrained.vision_settings`.
            is_frozen: Whether its weights are not trained.
        """
        network, self.channels = vision_model(settings)
        super().__init__(network, is_frozen=is_frozen)
        self.side = int(settings.get("image_size") or 224)
        self.register_buffer("mean", torch.tensor(settings["image_mean"]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(settings["image_std"]).view(1, 3, 1, 1))

    def forward(self, pictures: Tensor, sentence: Tensor | None = None) -> Tensor:
        """Return features (B, C, h, w) of uint8 pictures (B, 1, 3, H, W)."""
        x = pictures[:, 0].float() / 255.0
        if tuple(x.shape[-2:]) != (self.side, self.side):
            x = functional.interpolate(x, (self.side, self.side), mode="bilinear", align_corners=False)
        found = self.network(pixel_values=(x - self.mean) / self.std).last_hidden_state
        return found if found.dim() == 4 else _as_grid(found)


def _as_grid(tokens: Tensor) -> Tensor:
    """Return patches (B, N, C) as (B, C, h, w), without the class token if there is one."""
    side = int(tokens.shape[1] ** 0.5)
    patches = tokens[:, tokens.shape[1] - side * side :]
    return patches.transpose(1, 2).reshape(len(patches), -1, side, side)


class CameraEncoders(nn.Module):
    """One small encoder per camera, or one encoder of the transformers library shared by all cameras."""

    def __init__(self, config: EncodedConfig, *, frames: int = 1, text: int = 0) -> None:
        """Build the encoders named by `config.vision`, and store their settings in the config.

        Args:
            config: Names and sizes.
            frames: Pictures per sample, concatenated along the channels.
            text: Width of the sentence encoding that modulates the channels of small encoders (FiLM); 0 without.

        Raises:
            ConfigError: If `frames` is above 1 for an encoder that takes single pictures.
        """
        super().__init__()
        if config.vision == SMALL:
            small = {name: SmallVision(config, name, frames=frames, text=text) for name in config.cameras}
            self.of = nn.ModuleDict(small)
            self.channels = config.channels
            return
        if frames > 1:
            raise ConfigError(f"vision: {config.vision!r} takes one picture at a time, history is {frames}; give history: 1")
        settings = config.vision_settings or vision_settings(config.vision, min(config.image_hw))
        config.vision_settings, config.crops = settings, {}  # such encoders take whole pictures
        shared = TransformersVision(settings, is_frozen=is_pretrained(config.vision) and not config.trains_pretrained)
        self.of = nn.ModuleDict({EVERY: shared})
        self.channels = shared.channels

    def forward(self, camera: str, pictures: Tensor, sentence: Tensor | None = None) -> Tensor:
        """Return features (B, C, h, w) of a camera's uint8 pictures (B, F, 3, H, W)."""
        grid: Tensor = self.of[EVERY if EVERY in self.of else camera](pictures, sentence)
        return grid
