"""HDF5 files as Isaac Lab, LIBERO, robosuite and robomimic write them."""

from __future__ import annotations

import json
from contextlib import closing

import foreign_datasets
import numpy as np
import pytest

from vla_isaac.cli.main import main
from vla_isaac.core.errors import DatasetError, VlaIsaacError
from vla_isaac.datasets.formats import open_dataset
from vla_isaac.datasets.selection import Condition, select
from vla_isaac.datasets.verification import verify_path

h5py = pytest.importorskip("h5py")
ROWS = 6


def add_demo(data, name, *, length=ROWS, **attrs):
    """Add a demo with actions and one observation, its attributes as given."""
    demo = data.create_group(name)
    demo.attrs.update({"num_samples": length, **attrs})
    demo["actions"] = np.linspace(-1, 1, length * 7).reshape(length, 7).astype(np.float32)
    demo["obs/joint_pos"] = np.zeros((length, 9), np.float32)
    return demo


@pytest.fixture
def isaac_lab(tmp_path):
    """Give a file of Isaac Lab's recorder: `hdf5_dataset_file_handler.py`, `write_episode`, with Mimic's annotations."""
    path, random = tmp_path / "annotated.hdf5", np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        env = {"env_name": "Isaac-Stack-Cube-Franka-IK-Rel-v0", "type": 2, "sim_args": {"dt": 0.005, "decimation": 5}}
        data.attrs.update(total=3 * ROWS, env_args=json.dumps(env))
        for number, success in enumerate((True, False, True)):
            demo = add_demo(data, f"demo_{number}", success=success, seed=number)
            demo["initial_state/articulation/robot/joint_position"] = np.zeros((1, 9), np.float32)
            demo["states/articulation/robot/joint_position"] = np.zeros((ROWS, 9), np.float32)
            demo["processed_actions"] = np.zeros((ROWS, 9), np.float32)
            demo["obs/datagen_info/eef_pose/franka"] = np.zeros((ROWS, 4, 4), np.float32)
            demo["obs/datagen_info/object_pose/cube_1"] = np.zeros((ROWS, 4, 4), np.float32)
            demo["obs/object"] = np.full((ROWS, 39), 5.0, np.float32)
            pictures = random.integers(0, 255, (ROWS, 32, 32, 3), dtype=np.uint8)
            pictures[:, 0, 0, 0] = 100 + np.arange(ROWS)
            demo.create_dataset("obs/table_cam", data=pictures, compression="gzip")
    return path


def test_isaac_labs_demos_have_their_verdicts_and_what_is_nested_is_left_out_once(isaac_lab, opened, caplog):
    reader = opened(isaac_lab)
    assert [reader.meta(n).success for n in range(3)] == [True, False, True]
    assert select(reader, Condition(success=True)) == [0, 2]
    assert set(reader.info.features) == {"action", "observation.joint_pos", "observation.object"}
    assert (reader.info.cameras, reader.info.fps) == ({"table_cam": (32, 32)}, 40.0)
    assert len(caplog.messages) == 1
    assert "obs/datagen_info (a group), states (a group)" in caplog.messages[0]
    assert reader.episode(1).images["table_cam"][3][0, 0, 0] == 103


def test_verify_does_not_take_an_observation_that_mixes_kinds_of_numbers_for_positions(isaac_lab):
    assert verify_path(isaac_lab) == []


@pytest.mark.parametrize(
    ("value", "success"), [("True", True), (np.bool_(False), False), (np.array([1]), True), ("?", None)]
)
def test_a_verdict_may_be_a_word_a_number_or_an_array(tmp_path, opened, value, success):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        add_demo(file.create_group("data"), "demo_0", success=value)
    assert opened(tmp_path / "a.hdf5").meta(0).success is success


def test_empty_demos_are_named_and_the_others_read(tmp_path, opened, caplog):
    path = tmp_path / "a.hdf5"
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        add_demo(data, "demo_0", length=4)
        data.create_group("demo_1").create_group("initial_state")
        add_demo(data, "demo_2", length=0)
        add_demo(data, "demo_3", length=5)
        del add_demo(data, "demo_4")["obs"]
    reader = opened(path)
    assert [reader.length(n) for n in range(len(reader))] == [4, 5]
    wanted = ["demo_1 has no actions", "demo_2 has no rows", "demo_4 has no observations"]
    assert [message.endswith(", ".join(wanted)) for message in caplog.messages] == [True]
    assert [finding.what for finding in verify_path(path)] == wanted


@pytest.mark.parametrize("kind", ["robosuite", "isaac lab"])
def test_a_raw_recording_is_said_to_need_a_replay(tmp_path, capsys, kind):
    path = tmp_path / "raw.hdf5"
    with h5py.File(path, "w") as file:
        for number in (1, 2):
            demo = file.create_group(f"data/demo_{number}")
            demo["actions"] = np.zeros((8, 7))
            if kind == "robosuite":
                demo["states"] = np.zeros((8, 20))
            else:
                demo["initial_state/articulation/robot/root_pose"] = np.zeros((1, 7))
    wanted = "dataset_states_to_obs --dataset raw.hdf5" if kind == "robosuite" else "in its Isaac Lab environment"
    for command in ("info", "verify", "stats"):
        assert main(["dataset", command, str(path)]) == 2
        said = capsys.readouterr().err.strip()
        assert "without observations (obs); replay it to get them" in said or "observations (obs); replay it in its" in said
        assert wanted in said
        assert "\n" not in said


def test_demos_of_any_name_are_read_in_the_order_of_their_numbers(tmp_path, opened):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        data = file.create_group("data")
        for name, length in (("traj10", 6), ("traj9", 5), ("last", 7), ("demo_2", 4)):
            add_demo(data, name, length=length)
    reader = opened(tmp_path / "a.hdf5")
    assert [reader.length(n) for n in range(4)] == [4, 5, 6, 7]


def test_what_only_some_demos_have_is_left_out_with_one_warning(tmp_path, opened, caplog):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        data = file.create_group("data")
        first, second = add_demo(data, "demo_0"), add_demo(data, "demo_1")
        first["obs/force"], first["rewards"], first["obs/one"] = np.zeros((ROWS, 3)), np.zeros(ROWS), 3.0
        second["obs/torque"], second["obs/one"] = np.zeros((ROWS, 3)), 3.0
    reader = opened(tmp_path / "a.hdf5")
    assert set(reader.info.features) == {"action", "observation.joint_pos"}
    assert reader.columns(1)["observation.joint_pos"].shape == (ROWS, 9)
    (said,) = caplog.messages
    for words in (
        "obs/force (not in demo_1)",
        "rewards (not in demo_1)",
        "obs/torque (only in some demos)",
        "obs/one (one number)",
    ):
        assert words in said


def test_attributes_of_unexpected_types_do_not_matter(tmp_path, opened):
    path = tmp_path / "a.hdf5"
    env = {"env_kwargs": {"control_freq": "fast", "robots": None}, "env_name": None, "sim_args": {"dt": 0}}
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs.update(env_args=json.dumps(env), total="many")
        add_demo(data, "demo_0", num_samples="six", ep_meta="[" * 100_000)
        file["mask/train"], file["mask/count"] = np.array([b"demo_0"]), 3
        file.create_group("mask/other")
    reader = opened(path)
    assert reader.info.fps == 20.0
    assert reader.meta(0).extra["masks"] == ["train"]
    assert [f.what for f in verify_path(path)] == [
        "total is many, the demos have 6 rows",
        "num_samples is six, the actions have 6 rows",
    ]


# ------------------------------------------------------------------ LIBERO


@pytest.fixture
def libero(tmp_path):
    """Give a file of LIBERO's `scripts/create_dataset.py`: as OpenGL draws, the lowest row of a picture is first."""
    path = tmp_path / "demo.hdf5"
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        env = {
            "type": 1,
            "env_name": "Libero_Tabletop_Manipulation",
            "env_kwargs": {"robots": ["Panda"], "control_freq": 20},
        }
        about = {"language_instruction": "put the bowl on the plate"}
        data.attrs.update(env_args=json.dumps(env), problem_info=json.dumps(about), macros_image_convention="opengl")
        demo = add_demo(data, "demo_0")
        demo["obs/agentview_rgb"] = np.zeros((ROWS, 32, 32, 3), np.uint8)
        demo["obs/eye_in_hand_rgb"] = np.zeros((ROWS, 32, 32, 3), np.uint8)
    return path


def test_info_says_that_liberos_pictures_are_upside_down_and_how_to_turn_them(libero, capsys):
    assert main(["dataset", "info", str(libero)]) == 0
    said = capsys.readouterr().out
    assert "upside down  agentview, eye_in_hand: LIBERO stores the lowest row of a picture first" in said
    assert f"convert {libero} NEW --to lerobot --flip agentview --flip eye_in_hand" in said


def test_upright_files_are_not_said_to_be_upside_down(libero, isaac_lab):
    with h5py.File(libero, "a") as file:
        file["data"].attrs["macros_image_convention"] = "opencv"
    for path in (libero, isaac_lab):
        reader = open_dataset(path)
        assert reader.info.upside_down == ()
        reader.close()


def test_a_group_in_place_of_the_demos_is_another_layout(tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["data"] = np.zeros(3)
    with pytest.raises(DatasetError, match="has no data/demo_N/actions"):
        open_dataset(tmp_path / "a.hdf5")


def test_an_array_of_another_kind_in_a_later_demo_is_named(isaac_lab, opened):
    with h5py.File(isaac_lab, "a") as file:
        del file["data/demo_1/obs/table_cam"], file["data/demo_2/obs/joint_pos"]
        file["data/demo_1/obs/table_cam"] = np.zeros((ROWS, 3), np.float32)
        file["data/demo_2/obs/joint_pos/left"] = np.zeros(ROWS)
    reader = opened(isaac_lab)
    with pytest.raises(DatasetError, match=r"episode 1 \(demo_1\), camera 'table_cam': .* expected uint8 pictures"):
        reader.episode(1)
    with pytest.raises(DatasetError, match=r"episode 2 \(demo_2\): obs/joint_pos is not an array"):
        reader.columns(2)
    assert [finding.episode for finding in verify_path(isaac_lab)] == [1, 2]


def test_a_verdict_is_written_where_isaac_lab_looks_for_it(clean):
    with h5py.File(clean["hdf5"]) as file:
        assert [bool(file[f"data/demo_{n}"].attrs["success"]) for n in range(4)] == [True, True, False, True]


@pytest.mark.parametrize("place", ["data", "data/demo_0"])
def test_broken_metadata_of_this_package_is_named(clean, tmp_path, place):
    path = tmp_path / "a.hdf5"
    path.write_bytes(clean["hdf5"].read_bytes())
    with h5py.File(path, "a") as file:
        file[place].attrs["vla_isaac"] = '{"fps": 20'
    with pytest.raises(DatasetError, match=r"a\.hdf5.* is not valid JSON"):
        open_dataset(path).meta(0)


@pytest.mark.parametrize("make", ["libero", "isaac_lab"])
def test_a_damaged_file_ends_in_an_error_of_this_package(tmp_path, make):
    random = np.random.default_rng(1)
    path = getattr(foreign_datasets, make)(tmp_path / "a.hdf5")
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    refused = 0
    for attempt in range(25):
        data = whole.copy()
        places = random.integers(0, 8192 if attempt % 2 else len(data), 20)
        data[places] ^= (1 << random.integers(0, 8, 20)).astype(np.uint8)
        path.write_bytes(data[: random.integers(len(data))] if attempt % 5 == 0 else data)
        try:
            with closing(open_dataset(path)) as reader:
                for episode in range(len(reader)):
                    [pictures[:] for pictures in reader.episode(episode).images.values()]
        except VlaIsaacError:
            refused += 1
    assert refused > 5
