"""The chapter's architectures trained by the trainer, exported, and at work: the same answers as torch, step by step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import torch

from tests.models.zoo import CHAPTER, OWN, SIZES
from tests.training.test_learned_policy import SENTENCE, observation, request
from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.types import EpisodeContext
from vla_isaac.models.base import load_model
from vla_isaac.policies.factory import make_policy
from vla_isaac.policies.learned import LearnedPolicy
from vla_isaac.policies.learned_checkpoint import SENTENCE as READER
from vla_isaac.runtime.explain import Explainer
from vla_isaac.runtime.session import Session
from vla_isaac.training.config import train_preset
from vla_isaac.training.export import TOLERANCE, export
from vla_isaac.training.training_run import train_once

FROM_DATA = ("image_hw", "chunk", "state_names", "num_words", "num_buckets", "max_words", "history", "tasks")
OPTIONS = {name: {key: value for key, value in {**SIZES, **OWN[name]}.items() if key not in FROM_DATA} for name in CHAPTER}
OPTIONS["custom_vla"] = {key: value for key, value in OPTIONS["custom_vla"].items() if key != "language_settings"}


@pytest.fixture(scope="module", params=CHAPTER)
def trained(request, dataset, config, tmp_path_factory):
    """A checkpoint of each, after four updates."""
    name = request.param
    folder = tmp_path_factory.mktemp(name)
    history = OWN[name].get("history", 1)
    tiny = replace(config, model=name, model_options=OPTIONS[name], history=history, steps=4, epoch_steps=2)
    train_once(tiny, [dataset], folder)
    report = export(folder / "best")
    assert report.largest_difference <= TOLERANCE
    return folder / "best"


def test_it_answers_as_torch_does_step_after_step(trained):
    policy, model = LearnedPolicy(trained, declines=False), load_model(trained)
    policy.reset(EpisodeContext(instruction=SENTENCE, seed=0))
    tokens = policy.processor.sentences([SENTENCE])
    said = {"words": torch.from_numpy(tokens.words), "pieces": torch.from_numpy(tokens.pieces)}
    pictures, states = [], []
    for step in range(4):
        seen = observation(policy, step)
        pictures.append({n: torch.from_numpy(f.rgb).permute(2, 0, 1) for n, f in seen.frames.items()})
        state = policy.card.state_normaliser.normalise(np.append(seen.qpos, seen.gripper_width).astype(np.float32))
        states.append(torch.from_numpy(state))
        frames = model.config.history
        past = [max(0, step - back) for back in range(frames)][::-1]
        images = {n: torch.stack([pictures[i][n] for i in past])[None] for n in model.config.cameras}
        with torch.no_grad():
            answer = model.act(model({"images": images, "state": torch.stack([states[i] for i in past])[None], **said}))
        wanted = policy.card.action_normaliser.unnormalise(answer.actions[0].numpy())
        chunk = policy.act(seen)
        assert np.abs(np.column_stack([chunk.arm, chunk.gripper]) - wanted).max() < 1e-4


def test_an_instruction_is_read_once_an_episode(trained, monkeypatch):
    policy = LearnedPolicy(trained, declines=False)
    assert policy._reader is not None and (trained / READER).is_file()
    calls, run = [], policy._reader.run
    monkeypatch.setattr(policy._reader, "run", lambda *given: (calls.append(given), run(*given))[1])
    with Session(StubBackend(), policy) as session:
        session.run(request())
    assert len(calls) == 1


def test_it_is_a_policy_by_its_folder_and_explains_itself(trained, tmp_path):
    policy = make_policy(str(trained))
    policy._declines = False
    with Session(StubBackend(), policy) as session:
        watcher = Explainer(policy, tmp_path / "explained")
        result = session.run(request(), [watcher])
    assert result.warnings == () and result.steps == 3
    assert watcher.decisions == 3


@pytest.mark.parametrize("name", CHAPTER)
def test_its_preset_is_of_its_architecture(name):
    preset = train_preset(name)
    assert preset.model == name
    assert train_preset(f"{name}_tiny").model == name
