"""`TransitionDataset`: the pictures of transition datasets as samples for a loader.

Such a dataset keeps the numbers of every control period and pictures of a few, so it is small enough for memory and a sample
is one picture of every camera, not one control period.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.loading.dataset import Draw, Sample
from vla_isaac.datasets.transitions import load_transitions


class TransitionDataset:
    """Samples by number; a sample is a dict as that of `VLADataset`, with one picture and one state and without actions."""

    def __init__(self, folders: Sequence[Path], cameras: Sequence[str] | None = None) -> None:
        """Read datasets whole.

        Args:
            folders: As ``vla-isaac collect --format transitions`` writes them.
            cameras: Names of the cameras of a sample; None takes all.

        Raises:
            UsageError: If there is nothing in them, their pictures do not fit together, or a camera is missing.
            DatasetError: If a block is broken or a number in it is not finite.
        """
        self.transitions = load_transitions(folders)
        """All numbers, and the pictures."""
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
