"""`YCbCrStem`: first convolution of a picture encoder, equal for camera pictures and videos with subsampled chroma."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_isaac.core.errors import ConfigError

LUMA = (0.299, 0.587, 0.114)
CHROMA = ((-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
"""RGB to luma, Cb and Cr: ITU-R BT.601."""


class YCbCrStem(nn.Module):
    """The first convolution, on luma at every pixel and chroma at every second one (YCbCr 4:2:0).

    Videos store chroma at half the resolution, pictures of a simulator do not. In this form both are equal, so a network
    trained on videos works with a camera.
    """

    mix: Tensor

    def __init__(
        self,
        image_hw: Sequence[int],
        channels: int,
        *,
        crop: Sequence[float] | None = None,
        frames: int = 1,
        stride: int = 2,
    ) -> None:
        """Initialise the module.

        Args:
            image_hw: Height and width of the pictures [px].
            channels: Output channels.
            crop: Top and bottom of the part that is used, as fractions of the height; None uses all.
            frames: Pictures per sample, concatenated along the channels.
            stride: Pixels per output feature along each axis.
        """
        super().__init__()
        height, width = image_hw
        if stride % 2 or height % 2 or width % 2:
            raise ConfigError(
                f"pictures of {height} x {width} px and a first stride of {stride} do not fit chroma at every "
                "second pixel; give even numbers"
            )
        top, bottom = crop or (0.0, 1.0)
        self.rows = slice(2 * round(top * height / 2), 2 * round(bottom * height / 2))
        self.register_buffer("mix", _brightness_and_colour())
        self.look = nn.Conv2d(6 * frames, channels, 3, stride=stride // 2, padding=1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return features of uint8 (B, F, 3, H, W), with the history concatenated along the channels."""
        pictures = pictures[..., self.rows, :]
        frames, height, width = (int(pictures.shape[i]) for i in (1, 3, 4))
        squares = functional.pixel_unshuffle(pictures.reshape(-1, 3, height, width), 2)
        if not torch.onnx.is_in_onnx_export():
            squares = squares.contiguous(memory_format=torch.channels_last)
        seen = functional.conv2d(squares.to(torch.float32) * (1 / 127.5) - 1.0, self.mix)
        seen = seen.reshape(-1, 6 * frames, height // 2, width // 2)
        features: Tensor = self.look(seen)
        return features


def _brightness_and_colour() -> Tensor:
    """Return the weights from the 12 values of 2 x 2 pixels to four luma and two chroma values, shape (6, 12, 1, 1)."""
    mix = torch.zeros(6, 3, 4)
    for pixel in range(4):
        mix[pixel, :, pixel] = torch.tensor(LUMA)
    mix[4:] = torch.tensor(CHROMA)[..., None] / 4
    return mix.view(6, 12, 1, 1)
