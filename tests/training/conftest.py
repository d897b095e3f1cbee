"""A tiny dataset and a tiny experiment, made in a second."""

from __future__ import annotations

import os

import numpy as np
import pytest

from vla_isaac.collection.collect import dataset_info
from vla_isaac.collection.demonstrator import demonstration_spec
from vla_isaac.collection.plan import CollectionPlan
from vla_isaac.core.config import to_mapping
from vla_isaac.datasets.episode import CameraInfo, Episode, EpisodeMeta
from vla_isaac.datasets.formats import create_dataset
from vla_isaac.scene.builder import scene_preset

os.environ.setdefault("HF_HUB_OFFLINE", "1")

LENGTH = 12
EPISODES = 6
SIZE = 32
TINY = {
    "stem_channels": 8,
    "channels": 8,
    "blocks": 1,
    "keypoints": 4,
    "spoken_keypoints": 2,
    "text_dim": 8,
    "text_slots": 2,
    "hidden": 32,
}


def make_episode(number: int, *, width: int = 7) -> Episode:
    rng = np.random.default_rng(number)
    info = dataset_info(PLAN)
    columns = {name: rng.normal(size=(LENGTH, *f.shape)).astype(f.dtype) for name, f in info.features.items()}
    columns["action"] = rng.uniform(-1, 1, size=(LENGTH, width)).astype(np.float32)
    columns["action"][:, -1] = rng.integers(0, 2, size=LENGTH)
    images = {name: rng.integers(0, 256, size=(LENGTH, SIZE, SIZE, 3), dtype=np.uint8) for name in PLAN.cameras}
    scene = scene_preset("tabletop")
    cameras = {
        c.name: CameraInfo(height=SIZE, width=SIZE, fov_y=c.fov_y, mount=c.mount, eye=c.eye, target=c.target, up=c.up)
        for c in scene.cameras
        if c.name in PLAN.cameras
    }
    meta = EpisodeMeta(
        instruction="Pick up the red cube and place it on the blue box",
        task="place_on",
        goal="on(red_cube, blue_box)",
        seed=number,
        fps=10.0,
        action_spec=to_mapping(demonstration_spec(10.0)),
        cameras=cameras,
        extra={"scene_spec": to_mapping(scene)},
    )
    return Episode(meta=meta, columns=columns, images=images)


PLAN = CollectionPlan(tasks=("place_on",), episodes=EPISODES, image_hw=(SIZE, SIZE), fps=10.0)


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """One thread: small networks gain nothing by more, and tests run side by side."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "tiny.hdf5"
    pytest.importorskip("h5py")
    writer = create_dataset(path, dataset_info(PLAN), "hdf5")
    for number in range(EPISODES):
        writer.add(make_episode(number))
    writer.close()
    return path


@pytest.fixture(scope="session")
def config():
    from vla_isaac.training.config import TrainConfig

    return TrainConfig(
        model="keypoints",
        model_options=TINY,
        image_hw=(SIZE, SIZE),
        chunk=4,
        batch_size=16,
        steps=8,
        epoch_steps=4,
        warmup_steps=2,
        learning_rate=3e-3,
        ema=0.9,
        precision="fp32",
        validation_share=0.2,
        unfitting_share=0.25,
        wordings=4,
        cache_mb=16,
    )


@pytest.fixture
def make_trainer(dataset, config, tmp_path):
    """Return a function that makes a trainer; without arguments the tiny one in this test's own folder."""
    from dataclasses import replace

    from vla_isaac.training.callbacks import MetricsFile
    from vla_isaac.training.data import TrainingData
    from vla_isaac.training.experiment import make_card, make_model
    from vla_isaac.training.trainer import VLATrainer

    def make(folder=tmp_path / "run", *, paths=(dataset,), **changes):
        changed = replace(config, **changes)
        folder.mkdir(parents=True, exist_ok=True)
        data = TrainingData(list(paths), changed, cache=tmp_path / "frames")
        model = make_model(changed, data)
        card = make_card(changed, data, list(paths))
        return VLATrainer(model, data, changed, card=card, folder=folder, watchers=[MetricsFile(folder)])

    return make


@pytest.fixture(scope="session")
def checkpoint(dataset, config, tmp_path_factory):
    """A trained and exported checkpoint."""
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from vla_isaac.training.export import export
    from vla_isaac.training.training_run import train_once

    folder = tmp_path_factory.mktemp("checkpoint")
    train_once(config, [dataset], folder)
    export(folder / "best")
    return folder / "best"
