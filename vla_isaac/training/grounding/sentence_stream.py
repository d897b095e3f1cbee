"""`SentenceStream`: batches of examples without end, made anew each time, which can be continued after an interruption."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from vla_isaac.grounding.said_sentences import SaidSentence
from vla_isaac.tasks.families import pick
from vla_isaac.training.grounding.augmentation import augmented
from vla_isaac.training.grounding.combination import joined, replaced, withdrawn
from vla_isaac.training.grounding.examples import Example, example_of
from vla_isaac.training.grounding.fitting_config import FittingConfig
from vla_isaac.training.grounding.rewording import referred_back, reworded, with_a_remark
from vla_isaac.training.grounding.templates import draw_example

BUCKETS = 8
"""Batches that are drawn together and sorted by length."""


class SentenceStream:
    """Variants of the corpus, each sentence once before any again, mixed with combinations and with templates."""

    def __init__(self, corpus: Sequence[SaidSentence], config: FittingConfig) -> None:
        self._corpus, self._config = corpus, config
        self._rng = np.random.default_rng(config.seed)
        self._waiting: list[int] = []
        self._single = [index for index, said in enumerate(corpus) if not said.cannot and not is_rare(said)]

    def batches(self) -> list[list[Example]]:
        """Return the next `BUCKETS` batches; sentences of one are about equally long, since padding costs time."""
        size = self._config.batch
        found: list[Example] = []
        while len(found) < size * BUCKETS:
            found += self._next()
        found = sorted(found[: size * BUCKETS], key=lambda one: len(one.sentence))
        return [found[number * size : (number + 1) * size] for number in self._rng.permutation(BUCKETS)]

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs, as numbers, texts, lists and mappings."""
        return {"random": self._rng.bit_generator.state, "waiting": self._waiting}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was taken."""
        self._rng.bit_generator.state = state["random"]
        self._waiting = list(state["waiting"])

    def _next(self) -> Iterator[Example]:
        """Yield what is made of the next sentence, and templates."""
        rng = self._rng
        while rng.random() < self._config.templates:
            yield draw_example(rng)
        if not self._waiting:
            self._waiting = [int(index) for index in rng.permutation(len(self._corpus))]
        said = self._corpus[self._waiting.pop()]
        drawn = example_of(said, rng)
        if drawn is None:
            return
        for variant in (drawn, *self._variants(drawn), *([drawn] if is_rare(said) else [])):
            yield augmented(variant, rng)

    def _variants(self, drawn: Example) -> Iterator[Example]:
        """Yield what is made of a sentence: said in another way, together with another one, or taken back."""
        rng, config = self._rng, self._config
        found: list[Example | None] = []
        if rng.random() < config.reworded:
            found.append(reworded(drawn, rng))
        if rng.random() < config.referred_back:
            found.append(referred_back(drawn, rng))
        if rng.random() < config.remark:
            found.append(with_a_remark(drawn, rng))
        if rng.random() < config.joined and (partner := self._partner()) is not None:
            found.append(joined(drawn, partner, rng))
        if rng.random() < config.replaced and (partner := self._partner()) is not None:
            found.append(replaced(partner, drawn, rng))
        if rng.random() < config.withdrawn:
            found.append(withdrawn(drawn, rng))
        return (one for one in found if one is not None)

    def _partner(self) -> Example | None:
        return example_of(self._corpus[pick(self._rng, self._single)], self._rng)


def is_rare(said: SaidSentence) -> bool:
    """Return whether a sentence has several goals, or an object that the layout decides; there are few of them."""
    return any(word in said.goal for word in (" and ", " then ", "most(", "est("))
