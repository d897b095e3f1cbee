"""Setup of an experiment: the model for a preset and datasets, the card of its checkpoints, and checks before resuming."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vla_isaac import __version__
from vla_isaac.core.config import from_mapping, to_mapping
from vla_isaac.core.errors import ConfigError, ConventionError, UsageError
from vla_isaac.core.specs import ActionSpec
from vla_isaac.datasets.loading.augmentation import Augmentation
from vla_isaac.datasets.normaliser import Normaliser
from vla_isaac.models import MODELS
from vla_isaac.models.base import VLAModel, load_model
from vla_isaac.models.encoders.pretrained import SMALL, is_pretrained, tokenizer_file
from vla_isaac.models.processor import VLAProcessor
from vla_isaac.models.text import Vocabulary, vocabulary_of
from vla_isaac.models.token_vocabulary import TokenVocabulary
from vla_isaac.policies.learned_checkpoint import PolicyCard
from vla_isaac.training.checkpoint import read_numbers
from vla_isaac.training.config import TrainConfig
from vla_isaac.training.data_module import DataModule
from vla_isaac.training.vocabulary import vocabulary_texts


def make_model(config: TrainConfig, data: DataModule, *, begin_with: Path | None = None) -> VLAModel:
    """Return a model for this data, initialised from the seed or from a checkpoint; sets the processor of `data`.

    Raises:
        ConfigError: If an option of the architecture is unknown.
        ConventionError: If the checkpoint was made for other data.
    """
    if begin_with is not None:
        model = load_model(begin_with)
        data.processor = VLAProcessor.load(begin_with, config.cameras, config.image_hw)
        _check_fits(model, config, data, begin_with)
        return model
    model_class: type[VLAModel] = MODELS.load(config.model)
    vocabulary = _vocabulary(model_class, config, data)
    data.processor = VLAProcessor(config.cameras, config.image_hw, vocabulary)
    torch.manual_seed(config.seed)
    model = model_class(_model_config(model_class, config, data, vocabulary))
    model.begin()
    model.processor = data.processor
    return model


def make_card(
    config: TrainConfig, data: DataModule, paths: Sequence[Path], *, action_spec: ActionSpec | None = None
) -> PolicyCard:
    """Return the `PolicyCard` of checkpoints; `action_spec` is for data that does not declare its actions.

    Raises:
        ConventionError: If the convention of the actions is unknown.
    """
    spec = to_mapping(action_spec) if action_spec is not None else data.action_spec
    if not spec:
        raise ConventionError(
            f"{', '.join(map(str, paths))} does not declare the convention of its actions",
            remedy=f"convert it: vla-isaac dataset convert {paths[0]} NEW --to lerobot --action-convention PRESET (a name "
            "of `vla-isaac list conventions`); in Python, give an action_spec",
        )
    return PolicyCard(
        model=config.model,
        cameras=config.cameras,
        image_hw=config.image_hw,
        views=data.views,
        history=config.history,
        chunk=config.chunk,
        action=from_mapping(ActionSpec, dict(spec), source=str(paths[0]), key="action_spec"),
        state=data.state_normaliser.to_json(),
        actions=data.action_normaliser.to_json(),
        decline_below=config.decline_below,
        trained_on=MODELS.load(config.model).trained_on,
        notes={
            "datasets": [str(path) for path in paths],
            "episodes": data.num_episodes,
            "frames": data.num_rows,
            "episode_seeds": list(data.seeds),
            "config": to_mapping(config),
            "versions": {"vla_isaac": __version__, "torch": torch.__version__},
        },
    )


def normalisers_of(folder: Path) -> tuple[Normaliser, Normaliser]:
    """Return the normalisers of state and actions of a checkpoint."""
    card = PolicyCard.load(folder)
    return card.state_normaliser, card.action_normaliser


def _vocabulary(model_class: type[VLAModel], config: TrainConfig, data: DataModule) -> Vocabulary | TokenVocabulary:
    """Return the vocabulary of all training sentences, or the tokenizer of a pretrained sentence encoder.

    A network that takes goals reads no words.
    """
    if model_class.takes_goals:
        return Vocabulary(())
    usual = getattr(model_class.config_class, "usual_language", SMALL)
    language = config.model_options.get("language", usual)
    if is_pretrained(language):
        return TokenVocabulary(tokenizer_file(language))
    return vocabulary_of([*vocabulary_texts(), *data.sentences])


def _model_config(
    model_class: type[VLAModel], config: TrainConfig, data: DataModule, vocabulary: Vocabulary | TokenVocabulary
) -> Any:
    offset, scale = _affine(data.state_normaliser)
    given: Mapping[str, Any] = {
        "cameras": list(config.cameras),
        "image_hw": list(config.image_hw),
        "history": config.history,
        "chunk": config.chunk,
        "state_names": list(data.state_normaliser.names),
        "state_offset": offset,
        "state_scale": scale,
        "action_names": list(data.action_normaliser.names),
        "num_words": len(vocabulary),
        "num_buckets": vocabulary.num_buckets,
        "max_words": vocabulary.max_words,
    }
    known = vars(model_class.config_class())
    if "tasks" in known:
        given = {**given, "tasks": list(data.tasks)}
    wrong = set(config.model_options) & set(given)
    if wrong:
        raise ConfigError(f"training: model_options.{min(wrong)} is taken from the data; leave it out")
    unknown = [name for name in config.model_options if name not in known]
    if unknown:
        raise ConfigError(f"training: model_options.{unknown[0]} is unknown to {config.model!r}")
    return model_class.config_class(**given, **config.model_options)


def _affine(normaliser: Normaliser) -> tuple[list[float], list[float]]:
    """Return offset and scale of each number for the model."""
    zero = normaliser.unnormalise(np.zeros(normaliser.width, dtype=np.float32)).astype(np.float64)
    one = normaliser.unnormalise(np.ones(normaliser.width, dtype=np.float32)).astype(np.float64)
    return zero.tolist(), (one - zero).tolist()


def _check_fits(model: VLAModel, config: TrainConfig, data: DataModule, folder: Path) -> None:
    theirs = model.config
    for name, before, now in (
        ("model", theirs.model_type, config.model),
        ("cameras", tuple(theirs.cameras), config.cameras),
        ("chunk", theirs.chunk, config.chunk),
        ("history", theirs.history, config.history),
        ("image_hw", tuple(theirs.image_hw), config.image_hw),
        ("state", tuple(theirs.state_names), data.state_normaliser.names),
        ("action", tuple(theirs.action_names), data.action_normaliser.names),
    ):
        if before != now:
            raise ConventionError(
                f"{folder}: was trained with {name} {before}, this run has {now}; give a preset and data that fit it"
            )


def is_finished(last: Path, config: TrainConfig, paths: Sequence[Path]) -> bool:
    """Return whether a training with this preset on these datasets is complete, without reading the data."""
    try:
        numbers = read_numbers(last)
        datasets = PolicyCard.load(last).notes.get("datasets")
    except ConfigError:
        return False
    over = config.patience is not None and numbers["stale"] >= config.patience
    is_same = not _differences(numbers["config"], config) and datasets == [str(path) for path in paths]
    return is_same and (over or numbers["step"] >= config.steps)


def check_resumable(kept: Mapping[str, Any], config: TrainConfig, data: DataModule) -> None:
    """Check that a run is resumed with the preset and data it was started with.

    Raises:
        UsageError: If they differ; lists the differences.
    """
    differs = _differences(kept["config"], config)
    rows = data_identity(data)
    differs += [f"the data had {kept['data'][k]} {k}, now {rows[k]}" for k in rows if kept["data"].get(k) != rows[k]]
    if differs:
        raise UsageError(
            f"this run cannot be resumed with these settings: {'; '.join(differs)}; resume with the same preset and "
            "data, or start in another folder"
        )


def _differences(before: Mapping[str, Any], config: TrainConfig) -> list[str]:
    """Return the differences between a saved configuration and the current one; new fields have their default."""
    before, now = _with_defaults(to_mapping(TrainConfig()), before), to_mapping(config)
    free = ("workers", "readers", "cache_mb")
    return [f"{name} {before[name]} is now {now[name]}" for name in now if before[name] != now[name] and name not in free]


def _with_defaults(defaults: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return saved values, also of nested parts such as the augmentation, with defaults for new fields."""
    parts = {"augmentation": to_mapping(Augmentation())}
    filled = {name: {**fields, **before[name]} for name, fields in parts.items() if before.get(name)}
    return {**defaults, **before, **filled}


def data_identity(data: DataModule) -> dict[str, int]:
    """Return the counts that identify the data."""
    return {"episodes": data.num_episodes, "rows": data.num_rows}
