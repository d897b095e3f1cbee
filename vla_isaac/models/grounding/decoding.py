"""The most probable plan of a sentence, its probability, and its alternatives, from the network's scores; numpy only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.models.grounding.classes import KINDS, RELATIONS, STEPS, WITH_OTHER, Steps, Wish

LOWEST = -1e9
"""Below every score, also that of padding; the largest of none."""

HAS_OTHER = np.array([relation in WITH_OTHER for relation in RELATIONS])


@dataclass(frozen=True)
class Reading:
    """What a sentence means."""

    kind: str
    """One of `KINDS`."""

    steps: Steps
    """Wishes over numbers of objects; empty unless the kind is ``do``."""

    confidence: float
    """Probability of this reading, 0..1."""


def readings(
    kind: AnyArray, relation: AnyArray, other: AnyArray, objects: int, *, temperature: float = 1.0
) -> list[Reading]:
    """Return the readings of one sentence, the most probable first: the best plan, plans that differ in one choice, reasons.

    Args:
        kind: Logits, (KINDS,).
        relation: Logits, (N, STEPS, RELATIONS).
        other: Logits, (N, STEPS, N).
        objects: The number of objects; later rows are padding.
        temperature: Logits are divided by it.
    """
    kinds = log_softmax(kind / temperature)
    relations = log_softmax(relation[:objects] / temperature)
    others = log_softmax(other[:objects, :, :objects] / temperature)
    found = [Reading(KINDS[n], (), float(np.exp(kinds[n]))) for n in range(1, len(KINDS))]
    found += [Reading("do", steps, float(np.exp(kinds[0] + score))) for steps, score in _plans(relations, others) if steps]
    return sorted(found, key=lambda one: -one.confidence)


def _plans(relations: AnyArray, others: AnyArray) -> Iterator[tuple[Steps, float]]:
    """Yield the best plan and those that differ from it in one choice, with the logarithm of their probability."""
    pairs = relations + np.where(HAS_OTHER, others.max(-1, initial=LOWEST)[..., None], 0.0)
    best = pairs.argmax(-1)
    total = float(np.take_along_axis(pairs, best[..., None], -1).sum())
    yield _steps(best, others), total
    for place in np.ndindex(best.shape):
        first, second = np.argsort(-pairs[place])[:2]
        changed = best.copy()
        changed[place] = second
        yield _steps(changed, others), total + float(pairs[place][second] - pairs[place][first])
        if HAS_OTHER[first] and len(best) > 2:
            near, far = np.argsort(-others[place])[:2]
            swapped = others.copy()
            swapped[place][far] = 1.0
            yield _steps(best, swapped), total + float(others[place][far] - others[place][near])


def _steps(best: AnyArray, others: AnyArray) -> Steps:
    steps: list[tuple[Wish, ...]] = []
    for step in range(STEPS):
        wishes = [
            Wish(RELATIONS[best[i, step]], i, int(others[i, step].argmax()) if HAS_OTHER[best[i, step]] else -1)
            for i in range(len(best))
            if best[i, step] > 0
        ]
        if wishes:
            steps.append(tuple(wishes))
    return tuple(steps)


def log_softmax(logits: AnyArray) -> AnyArray:
    """Return the logarithm of the softmax over the last axis."""
    shifted = logits - logits.max(-1, keepdims=True, initial=LOWEST)
    result: AnyArray = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return result


def same_wishes(a: Sequence[Sequence[Wish]], b: Sequence[Sequence[Wish]]) -> bool:
    """Return whether two plans are equal; the order within a step does not matter."""
    return [set(step) for step in a] == [set(step) for step in b]
