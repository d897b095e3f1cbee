"""Fit the grounding network: examples of the corpus and of templates, mixed anew in every step."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vla_isaac.grounding.said_sentences import SaidSentence
from vla_isaac.models.grounding.classes import labels_of
from vla_isaac.models.grounding.network import GroundingNetwork, grounding_loss
from vla_isaac.models.grounding.scene_objects import scene_arrays
from vla_isaac.models.grounding.wordpieces import WordPieces
from vla_isaac.tasks.families import pick
from vla_isaac.training.grounding.augmentation import augmented
from vla_isaac.training.grounding.combination import joined, replaced, withdrawn
from vla_isaac.training.grounding.examples import Example, example_of
from vla_isaac.training.grounding.rewording import referred_back, reworded, with_a_remark
from vla_isaac.training.grounding.templates import draw_example
from vla_isaac.training.hardware import has_bf16

BUCKETS = 8
"""Batches that are drawn together and sorted by length."""


@dataclass(frozen=True)
class FittingConfig:
    """How long and how fast."""

    updates: int = 11_000
    batch: int = 24
    templates: float = 0.22
    """Share of examples from templates."""

    joined: float = 0.4
    """Share of sentences that are tried together with another one (about a quarter of them fit)."""

    replaced: float = 0.08
    """Share of sentences that are tried as the second thought after another one (a third of them fit)."""

    withdrawn: float = 0.01
    """Share of sentences that are said and taken back."""

    reworded: float = 0.3
    """Share of sentences that are tried with an object named in another way (half of them fit)."""

    referred_back: float = 0.1
    """Share of sentences that are tried with two things named first, to which the wish refers (a third of them fit)."""

    remark: float = 0.1
    """Share of sentences that are tried with a remark about another object."""

    learning_rate: float = 4e-4
    warmup: float = 0.06
    weight_decay: float = 0.01
    average: float = 0.999
    """Decay of the average of weights, which is what is kept."""

    unknown_words: float = 0.02
    """Share of pieces that are replaced by the unknown one."""

    seed: int = 0


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
    progress: Callable[[int, float, GroundingNetwork], None] = lambda *_: None,
) -> GroundingNetwork:
    """Train a network in place, and return the average of its weights.

    Args:
        network: Starts from pretrained weights.
        vocabulary: Its vocabulary.
        corpus: Sentences of the training voices.
        config: How long and how fast.
        progress: Called with the update, the mean loss since the last call, and the averaged network.
    """
    rng = np.random.default_rng(config.seed)
    torch.manual_seed(config.seed)
    slow = [p for n, p in network.named_parameters() if p.dim() < 2]
    fast = [p for n, p in network.named_parameters() if p.dim() >= 2]
    optimizer = torch.optim.AdamW(
        [{"params": fast, "weight_decay": config.weight_decay}, {"params": slow, "weight_decay": 0.0}],
        lr=config.learning_rate,
        fused=True,
    )
    kept = copy.deepcopy(network).eval()
    network.train()
    losses: list[float] = []
    for update, examples in enumerate(itertools.islice(_batches(corpus, config, rng), config.updates), start=1):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _rate(update / config.updates, config.warmup)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bf16("cpu")):
            loss = _loss(network, vocabulary, examples, config.unknown_words)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        _average(kept, network, min(config.average, (1 + update) / (10 + update)))
        losses.append(float(loss.detach()))
        if update % 100 == 0 or update == config.updates:
            progress(update, float(np.mean(losses)), kept)
            losses = []
    return kept


def _batches(corpus: Sequence[SaidSentence], config: FittingConfig, rng: np.random.Generator) -> Iterator[list[Example]]:
    """Yield batches without end; sentences of one batch are about equally long, since padding costs as much as words."""
    examples = _examples(corpus, config, rng)
    while True:
        some = sorted(itertools.islice(examples, config.batch * BUCKETS), key=lambda one: len(one.sentence))
        for number in rng.permutation(BUCKETS):
            yield some[number * config.batch : (number + 1) * config.batch]


def _examples(corpus: Sequence[SaidSentence], config: FittingConfig, rng: np.random.Generator) -> Iterator[Example]:
    """Yield variants of the corpus, each sentence once before any again, mixed with combinations and with templates."""
    single = [index for index, said in enumerate(corpus) if not said.cannot and not is_rare(said)]
    while True:
        for index in rng.permutation(len(corpus)):
            while rng.random() < config.templates:
                yield draw_example(rng)
            drawn = example_of(corpus[index], rng)
            if drawn is None:
                continue
            for variant in (drawn, *_variants(drawn, corpus, single, config, rng)):
                yield augmented(variant, rng)
            if is_rare(corpus[index]):
                yield augmented(drawn, rng)


def _variants(
    drawn: Example, corpus: Sequence[SaidSentence], single: Sequence[int], config: FittingConfig, rng: np.random.Generator
) -> Iterator[Example]:
    """Yield what is made of a sentence: said in another way, together with another one, or taken back."""
    found: list[Example | None] = []
    if rng.random() < config.reworded:
        found.append(reworded(drawn, rng))
    if rng.random() < config.referred_back:
        found.append(referred_back(drawn, rng))
    if rng.random() < config.remark:
        found.append(with_a_remark(drawn, rng))
    if rng.random() < config.joined and (partner := example_of(corpus[pick(rng, single)], rng)) is not None:
        found.append(joined(drawn, partner, rng))
    if rng.random() < config.replaced and (partner := example_of(corpus[pick(rng, single)], rng)) is not None:
        found.append(replaced(partner, drawn, rng))
    if rng.random() < config.withdrawn:
        found.append(withdrawn(drawn, rng))
    return (one for one in found if one is not None)


def is_rare(said: SaidSentence) -> bool:
    """Return whether a sentence has several goals, or an object that the layout decides; there are few of them."""
    return any(word in said.goal for word in (" and ", " then ", "most(", "est("))


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
