"""Un-normalisation statistics of a new robot: OpenVLA's ``dataset_statistics.json``, and openpi's ``norm_stats.json``.

No published key fits an arbitrary Franka: the same values scaled by another robot's statistics move it wrongly,
without an error.

Source: openvla/openvla `prismatic/vla/datasets/rlds/utils/data_utils.py`, get_dataset_statistics: quantiles over all
rows, standard deviation of the whole population; `oxe/materialize.py` next to it: mask false for an absolute gripper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.core.specs import ActionSpec
from vla_isaac.datasets.formats import DatasetReader, check_has_actions

PROPRIO = "observation.state"


def openvla_statistics(
    reader: DatasetReader, *, name: str | None = None, mask: Sequence[bool] | None = None
) -> dict[str, Any]:
    """Return the statistics of a dataset's actions and states.

    Args:
        reader: The dataset.
        name: Key of the statistics, a policy's unnorm_key; None takes the folder's name.
        mask: Which values of an action are scaled; None takes `default_mask`.

    Returns:
        Under the name: `action` with mean, std, min, max, q01, q99, mask; `proprio` with the same but the mask, if
        the dataset has states; `num_transitions` and `num_trajectories`.

    Raises:
        UsageError: If the dataset is empty, has no column of actions, or the mask has another width.
        DatasetError: If a number is not finite.
    """
    if len(reader) == 0:
        raise UsageError(f"dataset {reader.path}: has no episodes, so it has no statistics")
    check_has_actions(reader.info, reader.path)
    actions = _all_rows(reader, "action")
    chosen = default_mask(reader) if mask is None else [bool(entry) for entry in mask]
    if len(chosen) != actions.shape[1]:
        raise UsageError(
            f"the mask has {len(chosen)} entries, the actions have {actions.shape[1]} numbers; give one for each"
        )
    entry: dict[str, Any] = {"action": {**_summary(actions), "mask": chosen}}
    if PROPRIO in reader.info.features:
        entry["proprio"] = _summary(_all_rows(reader, PROPRIO))
    key = name or (reader.path.stem if reader.path.is_file() else reader.path.resolve().name)
    return {key: {**entry, "num_transitions": len(actions), "num_trajectories": len(reader)}}


def openpi_statistics(reader: DatasetReader) -> dict[str, Any]:
    """Return the statistics of a dataset in the layout of openpi's ``norm_stats.json``.

    The quantiles are those of all rows; openpi estimates them from 5000 bins.

    Source: Physical-Intelligence/openpi @15a9616 `src/openpi/shared/normalize.py`, `scripts/compute_norm_stats.py`.

    Returns:
        Under ``norm_stats``: `actions`, and `state` if the dataset has states, each with mean, std, q01, q99.

    Raises:
        UsageError: If the dataset is empty or has no column of actions.
        DatasetError: If a number is not finite.
    """
    (entry,) = openvla_statistics(reader, name="all").values()
    parts = {"state": entry.get("proprio"), "actions": entry["action"]}
    keys = ("mean", "std", "q01", "q99")
    return {"norm_stats": {name: {key: part[key] for key in keys} for name, part in parts.items() if part is not None}}


def default_mask(reader: DatasetReader) -> list[bool]:
    """Return the default mask: every value but a gripper that is already between -1 and 1.

    A gripper in metres is scaled; otherwise a model's 256 bins over [-1, 1] would leave it ten. In a dataset without an
    action convention, the last of seven or eight values is assumed to be such a gripper.
    """
    width = reader.info.features["action"].shape[0]
    spec = reader.info.action_spec
    if spec:
        is_passed = ActionSpec(**spec).gripper not in ("none", "width_m")
    else:
        is_passed = width in (7, 8)
    return [True] * (width - 1) + [not is_passed]


def _all_rows(reader: DatasetReader, column: str) -> AnyArray:
    parts = []
    for episode in range(len(reader)):
        values = np.asarray(reader.columns(episode, [column])[column], dtype=np.float64)
        wrong = np.argwhere(~np.isfinite(values))
        if len(wrong):
            raise DatasetError(
                f"dataset {reader.path}: episode {episode}, row {wrong[0][0]}: {column!r} is {values[tuple(wrong[0])]}; "
                "verify the dataset, and leave the episode out"
            )
        parts.append(values)
    return np.concatenate(parts)


def _summary(rows: AnyArray) -> dict[str, list[float]]:
    return {
        "mean": rows.mean(axis=0).tolist(),
        "std": rows.std(axis=0).tolist(),
        "min": rows.min(axis=0).tolist(),
        "max": rows.max(axis=0).tolist(),
        "q01": np.quantile(rows, 0.01, axis=0).tolist(),
        "q99": np.quantile(rows, 0.99, axis=0).tolist(),
    }
