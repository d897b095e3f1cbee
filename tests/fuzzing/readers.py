"""Readers of every kind of file, as the commands use them; each returns the numbers it accepted, in plain values."""

from __future__ import annotations

import math
import os
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from tests.fuzzing.samples import COLLECTION, EVALUATION
from vla_isaac.core.config import load_yaml, to_mapping

Facts = dict[str, Any]
"""What was accepted, by name; the value ``"findings"`` is a report to the user, and nothing else is judged then."""


def dataset(root: Path) -> Facts:
    """Verify, read and convert a dataset."""
    from vla_isaac.cli.dataset_inspection import _summary
    from vla_isaac.datasets.convert import convert
    from vla_isaac.datasets.formats import open_dataset
    from vla_isaac.datasets.verification import verify_path

    path = root / "set.hdf5" if os.path.lexists(root / "set.hdf5") else root / "set"
    path = root / "set.hdf5.parts" if (root / "set.hdf5.parts").is_dir() else path
    facts: Facts = {"findings": [str(finding) for finding in verify_path(path)]}
    with closing(open_dataset(path)) as reader:
        _summary(reader)
        facts["fps"] = reader.info.fps
        facts["action_spec"] = str(sorted(reader.info.action_spec.items(), key=str))
        for number in range(len(reader)):
            episode = reader.episode(number)
            facts |= {f"{number}/{name}": values for name, values in episode.columns.items()}
            facts |= {f"{number}/images/{name}": np.asarray(values[:]) for name, values in episode.images.items()}
            facts[f"{number}/success"], facts[f"{number}/instruction"] = episode.meta.success, episode.meta.instruction
            facts[f"{number}/seed"], facts[f"{number}/fps"] = episode.meta.seed, episode.meta.fps
    with tempfile.TemporaryDirectory() as out:
        convert(
            path,
            Path(out) / "out",
            "lerobot-v2.1" if path.name == "set" and (path / "manifest.json").exists() else "manifest",
        )
    return facts


def transitions(root: Path) -> Facts:
    from vla_isaac.datasets.transitions import count_transitions, load_transitions, plan_of

    found = load_transitions([root])
    arrays = {**found.rows, **found.episodes, **found.pictures, "of_row": found.of_row, "of_episode": found.of_episode}
    plan = {f"plan/{key}": str(value) for key, value in plan_of(root).items()}
    return {**arrays, **plan, **count_transitions(root)}


def episode_log(root: Path) -> Facts:
    from vla_isaac.backends.stub.backend import StubBackend
    from vla_isaac.runtime.replay import read_log, replay

    path = root / "episode.jsonl"
    report = replay(read_log(path), StubBackend(), source=path)
    return {"steps": report.steps, "is_identical": report.first_difference is None}


def results(root: Path) -> Facts:
    from vla_isaac.evaluation.results_file import ResultsFile, read_results

    header, outcomes = read_results(root / "results.jsonl")
    resumed = ResultsFile(root / "results.jsonl", EVALUATION, resume=True)
    facts: Facts = {"resumed": len(resumed.known), "header": str(sorted(header))}
    for outcome in outcomes:
        facts |= {f"{outcome.task}/{outcome.number}/{key}": value for key, value in to_mapping(outcome).items()}
    return facts


def journal(root: Path) -> Facts:
    from vla_isaac.collection.journal import CollectionJournal

    book = CollectionJournal(root / "demos", COLLECTION)
    book.close()
    return {f"failure/{seed}": name for seed, name in book.failures.items()}


def statistics(root: Path) -> Facts:
    from vla_isaac.cli.dataset_inspection import Stats

    return {"code": Stats(path=root / "set", name="mine", out=root / "statistics.json").run()}


def policy(root: Path) -> Facts:
    from vla_isaac.core.types import EpisodeContext
    from vla_isaac.models.io_names import GOALS, IMAGE
    from vla_isaac.policies.goal_input import no_goals
    from vla_isaac.policies.learned import LearnedPolicy

    found = LearnedPolicy(root / "mini", threads=1)
    found.reset(EpisodeContext(instruction="pick up the red cube", seed=0))
    height, width = found.card.image_hw
    frames = found._network.width(IMAGE + found.card.cameras[0])
    feed = {IMAGE + name: np.zeros((1, frames, 3, height, width), np.uint8) for name in found.card.cameras}
    feed["state"] = found._state.normalise(np.zeros((1, frames, len(found._state.names)), np.float32))
    feed |= {GOALS: no_goals(), "memory": found._memory}
    actions, confidence = found._network.run(feed, ("actions", "confidence"))
    rows = found._actions.unnormalise(actions[0])
    return {"rows": np.nan_to_num(rows), "confidence": np.nan_to_num(confidence), "card": str(to_mapping(found.card))}


def model(root: Path) -> Facts:
    from vla_isaac.models.base import load_model
    from vla_isaac.training.checkpoint import load_training

    folder = root / "model"
    found = load_model(folder)
    tensors, numbers = load_training(folder)
    shapes = {name: tuple(value.shape) for name, value in found.state_dict().items()}
    return {"shapes": str(shapes), "count": len(tensors), **{key: numbers[key] for key in ("step", "best_step", "stale")}}


def tokenizer(root: Path) -> Facts:
    from vla_isaac.models.token_vocabulary import TokenVocabulary

    found = TokenVocabulary(root / "tokenizer.json", max_words=8)
    return {"words": found.encode(["pick up the red cube"]).words, "size": len(found)}


def scene(root: Path) -> Facts:
    from vla_isaac.backends.stub.backend import StubBackend
    from vla_isaac.scene.builder import scene_preset
    from vla_isaac.sim.drive import drive

    spec = scene_preset(str(root / "tabletop.yaml"))
    drive(StubBackend().load(spec))
    return {"numbers": _numbers(to_mapping(spec))}


def randomisation(root: Path) -> Facts:
    from vla_isaac.scene.randomisation import randomisation_preset

    return {"numbers": _numbers(to_mapping(randomisation_preset(str(root / "full.yaml"))))}


def training(root: Path) -> Facts:
    from vla_isaac.training.config import train_preset

    return {"numbers": _numbers(to_mapping(train_preset(str(root / "mini_tiny.yaml"))))}


def task(root: Path) -> Facts:
    from vla_isaac.tasks.families import TaskPreset

    return {"numbers": _numbers(to_mapping(load_yaml(TaskPreset, root / "lift.yaml")))}


def lexicon(root: Path) -> Facts:
    from vla_isaac.language.lexicon import load_lexicon

    found = load_lexicon(root)
    return {"entries": len(found.entries), "sentences": str(type(found.sentences))}


def robot(root: Path) -> Facts:
    from vla_isaac.rendering.robot import load_robot

    return {"names": str(load_robot(root / "panda" / "panda.xml")[1])}


def _numbers(value: Any) -> np.ndarray:
    """Return all numbers of plain values."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return np.concatenate([np.zeros(0), *map(_numbers, value)])
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return np.array([float(value)]) if is_number else np.zeros(0)


MAY_BE_NONE = {"objects", "place", "bodies", "views"}
"""Arrays of transitions in which a number that is NaN says, by their format, that there is none."""


def is_finite(name: str, values: np.ndarray) -> bool:
    return not (np.isinf(values) if name in MAY_BE_NONE else ~np.isfinite(values)).any()


def wrong_numbers(facts: Facts, right: Facts, *, may_lack: bool) -> list[str]:
    """Return which accepted values are wrong; `right` was read from the intact file.

    Wrong is a number that is not finite or not a number, a negative count, an array of another shape or type than the intact
    one, a success that is no truth value, and an accepted file with more or fewer entries. A value of the right kind is
    not wrong: no checksum protects it in these formats. Where a report names findings, nothing was accepted silently, and
    a warning may say that a column is left out (`may_lack`).
    """
    wrong = []
    if facts.get("findings"):
        return []
    if set(facts) != set(right) and "findings" in facts and not may_lack:
        wrong.append(f"entries {sorted(set(facts) ^ set(right))[:4]}")
    for name, value in facts.items():
        intact = right.get(name)
        if isinstance(value, np.ndarray) and isinstance(intact, np.ndarray):
            if value.dtype.kind == "f" and np.isfinite(intact).all() and not is_finite(name, value):
                wrong.append(f"{name} is not finite")
            if name != "numbers" and (value.shape, value.dtype.kind) != (intact.shape, intact.dtype.kind):
                wrong.append(f"{name} is {value.dtype}{value.shape}")
        if name.endswith("/success") and not (value is None or isinstance(value, bool)):
            wrong.append(f"{name} is {value!r}")
        if isinstance(value, float) and not math.isfinite(value):
            wrong.append(f"{name} is {value}")
        if isinstance(value, int) and not isinstance(value, bool) and value < 0 and not name.endswith("seed"):
            wrong.append(f"{name} is {value}")
    return wrong
