"""`TransitionDataset`: the images of transition datasets as samples for a loader.

Such a dataset has the numbers of every control period and a few images, so it fits into memory and a sample is one image
of every camera, not one control period.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.loading.dataset import Draw, Sample
from vla_isaac.datasets.transitions import load_transitions


class TransitionDataset:
    """Samples by index; a sample is a dict like that of `VLADataset`, with one image and one state and without actions."""

    def __init__(self, folders: Sequence[Path], cameras: Sequence[str] | None = None) -> None:
        """Read complete datasets.

        Args:
            folders: Written by ``vla-isaac collect --format transitions``.
            cameras: Names of the cameras of a sample; None takes all.

        Raises:
            UsageError: If they are empty, their images are not compatible, or a camera is missing.
            DatasetError: If a block is broken or a number in it is not finite.
        """
        self.transitions = load_transitions(folders)
        """All numbers, and the images."""
        recorded = self.transitions.pictures
        missing = [name for name in cameras or () if name not in recorded]
        if missing:
            raise UsageError(
                f"{folders[0]}: has no pictures of the camera {missing[0]!r}; it has {', '.join(recorded) or 'none'}"
            )
        self.cameras = tuple(recorded if cameras is None else cameras)
        self._firsts = np.searchsorted(self.transitions.of_episode, np.arange(len(self.transitions.episodes["seed"])))

    def __len__(self) -> int:
        return len(self.transitions.of_row)

    def __getitem__(self, index: int) -> Sample:
        row = self.transitions.of_row[index]
        episode = self.transitions.of_episode[row]
        return {
            "images": {camera: self.transitions.pictures[camera][index][None] for camera in self.cameras},
            "state": self.transitions.rows["state"][row][None],
            "instruction": str(self.transitions.episodes["sentence"][episode]),
            "task": "",
            "episode": int(episode),
            "step": int(row - self._firsts[episode]),
            "index": index,
        }

    def __getitems__(self, draws: Iterable[Draw]) -> list[Sample]:
        """Return the samples of a batch."""
        return [self[draw.sample] for draw in draws]
