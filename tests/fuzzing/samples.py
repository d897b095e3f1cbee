"""Small files of every kind that is read, made by script."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.datasets.tools.small_datasets import SIZE, make_episode, make_info
from vla_isaac.collection.plan import CollectionPlan
from vla_isaac.core.resources import resource
from vla_isaac.datasets.formats import create_dataset
from vla_isaac.evaluation.plan import EvaluationPlan

EPISODES, ROWS = 2, 6
EVALUATION = EvaluationPlan(policy="scripted", tasks=("lift",), episodes=2, backend="stub")
COLLECTION = CollectionPlan(tasks=("lift",), episodes=2)


def dataset(folder: Path, format: str, *, cameras: tuple[str, ...] = ("front",)) -> Path:
    path = folder / ("set.hdf5" if format == "hdf5" else "set")
    writer = create_dataset(path, make_info(cameras=dict.fromkeys(cameras, SIZE)), format)
    for number in range(EPISODES):
        writer.add(make_episode(number, ROWS, cameras=cameras))
    writer.close()
    return path


def lerobot_with_pngs(folder: Path) -> None:
    """LeRobot's datasets without videos hold PNG files in the cells of a table."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from PIL import Image

    path = dataset(folder, "lerobot", cameras=())
    for number, file in enumerate(sorted((path / "data").rglob("*.parquet"))):
        table, cells = pq.read_table(file), []
        for rgb in make_episode(number, table.num_rows, cameras=("front",)).images["front"][:]:
            memory = io.BytesIO()
            Image.fromarray(rgb).save(memory, format="PNG")
            cells.append({"bytes": memory.getvalue(), "path": None})
        kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
        pq.write_table(table.append_column("observation.images.front", pa.array(cells, kind)), file)
    info = json.loads((path / "meta/info.json").read_text(encoding="utf-8"))
    info["features"]["observation.images.front"] = {
        "dtype": "image",
        "shape": [*SIZE, 3],
        "names": ["height", "width", "channels"],
    }
    (path / "meta/info.json").write_text(json.dumps(info), encoding="utf-8")


def plain_manifest(folder: Path) -> None:
    path = dataset(folder, "manifest")
    (path / "dataset.json").unlink()
    steps = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    kept = [{key: step[key] for key in ("image_path", "instruction", "action")} for step in steps]
    (path / "manifest.json").write_text(json.dumps(kept), encoding="utf-8")


def parts(folder: Path, format: str) -> None:
    """Leave a dataset as a killed writer does."""
    path = folder / ("set.hdf5" if format == "hdf5" else "set")
    writer = create_dataset(path, make_info(cameras={"front": SIZE}), format)
    for number in range(EPISODES):
        writer.add(make_episode(number, ROWS, cameras=("front",)))
    copy = folder / "copy"
    copy.mkdir()
    for file in list(folder.iterdir()):
        if file != copy:
            shutil.copytree(file, copy / file.name) if file.is_dir() else shutil.copy(file, copy / file.name)
    writer.close()
    for file in list(folder.iterdir()):
        if file != copy:
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    for file in list(copy.iterdir()):
        file.rename(folder / file.name)
    copy.rmdir()


def robomimic(folder: Path) -> None:
    import h5py

    with h5py.File(folder / "set.hdf5", "w") as file:
        data = file.create_group("data")
        data.attrs["env_args"] = json.dumps({"env_name": "Lift", "env_version": "1.5", "env_kwargs": {"control_freq": 20}})
        data.attrs["total"] = EPISODES * ROWS
        for number in range(EPISODES):
            episode = make_episode(number, ROWS, cameras=("front",))
            demo = data.create_group(f"demo_{number}")
            demo.attrs["num_samples"] = ROWS
            demo["actions"], demo["states"] = episode.columns["action"], np.ones((ROWS, 5))
            demo["rewards"], demo["dones"] = np.zeros(ROWS), np.arange(ROWS) == ROWS - 1
            demo["obs/joints"], demo["obs/front_image"] = episode.columns["observation.state"], episode.images["front"][:]
        file["mask/train"] = np.array([b"demo_0"])


def recording(folder: Path) -> None:
    from vla_isaac.api import make_request, make_session
    from vla_isaac.policies.random_walk import RandomPolicy
    from vla_isaac.runtime.spool import SpoolRecorder

    class Seeing(RandomPolicy):
        spec = replace(RandomPolicy.spec, cameras=("front",), image_hw=(16, 16))

    with make_session("stub", Seeing()) as session:
        recorder = SpoolRecorder(folder / "set")
        for seed in range(EPISODES):
            session.run(make_request(seed=seed, max_steps=ROWS), [recorder])
            assert recorder.wait(10.0)


def transitions(folder: Path) -> None:
    from tests.datasets.test_transitions_on_disk import episode
    from vla_isaac.datasets.transitions import PLAN, block_path, save_block

    save_block(block_path(folder, 0), [episode(0, 5, [0, 3]), episode(1, 7, [0, 2])])
    (folder / PLAN).write_text(json.dumps({"tasks": ["lift"], "fps": 10.0, "seed": 0}), encoding="utf-8")


def episode_log(folder: Path) -> None:
    from vla_isaac.cli.main import main

    main(
        [
            "run",
            "--backend",
            "stub",
            "--no-video",
            "--policy",
            "scripted",
            "--max-steps",
            "6",
            "--record",
            str(folder / "logs"),
        ]
    )
    next((folder / "logs").iterdir()).rename(folder / "episode.jsonl")


def results(folder: Path) -> None:
    from vla_isaac.evaluation import evaluate

    evaluate(EVALUATION, out=folder / "results.jsonl")


def journal(folder: Path) -> None:
    from vla_isaac.collection.journal import CollectionJournal

    (folder / "demos").mkdir()
    book = CollectionJournal(folder / "demos", COLLECTION)
    for seed in range(3):
        book.add_failure(seed, "timeout")
    book.close()


def statistics(folder: Path) -> None:
    from vla_isaac.cli.main import main

    dataset(folder, "lerobot", cameras=())
    main(["dataset", "stats", str(folder / "set"), "--name", "other", "--out", str(folder / "statistics.json")])


def policy(folder: Path) -> None:
    shutil.copytree(
        resource("data", "checkpoints", "mini"), folder / "mini", ignore=lambda _, names: {"model.safetensors"} & {*names}
    )


def model(folder: Path) -> Any:
    """A tiny checkpoint of torch in two weight files, with the state of its training."""
    import torch
    from safetensors.torch import save_file

    from tests.models.zoo import tiny
    from vla_isaac.core.config import to_mapping
    from vla_isaac.training.config import TrainConfig

    network = tiny("keypoints")
    network.save_pretrained(str(folder / "model"), max_shard_size="20KB")
    state = {f"model.{name}": value.contiguous() for name, value in network.state_dict().items()}
    save_file({**state, "average.0": torch.zeros(3)}, str(folder / "model" / "training.safetensors"))
    numbers = {
        "step": 3,
        "best_step": 2,
        "stale": 1,
        "best_loss": 0.5,
        "config": to_mapping(TrainConfig()),
        "data": {"rows": 5},
    }
    (folder / "model" / "training.json").write_text(json.dumps(numbers), encoding="utf-8")


def tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {word: number for number, word in enumerate(("[UNK]", "pick", "up", "the", "red", "cube"))}
    made = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(folder / "tokenizer.json"))


def config(folder: Path, parts: tuple[str, ...]) -> None:
    shutil.copy(resource("config", *parts), folder / parts[-1])


def lexicon(folder: Path) -> None:
    for file in resource("config", "language").glob("*.yaml"):
        shutil.copy(file, folder / file.name)


def robot(folder: Path) -> None:
    shutil.copytree(resource("data", "robots", "panda"), folder / "panda")
