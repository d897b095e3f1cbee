"""A training batch has the sentence of each row, also where an episode has several."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.datasets.conftest import make_episode, make_info
from vla_isaac.datasets.formats import create_dataset
from vla_isaac.datasets.sentences import sentences_of
from vla_isaac.training.config import TrainConfig
from vla_isaac.training.data import TrainingData

ROWS = ["reach the cube"] * 6 + ["lift the cube"] * 6


@pytest.fixture
def data(tmp_path):
    with create_dataset(tmp_path / "set", make_info({"front": (48, 64)}), "lerobot") as writer:
        for seed in range(2):
            episode = make_episode(seed, 12, cameras={"front": (48, 64)})
            meta = replace(episode.meta, task="", goal=None, sentences=sentences_of(ROWS, episode.meta.instruction))
            writer.add(replace(episode, meta=meta))
    config = TrainConfig(model="keypoints", cameras=("front",), chunk=2, wordings=0, unfitting_share=0.0)
    return TrainingData([tmp_path / "set"], config)


def test_each_row_has_its_own_training_sentence(data):
    assert [data.sentences_of_episode(1, row).matching for row in (0, 5, 6, 11)] == [
        ("reach the cube",),
        ("reach the cube",),
        ("lift the cube",),
        ("lift the cube",),
    ]
    assert data.sentences == ["reach the cube", "lift the cube"]


def test_a_batch_has_the_sentence_of_its_rows(data, monkeypatch):
    monkeypatch.setattr(data, "_tokens", lambda texts: (np.ones((len(texts), 3)), np.ones((len(texts), 3, 2))))
    samples = [data.dataset[index] for index in (5, 6, 17, 18)]
    from vla_isaac.datasets.loading import collate_fn

    batch = data._completed(collate_fn(samples), np.random.default_rng(0))
    assert batch["sentence"] == ["reach the cube", "lift the cube"] * 2
