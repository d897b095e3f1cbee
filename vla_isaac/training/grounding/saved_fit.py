"""`SavedFit`: a training of the grounding network on the disk, from which an interrupted one goes on to the bit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from vla_isaac.core.atomic_files import replaced_folder, restore_folder
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import read_json, reading
from vla_isaac.models.grounding.network import GroundingNetwork
from vla_isaac.training.checkpoint import load_tensors, optimizer_tensors, set_optimizer
from vla_isaac.training.grounding.sentence_stream import SentenceStream

TENSORS, NUMBERS = "fit.safetensors", "fit.json"


class SavedFit:
    """Network, average, optimizer, random states and place in the corpus, in one folder."""

    def __init__(
        self,
        folder: Path | None,
        network: GroundingNetwork,
        average: GroundingNetwork,
        optimizer: torch.optim.Optimizer,
        stream: SentenceStream,
        about: Mapping[str, Any],
    ) -> None:
        """Keep the parts of a training; `about` tells it from others, and without a folder nothing is saved."""
        self._folder, self._optimizer, self._stream, self._about = folder, optimizer, stream, dict(about)
        self._networks = {"network": network, "average": average}

    def save(self, update: int) -> None:
        """Replace what was saved before."""
        if self._folder is None:
            return
        weights = {f"{name}.{key}": v for name, net in self._networks.items() for key, v in net.state_dict().items()}
        tensors = {**weights, **optimizer_tensors(self._optimizer), "random": torch.get_rng_state()}
        numbers = {"update": update, "about": self._about, "stream": self._stream.state()}
        with replaced_folder(self._folder) as folder:
            save_file({name: value.contiguous() for name, value in tensors.items()}, folder / TENSORS)
            (folder / NUMBERS).write_text(json.dumps(numbers) + "\n", encoding="utf-8")

    def restore(self) -> int:
        """Put everything back as it was saved, and return the update after which that was; 0 if nothing was.

        Raises:
            ConfigError: If the folder is broken, or of a training with another configuration or corpus.
        """
        if self._folder is None:
            return 0
        restore_folder(self._folder)
        if not self._folder.exists():
            return 0
        remedy = f"remove {self._folder} to begin anew"
        numbers = read_json(self._folder / NUMBERS, error=ConfigError, remedy=remedy)
        with reading(self._folder / NUMBERS, error=ConfigError, remedy=remedy):
            if numbers["about"] != self._about:
                raise ConfigError(f"{self._folder} is of another training", remedy=remedy)
            tensors = load_tensors(self._folder / TENSORS)
            for name, network in self._networks.items():
                start = f"{name}."
                network.load_state_dict({k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)})
            set_optimizer(self._optimizer, tensors)
            torch.set_rng_state(tensors["random"])
            self._stream.restore(numbers["stream"])
            return int(numbers["update"])
