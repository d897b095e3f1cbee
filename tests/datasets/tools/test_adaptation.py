"""Third-party datasets become datasets to train on: names, pictures, rate, instruction and action convention."""

from __future__ import annotations

import json
import re
from contextlib import closing
from dataclasses import replace

import foreign_datasets
import numpy as np
import pytest
from foreign_datasets import SENTENCE
from small_datasets import make_episode, make_info, write

from vla_isaac.cli.main import main
from vla_isaac.control import ActionConverter, action_preset
from vla_isaac.core.config import to_mapping
from vla_isaac.core.errors import ConventionError, UnknownNameError, UsageError
from vla_isaac.core.specs import ActionSpec
from vla_isaac.datasets.adaptation import Adaptation, AdaptedReader
from vla_isaac.datasets.compatibility import check_same_info
from vla_isaac.datasets.convert import convert
from vla_isaac.datasets.formats import open_dataset
from vla_isaac.datasets.loading import VLADataset
from vla_isaac.datasets.verification import verify_path

pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """Give a folder with a dataset in each third-party layout."""
    folder = tmp_path_factory.mktemp("foreign")
    foreign_datasets.write_all(folder)
    return folder


def run(*words) -> int:
    return main(["dataset", "convert", *map(str, words)])


def said(capsys) -> str:
    text: str = capsys.readouterr().err.strip()
    assert "\n" not in text
    return text


# ------------------------------------------------------------------ four layouts

OPENPI = "--rename actions=action --rename state=observation.state --camera image=front --camera wrist_image=wrist"
DROID = (
    "--rename actions=action --rename joint_position=observation.state --rename gripper_position=observation.state "
    "--camera exterior_image_1_left=front --camera wrist_image_left=wrist"
)
LIBERO = "--rename observation.ee_states=observation.state --rename observation.gripper_states=observation.state"
ISAAC_LAB = "--rename observation.joint_pos=observation.state --camera table_cam=front --camera wrist_cam=wrist"
LAYOUTS = {
    "openpi_libero": (f"{OPENPI} --fps 20 --action-convention libero", (7, 8, 20.0)),
    "openpi_droid": (f"{DROID} --action-convention droid_joint_velocity", (8, 8, 15.0)),
    "libero.hdf5": (f"{LIBERO} --flip agentview --flip eye_in_hand --action-convention libero", (7, 8, 20.0)),
    "isaac_lab.hdf5": (f"{ISAAC_LAB} --action-convention isaaclab_ik_rel", (7, 9, 20.0)),
    "so101": ("--action-convention other_robot", (6, 6, 30.0)),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_dataset_of_another_program_gets_names_rate_and_convention(foreign, tmp_path, opened, name):
    options, (actions, states, fps) = LAYOUTS[name]
    assert run(foreign / name, tmp_path / "ready", "--to", "lerobot", *options.split()) == 0
    assert verify_path(tmp_path / "ready") == []
    info = opened(tmp_path / "ready").info
    assert info.features["action"].shape == (actions,)
    assert info.features["observation.state"].shape == (states,)
    spec = ActionSpec(**info.action_spec)
    assert (spec.width, spec.rate_hz, info.fps) == (actions, fps, fps)


def test_columns_of_the_same_new_name_are_joined_in_their_order(foreign, tmp_path, opened):
    assert run(foreign / "openpi_droid", tmp_path / "a.hdf5", "--to", "hdf5", *DROID.split()) == 0
    old, new = opened(foreign / "openpi_droid"), opened(tmp_path / "a.hdf5")
    before, after = old.columns(1), new.columns(1)
    assert np.array_equal(after["observation.state"][:, :7], before["joint_position"])
    assert np.array_equal(after["observation.state"][:, 7:], before["gripper_position"])
    assert np.array_equal(after["action"], before["actions"])
    assert set(new.info.features) == {"action", "observation.state"}
    assert set(new.info.cameras) == {"front", "wrist", "exterior_image_2_left"}


def test_a_flipped_picture_is_upright_and_a_rotated_one_is_mirrored_too(foreign, tmp_path, opened):
    words = ("--to", "hdf5", "--flip", "agentview", "--rotate", "eye_in_hand", "--camera", "agentview=front")
    assert run(foreign / "libero.hdf5", tmp_path / "a.hdf5", *words) == 0
    before = opened(foreign / "libero.hdf5").episode(2).images
    after = opened(tmp_path / "a.hdf5").episode(2).images
    assert np.array_equal(after["front"][:], before["agentview"][:][:, ::-1])
    assert np.array_equal(after["eye_in_hand"][:], before["eye_in_hand"][:][:, ::-1, ::-1])
    sky, ground = after["front"][0][2, -1].astype(int), after["front"][0][-2, -1].astype(int)
    assert sky[2] > sky[0]
    assert ground[0] > ground[2]


@pytest.mark.parametrize(
    ("command", "names"),
    [("convert --flip agentview", {"eye_in_hand"}), ("filter --min-length 2", {"agentview", "eye_in_hand"})],
)
def test_pictures_that_stay_upside_down_are_named(foreign, tmp_path, caplog, command, names):
    name, *options = command.split()
    assert main(["dataset", name, str(foreign / "libero.hdf5"), str(tmp_path / "a.hdf5"), "--to", "hdf5", *options]) == 0
    said = "the pictures of camera {!r} stay upside down; vla-isaac dataset convert --flip turns them"
    assert set(caplog.messages) == {said.format(camera) for camera in names}


def test_failed_episodes_are_kept_as_failed_and_an_instruction_is_given(foreign, tmp_path, opened, capsys):
    words = ("--to", "lerobot", "--instruction", "stack the cubes", "--action-convention", "isaaclab_ik_rel")
    assert run(foreign / "isaac_lab.hdf5", tmp_path / "a", *words) == 0
    assert "the dataset has 20 Hz, isaaclab_ik_rel usually 50 Hz" in capsys.readouterr().err
    reader = opened(tmp_path / "a")
    assert [reader.meta(n).success for n in range(4)] == [True, False, True, True]
    assert {reader.meta(n).instruction for n in range(4)} == {"stack the cubes"}
    assert reader.meta(0).action_spec["rotation"] == "axis_angle_rad"


def test_a_rate_that_is_given_is_that_of_rows_and_video(foreign, tmp_path, opened):
    assert run(foreign / "so101", tmp_path / "a", "--to", "lerobot", "--fps", "15") == 0
    reader = opened(tmp_path / "a")
    assert (reader.info.fps, reader.meta(0).fps, reader.meta(0).instruction) == (15.0, 15.0, SENTENCE)
    assert verify_path(tmp_path / "a") == []


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--rename action=x --rename actoin=action", "no column of .*so101 named 'actoin'; did you mean 'action'"),
        ("--camera wrist=hand", "no camera of .*so101 named 'wrist'.* Known: front"),
        ("--flip wrist", "no camera of .*so101 named 'wrist'.* Known: front"),
        ("--rotate wrist", "no camera of .*so101 named 'wrist'"),
        ("--flip front --rotate front", "camera 'front' is both flipped and rotated; give one of them"),
        ("--rename action=observation.state", "there is a column 'observation.state' already; rename it, too"),
        ("--rename action=x", "has no column 'action'; it has x, observation.state"),
        ("--rename action", "--rename action: give OLD=NEW"),
        ("--rename =action", "--rename =action: give OLD=NEW"),
        ("--fps 0", "--fps 0.0: give the rows per second, more than 0"),
        ("--fps nan", "--fps nan: give the rows per second"),
        ("--action-convention libera", "did you mean 'libero'"),
        (
            "--action-convention libero",
            "have 6 numbers, the convention 'libero' has 7; conventions for 6 numbers: other_r",
        ),
    ],
)
def test_a_wrong_option_is_answered_with_what_there_is(foreign, tmp_path, capsys, words, message):
    assert run(foreign / "so101", tmp_path / "a", "--to", "lerobot", *words.split()) == 2
    assert re.search(message, said(capsys))
    assert not (tmp_path / "a").exists()


def test_two_cameras_of_one_name_are_refused(foreign):
    with closing(open_dataset(foreign / "libero.hdf5")) as reader:
        with pytest.raises(UsageError, match="agentview, eye_in_hand would all be named 'front'"):
            AdaptedReader(reader, Adaptation(cameras={"agentview": "front", "eye_in_hand": "front"}))
        with pytest.raises(UnknownNameError, match=r"no column .* named 'x'"):
            AdaptedReader(reader, Adaptation()).columns(0, ["x"])


@pytest.mark.parametrize("command", ["convert", "stats"])
def test_a_dataset_that_names_its_actions_otherwise_says_how_to_name_them(foreign, tmp_path, capsys, command):
    words = [str(tmp_path / "a"), "--to", "lerobot"] if command == "convert" else []
    assert main(["dataset", command, str(foreign / "openpi_libero"), *words]) == 2
    assert "has no column 'action'; it has state, actions; name the actions: vla-isaac dataset convert" in said(capsys)


def test_such_a_dataset_can_be_verified_viewed_and_summarised(foreign, tmp_path, capsys):
    path = foreign / "openpi_libero"
    assert [finding.file for finding in verify_path(path)] == ["meta/episodes_stats.jsonl"]
    assert main(["dataset", "view", str(path), str(tmp_path / "sheet.png")]) == 0
    assert main(["dataset", "info", str(path)]) == 0
    assert "convention   unknown; see docs/how-to/foreign-datasets.md" in capsys.readouterr().out
    with pytest.raises(UsageError, match="--rename actions=action"):
        VLADataset(path)


# ------------------------------------------------------------------ conventions


def test_the_numbers_of_another_robot_are_never_executed():
    spec = ActionSpec(joints="other_robot", gripper="none", other_width=6)
    assert spec.width == spec.arm_width == 6
    with pytest.raises(ConventionError, match="6 numbers of a robot that is no Franka"):
        ActionConverter(spec)


def test_a_gripper_that_is_no_open_fraction_is_learned_like_the_arm(tmp_path):
    """Models take a value named `gripper` for a fraction and learn it by cross-entropy: -1 would have no meaning there."""
    write(tmp_path / "a.hdf5", [make_episode(0)], "hdf5")
    names = {}
    for preset in ("libero", "octo_bridge"):
        convert(
            tmp_path / "a.hdf5",
            tmp_path / preset,
            "lerobot",
            adaptation=Adaptation(action_spec=to_mapping(action_preset(preset))),
        )
        names[preset] = VLADataset(tmp_path / preset, chunk=2).action_normaliser
    assert (names["libero"].names[-1], names["libero"].mask[-1]) == ("gripper_open_is_minus_one", True)
    assert (names["octo_bridge"].names[-1], names["octo_bridge"].mask[-1]) == ("gripper", False)


def test_a_dataset_from_before_a_field_of_the_convention_existed_merges_with_a_new_one():
    new = make_info(action_spec=to_mapping(action_preset("libero")))
    old = replace(new, action_spec={name: value for name, value in new.action_spec.items() if name != "other_width"})
    check_same_info(old, new, where="here")
    with pytest.raises(UsageError, match="action_spec, 'rate_hz'"):
        check_same_info(old, replace(new, action_spec={**new.action_spec, "rate_hz": 5.0}), where="here")


def test_a_manifest_of_three_keys_gets_rate_and_convention(tmp_path, opened):
    from PIL import Image

    steps = []
    for step in range(4):
        Image.fromarray(np.full((32, 32, 3), 40 * step, np.uint8)).save(tmp_path / f"{step}.png")
        steps.append({"image_path": f"{step}.png", "instruction": "lift the cube", "action": [0.01 * step] * 6 + [1.0]})
    (tmp_path / "manifest.json").write_text(json.dumps(steps))
    (camera,) = opened(tmp_path).info.cameras
    words = ("--fps", "5", "--camera", f"{camera}=front", "--action-convention", "openvla_bridge")
    assert run(tmp_path, tmp_path / "ready", "--to", "lerobot", *words) == 0
    info = opened(tmp_path / "ready").info
    assert (info.fps, info.action_spec["rate_hz"], info.action_spec["rotation"]) == (5.0, 5.0, "rpy_difference_rad")
    assert list(info.cameras) == ["front"]
