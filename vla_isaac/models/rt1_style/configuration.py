"""`RT1Config`: sizes of the network, and which of its two heads acts."""

from __future__ import annotations

from typing import Any, Literal

from vla_isaac.core.errors import ConfigError
from vla_isaac.models.encoders.configuration import EncodedConfig
from vla_isaac.models.encoders.pretrained import SMALL
from vla_isaac.models.imitation import WEIGHTS

Head = Literal["continuous", "bins"]


class RT1Config(EncodedConfig):
    """Fields of `rt1_style`."""

    model_type = "rt1_style"
    weights = WEIGHTS | {"bins": 0.1, "past": 0.5}

    def __init__(
        self,
        *,
        dim: int = 96,
        heads: int = 4,
        layers: int = 3,
        tokens: int = 8,
        narrow: int = 24,
        bins: int = 256,
        acts_by: Head = "continuous",
        **more: Any,
    ) -> None:
        """Keep the sizes.

        Args:
            dim: Width of a token.
            heads: Of each attention.
            layers: Of the transformer over time.
            tokens: That a camera's picture becomes; the first two look for the goal's objects.
            narrow: Numbers of each token that the heads are given.
            bins: Of each number of an action.
            acts_by: Whether actions are the continuous head's, or the middle of the likeliest bins.
            more: Fields of `EncodedConfig`.

        Raises:
            ConfigError: If the encoder of pictures is not one that a sentence can turn up and down.
        """
        self.dim = dim
        self.heads = heads
        self.layers = layers
        self.tokens = tokens
        self.narrow = narrow
        self.bins = bins
        self.acts_by = acts_by
        super().__init__(**more)
        if self.vision != SMALL:
            raise ConfigError(
                f"rt1_style: vision {self.vision!r} cannot be turned up and down by a sentence; choose vision: {SMALL}, or "
                "the model vla_transformer"
            )
        if self.acts_by not in ("continuous", "bins"):
            raise ConfigError(f"rt1_style: acts_by={self.acts_by!r}; choose continuous or bins")
