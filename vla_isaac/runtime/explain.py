"""`Explainer`: write a policy's heat maps as overlays on the camera images, one file per camera and step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from vla_isaac.core import images
from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.atomic_files import atomic_path
from vla_isaac.core.errors import UsageError
from vla_isaac.core.read_only import read_only_copy
from vla_isaac.core.types import Observation
from vla_isaac.policies.base import Policy
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step

DIM = 0.45
"""Brightness of pixels where the heat map is zero."""

SCALE = 3
"""Scale of the written image relative to the policy's input image."""


@runtime_checkable
class Explains(Protocol):
    """A policy that returns heat maps of the camera images."""

    def explain(self, observation: Observation) -> Mapping[str, AnyArray]:
        """Return how much each place of each camera's image counts, by camera, (h, w) of any size."""
        ...


class Explainer:
    """A subscriber that writes ``step_0001_front.png`` and so on."""

    def __init__(self, policy: Policy, folder: Path) -> None:
        """Explain the runs of a policy.

        Raises:
            UsageError: If the policy has no `explain`.
        """
        if not isinstance(policy, Explains):
            raise UsageError(f"--explain: {type(policy).__name__} has no heat maps", remedy="choose --policy mini")
        self._policy = policy
        self._folder = folder
        self.written = 0

    def on_start(self, start: EpisodeStart) -> None:
        """Make the folder."""
        self._folder.mkdir(parents=True, exist_ok=True)

    def on_step(self, step: Step) -> None:
        """Write one picture per camera."""
        for camera, heat in self._policy.explain(read_only_copy(step.observation)).items():
            picture = overlay(step.observation.frames[camera].rgb, heat)
            height, width = picture.shape[:2]
            large = images.resize(picture, SCALE * height, SCALE * width)
            path = self._folder / f"step_{step.index:04d}_{camera}.png"
            with atomic_path(path, suffix=path.suffix) as part:
                images.to_pil(large).save(part)
            self.written += 1

    def on_end(self, result: EpisodeResult) -> None:
        """Do nothing: no file is left open."""


def overlay(rgb: Image, heat: AnyArray) -> Image:
    """Return the image, dark where the heat map is zero and bright where it is high.

    Args:
        rgb: Shape (H, W, 3), uint8.
        heat: Heat map, not negative, shape (h, w), for the whole image.
    """
    from PIL import Image as pil

    height, width = rgb.shape[:2]
    strongest = float(heat.max())
    share = np.asarray(heat, dtype=np.float32) / strongest if strongest > 0 else np.zeros(heat.shape, np.float32)
    large = np.asarray(pil.fromarray(share).resize((width, height), pil.Resampling.BILINEAR))[..., None]
    glow = np.array([255.0, 190.0, 0.0]) * large**2
    mixed = rgb * (DIM + (1 - DIM) * np.sqrt(large)) * (1 - 0.5 * large**2) + 0.5 * glow
    return mixed.round().clip(0, 255).astype(np.uint8)
