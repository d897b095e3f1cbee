"""`verify`: run all checks on a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from vla_isaac.core.errors import DatasetError, ForeignFileError, ShapeError, VlaIsaacError
from vla_isaac.datasets.copying import Progress
from vla_isaac.datasets.formats import DatasetReader, open_dataset
from vla_isaac.datasets.lerobot.episode_reader import EpisodeReader
from vla_isaac.datasets.lerobot.layout import INFO
from vla_isaac.datasets.manifest import ManifestReader
from vla_isaac.datasets.manifest.steps import MANIFEST, pictures
from vla_isaac.datasets.robomimic import RobomimicReader
from vla_isaac.datasets.untrusted_paths import reading
from vla_isaac.datasets.verification.finding import Finding
from vla_isaac.datasets.verification.lerobot_layout import LeRobotLayout, layout_of
from vla_isaac.datasets.verification.lerobot_shares import unclaimed_findings
from vla_isaac.datasets.verification.lerobot_statistics import statistics_findings
from vla_isaac.datasets.verification.lerobot_tables import table_findings
from vla_isaac.datasets.verification.lerobot_videos import video_findings
from vla_isaac.datasets.verification.motion import motion_faults
from vla_isaac.datasets.verification.numbers import Fault, number_faults
from vla_isaac.datasets.verification.other_tables import hdf5_findings, manifest_findings
from vla_isaac.datasets.verification.pictures import Ends, PictureCheck, check_pictures
from vla_isaac.datasets.verification.swapped_pictures import Looks, listed_means, others_pictures, same_pictures
from vla_isaac.datasets.verification.verdicts import verdict_faults


def verify(reader: DatasetReader, *, progress: Progress | None = None) -> list[Finding]:
    """Return all findings of a dataset, by episode; an empty list if there are none.

    Args:
        reader: The open dataset; of any format.
        progress: Called after each episode.
    """
    layout = layout_of(reader) if isinstance(reader, EpisodeReader) else None
    found = list(_table_findings(reader, layout))
    unreadable = {finding.episode for finding in found if finding.row is None}
    before: Ends | None = None
    looks: Looks = {}
    for episode in range(len(reader)):
        more, check = _episode_findings(reader, episode, layout, before)
        before = check.ends if check else None
        looks |= {(camera, episode): look for camera, look in check.looks.items()} if check else {}
        number = _number(episode, layout)
        reported = {finding.file for finding in found if finding.episode == number}
        found += [f for f in more if not (f.file in reported and f.row is None and number in unreadable)]
        if progress is not None:
            progress(episode + 1, len(reader))
    for swap in (*same_pictures(reader, looks), *others_pictures(listed_means(layout), looks)):
        file = _file_names(reader, swap.episode, layout)(swap.camera, 0)
        what = f"camera {swap.camera!r}: {swap.words.format(_number(swap.other, layout))}"
        found.append(Finding(file=file, episode=_number(swap.episode, layout), what=what))
    if len(reader) == 0:
        found.append(Finding(file=reader.path.name, what="there are no episodes in it"))
    return sorted(found, key=lambda f: (-1 if f.episode is None else f.episode, f.file, f.row or 0))


def verify_path(path: Path, format: str | None = None, *, progress: Progress | None = None) -> list[Finding]:
    """Return all findings of a dataset, also where it names files outside of its folder.

    Raises:
        UsageError: If there is no dataset.
        DatasetError: If the dataset cannot be opened.
    """
    try:
        reader = open_dataset(path, format)
    except ForeignFileError as error:
        return [Finding(file=_description(path), what=str(error))]
    with closing(reader):
        return verify(reader, progress=progress)


def _number(episode: int, layout: LeRobotLayout | None) -> int:
    """Return the number that an episode has in its files."""
    return episode if layout is None else layout.episodes[episode].number


def _description(path: Path) -> str:
    """Return the name of a dataset's metadata file."""
    return next((name for name in (INFO, MANIFEST) if (path / name).is_file()), path.name)


def _table_findings(reader: DatasetReader, layout: LeRobotLayout | None) -> Iterator[Finding]:
    """Yield the findings that a reader does not report."""
    if layout is not None:
        yield from _guarded(table_findings(layout), reader.path)
        yield from _guarded(video_findings(layout), reader.path)
        yield from _guarded(unclaimed_findings(layout), reader.path)
        yield from _guarded(statistics_findings(layout, reader), reader.path)
    elif isinstance(reader, ManifestReader):
        yield from _guarded(manifest_findings(reader), reader.path)
    elif isinstance(reader, RobomimicReader):
        yield from _guarded(hdf5_findings(reader), reader.path)


def _guarded(findings: Iterator[Finding], path: Path) -> Iterator[Finding]:
    """Yield findings; what a check cannot read at all is one more."""
    try:
        with reading(path, what="dataset"):
            yield from findings
    except VlaIsaacError as error:
        yield Finding(file=_description(path), what=str(error))


def _episode_findings(
    reader: DatasetReader, episode: int, layout: LeRobotLayout | None, before: Ends | None
) -> tuple[list[Finding], PictureCheck | None]:
    """Return the findings of one episode, and the check of its images; None where they cannot be read."""
    file_of = _file_names(reader, episode, layout)
    found: list[Finding] = []

    def add(fault: Fault, camera: str | None = None) -> None:
        row, what = fault
        words = what if camera is None else f"camera {camera!r}: {what}"
        found.append(Finding(file=file_of(camera, row), episode=_number(episode, layout), row=row, what=words))

    try:
        with reading(reader.path, what=f"episode {episode} of dataset"):
            columns = reader.columns(episode)
            meta = reader.meta(episode)
            for fault in (
                *number_faults(columns, reader.info),
                *motion_faults(columns, reader.info, meta.extra),
                *verdict_faults(meta, columns, reader.info),
            ):
                add(fault)
    except VlaIsaacError as error:
        add((None, str(error)))
        return found, None
    return found, _look_at_pictures(reader, episode, before, add)


def _look_at_pictures(
    reader: DatasetReader, episode: int, before: Ends | None, add: Callable[..., None]
) -> PictureCheck | None:
    try:
        with reading(reader.path, what=f"episode {episode} of dataset"):
            whole = reader.episode(episode)
            lengths = {name: len(images) for name, images in whole.images.items()}
            check = check_pictures(whole, before)
    except (DatasetError, ShapeError) as error:
        name = error.camera if isinstance(error, DatasetError) else error.array
        add((None, str(error)), name if name in reader.info.cameras else None)
        return None
    for camera, length in lengths.items():
        if length != len(whole):
            add((min(length, len(whole)), f"{length} pictures for {len(whole)} rows"), camera)
    for camera, fault in check.faults:
        add(fault, camera)
    return check


def _file_names(
    reader: DatasetReader, episode: int, layout: LeRobotLayout | None
) -> Callable[[str | None, int | None], str]:
    """Return a function that names the file of a camera and row; without a camera, the file of the numbers."""
    if layout is not None and episode < len(layout.episodes):
        where = layout.episodes[episode]
        videos = {key.removeprefix("observation.images.").removeprefix("observation."): s for key, s in where.videos.items()}
        return lambda camera, row: layout.relative(videos[camera].path if camera in videos else where.data)
    if isinstance(reader, ManifestReader):
        steps = reader.steps(episode)

        def picture_file(camera: str | None, row: int | None) -> str:
            return MANIFEST if camera is None or row is None else pictures(steps[row]).get(camera, MANIFEST)

        return picture_file
    return lambda camera, row: reader.path.name
