"""Transition datasets on disk: what is written is what is read, and what is broken is named."""

from __future__ import annotations

import numpy as np
import pytest

from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.datasets.transitions import (
    MAX_GOALS,
    MAX_OBJECTS,
    block_path,
    count_transitions,
    is_transition_dataset,
    load_transitions,
    save_block,
)

SIDE = 8


def episode(number: int, length: int, seen: list[int]) -> dict:
    """Return an episode of some control periods with pictures of the rows `seen`."""
    random = np.random.default_rng(number)

    def some(*shape: int):
        return random.normal(size=shape).astype(np.float32)

    return {
        "state": some(length, 8),
        "objects": some(length, MAX_OBJECTS, 7),
        "active": random.integers(0, 2, size=length),
        "place": some(length, 2),
        "action": some(length, 7),
        "front": random.integers(0, 256, size=(len(seen), SIDE, SIDE, 3), dtype=np.uint8),
        "of_row": np.array(seen),
        "bodies": some(MAX_OBJECTS, 8),
        "goals": random.integers(-1, 5, size=(MAX_GOALS, 4)),
        "asked": random.integers(-1, 5, size=(2, 5)),
        "views": some(1, 9),
        "sentence": f"lift the cube number {number}",
        "seed": 100 + number,
        "success": bool(number % 2),
    }


@pytest.fixture
def two(tmp_path):
    """A dataset of two episodes in two blocks, the episodes, and its folder."""
    episodes = [episode(0, 5, [0, 3]), episode(1, 7, [0, 2, 6])]
    for block, one in enumerate(episodes):
        save_block(block_path(tmp_path, block), [one])
    return tmp_path, episodes


@pytest.mark.parametrize("in_one_block", [True, False])
def test_what_is_written_is_read_again(tmp_path, in_one_block):
    episodes = [episode(0, 5, [0, 3]), episode(1, 7, [0, 2, 6])]
    blocks = [episodes] if in_one_block else [[one] for one in episodes]
    for number, block in enumerate(blocks):
        save_block(block_path(tmp_path, number), block)
    found = load_transitions([tmp_path])
    for name in ("state", "objects", "active", "place", "action"):
        assert np.array_equal(found.rows[name], np.concatenate([one[name] for one in episodes]))
    for name in ("bodies", "goals", "asked", "views"):
        assert np.array_equal(found.episodes[name], np.stack([one[name] for one in episodes]))
    assert list(found.episodes["sentence"]) == ["lift the cube number 0", "lift the cube number 1"]
    assert list(found.episodes["seed"]) == [100, 101]
    assert list(found.episodes["success"]) == [False, True]


def test_rows_know_their_episode_and_pictures_their_row(two):
    folder, episodes = two
    found = load_transitions([folder])
    assert list(found.of_episode) == [0] * 5 + [1] * 7
    assert list(found.of_row) == [0, 3, 5, 7, 11]
    assert np.array_equal(found.pictures["front"][3], episodes[1]["front"][1])


def test_several_folders_are_one_dataset(two):
    folder, _ = two
    found = load_transitions([folder, folder])
    assert list(found.of_episode) == [0] * 5 + [1] * 7 + [2] * 5 + [3] * 7
    assert list(found.of_row[5:]) == [12, 15, 17, 19, 23]


def test_what_a_dataset_has_is_counted_without_reading_it_whole(two):
    assert count_transitions(two[0]) == {"episodes": 2, "rows": 12, "pictures": 5}


def test_a_folder_with_blocks_is_a_transition_dataset_and_one_without_is_not(two, tmp_path):
    assert is_transition_dataset(two[0])
    (tmp_path / "empty").mkdir()
    assert not is_transition_dataset(tmp_path / "empty")
    assert not is_transition_dataset(tmp_path / "nowhere")


def test_a_block_that_was_cut_off_is_named_with_the_way_to_mend_it(two):
    path = block_path(two[0], 1)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DatasetError, match=r"block_00001.npz is broken .* delete it and collect again"):
        load_transitions([two[0]])


def test_a_block_that_is_no_block_at_all_is_named(two):
    block_path(two[0], 0).write_text("not a block")
    with pytest.raises(DatasetError, match=r"block_00000.npz is broken"):
        load_transitions([two[0]])


def test_a_block_of_which_a_part_is_overwritten_is_named(two):
    path = block_path(two[0], 0)
    broken = bytearray(path.read_bytes())
    middle = broken.find(b"state.npy") + 200  # inside the numbers of the first array
    broken[middle : middle + 40] = bytes(40)
    path.write_bytes(bytes(broken))
    with pytest.raises(DatasetError, match=r"block_00000.npz"):
        load_transitions([two[0]])


@pytest.mark.parametrize("name", ["action", "state"])
def test_a_number_that_is_none_is_named_by_file_and_row(two, name):
    folder, _ = two
    odd = episode(2, 6, [0])
    odd[name][4, 2] = np.nan
    save_block(block_path(folder, 2), [odd])
    with pytest.raises(DatasetError, match=rf"block_00002.npz: {name} of row 4 is not finite"):
        load_transitions([folder])


def test_a_place_that_is_nowhere_is_no_mistake(two):
    folder, _ = two
    nowhere = episode(2, 6, [0])
    nowhere["place"][:] = np.nan
    save_block(block_path(folder, 2), [nowhere])
    assert np.isnan(load_transitions([folder]).rows["place"][-1]).all()


def test_an_empty_folder_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match=r"holds no transitions; collect some first"):
        load_transitions([tmp_path])


def test_a_block_that_is_being_written_has_no_name_yet(two, monkeypatch):
    folder, episodes = two

    def cut(file, **arrays):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", cut)
    with pytest.raises(KeyboardInterrupt):
        save_block(block_path(folder, 2), episodes)
    assert not block_path(folder, 2).exists()
