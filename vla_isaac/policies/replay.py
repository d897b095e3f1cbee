"""`ReplayPolicy`: replay of the recorded actions of a dataset episode."""

from __future__ import annotations

from pathlib import Path

from vla_isaac.core.arrays import Array
from vla_isaac.core.checks import real_numbers
from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.core.resources import resource
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation
from vla_isaac.datasets.episode import EpisodeMeta
from vla_isaac.datasets.formats import open_dataset

TARGETS = "action.target"


class ReplayPolicy:
    """Replays an episode of a dataset, action by action; select it as replay:DATASET or replay:DATASET:EPISODE.

    It replays what was executed: the recorded actions or, where a demonstration was perturbed and `action` holds the
    corrective label instead, the joint targets. After the last row it holds still.
    """

    never_blocks = True  # read by runtime/policy_calls.py

    def __init__(self, path: Path | None = None, episode: int = 0) -> None:
        """Read an episode.

        Args:
            path: The dataset; None takes the sample dataset of this package.
            episode: Index of the episode.

        Raises:
            UsageError: If the dataset or the episode does not exist.
            DatasetError: If the dataset has neither an action convention nor joint targets.
        """
        path = path or resource("data", "samples")
        reader = open_dataset(path)
        try:
            if not 0 <= episode < len(reader):
                raise UsageError(f"{path} has no episode {episode}", remedy=f"it has {len(reader)}, give an index from 0")
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
                remedy="only datasets of this package can be replayed",
            )
        self._rows: Array = real_numbers(f"the actions of {path}", rows, error=DatasetError).reshape(len(rows), -1)
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
        """Start again at the first row."""
        self._next = 0

    def act(self, observation: Observation) -> ActionChunk:
        """Return the next row."""
        row = self._rows[min(self._next, len(self._rows) - 1)].copy()
        if self._next >= len(self._rows) and self.spec.action.translation.startswith("delta"):
            row[: self.spec.action.arm_width] = 0.0
        self._next += 1
        return ActionChunk.from_rows(row[None], with_gripper=self.spec.action.gripper != "none")
