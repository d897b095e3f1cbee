"""`RT1Config`: sizes of the network, and which of its two heads predicts the actions."""

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
        """Store the sizes.

        Args:
            dim: Width of a token.
            heads: Heads of each attention.
            layers: Layers of the transformer over time.
            tokens: Tokens per picture of a camera; the first two attend to the goal's objects.
            narrow: Width to which each token is projected for the heads.
            bins: Bins of each number of an action.
            acts_by: Head that predicts the actions: ``continuous``, or ``bins`` for the middle of the likeliest bins.
            more: Fields of `EncodedConfig`.

        Raises:
            ConfigError: If the picture encoder cannot be modulated by a sentence (FiLM).
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
                f"rt1_style: vision {self.vision!r} cannot be modulated by a sentence (FiLM); choose vision: {SMALL}, or "
                "the model vla_transformer"
            )
        if self.acts_by not in ("continuous", "bins"):
            raise ConfigError(f"rt1_style: acts_by={self.acts_by!r}; choose continuous or bins")
