"""Temperature and threshold of a trained network, from sentences of voices that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.grounding.network import GroundingCard, LearnedGrounding
from vla_isaac.models.grounding.decoding import Reading, readings, same_wishes
from vla_isaac.training.grounding.examples import Example

TEMPERATURES = tuple(float(t) for t in np.geomspace(0.3, 3.0, 24))
MOST_WRONG = 0.005
"""Share of the sentences that can be done that may be read wrong: half of the 1 % that is aimed at, since voices that were
written later were read wrong more often than those for choosing."""

LEAST, MOST = 0.5, 0.95  # thresholds that are considered


def read_all(
    grounding: LearnedGrounding, examples: Sequence[Example], temperatures: Sequence[float] = TEMPERATURES
) -> list[list[list[Reading]]]:
    """Return the readings of each example at each temperature, by the exported network, whose weights are rounded."""
    found: list[list[list[Reading]]] = [[] for _ in temperatures]
    for one in examples:
        kind, relation, other = (v[0] for v in grounding.scores(grounding.vocabulary.encode([one.sentence]), one.scene))
        for at, temperature in zip(found, temperatures, strict=True):
            at.append(readings(kind, relation, other, len(one.scene), temperature=temperature))
    return found


def calibrated(
    readings_at: Sequence[tuple[float, Sequence[Sequence[Reading]]]], examples: Sequence[Example]
) -> GroundingCard:
    """Return the temperature whose confidences fit best, and the lowest threshold with few wrong readings.

    Args:
        readings_at: For each temperature, the readings of each example.
        examples: The examples.
    """
    temperature, found = min(readings_at, key=lambda one: _log_loss(*_sure_and_right(one[1], examples)))
    confidence, right = _sure_and_right(found, examples)
    doable = np.array([example.kind == "do" for example in examples])
    allowed = [
        threshold
        for threshold in np.arange(LEAST, MOST + 1e-9, 0.01).round(2)
        if _wrong_share(confidence, right, doable, threshold) <= MOST_WRONG
    ]
    return GroundingCard(temperature=round(float(temperature), 4), accept_above=round(float(min(allowed, default=MOST)), 2))


def _sure_and_right(found: Sequence[Sequence[Reading]], examples: Sequence[Example]) -> tuple[AnyArray, AnyArray]:
    """Return the confidence of the best goal of each example, and whether it is its goal."""
    confidence = np.array([one[0].confidence if one[0].kind == "do" else 0.0 for one in found])
    right = [
        one[0].kind == "do" == example.kind and same_wishes(one[0].steps, example.steps)
        for one, example in zip(found, examples, strict=True)
    ]
    return confidence, np.array(right)


def _log_loss(confidence: AnyArray, right: AnyArray) -> float:
    answers = confidence > 0
    sure, hit = np.clip(confidence[answers], 1e-4, 1 - 1e-4), right[answers]
    return float(-np.where(hit, np.log(sure), np.log(1 - sure)).mean()) if len(sure) else np.inf


def _wrong_share(confidence: AnyArray, right: AnyArray, doable: AnyArray, threshold: float) -> float:
    """Return the share of wrong readings among the sentences that can be done."""
    return float(((confidence >= threshold) & ~right & doable).sum() / max(1, doable.sum()))
