"""``vla-isaac dataset convert``: write a dataset in another format, and make a third-party one ready for training."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from tyro.conf import UseAppendAction, arg

from vla_isaac.cli.dataset_editing import Destination, print_written
from vla_isaac.cli.dataset_inspection import DatasetPath
from vla_isaac.cli.options import OptionalFloat, OptionalName, OptionalPreset, OptionalWords
from vla_isaac.cli.output import note
from vla_isaac.cli.progress import ProgressBar
from vla_isaac.control.presets import ACTION_PRESETS, convention_of_data
from vla_isaac.core.config import to_mapping
from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.adaptation import Adaptation, AdaptedReader
from vla_isaac.datasets.copying import check_destination
from vla_isaac.datasets.formats import DatasetInfo, DatasetReader, check_has_actions, open_dataset

Renames = UseAppendAction[Annotated[tuple[str, ...], arg(metavar="OLD=NEW")]]
Cameras = UseAppendAction[Annotated[tuple[str, ...], arg(metavar="CAMERA")]]

MOST_FPS = 1000.0  # [Hz]


@dataclass(frozen=True, kw_only=True)
class Convert:
    """Write a dataset in another format; numbers bit-identical, images too unless the format has video.

    For example: vla-isaac dataset convert demos demos.hdf5 --to hdf5
    """

    path: DatasetPath
    """Folder, or .hdf5 file."""

    out: Destination
    """Output path, which must not exist."""

    to: Annotated[str, arg(metavar="FORMAT")]
    """lerobot, lerobot-v2.1, manifest or hdf5."""

    format: OptionalName = None
    """Format of the source; detected by default."""

    action_convention: OptionalPreset = None
    """What the actions of a third-party dataset mean: a name of `vla-isaac list conventions`; the rate is the dataset's.
    `other_robot` is for a robot that is no Franka: its numbers can be learned, not executed here."""

    rename: Renames = ()
    """New name of a column; repeat the option for several. Columns with the same new name are joined in this order."""

    camera: Renames = ()
    """New name of a camera; repeat the option for several."""

    flip: Cameras = ()
    """A camera, by its old name, whose pictures are turned upside down, as LIBERO's files need: the last row becomes the
    first, left and right stay. Repeat the option for several."""

    rotate: Cameras = ()
    """A camera, by its old name, whose pictures are rotated by 180 degrees: LIBERO's pictures as OpenVLA and openpi see
    them, mirrored left to right. Repeat the option for several."""

    fps: OptionalFloat = None
    """Rows per second [Hz], for a dataset that has none or a wrong one."""

    instruction: OptionalWords = None
    """Instruction of every episode, for a dataset without instructions."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Copy every episode, with the requested changes."""
        from vla_isaac.datasets.convert import convert_reader

        check_destination(self.out, self.to)
        with closing(open_dataset(self.path, self.format)) as reader, ProgressBar("convert") as bar:
            done = convert_reader(AdaptedReader(reader, self._adaptation(reader)), self.out, self.to, progress=bar)
        return print_written(self.json, written=[done])

    def _adaptation(self, reader: DatasetReader) -> Adaptation:
        """Return the requested changes, checked against the dataset."""
        if self.fps is not None and not 0 < self.fps <= MOST_FPS:
            raise UsageError(f"--fps {self.fps}: give the rows per second, more than 0 and at most {MOST_FPS:g}")
        changes = Adaptation(
            columns=_pairs("--rename", self.rename),
            cameras=_pairs("--camera", self.camera),
            flipped=self.flip,
            rotated=self.rotate,
            fps=self.fps,
            instruction=self.instruction,
        )
        info = AdaptedReader(reader, changes).info
        if self.action_convention is None:
            return changes
        check_has_actions(info, self.path)
        return replace(changes, action_spec=self._convention(self.action_convention, info))

    def _convention(self, name: str, info: DatasetInfo) -> dict[str, Any]:
        width = int(np.prod(info.features["action"].shape))
        spec = convention_of_data(name, width=width, rate_hz=info.fps)
        usual = ACTION_PRESETS.get(name, spec).rate_hz
        if usual != spec.rate_hz:
            note(f"the dataset has {info.fps:g} Hz, {name} usually {usual:g} Hz; --fps corrects a wrong rate of the dataset")
        return to_mapping(spec)


def _pairs(option: str, words: tuple[str, ...]) -> dict[str, str]:
    """Return the new name by the old one of words like ``old=new``."""
    pairs: dict[str, str] = {}
    for word in words:
        old, sign, new = word.partition("=")
        if not (old and sign and new) or old in pairs:
            raise UsageError(f"{option} {word}: give OLD=NEW with a name on both sides, once for each old name")
        pairs[old] = new
    return pairs
