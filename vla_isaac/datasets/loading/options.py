"""`SampleOptions`: the options of a training sample: steps, cameras, scaling and augmentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from vla_isaac.core.errors import ConfigError
from vla_isaac.datasets.loading.augmentation import Augmentation
from vla_isaac.datasets.normaliser import Method


@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """Plain values; each can be given to `create_vla_dataloader` by name."""

    chunk: int = 8
    """Number of actions k of a sample: that of its step and the following ones."""

    history: int = 1
    """Number of images and states F of a sample: that of its step and the previous ones. 1 has no history."""

    cameras: tuple[str, ...] | None = None
    """Cameras by name; None takes all."""

    image_hw: tuple[int, int] | None = None
    """Height and width [px] to which images are resized; None keeps their size."""

    normalise: Method = "quantile"
    """Method that scales state and actions."""

    augmentation: Augmentation | None = None
    """Augmentation of the images; None uses none."""

    seed: int = 0
    """Seed of the augmentation."""

    def __post_init__(self) -> None:
        for name in ("chunk", "history"):
            if getattr(self, name) < 1:
                raise ConfigError(f"samples: {name}={getattr(self, name)} is not accepted; give a whole number from 1")
        if self.normalise not in get_args(Method):
            raise ConfigError(f"samples: normalise={self.normalise!r}; choose one of {', '.join(get_args(Method))}")
        if self.image_hw is not None and min(self.image_hw) < 1:
            raise ConfigError(f"samples: image_hw={self.image_hw} has no pixels; give (height, width), such as (128, 128)")
        if self.seed < 0:
            raise ConfigError(f"samples: seed={self.seed} is not accepted; seeds are whole numbers from 0")
