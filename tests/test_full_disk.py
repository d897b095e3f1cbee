"""On a full disk each command ends with one error that names the file, and leaves no part of one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.test_kills import dataset, make_training_material
from vla_isaac.cli.main import main
from vla_isaac.cli.output import FAULT

CAPACITY = 1 << 20
SHORT = "--backend stub --policy hold --max-steps"
EPISODE = f"run {SHORT} 300 --no-video"


@pytest.fixture
def disk(tmp_path) -> Iterator[Callable[[int], Path]]:
    """Give a disk of its own with so many free bytes."""
    place = tmp_path / "disk"
    place.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root on Linux can mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={CAPACITY}", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")

    def with_free(free: int) -> Path:
        (place / "filler").write_bytes(bytes(CAPACITY - free))
        return place

    yield with_free
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(scope="module")
def material(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("material")
    dataset(folder / "a", length=12)
    return folder


def files_on(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()} - {"filler"}


def check_ends_well(code: int, words: str, place: Path, *, keeps: str = "") -> None:
    assert code == FAULT, words
    (line,) = [line for line in words.splitlines() if line.startswith("error: ")]
    assert str(place) in line
    assert "Traceback" not in words
    assert "space" in words
    assert all(keeps and name.startswith(keeps) for name in files_on(place)), "a part is left"


LINES = {
    "stats": (0, "dataset stats A --out DISK/s.json"),
    "the pages of a view": (30_000, "dataset view A DISK/v"),
    "the sheet of a view": (9_000, "dataset view A DISK/v.png"),
    "a scene as text": (8_192, "export-scene DISK/s.usda"),
    "a scene in binary": (8_192, "export-scene DISK/s.usdc"),
    "a manifest": (100_000, "dataset convert A DISK/m --to manifest"),
    "a LeRobot dataset": (60_000, "dataset convert A DISK/l --to lerobot"),
    "a LeRobot dataset of version 2.1": (60_000, "dataset convert A DISK/l --to lerobot-v2.1"),
    "a merge": (60_000, "dataset merge A A --out DISK/m"),
    "results before the first": (0, f"eval {SHORT} 3 --task reach --episodes 3 --workers 1 --out DISK/r.jsonl"),
    "a log": (16_384, f"{EPISODE} --record DISK"),
    "a video": (8_192, f"run {SHORT} 40 --video DISK/v.mp4"),
}


@pytest.mark.parametrize(("free", "line"), LINES.values(), ids=LINES)
def test_a_command_on_a_full_disk_names_the_file_and_leaves_no_part(free, line, disk, material, capsys):
    place = disk(free)
    words = line.replace("DISK", str(place)).replace(" A", f" {material / 'a'}").split()
    if "export-scene" in line:
        pytest.importorskip("pxr")
    code = main(words)
    check_ends_well(code, capsys.readouterr().err, place)


def test_results_keep_every_finished_episode_and_no_part_of_another(disk, capsys):
    place = disk(16_384)
    line = f"eval {SHORT} 3 --task reach --episodes 60 --workers 1 --out {place}/r.jsonl"
    code = main(line.split())
    check_ends_well(code, capsys.readouterr().err, place, keeps="r.jsonl")
    (place / "filler").unlink()
    assert main([*line.split(), "--resume"]) == 0
    assert len((place / "r.jsonl").read_text().splitlines()) == 61


def test_hdf5_on_a_full_disk_is_no_segmentation_fault(disk, material):
    place = disk(100_000)
    words = ["dataset", "convert", str(material / "a"), str(place / "h.hdf5"), "--to", "hdf5"]
    done = subprocess.run([sys.executable, "-m", "vla_isaac", *words], capture_output=True, text=True, check=False)
    check_ends_well(done.returncode, done.stderr, place)


def test_a_collection_on_a_full_disk_keeps_its_finished_episodes(disk, capsys):
    place = disk(70_000)
    line = f"collect {place}/d --task reach --backend stub --cameras front --size 32 --episodes 6"
    code = main(line.split())
    check_ends_well(code, capsys.readouterr().err, place, keeps="d/")
    (place / "filler").unlink()
    assert main([*line.split(), "--resume"]) == 0
    assert main(["dataset", "info", f"{place}/d"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("free", [40_000, 400_000])
def test_a_training_on_a_full_disk_keeps_its_last_checkpoint(free, disk, material, capsys):
    make_training_material(material)
    place = disk(free)
    words = f"train --config {material}/tiny.yaml --data {material}/tiny.hdf5 --out {place}/t --threads 1".split()
    code = main(words)
    words = capsys.readouterr().err
    check_ends_well(code, words, place, keeps="t/")
    assert not [name for name in files_on(place) if ".part" in name]


@pytest.mark.slow
@pytest.mark.parametrize("free", [100_000, 300_000])
def test_an_export_on_a_full_disk_leaves_nothing(free, disk, material, capsys):
    make_training_material(material)
    place = disk(free)
    code = main(["export", str(material / "trained" / "best"), "--out", str(place / "e")])
    check_ends_well(code, capsys.readouterr().err, place)
