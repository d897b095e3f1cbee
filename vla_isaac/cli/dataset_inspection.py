"""``vla-isaac dataset info``, ``verify``, ``view`` and ``stats``."""

from __future__ import annotations

from collections import Counter
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from tyro.conf import Positional, arg

from vla_isaac.cli.options import OptionalName, OptionalPath
from vla_isaac.cli.output import NOT_REACHED, OK, emit, note, say
from vla_isaac.cli.progress import ProgressBar
from vla_isaac.cli.writable import check_writable
from vla_isaac.core.arrays import Image
from vla_isaac.core.atomic_files import OutputLock, atomic_tree
from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.description import info_to_json
from vla_isaac.datasets.formats import DatasetReader, open_dataset
from vla_isaac.datasets.sentences import SUBTASK

DatasetPath = Positional[Annotated[Path, arg(metavar="DATASET")]]

StatisticsLayout = Literal["openvla", "openpi"]

MOST_FINDINGS = 50  # printed as text; --json has all
MOST_NAMES = 12  # of tasks


@dataclass(frozen=True, kw_only=True)
class _OneDataset:
    """Arguments of a command that reads one dataset."""

    path: DatasetPath
    """Folder, or .hdf5 file."""

    format: OptionalName = None
    """Its format: lerobot, lerobot-v2.1, manifest or hdf5; detected by default."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""


@dataclass(frozen=True, kw_only=True)
class Info(_OneDataset):
    """Print a summary of a dataset.

    For example: vla-isaac dataset info demos
    """

    def run(self) -> int:
        """Read the metadata, no images."""
        with closing(open_dataset(self.path, self.format)) as reader:
            value = _summary(reader)
        _say_summary(value)
        if self.json:
            emit(value)
        return OK


@dataclass(frozen=True, kw_only=True)
class Verify(_OneDataset):
    """Check every value and image; exit code 1 if there is a finding.

    For example: vla-isaac dataset verify demos
    """

    def run(self) -> int:
        """Print the findings."""
        from vla_isaac.datasets.verification import verify_path

        with ProgressBar("verify") as bar:
            findings = verify_path(self.path, self.format, progress=bar)
        for finding in findings[:MOST_FINDINGS]:
            say(str(finding))
        if len(findings) > MOST_FINDINGS:
            say(f"... and {len(findings) - MOST_FINDINGS} more; all of them with --json")
        say(f"{self.path}: {len(findings)} findings" if findings else f"{self.path}: nothing is wrong")
        if self.json:
            emit({"dataset": str(self.path), "ok": not findings, "findings": [asdict(f) for f in findings]})
        return NOT_REACHED if findings else OK


@dataclass(frozen=True, kw_only=True)
class ViewDataset:
    """Make a contact sheet of images, and HTML pages with videos and plots that need no network.

    For example: vla-isaac dataset view demos outputs/demos-view --episodes 6
    """

    path: DatasetPath
    """Folder, or .hdf5 file."""

    out: Positional[Annotated[Path, arg(metavar="OUT")]]
    """A new folder for the pages and the sheet; or a name that ends in .png, for the sheet alone."""

    episodes: int = 12
    """Largest number of episodes, evenly spaced over the dataset."""

    pictures: int = 8
    """Images of an episode on the sheet."""

    format: OptionalName = None
    """Format of the dataset; detected by default."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Write the files."""
        for name in ("episodes", "pictures"):
            if getattr(self, name) < 1:
                raise UsageError(f"--{name} {getattr(self, name)}: give a whole number from 1")
        with closing(open_dataset(self.path, self.format)) as reader:
            if len(reader) == 0:
                raise UsageError(f"dataset {self.path}: has no episodes to show")
            count = min(self.episodes, len(reader))
            chosen = [int(n) for n in np.unique(np.linspace(0, len(reader) - 1, count).round())]
            value = self._write(reader, chosen)
        say("\n".join(f"{kind:8} {file}" for kind, file in value.items() if isinstance(file, str)))
        if self.json:
            emit(value)
        return OK

    def _write(self, reader: DatasetReader, chosen: list[int]) -> dict[str, Any]:
        from vla_isaac.datasets.images_on_disk import write_png
        from vla_isaac.datasets.view import contact_sheet, write_pages
        from vla_isaac.datasets.view.pages import SHEET

        def sheet() -> Image:
            with ProgressBar("sheet") as bar:
                return contact_sheet(reader, chosen, pictures=self.pictures, progress=bar)

        check_writable(self.out.parent)
        value: dict[str, Any] = {"page": None, "sheet": None, "episodes": chosen}
        if self.out.suffix.lower() == ".png":
            if self.out.exists():
                raise UsageError(f"{self.out} exists already; give another name, or remove it first")
            with atomic_tree(self.out) as part:
                write_png(part, sheet())
            return {**value, "sheet": str(self.out)}
        if not reader.info.cameras:
            note(f"no sheet: dataset {self.path} has no cameras")
        with ProgressBar("pages") as bar:
            page = write_pages(reader, chosen, self.out, sheet=sheet if reader.info.cameras else None, progress=bar)
        return {**value, "page": str(page), "sheet": str(self.out / SHEET) if reader.info.cameras else None}


@dataclass(frozen=True, kw_only=True)
class Stats:
    """Compute a robot's un-normalisation statistics in the format of OpenVLA, or of openpi.

    For example: vla-isaac dataset stats demos --name my_franka --out dataset_statistics.json
    """

    path: DatasetPath
    """Folder, or .hdf5 file."""

    layout: StatisticsLayout = "openvla"
    """openvla: dataset_statistics.json with an entry per dataset; openpi: norm_stats.json with `state` and `actions`."""

    name: OptionalName = None
    """Key of the statistics (a policy's unnorm_key); the name of the dataset by default."""

    mask: OptionalName = None
    """Which dimensions of an action are scaled, such as 1111110; from the action convention by default."""

    out: OptionalPath = None
    """JSON file to write; this entry is added to the statistics in an existing file."""

    format: OptionalName = None
    """Format of the dataset; detected by default."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Read all actions and states."""
        from vla_isaac.datasets.openvla_statistics import openpi_statistics, openvla_statistics

        if self.layout == "openpi" and (self.name is not None or self.mask is not None):
            raise UsageError("--name and --mask are for --layout openvla; openpi's file has neither")
        if self.out is not None:
            check_writable(self.out.parent)
        with OutputLock(self.out) if self.out is not None else nullcontext():
            others = self._others()
            with closing(open_dataset(self.path, self.format)) as reader:
                value = openvla_statistics(reader, name=self.name, mask=self._mask())
                names = reader.info.features["action"].names
                openpi = openpi_statistics(reader) if self.layout == "openpi" else None
            _say_statistics(value, names)
            value = openpi or value
            if self.out is not None:
                self._write(self.out, others, value)
        if self.json:
            emit(value)
        return OK

    def _mask(self) -> list[bool] | None:
        if self.mask is None:
            return None
        if not self.mask or set(self.mask) - {"0", "1"}:
            raise UsageError(f"--mask {self.mask}: give a 1 or a 0 for each number of an action, for example 1111110")
        return [digit == "1" for digit in self.mask]

    def _others(self) -> dict[str, Any]:
        """Return the existing content of the file."""
        from vla_isaac.datasets.description import read_json

        if self.out is None:
            return {}
        if self.out.is_dir():
            raise UsageError(
                f"--out {self.out} is a folder; give a file, for example {self.out / 'dataset_statistics.json'}"
            )
        if self.layout == "openpi" and self.out.exists():
            raise UsageError(f"--out {self.out} exists already; give another name, or remove it first")
        held = read_json(self.out) if self.out.exists() else {}
        if not isinstance(held, dict) or not all(isinstance(entry, dict) and "action" in entry for entry in held.values()):
            raise UsageError(f"--out {self.out} exists and does not hold statistics; give another name")
        return held

    def _write(self, path: Path, others: dict[str, Any], value: dict[str, Any]) -> None:
        from vla_isaac.datasets.description import write_json

        (name,) = value
        if name in others:
            raise UsageError(f"--out {path} has statistics of {name!r} already; give another --name or file")
        write_json(path, {**others, **value})
        say(f"written {path}")


def _summary(reader: DatasetReader) -> dict[str, Any]:
    metas = [reader.meta(n) for n in range(len(reader))]
    lengths = [reader.length(n) for n in range(len(reader))]
    return {
        "dataset": str(reader.path),
        "format": reader.format,
        "episodes": len(reader),
        "numbers": _own_numbers(reader),
        "rows": sum(lengths),
        "seconds": sum(lengths) / reader.info.fps,
        "lengths": [min(lengths), float(np.median(lengths)), max(lengths)] if lengths else None,
        "successes": sum(meta.success is True for meta in metas),
        "judged": sum(meta.success is not None for meta in metas),
        "tasks": dict(Counter(meta.task for meta in metas).most_common()),
        "scenes": dict(Counter(meta.scene for meta in metas).most_common()),
        "instructions": len({text for meta in metas for text in meta.texts}),
        "subtasks": len({note.content for meta in metas for note in meta.annotations if note.style == SUBTASK}),
        "several_sentences": sum(len(meta.texts) > 1 for meta in metas),
        **info_to_json(reader.info),
        "upside_down": list(reader.info.upside_down),
    }


def _own_numbers(reader: DatasetReader) -> list[int] | None:
    """Return the numbers that the episodes have in their files; None where these are counted from 0."""
    number = getattr(reader, "number", None)  # LeRobot's datasets have it
    if number is None:
        return None
    numbers = [number(episode) for episode in range(len(reader))]
    return None if numbers == list(range(len(reader))) else numbers


def _say_summary(value: dict[str, Any]) -> None:
    say(f"dataset      {value['dataset']} ({value['format']})")
    minutes, seconds = divmod(round(value["seconds"]), 60)
    say(f"episodes     {value['episodes']}, {value['rows']} rows, {minutes} min {seconds} s at {value['fps']:g} Hz")
    if value["numbers"]:
        numbers = list(map(str, value["numbers"]))
        named = ", ".join(numbers) if len(numbers) <= MOST_NAMES else f"{numbers[0]} to {numbers[-1]}"
        say(f"numbers      {named} in its files; a new dataset made of it counts from 0")
    if value["lengths"]:
        least, median, most = value["lengths"]
        say(f"lengths      {least} to {most} rows, median {median:g}")
    say(f"successes    {value['successes']} of {value['judged']} judged")
    for kind in ("tasks", "scenes"):
        known = {name or "(none)": count for name, count in value[kind].items()}
        more = f" and {len(known) - MOST_NAMES} more" if len(known) > MOST_NAMES else ""
        say(f"{kind:12} {', '.join(f'{name} {count}' for name, count in list(known.items())[:MOST_NAMES])}{more}")
    count = value["several_sentences"]
    several = f"; {count} of {value['episodes']} episodes have several" if count else ""
    say(f"sentences    {value['instructions']} different{several}")
    if value["subtasks"]:
        say(f"sub-tasks    {value['subtasks']} different labels")
    say(f"robot        {value['robot_type']}")
    say(f"cameras      {', '.join(f'{name} {h} x {w}' for name, (h, w) in value['cameras'].items()) or 'none'}")
    if value["upside_down"]:
        flips = " ".join(f"--flip {name}" for name in value["upside_down"])
        names = ", ".join(value["upside_down"])
        say(f"upside down  {names}: LIBERO stores the lowest row of a picture first; turn them with:")
        say(f"             vla-isaac dataset convert {value['dataset']} NEW --to lerobot {flips}")
    for name, feature in value["features"].items():
        say(f"column       {name} {feature['dtype']}{feature['shape']}")
    convention = ", ".join(f"{key}={entry}" for key, entry in value["action_spec"].items())
    say(f"convention   {convention or 'unknown; see docs/how-to/foreign-datasets.md'}")


def _say_statistics(value: dict[str, Any], names: tuple[str, ...] | None) -> None:
    ((name, entry),) = value.items()
    say(f"{name}: {entry['num_transitions']} rows of {entry['num_trajectories']} episodes")
    action = entry["action"]
    say(f"  {'':10} {'q01':>10} {'q99':>10} {'mean':>10} {'std':>10}  scaled")
    for n, scaled in enumerate(action["mask"]):
        numbers = " ".join(f"{action[key][n]:10.5f}" for key in ("q01", "q99", "mean", "std"))
        say(f"  {names[n] if names else f'action[{n}]':10} {numbers}  {'yes' if scaled else 'no'}")
