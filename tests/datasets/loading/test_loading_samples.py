import gc
import pickle

import numpy as np
import pytest

from tests.datasets.loading.conftest import telling_episode
from vla_isaac.core.errors import ConfigError, DatasetError, UsageError
from vla_isaac.datasets.loading import Augmentation, FrameCache, SampleOptions, VLADataset


@pytest.fixture
def path(written):
    return written([telling_episode(0), telling_episode(1, length=6, task="stack")])


def test_every_step_of_every_episode_is_a_sample(path):
    dataset = VLADataset(path, chunk=4)
    assert len(dataset) == 16
    assert [(dataset[i]["episode"], dataset[i]["step"]) for i in (0, 9, 10, 15)] == [(0, 0), (0, 9), (1, 0), (1, 5)]
    assert dataset.num_episodes == 2


@pytest.mark.parametrize("format", ["lerobot", "lerobot-v2.1", "manifest", "hdf5"])
def test_every_format_gives_the_same_samples(written, format):
    dataset = VLADataset(
        written([telling_episode(0), telling_episode(1)], format=format), chunk=3, history=2, normalise="none"
    )
    sample = dataset[14]
    assert sample["images"]["front"].shape == (2, 32, 32, 3)
    assert sample["images"]["front"].mean(axis=(1, 2, 3)) == pytest.approx([30, 40], abs=3)  # videos lose a little
    assert sample["actions"][:, 0].tolist() == [104, 105, 106]
    assert sample["state"][:, 0].tolist() == [-997, -996]
    assert sample["instruction"] == "lift number 1"


def test_a_chunk_is_the_action_of_the_step_and_of_those_after_it(path):
    sample = VLADataset(path, chunk=4, normalise="none")[2]
    assert sample["actions"][:, 0].tolist() == [2, 3, 4, 5]
    assert not sample["is_pad"].any()


def test_past_the_end_the_last_action_is_repeated_and_marked(path):
    sample = VLADataset(path, chunk=4, normalise="none")[8]
    assert sample["actions"][:, 0].tolist() == [8, 9, 9, 9]
    assert sample["is_pad"].tolist() == [False, False, True, True]


def test_before_the_beginning_the_first_picture_and_state_are_repeated(path):
    sample = VLADataset(path, chunk=1, history=3, normalise="none")[11]
    assert sample["images"]["front"][:, 0, 0, 0].tolist() == [0, 0, 10]
    assert sample["state"][:, 0].tolist() == [-1000, -1000, -999]


def test_numbers_are_of_the_type_and_shape_that_the_contract_says(path):
    sample = VLADataset(path, chunk=4, history=2)[3]
    assert sample["images"]["wrist"].dtype == np.uint8
    assert (sample["state"].dtype, sample["state"].shape) == (np.float32, (2, 8))
    assert (sample["actions"].dtype, sample["actions"].shape) == (np.float32, (4, 7))
    assert (sample["is_pad"].dtype, sample["task"], sample["step"]) == (np.bool_, "lift", 3)
    assert "goal_objects" not in sample


def test_actions_are_scaled_to_one_but_the_gripper_stays_open_fraction(path):
    dataset = VLADataset(path, chunk=1)
    rows = np.concatenate([dataset[i]["actions"] for i in range(len(dataset))])
    assert np.abs(rows[:, 0]).max() == pytest.approx(1, abs=0.1)
    assert set(rows[:, 6]) == {0.0, 1.0}
    back = dataset.action_normaliser.unnormalise(rows)
    assert back[:10, 0] == pytest.approx(np.arange(10), abs=1e-4)


def test_validation_data_is_scaled_as_the_training_data(path):
    train = VLADataset(path, episodes=[0], chunk=1)
    other = VLADataset(
        path, episodes=[1], chunk=1, state_normaliser=train.state_normaliser, action_normaliser=train.action_normaliser
    )
    assert train.action_normaliser.unnormalise(other[0]["actions"])[0, 0] == pytest.approx(100, abs=1e-3)


def test_positions_of_the_goal_are_given_where_the_dataset_has_them(written):
    sample = VLADataset(written([telling_episode(0, goals=True)]))[4]
    assert sample["goal_objects"][:3].tolist() == [1, 2, 3]
    assert np.isnan(sample["goal_objects"][3:]).all()


def test_several_datasets_are_drawn_from_as_one(written):
    one, two = written([telling_episode(0)], name="one"), written([telling_episode(3)], name="two", format="manifest")
    dataset = VLADataset([one, two], normalise="none")
    assert len(dataset) == 20
    assert dataset[10]["actions"][0, 0] == 300


def test_pictures_are_resized_when_asked(path):
    assert VLADataset(path, image_hw=(16, 24), chunk=1)[0]["images"]["front"].shape == (1, 16, 24, 3)


def test_one_camera_can_be_chosen(path):
    assert list(VLADataset(path, cameras=("wrist",), chunk=1)[0]["images"]) == ["wrist"]


def test_a_dataset_travels_to_another_process(path):
    dataset = VLADataset(path, chunk=2)
    dataset[0]
    copy = pickle.loads(pickle.dumps(dataset))
    assert np.array_equal(copy[5]["images"]["front"], dataset[5]["images"]["front"])


def test_cached_pictures_are_the_same_and_stay_within_the_limit(path, tmp_path):
    plain = VLADataset(path, chunk=1)
    for _ in range(2):
        cached = VLADataset(path, chunk=1, cache=FrameCache(tmp_path / "cache", max_mb=1))
        for i in (0, 7, 15, 7):
            assert np.array_equal(cached[i]["images"]["wrist"], plain[i]["images"]["wrist"])
    assert sum(file.stat().st_size for file in (tmp_path / "cache").iterdir()) <= 2**20


def test_a_changed_dataset_gets_a_cache_of_its_own(written, tmp_path):
    def bright(number):
        path = written([telling_episode(number, length=5 + number)], name=f"d{number}")
        return VLADataset(path, chunk=1, cache=FrameCache(tmp_path / "cache"))[4]["episode"]

    bright(0)
    gc.collect()  # closes the first
    first = [file.name for file in (tmp_path / "cache").rglob("*.u8")]
    bright(1)
    assert [file.name for file in (tmp_path / "cache").rglob("*.u8")] != first


def test_caches_that_are_used_at_once_share_the_limit(path, tmp_path):
    train = VLADataset(path, chunk=1, episodes=[0], cache=FrameCache(tmp_path / "cache"))
    other = VLADataset(path, chunk=1, episodes=[1], cache=FrameCache(tmp_path / "cache"))
    assert train[3]["images"]["front"].max() == other[3]["images"]["front"].max() == 30
    assert len(list((tmp_path / "cache").rglob("*.u8"))) == 2


def test_bad_data_is_told_in_one_sentence_each(written, tmp_path):
    path = written([telling_episode(0), telling_episode(1, length=6)])
    nan = telling_episode(0)
    nan.columns["action"][3, 2] = np.nan
    broken = written([nan], name="nan")
    six = written([telling_episode(0, width=6)], name="six")
    large = written([telling_episode(0, size=(64, 64))], name="large")
    cases = [
        (lambda: VLADataset(path, chunk=7), UsageError, r"episode 1: has 6 rows, fewer than chunk=7; choose at most 6"),
        (lambda: VLADataset(path, chunk=1, history=8), UsageError, r"episode 1: has 6 rows, fewer than history=8"),
        (lambda: VLADataset(broken), DatasetError, r"nan\.hdf5, episode 0, row 3: action\[2\] is nan"),
        (lambda: VLADataset([path, six], chunk=1), UsageError, r"'action' is 7 numbers .* in .*data.*, 6 numbers in .*six"),
        (lambda: VLADataset([path, large], chunk=1), UsageError, r"camera 'front' has pictures of \(32, 32\).*image_hw"),
        (lambda: VLADataset(path, chunk=1, cameras=("top",)), UsageError, r"no camera 'top'; it has .*front"),
        (lambda: VLADataset(path, chunk=1, episodes=[]), UsageError, r"has no episodes; collect some first"),
        (lambda: VLADataset(path, chunk=1, episodes=[2]), UsageError, r"has no episode 2; it has 2, numbered from 0"),
        (lambda: VLADataset([]), UsageError, r"there is no dataset to load"),
        (lambda: VLADataset(tmp_path / "none"), UsageError, r"there is no such file or folder"),
        (lambda: SampleOptions(chunk=0), ConfigError, r"chunk=0 is not accepted"),
        (lambda: Augmentation(crop=1.5), ConfigError, r"crop=1.5 must lie within 0 to 1"),
    ]
    for make, kind, message in cases:
        with pytest.raises(kind, match=message):
            make()


def test_a_missing_picture_is_named_with_its_episode_and_row(written):
    path = written([telling_episode(0)], format="manifest")
    lost = sorted(path.rglob("*.png"))[4]
    lost.unlink()
    dataset = VLADataset(path, chunk=1)
    with pytest.raises(DatasetError, match=rf"{lost.name}: episode 0, row \d: the picture is missing"):
        [dataset[i] for i in range(len(dataset))]


def test_pictures_of_a_dataset_stay_cached_when_another_one_joins_it(written, tmp_path):
    first, second = written([telling_episode(0)]), written([telling_episode(1)], name="other")
    alone = VLADataset(first, chunk=1, cache=FrameCache(tmp_path / "cache"))
    wanted = alone[2]["images"]["front"]
    files = {file: file.stat().st_ino for file in (tmp_path / "cache").rglob("*.u8")}
    del alone
    both = VLADataset([first, second], chunk=1, cache=FrameCache(tmp_path / "cache"))
    assert np.array_equal(both[2]["images"]["front"], wanted)
    assert {file: file.stat().st_ino for file in files} == files
    assert not np.array_equal(both[len(both) - 1]["images"]["front"], wanted)
