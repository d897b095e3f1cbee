"""A dataset that LeRobot 0.4.4 wrote itself (`python -m tools.check_lerobot --keep`) opens with our reader."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tools.check_lerobot.material import CAMERAS, FEATURES, LENGTHS, episode, psnr
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.datasets.formats import open_dataset
from vla_isaac.datasets.lerobot.merge import merge
from vla_isaac.datasets.lerobot.writer import repair

FOLDER = Path(__file__).parent / "written_by_lerobot"


@pytest.fixture
def theirs():
    reader = open_dataset(FOLDER)
    yield reader
    reader.close()


@pytest.mark.parametrize("number", range(len(LENGTHS)))
def test_every_number_that_lerobot_wrote_is_read_to_the_last_bit(theirs, number):
    wanted, found = episode(number), theirs.episode(number)
    assert set(found.columns) == set(FEATURES)
    assert all(found.columns[name].tobytes() == wanted.columns[name].tobytes() for name in FEATURES)
    assert found.meta.instruction == wanted.meta.instruction


@pytest.mark.parametrize("camera", CAMERAS)
def test_pictures_of_all_episodes_are_found_in_the_one_video_that_holds_them(theirs, camera):
    assert len(list(FOLDER.glob(f"videos/*{camera}/*/*"))) == 1
    for number in reversed(range(len(LENGTHS))):
        images = theirs.episode(number).images[camera]
        for row in (len(images) - 1, 0, 5):
            assert psnr(images[row], episode(number).images[camera][row]) > 28.0


def test_pictures_that_lie_inside_the_rows_come_back_exactly(theirs):
    for number in range(len(LENGTHS)):
        assert np.array_equal(theirs.episode(number).images["map"][:], episode(number).images["front"][:, :16, :16])


def test_what_lerobot_says_of_the_columns_is_understood(theirs):
    assert theirs.info.features == FEATURES
    assert theirs.info.cameras == {"front": (64, 64), "wrist": (64, 64), "map": (16, 16)}
    assert (theirs.info.fps, theirs.info.robot_type) == (20.0, "franka_panda")


def test_two_of_lerobots_datasets_are_merged_without_encoding_anew(tmp_path, theirs):
    merge([FOLDER, FOLDER], tmp_path / "all")
    merged = open_dataset(tmp_path / "all")
    for number in range(2 * len(LENGTHS)):
        found, wanted = merged.episode(number), theirs.episode(number % len(LENGTHS))
        assert all(np.array_equal(found.columns[name], wanted.columns[name]) for name in FEATURES)
        assert all(np.array_equal(found.images[name][:], wanted.images[name][:]) for name in wanted.images)
    assert len(list((tmp_path / "all").glob("videos/*front/*/*"))) == 1


def test_a_file_of_theirs_that_lost_its_end_is_named(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "set")
    path = tmp_path / "set/data/chunk-000/file-000.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DatasetError, match=r"episode 1: .*file-000\.parquet is broken or truncated"):
        open_dataset(tmp_path / "set").columns(1)


def test_nothing_of_theirs_is_repaired():
    with pytest.raises(UsageError, match="was not written by vla_isaac; nothing is changed"):
        repair(FOLDER)
