"""`find_demos`: the demos of a robomimic file that can be read, and those that cannot with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import DatasetError
from vla_isaac.core.input_files import reading
from vla_isaac.datasets.robomimic.layout import ABOUT, COPY_AGAIN, is_group

_NUMBER = re.compile(r"\d+$")

_REPLAY = (
    "replay it to get them, for example: python -m robomimic.scripts.dataset_states_to_obs --dataset {name} --output_name "
    "observations.hdf5 --done_mode 2 --camera_names agentview robot0_eye_in_hand"
)
_REPLAY_ISAAC_LAB = "replay it in its Isaac Lab environment with a recorder for observations and cameras"


@dataclass(frozen=True)
class Demos:
    """Demos of a file, by their number."""

    usable: list[Any]
    """Groups with actions and, unless no demo has any, observations."""

    left_out: dict[str, str]
    """What is wrong with each other demo, by its name."""


def find_demos(file: Any, path: Path) -> Demos:
    """Return the demos of an open file.

    Args:
        file: An `h5py.File`.
        path: Its path, for errors.

    Raises:
        DatasetError: If it is not in robomimic's layout, or holds no observations that could be read.
    """
    with reading(path, error=DatasetError, remedy=COPY_AGAIN):
        data = file.get("data")
        if not is_group(data):
            raise _other_layout(path)
        groups = {name: data.get(name) for name in sorted(data, key=demo_order)}
        faults = {name: _fault(demo) for name, demo in groups.items()}
        if faults and all(faults.values()):
            raise _other_layout(path)
        usable = [name for name, fault in faults.items() if not fault]
        if ABOUT not in data.attrs:
            blind = [name for name in usable if not (is_group(groups[name].get("obs")) and len(groups[name]["obs"]))]
            if len(blind) < len(usable):
                faults |= dict.fromkeys(blind, "has no observations")
            else:
                _check_not_raw([groups[name] for name in blind], path)
        return Demos(
            usable=[groups[name] for name in faults if not faults[name]],
            left_out={name: fault for name, fault in faults.items() if fault},
        )


def demo_order(name: str) -> tuple[int, str]:
    """Return the sorting key of a demo: its number N of ``demo_N``, ``episode12`` and the like; other names are last."""
    found = _NUMBER.search(name)
    return (int(found[0][:18]) if found else 2**63, name)


def _fault(demo: Any) -> str:
    """Return why a demo has nothing to learn from; empty if it has."""
    if not is_group(demo):
        return "is no group"
    actions = demo.get("actions")
    if actions is None or is_group(actions):
        return "has no actions"
    if actions.ndim != 2 or actions.dtype.kind not in "fiub":
        return f"has actions of shape {actions.shape} and type {actions.dtype}, not (rows, numbers)"
    return "" if len(actions) else "has no rows"


def _check_not_raw(demos: list[Any], path: Path) -> None:
    """Raise if demos without observations were written to be replayed: from simulator states, or from a first state."""
    is_isaac_lab = any("initial_state" in demo for demo in demos)
    if is_isaac_lab or any("states" in demo or "model_file" in demo.attrs for demo in demos):
        raise DatasetError(
            f"{path}: is a raw recording of states and actions without observations (obs)",
            remedy=_REPLAY_ISAAC_LAB if is_isaac_lab else _REPLAY.format(name=path.name),
        )


def _other_layout(path: Path) -> DatasetError:
    return DatasetError(
        f"{path}: has no data/demo_N/actions",
        remedy="it is HDF5, but not in robomimic's layout; convert it with the program that wrote it",
    )
