"""`PolicyCard`: the metadata of a checkpoint: architecture, cameras, action convention, normalisers, abilities, training.

The file ``policy.json`` of a checkpoint folder. Written by the trainer, read by `LearnedPolicy`; plain data, no torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vla_isaac.core.config import from_mapping, to_mapping
from vla_isaac.core.contained_paths import contained_file
from vla_isaac.core.errors import ConfigError, ConventionError
from vla_isaac.core.input_files import read_json
from vla_isaac.core.specs import ActionSpec, CameraView
from vla_isaac.datasets.normaliser import Normaliser
from vla_isaac.policies.abilities import Abilities
from vla_isaac.sim.backend import FLAT_PICTURES

FILE = "policy.json"
ONNX = "model.onnx"
SENTENCE = "sentence.onnx"
"""Text encoder that runs once per instruction, for networks that do not encode the instruction at every step."""

MOST = 1 << 14
"""Largest accepted history, chunk, height and width."""

NOT_KNOWN = "not known: the checkpoint's policy.json does not say"


@dataclass(frozen=True, kw_only=True)
class PolicyCard:
    """All settings of a checkpoint apart from the network."""

    model: str
    """Architecture: a name of `models.MODELS`."""

    cameras: tuple[str, ...]
    image_hw: tuple[int, int]
    """Height and width of the images [px]."""

    views: Mapping[str, CameraView]
    """Camera poses in training, by camera."""

    history: int
    chunk: int
    action: ActionSpec
    """Action convention, including the control rate."""

    state: Mapping[str, Any]
    """Normaliser of the state, as JSON."""

    actions: Mapping[str, Any]
    """Normaliser of the actions, as JSON."""

    decline_below: float = 0.5
    """Confidence below which the policy declines."""

    abilities: Abilities | None = None
    """What the policy supports; None where that was not measured, and then it acts only when selected by name."""

    trained_on: str | None = None
    """Kind of training data, ``"demonstrations"`` or ``"transitions"``; None where the card does not say."""

    notes: Mapping[str, Any] = field(default_factory=dict)
    """Training data, seeds, optimizer steps, versions."""

    def __post_init__(self) -> None:
        sizes = {"cameras": len(self.cameras), "history": self.history, "chunk": self.chunk, "image_hw": min(self.image_hw)}
        sizes["views"] = len(self.cameras) if set(self.views) <= set(self.cameras) else 0
        wrong = [name for name, size in sizes.items() if size < 1]
        if wrong or max(self.history, self.chunk, *self.image_hw) > MOST or not 0 <= self.decline_below <= 1:
            raise ConfigError(
                f"checkpoint: {', '.join(wrong) or 'a size, or decline_below'} is not accepted",
                remedy="copy the checkpoint again",
            )
        self.state_normaliser  # noqa: B018  raises if it is none
        width = len(self.action_normaliser.names)
        if width != self.action.width:
            raise ConventionError(
                f"checkpoint: its actions have {width} values, its action convention has {self.action.width}",
                remedy="the dataset's action_spec does not describe its actions",
            )

    @property
    def state_normaliser(self) -> Normaliser:
        """Return the normaliser of the state."""
        return Normaliser.from_json(self.state, source="checkpoint, state")

    @property
    def action_normaliser(self) -> Normaliser:
        """Return the normaliser of the actions."""
        return Normaliser.from_json(self.actions, source="checkpoint, actions")

    @property
    def needs_rendering(self) -> bool:
        """Return whether it was measured on rendered pictures only; False where the card does not say."""
        return self.abilities is not None and not set(self.abilities.backends) & set(FLAT_PICTURES)

    def describe(self) -> dict[str, str]:
        """Return abilities, cameras, rate and training data as text; what the card does not say is ``not known``."""
        abilities, episodes = self.abilities, self.notes.get("episodes")
        height, width = self.image_hw
        count = f", {episodes} episodes" if episodes is not None else ""
        return {
            "families": ", ".join(abilities.families) if abilities else NOT_KNOWN,
            "measured on": ", ".join(abilities.backends) if abilities else NOT_KNOWN,
            "cameras": f"{', '.join(self.cameras)} ({height} x {width} px)",
            "rate": f"{self.action.rate_hz:g} Hz",
            "trained on": f"{self.trained_on or NOT_KNOWN}{count}",
        }

    def save(self, folder: Path) -> None:
        """Write ``policy.json``."""
        (folder / FILE).write_text(json.dumps(to_mapping(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> PolicyCard:
        """Read ``policy.json``.

        Raises:
            ConfigError: If it is missing or broken.
        """
        path = contained_file(folder, folder / FILE, error=ConfigError)
        data = read_json(path, error=ConfigError, remedy="give a checkpoint folder as `train` writes them")
        return from_mapping(cls, data, source=str(path))
