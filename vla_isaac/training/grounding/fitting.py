"""Fit the grounding network: examples of the corpus and of templates, mixed anew in every step."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vla_isaac.grounding.said_sentences import SaidSentence
from vla_isaac.models.grounding.classes import labels_of
from vla_isaac.models.grounding.network import GroundingNetwork, grounding_loss
from vla_isaac.models.grounding.scene_objects import scene_arrays
from vla_isaac.models.grounding.wordpieces import WordPieces
from vla_isaac.training.grounding.examples import Example
from vla_isaac.training.grounding.fitting_config import FittingConfig
from vla_isaac.training.grounding.saved_fit import SavedFit
from vla_isaac.training.grounding.sentence_stream import SentenceStream
from vla_isaac.training.hardware import has_bf16


def inputs_of(vocabulary: WordPieces, examples: Sequence[Example]) -> tuple[Tensor, ...]:
    """Return the inputs of the network for examples."""
    scenes = scene_arrays([e.scene for e in examples])
    words = vocabulary.encode([e.sentence for e in examples])
    return tuple(torch.from_numpy(a) for a in (words, *scenes))


def fit(
    network: GroundingNetwork,
    vocabulary: WordPieces,
    corpus: Sequence[SaidSentence],
    config: FittingConfig,
    progress: Callable[[int, float], None] = lambda *_: None,
    saved: Path | None = None,
) -> GroundingNetwork:
    """Train a network in place, and return the average of its weights.

    Args:
        network: Starts from pretrained weights.
        vocabulary: Its vocabulary.
        corpus: Sentences of the training voices.
        config: How long and how fast.
        progress: Called with the update and the mean loss since the last call.
        saved: Folder from which the training goes on if it is there, and into which it is saved now and then.

    Raises:
        ConfigError: If `saved` is of another training.
    """
    torch.manual_seed(config.seed)
    optimizer = _optimizer(network, config)
    kept = copy.deepcopy(network).eval()
    stream = SentenceStream(corpus, config)
    run = SavedFit(saved, network, kept, optimizer, stream, {"config": asdict(config), "sentences": len(corpus)})
    update = run.restore()
    network.train()
    losses: list[float] = []
    while update < config.updates:
        before = update
        for examples in stream.batches()[: config.updates - update]:
            update += 1
            losses.append(_update(network, optimizer, vocabulary, examples, config, update))
            _average(kept, network, min(config.average, (1 + update) / (10 + update)))
            if update % 100 == 0 or update == config.updates:
                progress(update, float(np.mean(losses)))
                losses = []
        if update // config.save_every != before // config.save_every:
            run.save(update)  # between groups of batches: what is drawn of a group is not saved
    return kept


def _optimizer(network: GroundingNetwork, config: FittingConfig) -> torch.optim.Optimizer:
    slow = [p for n, p in network.named_parameters() if p.dim() < 2]
    fast = [p for n, p in network.named_parameters() if p.dim() >= 2]
    groups = [{"params": fast, "weight_decay": config.weight_decay}, {"params": slow, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)


def _update(
    network: GroundingNetwork,
    optimizer: torch.optim.Optimizer,
    vocabulary: WordPieces,
    examples: Sequence[Example],
    config: FittingConfig,
    update: int,
) -> float:
    """Make one update and return its loss."""
    for group in optimizer.param_groups:
        group["lr"] = config.learning_rate * _rate(update / config.updates, config.warmup)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bf16("cpu")):
        loss = _loss(network, vocabulary, examples, config.unknown_words)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return float(loss.detach())


@torch.no_grad()
def _average(kept: GroundingNetwork, network: GroundingNetwork, decay: float) -> None:
    """Move the kept weights towards those of a network."""
    torch._foreach_lerp_(list(kept.parameters()), list(network.parameters()), 1.0 - decay)


def _rate(done: float, warmup: float) -> float:
    return done / warmup if done < warmup else 0.5 * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup)))


def _loss(network: GroundingNetwork, vocabulary: WordPieces, examples: Sequence[Example], unknown: float) -> Tensor:
    words, colours, shapes, extremes = inputs_of(vocabulary, examples)
    lost = (torch.rand(words.shape) < unknown) & (words > 3)
    words = torch.where(lost, torch.ones_like(words), words)
    labels = labels_of([e.kind for e in examples], [e.steps for e in examples], shapes.shape[1])
    outputs = network(words, colours, shapes, extremes)
    kind, relation, other = (torch.from_numpy(a) for a in labels)
    return grounding_loss(outputs, kind, relation, other, shapes >= 0)
