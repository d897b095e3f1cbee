"""HDF5 as robomimic's own tools expect it, and files of others."""

from __future__ import annotations

import json

import numpy as np
import pytest

from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.datasets.formats import open_dataset
from vla_isaac.datasets.verification import verify_path

h5py = pytest.importorskip("h5py")


@pytest.fixture
def plain(tmp_path):
    """Give a file as robomimic's dataset_states_to_obs.py writes it, demos out of order and one left out."""
    random = np.random.default_rng(0)
    path = tmp_path / "image.hdf5"
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        env = {"env_name": "Lift", "type": 1, "env_kwargs": {"robots": ["Panda"], "control_freq": 10}}
        data.attrs["env_args"], data.attrs["total"] = json.dumps(env), 18
        for number, length in ((10, 7), (2, 6), (0, 5)):
            demo = data.create_group(f"demo_{number}")
            demo.attrs["num_samples"] = length
            demo["actions"] = random.normal(size=(length, 7))
            demo["states"] = random.normal(size=(length, 32))
            demo["rewards"], demo["dones"] = np.eye(length)[-1], np.eye(length, dtype=np.int64)[-1]
            demo["obs/robot0_eef_pos"] = random.normal(size=(length, 3))
            demo["obs/agentview_image"] = random.integers(0, 255, (length, 84, 84, 3), dtype=np.uint8)
            demo["obs/agentview_depth"] = random.random((length, 84, 84, 1), dtype=np.float32)
            demo["next_obs/robot0_eef_pos"] = demo["obs/robot0_eef_pos"][:]
        file["mask/train"] = np.array([b"demo_0", b"demo_10"])
        file["mask/valid"] = np.array([b"demo_2"])
    return path


def test_a_plain_file_is_read_in_the_order_of_its_numbers(plain, opened):
    reader = opened(plain)
    assert [reader.length(n) for n in range(len(reader))] == [5, 6, 7]
    assert (reader.info.fps, reader.info.robot_type, reader.info.cameras) == (10.0, "Panda", {"agentview": (84, 84)})
    assert set(reader.info.features) == {"action", "observation.robot0_eef_pos", "next.reward", "next.done", "states"}
    assert [reader.meta(n).extra["masks"] for n in range(3)] == [["train"], ["valid"], ["train"]]
    with h5py.File(plain) as file:
        assert np.array_equal(reader.columns(1)["action"], file["data/demo_2/actions"][:].astype(np.float32))
        assert np.array_equal(reader.episode(1).images["agentview"][:], file["data/demo_2/obs/agentview_image"][:])


def test_a_plain_file_has_no_finding_and_comes_back_from_every_format(plain, opened, tmp_path):
    from small_datasets import FORMATS, path_of

    from vla_isaac.datasets.convert import convert

    assert verify_path(plain) == []
    wanted = opened(plain).columns(2)
    for format in FORMATS:
        there = convert(plain, path_of(tmp_path, format, f"there-{format}"), format).path
        back = opened(convert(there, tmp_path / f"back-{format}.hdf5", "hdf5").path)
        for name, values in back.columns(2).items():
            assert values.tobytes() == wanted[name].tobytes(), (format, name)
        assert back.meta(1).extra["masks"] == ["valid"]
        with h5py.File(back.path) as file:
            assert list(file["mask/valid"]) == [b"demo_1"]


def test_libero_files_give_their_sentence(plain, opened):
    with h5py.File(plain, "a") as file:
        file["data"].attrs["problem_info"] = json.dumps({"language_instruction": "turn on the stove"})
        file["data/demo_2"].attrs["ep_meta"] = json.dumps({"lang": "open the left drawer"})
    reader = opened(plain)
    assert [reader.meta(n).instruction for n in range(2)] == ["turn on the stove", "open the left drawer"]


def test_ours_has_what_robomimic_looks_for(clean, episodes):
    with h5py.File(clean["hdf5"]) as file:
        data = file["data"]
        assert int(data.attrs["total"]) == 46
        assert {"env_name", "type", "env_kwargs"} <= set(json.loads(data.attrs["env_args"]))
        assert sorted(data) == ["demo_0", "demo_1", "demo_2", "demo_3"]
        assert list(file["mask/train"]) == [b"demo_0", b"demo_1", b"demo_2", b"demo_3"]
        demo = data["demo_2"]
        assert int(demo.attrs["num_samples"]) == 15
        assert json.loads(demo.attrs["ep_meta"])["lang"] == episodes[2].meta.instruction
        assert demo["rewards"].shape == demo["dones"].shape == (15,)
        assert demo["dones"][:].tolist() == [0] * 14 + [1]
        assert demo["states"].shape == (15, 15)
        pictures = demo["obs/front_image"]
        assert (pictures.dtype, pictures.compression, pictures.chunks) == ("uint8", "gzip", (1, 48, 64, 3))


def test_a_file_that_was_cut_off_is_said_to_be_unreadable(tmp_path, clean):
    data = clean["hdf5"].read_bytes()
    (tmp_path / "cut.hdf5").write_bytes(data[: len(data) // 2])
    with pytest.raises(DatasetError, match=r"cut\.hdf5 is broken or truncated .*its writing was cut off"):
        open_dataset(tmp_path / "cut.hdf5")


def test_hdf5_of_another_kind_is_said_to_be_that(tmp_path):
    with h5py.File(tmp_path / "other.hdf5", "w") as file:
        file["weights"] = np.zeros(3)
    with pytest.raises(DatasetError, match="has no data/demo_N/actions"):
        open_dataset(tmp_path / "other.hdf5")


def test_a_file_without_demos_is_empty(tmp_path):
    with h5py.File(tmp_path / "empty.hdf5", "w") as file:
        file.create_group("data")
    with pytest.raises(UsageError, match="has no demos"):
        open_dataset(tmp_path / "empty.hdf5")
