"""Datasets of other programs are converted and trained on from the command line."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import foreign_datasets
import pytest

from vla_isaac.cli.main import main
from vla_isaac.core.errors import ConventionError
from vla_isaac.core.resources import resource

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("h5py")
from vla_isaac.training.config import TrainConfig
from vla_isaac.training.data import TrainingData
from vla_isaac.training.training_run import source_of

ROOT = Path(__file__).resolve().parents[2]
TWO = ("front", "wrist")
CASES = {
    "openpi_libero": (
        "--rename actions=action --rename state=observation.state --camera image=front --camera wrist_image=wrist "
        "--action-convention libero",
        TWO,
    ),
    "openpi_droid": (
        "--rename actions=action --rename joint_position=observation.state --rename gripper_position=observation.state "
        "--camera exterior_image_1_left=front --camera wrist_image_left=wrist --action-convention droid_joint_velocity",
        TWO,
    ),
    "libero.hdf5": (
        "--rename observation.ee_states=observation.state --camera agentview=front --camera eye_in_hand=wrist "
        "--flip agentview --flip eye_in_hand --action-convention libero",
        TWO,
    ),
    "isaac_lab.hdf5": (
        "--rename observation.joint_pos=observation.state --camera table_cam=front --camera wrist_cam=wrist "
        "--action-convention isaaclab_ik_rel",
        TWO,
    ),
    "so101": ("--action-convention other_robot", ("front",)),
}
PRESETS = ("keypoints", "vla_transformer", "rt1_style", "multi_task", "hierarchical", "custom_vla")


def train(folder, name, preset, capsys) -> dict[str, object]:
    """Convert a dataset and train on it for two updates; return the checkpoint's card."""
    options, cameras = CASES[name]
    make = getattr(foreign_datasets, name.partition(".")[0])
    source = make(folder / name)
    assert main(["dataset", "convert", str(source), str(folder / "ready"), "--to", "lerobot", *options.split()]) == 0
    config = folder / "tiny.yaml"
    config.write_text(resource("config", "train", f"{preset}_tiny.yaml").read_text() + "readers: 0\n")
    words = ["train", "--config", str(config), "--data", str(folder / "ready"), "--out", str(folder / "run"), "--json"]
    words += ["--steps", "2", "--threads", "1", *(word for camera in cameras for word in ("--camera", camera))]
    capsys.readouterr()
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["step"] == 2
    card: dict[str, object] = json.loads((folder / "run/best/policy.json").read_text())
    return card


def test_a_dataset_of_a_robot_that_is_no_franka_is_trained_on(tmp_path, capsys):
    card = train(tmp_path, "so101", "keypoints", capsys)
    assert (card["action"]["joints"], card["action"]["other_width"]) == ("other_robot", 6)
    assert card["state"]["names"][-1] == "gripper.pos"


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", CASES)
def test_every_layout_trains_every_architecture(tmp_path, capsys, name, preset):
    card = train(tmp_path, name, preset, capsys)
    assert card["notes"]["episodes"] == (4 if name == "isaac_lab.hdf5" else 3)


def test_data_without_a_convention_says_how_to_declare_it(tmp_path, capsys):
    foreign_datasets.so101(tmp_path / "so101")
    words = ["train", "--config", "keypoints_tiny", "--camera", "front", "--data", str(tmp_path / "so101")]
    assert main([*words, "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "does not declare the convention of its actions" in said
    assert "vla-isaac dataset convert" in said
    assert "--action-convention" in said


def test_a_camera_that_the_data_lacks_is_answered_with_those_it_has(tmp_path, capsys):
    foreign_datasets.so101(tmp_path / "so101")
    words = ["train", "--config", "keypoints_tiny", "--data", str(tmp_path / "so101"), "--out", str(tmp_path / "run")]
    assert main(words) == 2
    assert "has no camera 'wrist'; it has front; choose among them" in capsys.readouterr().err


def commands_of_the_page() -> list[list[str]]:
    """Return the commands of docs/how-to/foreign-datasets.md, without those at its top that only show the order."""
    page = (ROOT / "docs/how-to/foreign-datasets.md").read_text(encoding="utf-8")
    _, *blocks = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line)[1:] for line in lines]


@pytest.mark.slow
def test_the_commands_of_the_page_run(tmp_path, monkeypatch, capsys):
    foreign_datasets.write_all(tmp_path)
    monkeypatch.chdir(tmp_path)
    commands = commands_of_the_page()
    assert len(commands) == 8
    for words in commands:
        if words[1] == "convert":
            shutil.rmtree("ready", ignore_errors=True)
        short = ["--config", "keypoints_tiny", "--steps", "2", "--threads", "1"] if words[0] == "train" else []
        assert main([*words, *short]) == 0, words
        if words[1] == "convert":
            assert main(["dataset", "verify", "ready"]) == 0
    capsys.readouterr()
    assert main(["export", "runs/so101/best"]) == 0
    assert main(["run", "Pick up the red cube", "--policy", "runs/so101/best", "--backend", "stub", "--no-video"]) == 2
    assert "the checkpoint was trained with 'shoulder_pan.pos' in its state" in capsys.readouterr().err


@pytest.mark.parametrize(("condition", "is_mentioned"), [("--success yes", False), ("--min-length 1", True)])
def test_failed_episodes_are_mentioned_before_they_are_learned(tmp_path, caplog, condition, is_mentioned):
    source, ready = foreign_datasets.isaac_lab(tmp_path / "a.hdf5"), str(tmp_path / "ready")
    assert main(["dataset", "filter", str(source), ready, "--to", "lerobot", *condition.split()]) == 0
    config = TrainConfig(cameras=("table_cam",), chunk=2)
    TrainingData([Path(ready)], config)
    assert any("1 of 4 episodes failed" in message for message in caplog.messages) == is_mentioned


def test_data_without_a_convention_is_refused_before_its_pictures_are_decoded(tmp_path):
    foreign_datasets.so101(tmp_path / "so101")
    for video in (tmp_path / "so101/videos").rglob("*.mp4"):
        video.write_bytes(b"no video")
    with pytest.raises(ConventionError, match="--action-convention"):
        source_of([tmp_path / "so101"], TrainConfig(model="keypoints", cameras=("front",)), cache=tmp_path / "frames")
