"""`train_custom_vla`: a chapter-style manifest becomes a policy."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("transformers")

from vla_isaac.core.errors import ConventionError, UsageError
from vla_isaac.core.specs import ActionSpec
from vla_isaac.datasets.loading import CustomVLADataset
from vla_isaac.models.base import load_model
from vla_isaac.policies.learned_checkpoint import PolicyCard
from vla_isaac.training.custom import train_custom_vla

SPEC = ActionSpec(translation="delta_base_m", rotation="axis_angle_rad", gripper="open_is_one", rate_hz=10.0)
QUICK = {"steps": 4, "epoch_steps": 2, "batch_size": 8, "chunk": 1, "warmup_steps": 1}


@pytest.fixture
def manifest(tmp_path):
    """Pictures, sentences and actions as in the chapter's exercise."""
    folder, rng = tmp_path / "vla_data", np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    entries = []
    for number in range(24):
        path = f"images/sample_{number:04d}.png"
        Image.fromarray(rng.integers(0, 256, size=(40, 48, 3), dtype=np.uint8)).save(folder / path)
        action = [*rng.uniform(-0.05, 0.05, 6).tolist(), float(number % 2)]
        entries.append({"image_path": path, "instruction": f"push the {('red', 'blue')[number % 2]} cube", "action": action})
    (folder / "manifest.json").write_text(json.dumps(entries))
    return folder


def test_a_manifest_becomes_a_checkpoint_that_acts(manifest, tmp_path):
    report = train_custom_vla(manifest, tmp_path / "run", preset="custom_vla_tiny", action_spec=SPEC, **QUICK)
    assert report.step == 4
    model = load_model(tmp_path / "run" / "best")
    (camera,) = model.config.cameras
    picture = np.full((40, 48, 3), 90, dtype=np.uint8)
    action = model.get_action({camera: picture}, "push the red cube")
    assert action.shape == (1, 7)
    read = model.process_instruction("push the red cube")
    assert action.equal(model.get_action({camera: picture}, read))
    assert not action.equal(model.get_action({camera: picture}, "push the blue cube"))
    assert PolicyCard.load(tmp_path / "run" / "best").action == SPEC


def test_what_the_actions_mean_must_be_said_by_somebody(manifest, tmp_path):
    with pytest.raises(ConventionError, match="the convention of its actions"):
        train_custom_vla(manifest, tmp_path / "run", preset="custom_vla_tiny", **QUICK)


def test_a_folder_without_data_is_refused(tmp_path):
    with pytest.raises(UsageError):
        train_custom_vla(tmp_path / "nowhere", tmp_path / "run", preset="custom_vla_tiny", action_spec=SPEC, **QUICK)


def test_the_dataset_of_the_chapter_gives_samples(manifest):
    dataset = CustomVLADataset(manifest)
    assert len(dataset) == 24
    assert dataset[3]["instruction"] == "push the blue cube"
