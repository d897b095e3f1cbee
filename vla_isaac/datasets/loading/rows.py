"""`Rows`: all numbers of a loader's episodes, in memory: small compared with the images, and checked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.datasets.episode import Episode, EpisodeMeta, Feature
from vla_isaac.datasets.formats import check_has_actions
from vla_isaac.datasets.loading.options import SampleOptions
from vla_isaac.datasets.loading.source import Source
from vla_isaac.datasets.normaliser import GRIPPER
from vla_isaac.datasets.sentences import subtasks

OPEN_FRACTION = "open_is_one"
"""The `ActionSpec.gripper` that models are made for; other gripper numbers are scaled and learned like those of the arm."""

ACTION, STATE, GOALS = "action", "observation.state", "privileged.goal_objects"


@dataclass(frozen=True)
class EpisodePlace:
    """An episode in the list of all that are used."""

    source: int
    episode: int
    """Its index in that dataset."""

    first: int
    """Index of its first row among all rows."""

    length: int
    meta: EpisodeMeta
    subtasks: tuple[str, ...] = ()
    """Label of each row; empty text where there is none."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The numbers of all episodes, concatenated."""

    places: tuple[EpisodePlace, ...]
    action: AnyArray
    """Actions in the dataset's units, shape (N, A)."""

    state: AnyArray
    """States, shape (N, S); S is 0 where a dataset has none."""

    goals: AnyArray | None
    """Positions of the goal's objects, shape (N, 6); None where the dataset has no such column."""

    action_names: tuple[str, ...]
    state_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.action)


def read_rows(sources: Sequence[Source], options: SampleOptions, episodes: Sequence[int] | None) -> Rows:
    """Read and check the numbers of all episodes, or of those with the given numbers.

    Raises:
        UsageError: If there are no samples, an episode is shorter than a sample, or datasets do not fit together.
        DatasetError: If numbers are not finite.
    """
    check_sources(sources)
    features = sources[0].info.features
    names = [name for name in (ACTION, STATE, GOALS) if all(name in source.info.features for source in sources)]
    kept: dict[str, list[AnyArray]] = {name: [] for name in names}
    places: list[EpisodePlace] = []
    first = 0
    for number, source in enumerate(sources):
        for episode in _chosen(source, episodes):
            found = source.read(episode)
            where = f"dataset {source.name}, episode {episode}"
            _check_length(found, options, where)
            for name in names:
                values = found.columns[name].astype(np.float32, copy=False)
                _check_numbers(values, name, where, is_optional=name == GOALS)
                kept[name].append(values)
            labels = tuple(subtasks(found.meta.annotations, source.info.fps, len(found)))
            places.append(EpisodePlace(number, episode, first, len(found), found.meta, labels))
            first += len(found)
    if not places:
        raise UsageError(f"dataset {', '.join(s.name for s in sources)}: has no episodes; collect some first")
    joined = {name: np.concatenate(values) for name, values in kept.items()}
    action = joined[ACTION]
    return Rows(
        places=tuple(places),
        action=action,
        state=joined.get(STATE, np.zeros((len(action), 0), np.float32)),
        goals=joined.get(GOALS),
        action_names=_action_names(sources[0]),
        state_names=_names(features[STATE], "state") if STATE in joined else (),
    )


def check_sources(sources: Sequence[Source]) -> None:
    """Raise `UsageError` unless actions and states of all datasets have the same meaning."""
    if not sources:
        raise UsageError("there is no dataset to load; give the path of one, or several")
    one = sources[0]
    for source in sources:
        check_has_actions(source.info, source.name)
    for other in sources[1:]:
        for name in (ACTION, STATE):
            left, right = (s.info.features.get(name) for s in (one, other))
            if left is not None and right is not None and (left.shape, left.names) != (right.shape, right.names):
                raise UsageError(
                    f"datasets do not fit together: {name!r} is {_format(left)} in {one.name}, {_format(right)} in "
                    f"{other.name}; load them separately, or collect both with one policy's convention"
                )
        ours, theirs = one.info.action_spec, other.info.action_spec
        differing = [key for key in ours if key in theirs and ours[key] != theirs[key]]
        if differing:
            raise UsageError(
                f"datasets do not fit together: the action's {differing[0]} is {ours[differing[0]]!r} in {one.name}, "
                f"{theirs[differing[0]]!r} in {other.name}; load them separately"
            )


def _chosen(source: Source, episodes: Sequence[int] | None) -> Sequence[int]:
    count = len(source.reader())
    chosen = range(count) if episodes is None else list(episodes)
    unexpected = next((number for number in chosen if not 0 <= number < count), None)
    if unexpected is not None:
        raise UsageError(f"dataset {source.name}: has no episode {unexpected}; it has {count}, numbered from 0")
    return chosen


def _check_length(episode: Episode, options: SampleOptions, where: str) -> None:
    for name in ("chunk", "history"):
        if getattr(options, name) > len(episode):
            raise UsageError(
                f"{where}: has {len(episode)} rows, fewer than {name}={getattr(options, name)}",
                remedy=f"choose at most {len(episode)}, or leave the episode out (in Python: episodes=[...]; for a copy "
                f"without it: vla-isaac dataset filter --min-length {getattr(options, name)})",
            )


def _check_numbers(values: AnyArray, name: str, where: str, *, is_optional: bool) -> None:
    """Raise `DatasetError` if numbers are not finite; only NaN may mark a missing value."""
    is_bad = np.isinf(values) if is_optional else ~np.isfinite(values)
    if is_bad.any():
        row, column = (int(index) for index in np.argwhere(is_bad.reshape(len(values), -1))[0])
        raise DatasetError(
            f"{where}, row {row}: {name}[{column}] is {values.reshape(len(values), -1)[row, column]}; "
            "it cannot be used for training; leave the episode out (in Python: episodes=[...]), or collect it again"
        )


def _action_names(source: Source) -> tuple[str, ...]:
    """Return the names of an action's values; models take one called `gripper` for an open fraction, 0 to 1."""
    names = _names(source.info.features[ACTION], "action")
    meaning = source.info.action_spec.get("gripper", OPEN_FRACTION)
    return tuple(f"gripper_{meaning}" if name == GRIPPER and meaning != OPEN_FRACTION else name for name in names)


def _names(feature: Feature, kind: str) -> tuple[str, ...]:
    width = feature.shape[0]
    return feature.names if feature.names and len(feature.names) == width else tuple(f"{kind}{i}" for i in range(width))


def _format(feature: Feature) -> str:
    return f"{feature.shape[0]} numbers" + (f" ({', '.join(feature.names)})" if feature.names else "")
