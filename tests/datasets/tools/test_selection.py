"""Which episodes go where: by condition, or by share from a seed; and several datasets as one."""

from __future__ import annotations

import pytest
from small_datasets import make_episode, write

from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.merging import merge
from vla_isaac.datasets.selection import Condition, select, split_by_condition, split_by_share


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        (Condition(), [0, 1, 2, 3]),
        (Condition(task="stack"), [1, 3]),
        (Condition(scene="clutter"), [2, 3]),
        (Condition(success=False), [2]),
        (Condition(text="BOX 3"), [3]),
        (Condition(min_length=10, max_length=12), [0, 3]),
        (Condition(task="stack", scene="tabletop"), [1]),
        (Condition(task="sweep"), []),
    ],
)
def test_a_condition_keeps_what_fits_all_of_it(clean, opened, condition, numbers):
    assert select(opened(clean["hdf5"]), condition) == numbers


@pytest.fixture
def twenty(tmp_path, opened):
    episodes = [make_episode(n, 2, task="stack" if n < 15 else "place_on") for n in range(20)]
    return opened(write(tmp_path / "twenty.hdf5", episodes, "hdf5"))


@pytest.mark.parametrize("seed", range(4))
def test_a_share_has_every_task_alike(twenty, seed):
    split = split_by_share(twenty, 0.2, seed=seed)
    assert sorted(split.train + split.val) == list(range(20))
    assert [twenty.meta(n).task for n in split.val].count("stack") == 3
    assert len(split.val) == 4


def test_the_same_seed_draws_the_same_and_another_seed_others(twenty):
    assert split_by_share(twenty, 0.2, seed=3) == split_by_share(twenty, 0.2, seed=3)
    assert len({tuple(split_by_share(twenty, 0.2, seed=seed).val) for seed in range(5)}) > 1


def test_no_part_is_ever_empty(clean, opened):
    reader = opened(clean["hdf5"])
    assert [len(split_by_share(reader, share).val) for share in (0.01, 0.99)] == [1, 3]
    for share in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(UsageError, match="leaves one part empty"):
            split_by_share(reader, share)
    with pytest.raises(UsageError, match="0 of 4 episodes match"):
        split_by_condition(reader, Condition(task="sweep"))


def test_merging_follows_the_order_given(clean, opened, tmp_path):
    merge([clean["hdf5"], clean["manifest"]], tmp_path / "m.hdf5", "hdf5")
    reader = opened(tmp_path / "m.hdf5")
    assert [reader.length(n) for n in range(len(reader))] == [12, 9, 15, 10] * 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fps": 10.0}, "fps: 10.0 does not fit 20.0"),
        ({"action_spec": {}}, "action_spec, 'translation': nothing does not fit delta_base_m"),
        ({"cameras": {"front": (48, 64)}}, "cameras, 'hand': nothing does not fit"),
    ],
)
def test_datasets_that_differ_are_not_merged(clean, tmp_path, change, message):
    cameras = tuple(change.get("cameras", ("front", "hand")))
    other = write(tmp_path / "o.hdf5", [make_episode(7, 3, cameras=cameras)], "hdf5", **change)
    with pytest.raises(UsageError, match=message):
        merge([clean["hdf5"], other], tmp_path / "m.hdf5", "hdf5")
    assert not (tmp_path / "m.hdf5").exists()
