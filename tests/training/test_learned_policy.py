"""A checkpoint at work: the same numbers as in training, no torch, and only in the scene it was trained for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import ConfigError, ConventionError
from vla_isaac.core.poses import Pose
from vla_isaac.core.types import EpisodeContext, Frame, Observation
from vla_isaac.policies.learned import LearnedPolicy
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.runtime.explain import Explainer, overlay, side_by_side
from vla_isaac.runtime.result import End
from vla_isaac.runtime.session import Session
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.randomisation import randomisation_preset

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

SENTENCE = "Pick up the red cube and place it on the blue box"


@pytest.fixture
def policy(checkpoint):
    return LearnedPolicy(checkpoint, declines=False)


def observation(policy, seed: int = 0) -> Observation:
    rng = np.random.default_rng(seed)
    frames = {
        name: Frame(camera=name, time=0.0, rgb=rng.integers(0, 256, size=(*policy.card.image_hw, 3), dtype=np.uint8))
        for name in policy.card.cameras
    }
    pose = Pose(np.array([0.5, 0.0, 0.3]), np.array([0.0, 1.0, 0.0, 0.0]))
    qpos, qvel = rng.normal(size=7), np.zeros(7)
    return Observation(
        time=0.0, instruction=SENTENCE, frames=frames, qpos=qpos, qvel=qvel, gripper_width=0.04, pose_base_ee=pose
    )


def request(**changes) -> EpisodeRequest:
    wanted = {"scene": scene_preset("tabletop"), "randomisation": randomisation_preset("layout"), "seed": 1, "max_steps": 3}
    return EpisodeRequest(**{**wanted, "instruction": SENTENCE, **changes})


def run(policy, **changes):
    with Session(StubBackend(), policy) as session:
        return session.run(request(**changes))


def test_the_policy_answers_as_torch_does_on_the_same_observation(policy, checkpoint):
    import torch

    from vla_isaac.models.base import load_model

    model = load_model(checkpoint)
    seen = observation(policy)
    policy.reset(EpisodeContext(instruction=SENTENCE, seed=0))
    chunk = policy.act(seen)
    state = policy.card.state_normaliser.normalise(np.append(seen.qpos, seen.gripper_width).astype(np.float32))
    tokens = policy.processor.sentences([SENTENCE])
    batch = {
        "images": {n: torch.from_numpy(f.rgb).permute(2, 0, 1)[None, None] for n, f in seen.frames.items()},
        "state": torch.from_numpy(state)[None, None],
        "words": torch.from_numpy(tokens.words),
        "pieces": torch.from_numpy(tokens.pieces),
    }
    with torch.no_grad():
        answer = model.act(model(batch))
    wanted = policy.card.action_normaliser.unnormalise(answer.actions[0].numpy())
    assert np.abs(np.column_stack([chunk.arm, chunk.gripper]) - wanted).max() < 1e-4
    assert chunk.info["confidence"] == pytest.approx(float(answer.confidence[0]), abs=1e-4)


def test_a_sample_of_the_data_becomes_the_same_inputs_in_training_and_at_work(policy, dataset, config):
    from vla_isaac.datasets.formats import open_dataset
    from vla_isaac.training.data import TrainingData

    data = TrainingData([dataset], config)
    sample = data.dataset[0]
    reader = open_dataset(dataset)
    episode = reader.episode(0)
    row = episode.columns["observation.state"][0].astype(np.float64)
    pose = Pose(np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0]))
    frames = {name: Frame(camera=name, time=0.0, rgb=np.asarray(pictures[0])) for name, pictures in episode.images.items()}
    seen = Observation(
        time=0.0,
        instruction="",
        frames=frames,
        qpos=row[:7],
        qvel=np.zeros(7),
        gripper_width=float(row[7]),
        pose_base_ee=pose,
    )
    policy.reset(EpisodeContext(instruction=SENTENCE, seed=0))
    feed = policy.feed(seen)
    reader.close()
    assert np.abs(feed["state"][0] - sample["state"]).max() < 1e-6
    assert np.array_equal(feed["image_front"][0], sample["images"]["front"].transpose(0, 3, 1, 2))


def test_the_policy_needs_no_torch(checkpoint):
    code = (
        "import sys\nfrom vla_isaac.policies.learned import LearnedPolicy\n"
        f"LearnedPolicy({str(checkpoint)!r})\nprint('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_it_runs_in_the_loop_at_its_own_rate(policy):
    result = run(policy)
    assert result.end is End.TIMED_OUT
    assert result.steps == 3
    assert result.sim_seconds == pytest.approx(0.3)


def test_an_empty_instruction_is_declined(policy):
    result = run(policy, instruction="!!!", judge=False)
    assert result.end is End.POLICY_FAILED
    assert "declined: the instruction is empty" in result.reason


def test_what_is_not_recognised_is_declined_before_the_first_step(checkpoint):
    policy = LearnedPolicy(checkpoint)
    policy.card = replace(policy.card, decline_below=0.999999)
    result = run(policy)
    assert result.end is End.POLICY_FAILED
    assert result.steps == 0
    assert "was not recognised (confidence" in result.reason


def test_words_nobody_knows_never_crash_it(policy):
    for text in ("qwertz äöü 你好 🤖", "a" * 500, " ".join(["cube"] * 100)):
        policy.reset(EpisodeContext(instruction=text, seed=0))
        assert np.isfinite(policy.act(observation(policy)).arm).all()


def test_a_camera_that_stands_elsewhere_is_named_before_the_first_step(policy):
    scene = scene_preset("tabletop")
    moved = tuple(replace(c, eye=(c.eye[0], c.eye[1] + 0.2, c.eye[2])) if c.name == "front" else c for c in scene.cameras)
    with pytest.raises(ConventionError, match=r"camera 'front' .* 20 cm away"):
        run(policy, scene=replace(scene, cameras=moved))


def test_a_camera_that_zooms_is_named(policy):
    scene = scene_preset("tabletop")
    zoomed = tuple(replace(c, fov_y=c.fov_y + 0.1) if c.name == "wrist" else c for c in scene.cameras)
    with pytest.raises(ConventionError, match=r"camera 'wrist' .* field of view"):
        run(policy, scene=replace(scene, cameras=zoomed))


def test_a_truncated_network_is_refused_with_the_way_to_mend_it(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "cut")
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ConfigError, match=r"truncated .*vla-isaac export"):
        LearnedPolicy(folder)


def test_a_checkpoint_that_was_not_exported_says_how_to(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "bare")
    (folder / "model.onnx").unlink()
    with pytest.raises(ConfigError, match=r"make it with: vla-isaac export"):
        LearnedPolicy(folder)


def test_a_vocabulary_of_another_checkpoint_is_not_exported(checkpoint, tmp_path):
    from vla_isaac.training.export import export

    folder = shutil.copytree(checkpoint, tmp_path / "mixed")
    values = json.loads((folder / "vocabulary.json").read_text())
    (folder / "vocabulary.json").write_text(json.dumps({**values, "words": values["words"][:-1]}))
    with pytest.raises(ConfigError, match=r"different checkpoints"):
        export(folder)


def test_a_folder_that_is_no_checkpoint_says_what_is_missing(tmp_path):
    with pytest.raises(ConfigError, match=r"policy\.json is missing"):
        LearnedPolicy(tmp_path)


def test_onnx_and_torch_agree_to_a_ten_thousandth(checkpoint):
    from vla_isaac.models.base import load_model
    from vla_isaac.models.onnx_network import OnnxNetwork
    from vla_isaac.models.processor import VLAProcessor
    from vla_isaac.models.text import Vocabulary
    from vla_isaac.training.export import largest_difference

    model = load_model(checkpoint)
    processor = VLAProcessor(tuple(model.config.cameras), tuple(model.config.image_hw), Vocabulary.load(checkpoint))
    assert largest_difference(model, processor, OnnxNetwork(checkpoint / "model.onnx")) < 1e-4


def test_explaining_writes_one_video_and_a_page_with_an_entry_per_decision(policy, tmp_path):
    av = pytest.importorskip("av", reason="writing videos needs PyAV")
    with Session(StubBackend(), policy) as session:
        watcher = Explainer(policy, tmp_path / "explained")
        result = session.run(request(), [watcher])
        alone = session.run(request())
    assert result.warnings == ()
    assert result.reason == alone.reason, "explaining does not change what is done"
    assert sorted(p.name for p in (tmp_path / "explained").iterdir()) == ["explained.mp4", "index.html"]
    with av.open(str(tmp_path / "explained" / "explained.mp4")) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    height, width = policy.spec.image_hw
    assert (len(frames), frames[0].shape) == (3, (3 * height, 2 * 3 * width, 3)), "two cameras side by side"
    page = watcher.page.read_text(encoding="utf-8")
    assert page.count("<tr><td>") == watcher.decisions == 3
    assert all(word in page for word in ("Pick up the red cube", "front, wrist", "confidence 0.", 'href="explained.mp4#t='))


def test_pictures_are_written_too_if_they_are_requested(policy, tmp_path):
    pytest.importorskip("av", reason="writing videos needs PyAV")
    with Session(StubBackend(), policy) as session:
        session.run(request(), [Explainer(policy, tmp_path, keeps_pictures=True)])
    assert len(list(tmp_path.glob("step_*_*.png"))) == 6


def test_pictures_of_odd_sizes_make_a_frame_that_a_video_can_hold():
    frame = side_by_side([np.full((9, 5, 3), 1, np.uint8), np.full((4, 4, 3), 2, np.uint8)])
    assert frame.shape == (10, 10, 3)
    assert (frame[0, 4, 0], frame[0, 5, 0], frame[8, 0, 0], frame[9].max(), frame[:, 9].max()) == (1, 2, 1, 0, 0)


def test_what_counted_is_brighter_than_what_did_not():
    grey = np.full((8, 8, 3), 100, dtype=np.uint8)
    heat = np.zeros((4, 4))
    heat[0, 0] = 1.0
    shown = overlay(grey, heat)
    assert shown[0, 0].sum() > shown[-1, -1].sum()
    assert tuple(shown[-1, -1]) == (45, 45, 45)


def test_a_copy_in_half_precision_is_smaller_and_acts_nearly_alike(checkpoint, tmp_path):
    from vla_isaac.training.export import TOLERANCE, export

    report = export(checkpoint, out=tmp_path / "half", half=True)
    assert report.largest_difference <= TOLERANCE
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (checkpoint, tmp_path / "half")]
    assert sizes[1] < 0.65 * sizes[0]
    seen = [LearnedPolicy(folder, declines=False) for folder in (checkpoint, tmp_path / "half")]
    for one in seen:
        one.reset(EpisodeContext(instruction=SENTENCE, seed=0))
    before, after = (one.act(observation(one)) for one in seen)
    assert np.allclose(before.arm, after.arm, atol=2e-3)
    assert not np.array_equal(before.arm, after.arm)


def test_what_training_alone_needs_is_not_copied(checkpoint, tmp_path):
    from vla_isaac.training.export import export

    export(checkpoint.with_name("last"), out=tmp_path / "copy")
    assert not list((tmp_path / "copy").glob("training.*"))
    assert (tmp_path / "copy" / "model.onnx").is_file()
