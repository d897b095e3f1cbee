"""``vla-isaac dataset split``, ``merge`` and ``filter``; the source is never changed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional, arg

from vla_isaac.cli.dataset_inspection import DatasetPath
from vla_isaac.cli.options import OptionalInt, OptionalName, OptionalWords
from vla_isaac.cli.output import OK, emit, say
from vla_isaac.cli.progress import ProgressBar
from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.copying import Copied, Pick, check_destination, copy_episodes
from vla_isaac.datasets.formats import DatasetReader, open_dataset
from vla_isaac.datasets.selection import Condition, select, split_by_condition, split_by_share

Destination = Positional[Annotated[Path, arg(metavar="NEW")]]
Success = Literal["any", "yes", "no"]

DEFAULT_SHARE = 0.1  # of the episodes for validation


@dataclass(frozen=True, kw_only=True)
class Split:
    """Split a dataset into training and validation parts, by share, task, scene or instruction.

    For example: vla-isaac dataset split demos parts --share 0.1 --seed 0
    """

    path: DatasetPath
    """Folder, or .hdf5 file."""

    out: Destination
    """New folder for the parts `train` and `val`."""

    share: Annotated[float | None, arg(metavar="FLOAT", help_behavior_hint="")] = None
    """Share of the episodes for validation, equal for every task; 0.1 by default."""

    seed: int = 0
    """Seed of the random split."""

    task: OptionalName = None
    """Use this task for validation only."""

    scene: OptionalName = None
    """Use this scene for validation only."""

    text: OptionalWords = None
    """Use the instructions that contain these words for validation only."""

    to: OptionalName = None
    """Format of the parts; that of the source by default."""

    format: OptionalName = None
    """Format of the source; detected by default."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Copy every episode into its part."""
        condition = Condition(task=self.task, scene=self.scene, text=self.text)
        if self.share is not None and not condition.is_empty:
            raise UsageError(f"--share {self.share} and a condition exclude each other; give one of them")
        if self.seed < 0:
            raise UsageError(f"--seed {self.seed}: seeds are whole numbers from 0")
        if self.out.exists():
            raise UsageError(f"{self.out} exists already; give a folder that does not, or remove it first")
        with closing(open_dataset(self.path, self.format)) as reader:
            if condition.is_empty:
                share = DEFAULT_SHARE if self.share is None else self.share
                parts = split_by_share(reader, share, seed=self.seed)
            else:
                parts = split_by_condition(reader, condition)
            to = self.to or reader.format
            written = [
                self._write(reader, parts.train, "train", "train", to),
                self._write(reader, parts.val, "val", "valid", to),
            ]
        return print_written(self.json, written=written, train=parts.train, val=parts.val)

    def _write(self, reader: DatasetReader, numbers: list[int], name: str, mask: str, to: str) -> Copied:
        """Copy a part; robomimic's mask name is stored, so that an HDF5 file made of both parts has its masks."""
        picks = [Pick(reader, n, {"masks": [mask]}) for n in numbers]
        with ProgressBar(name) as bar:
            return copy_episodes(picks, reader.info, _named(self.out / name, to), to, progress=bar)


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Merge datasets that have the same rate, columns, cameras and action convention.

    For example: vla-isaac dataset merge monday tuesday --out week
    """

    paths: Positional[Annotated[tuple[Path, ...], arg(metavar="DATASETS")]]
    """Two or more datasets, in the order of their episodes."""

    out: Annotated[Path, arg(metavar="NEW")]
    """Output path, which must not exist."""

    to: OptionalName = None
    """Format of the result; that of the first dataset by default."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Copy every episode."""
        from vla_isaac.datasets.merging import merge

        to = self.to or _format_of(self.paths)
        with ProgressBar("merge") as bar:
            done = merge(self.paths, self.out, to, progress=bar)
        return print_written(self.json, written=[done])


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Keep the episodes that meet all conditions.

    For example: vla-isaac dataset filter demos good --success yes --task stack
    """

    path: DatasetPath
    """Folder, or .hdf5 file."""

    out: Destination
    """Output path, which must not exist."""

    task: OptionalName = None
    """Name of the task family."""

    success: Success = "any"
    """Whether they reached their goal: any, yes or no."""

    text: OptionalWords = None
    """Words that the instruction contains; case-insensitive."""

    scene: OptionalName = None
    """Name of the scene."""

    min_length: OptionalInt = None
    """Smallest number of rows."""

    max_length: OptionalInt = None
    """Largest number of rows."""

    to: OptionalName = None
    """Format of the result; that of the source by default."""

    format: OptionalName = None
    """Format of the source; detected by default."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Copy the matching episodes."""
        condition = Condition(
            task=self.task,
            scene=self.scene,
            success={"any": None, "yes": True, "no": False}[self.success],
            text=self.text,
            min_length=self.min_length,
            max_length=self.max_length,
        )
        if condition.is_empty:
            raise UsageError("every episode matches; give a condition such as --success yes, or convert the dataset instead")
        with closing(open_dataset(self.path, self.format)) as reader:
            to = self.to or reader.format
            check_destination(self.out, to)
            kept = select(reader, condition)
            if not kept:
                raise UsageError(f"dataset {self.path}: none of its {len(reader)} episodes matches; nothing was written")
            picks = [Pick(reader, n) for n in kept]
            with ProgressBar("filter") as bar:
                done = copy_episodes(picks, reader.info, self.out, to, progress=bar)
            of = len(reader)
        return print_written(self.json, written=[done], kept=kept, of=of)


def _named(path: Path, to: str) -> Path:
    """Return a path with the file name that the format requires."""
    return path.with_name(path.name + ".hdf5") if to == "hdf5" else path


def _format_of(paths: tuple[Path, ...]) -> str:
    if not paths:
        raise UsageError("give at least two datasets to merge")
    with closing(open_dataset(paths[0])) as reader:
        return reader.format


def print_written(wants_json: bool, *, written: list[Copied], **more: Any) -> int:
    """Print what was written, and return the exit code."""
    for done in written:
        say(f"written {done.path} ({done.format}): {done.episodes} episodes, {done.rows} rows")
    if wants_json:
        parts = [{"dataset": str(d.path), "format": d.format, "episodes": d.episodes, "rows": d.rows} for d in written]
        emit({"written": parts, **more})
    return OK
