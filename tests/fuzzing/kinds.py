"""The table of all kinds of files that are read: how a sample is made, which of its files is damaged, and who reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.fuzzing import readers, samples


@dataclass(frozen=True)
class Sample:
    """A file or folder as a user has it."""

    make: Callable[[Path], object]
    read: Callable[[Path], readers.Facts]
    files: tuple[str, ...]
    """Patterns of the files that are damaged, one kind each."""

    is_complete: bool = True
    """Whether it says how many entries it has; what a killed writer leaves may end anywhere."""

    needs: tuple[str, ...] = ()
    """Modules without which it cannot be read."""


LEROBOT = ("meta/info.json", "meta/stats.json", "meta/vla_isaac.json", "meta/tasks.parquet", "meta/episodes/*/*.parquet")
TORCH = ("torch", "transformers", "safetensors")

SAMPLES: dict[str, Sample] = {
    "lerobot": Sample(
        partial(samples.dataset, format="lerobot"),
        readers.dataset,
        tuple(f"set/{name}" for name in (*LEROBOT, "data/*/*.parquet", "videos/*/*/*.mp4")),
        needs=("pyarrow", "av"),
    ),
    "lerobot with PNG": Sample(
        samples.lerobot_with_pngs, readers.dataset, ("set/meta/info.json", "set/data/*/*.parquet"), needs=("pyarrow",)
    ),
    "lerobot v2.1": Sample(
        partial(samples.dataset, format="lerobot-v2.1"),
        readers.dataset,
        (
            *(f"set/meta/{name}" for name in ("info.json", "episodes.jsonl", "episodes_stats.jsonl", "tasks.jsonl")),
            "set/data/*/*.parquet",
            "set/videos/*/*/*.mp4",
        ),
        needs=("pyarrow", "av"),
    ),
    "manifest": Sample(
        partial(samples.dataset, format="manifest"),
        readers.dataset,
        ("set/manifest.json", "set/dataset.json", "set/images/*/*/*.png"),
    ),
    "plain manifest": Sample(samples.plain_manifest, readers.dataset, ("set/manifest.json",)),
    "manifest of a killed writer": Sample(
        partial(samples.parts, format="manifest"),
        readers.dataset,
        ("set/.parts/*.jsonl", "set/dataset.json"),
        is_complete=False,
    ),
    "hdf5": Sample(partial(samples.dataset, format="hdf5"), readers.dataset, ("set.hdf5",), needs=("h5py",)),
    "hdf5 of a killed writer": Sample(
        partial(samples.parts, format="hdf5"),
        readers.dataset,
        ("set.hdf5.parts/*.hdf5", "set.hdf5.parts/*.json"),
        is_complete=False,
        needs=("h5py",),
    ),
    "robomimic": Sample(samples.robomimic, readers.dataset, ("set.hdf5",), needs=("h5py",)),
    "recording of the panel": Sample(samples.recording, readers.dataset, ("set/*.npz", "set/meta.json"), is_complete=False),
    "transitions": Sample(samples.transitions, readers.transitions, ("*.npz", "plan.json")),
    "episode log": Sample(samples.episode_log, readers.episode_log, ("episode.jsonl",)),
    "results": Sample(samples.results, readers.results, ("results.jsonl",)),
    "collection journal": Sample(samples.journal, readers.journal, ("demos/.collect/journal.jsonl",)),
    "statistics": Sample(samples.statistics, readers.statistics, ("statistics.json",), needs=("pyarrow",)),
    "policy": Sample(
        samples.policy,
        readers.policy,
        ("mini/policy.json", "mini/vocabulary.json", "mini/model.onnx"),
        needs=("onnxruntime",),
    ),
    "model": Sample(
        samples.model,
        readers.model,
        tuple(
            f"model/{name}"
            for name in ("config.json", "*.index.json", "model-*.safetensors", "training.json", "training.safetensors")
        ),
        needs=TORCH,
    ),
    "tokenizer": Sample(samples.tokenizer, readers.tokenizer, ("tokenizer.json",), needs=("tokenizers",)),
    "scene": Sample(partial(samples.config, parts=("scenes", "tabletop.yaml")), readers.scene, ("tabletop.yaml",)),
    "randomisation": Sample(
        partial(samples.config, parts=("randomisation", "full.yaml")), readers.randomisation, ("full.yaml",)
    ),
    "training preset": Sample(
        partial(samples.config, parts=("train", "mini_tiny.yaml")), readers.training, ("mini_tiny.yaml",), needs=("torch",)
    ),
    "task preset": Sample(partial(samples.config, parts=("tasks", "lift.yaml")), readers.task, ("lift.yaml",)),
    "lexicon": Sample(samples.lexicon, readers.lexicon, ("words.yaml", "reader.yaml", "sentences.yaml")),
    "robot model": Sample(samples.robot, readers.robot, ("panda/panda.xml",), needs=("mujoco",)),
}

KINDS: tuple[tuple[str, str], ...] = tuple((name, pattern) for name, sample in SAMPLES.items() for pattern in sample.files)
"""Sample and pattern of every kind."""
