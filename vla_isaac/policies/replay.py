"""`ReplayPolicy`: drives the recorded actions of an episode of a dataset again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.core.resources import resource
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation
from vla_isaac.datasets.episode import EpisodeMeta
from vla_isaac.datasets.formats import open_dataset

TARGETS = "action.target"


class ReplayPolicy:
    """Drives an episode of a dataset again, action by action; ask for it as replay:DATASET or replay:DATASET:EPISODE.

    What was carried out is driven: the actions where these were, the joint targets where the demonstration was pushed off
    its way and `action` says what should have been done instead. When the rows are used up it holds still.
    """

    def __init__(self, path: Path | None = None, episode: int = 0) -> None:
        """Read an episode.

        Args:
            path: The dataset; None takes the samples that come with this package.
            episode: Its number.

        Raises:
            UsageError: If there is no such dataset or episode.
            DatasetError: If the dataset does not say what its actions mean and has no joint targets either.
        """
        path = path or resource("data", "samples")
        reader = open_dataset(path)
        try:
            if not 0 <= episode < len(reader):
                raise UsageError(f"{path} has no episode {episode}", remedy=f"it has {len(reader)}, give a number from 0")
            self.meta: EpisodeMeta = reader.meta(episode)
            columns = reader.columns(episode)
            fps, spec = reader.info.fps, self.meta.action_spec or reader.info.action_spec
        finally:
            reader.close()
        was_disturbed = bool(self.meta.extra.get("perturbed", False))
        if TARGETS in columns and (was_disturbed or not spec):
            rows, action = columns[TARGETS], ActionSpec(joints="position_rad", gripper="width_m", rate_hz=fps)
        elif spec:
            rows, action = columns["action"], from_mapping(ActionSpec, spec, source=str(path), key="action_spec")
        else:
            raise DatasetError(
                f"dataset {path}, episode {episode}: does not say what its actions mean and has no column {TARGETS!r}",
                remedy="only datasets of this package can be driven again",
            )
        self._rows: Array = np.asarray(rows, dtype=np.float64).reshape(len(rows), -1)
        self.spec = PolicySpec(action=action)
        self.reset(EpisodeContext(instruction=self.meta.instruction, seed=self.meta.seed))

    @classmethod
    def from_argument(cls, argument: str) -> ReplayPolicy:
        """Return the policy of ``DATASET`` or ``DATASET:EPISODE``."""
        path, colon, number = argument.rpartition(":")
        if colon and number.isdecimal():
            return cls(Path(path), int(number))
        return cls(Path(argument))

    def __len__(self) -> int:
        """Number of recorded actions."""
        return len(self._rows)

    def reset(self, context: EpisodeContext) -> None:
        """Begin again with the first row."""
        self._next = 0

    def act(self, observation: Observation) -> ActionChunk:
        """Return the next row."""
        row = self._rows[min(self._next, len(self._rows) - 1)].copy()
        if self._next >= len(self._rows) and self.spec.action.translation.startswith("delta"):
            row[: self.spec.action.arm_width] = 0.0
        self._next += 1
        return ActionChunk.from_rows(row[None], with_gripper=self.spec.action.gripper != "none")
