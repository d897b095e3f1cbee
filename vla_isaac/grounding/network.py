"""`LearnedGrounding`: the grounding network of a folder; onnxruntime, no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.config import from_mapping, to_mapping
from vla_isaac.core.contained_paths import contained_file
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import read_json
from vla_isaac.core.resources import resource
from vla_isaac.grounding.unexplained_words import unexplained
from vla_isaac.grounding.word_effects import WordEffect, word_effects
from vla_isaac.models.grounding.classes import plan_of
from vla_isaac.models.grounding.decoding import Reading, readings
from vla_isaac.models.grounding.scene_objects import SceneObject, scene_arrays
from vla_isaac.models.grounding.wordpieces import WordPieces
from vla_isaac.models.onnx_network import OnnxNetwork

SENTENCE, PIECES, CARD = "sentence.onnx", "pieces.json", "grounding.json"
INPUTS = ("words", "colours", "shapes", "extremes")
OUTPUTS = ("kind", "relation", "other")
FOLDER = "grounding"
"""Its folder among the included checkpoints."""

LEAVES_A_NOUN = 0.2
"""Most confidence in a reading that does not explain a noun; it is neither acted on nor offered."""

MOST_OFFERED = 3
"""Readings that a refusal names."""

COPY = "copy the whole folder again"


@dataclass(frozen=True, kw_only=True)
class GroundingCard:
    """How the scores of a network become a decision."""

    temperature: float = 1.0
    """The scores are divided by it, so that a confidence is the share of such readings that are right."""

    accept_above: float = 0.8
    """Confidence from which a reading is acted on."""

    ask_above: float = 0.25
    """Confidence from which a reading below `accept_above` is offered as an alternative."""

    after_colours: tuple[str, ...] = ()
    """Words that people say after a colour in sentences that can be done; another one there names an unknown thing."""

    notes: Mapping[str, Any] = field(default_factory=dict)
    """Training data, versions."""

    def __post_init__(self) -> None:
        if not (0 < self.temperature < 100 and 0 <= self.ask_above <= self.accept_above <= 1):
            raise ConfigError("grounding: temperature, ask_above or accept_above is not accepted", remedy=COPY)

    def save(self, folder: Path) -> None:
        """Write ``grounding.json``."""
        (folder / CARD).write_text(json.dumps(to_mapping(self), indent=1) + "\n", encoding="utf-8")


class LearnedGrounding:
    """Reads sentences over the objects of a scene."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        """Load the network of a folder.

        Raises:
            ConfigError: If a file is missing or broken.
            MissingDependencyError: If onnxruntime is not installed.
        """
        data = read_json(contained_file(folder, folder / CARD, error=ConfigError), error=ConfigError, remedy=COPY)
        self.card = from_mapping(GroundingCard, data, source=str(folder / CARD))
        self._known_nouns = frozenset(self.card.after_colours)
        self.vocabulary = WordPieces.load(contained_file(folder, folder / PIECES, error=ConfigError))
        self._network = OnnxNetwork(folder / SENTENCE, threads=threads)
        if set(self._network.inputs) != set(INPUTS) or not set(OUTPUTS) <= set(self._network.outputs):
            raise ConfigError(f"{folder / SENTENCE} is no grounding network", remedy=COPY)

    def read(self, sentence: str, scene: Sequence[SceneObject]) -> list[Reading]:
        """Return the readings of a sentence, the most probable first; objects are meant by their numbers in `scene`."""
        return self.read_all([sentence], scene)[0]

    def read_all(self, sentences: Sequence[str], scene: Sequence[SceneObject]) -> list[list[Reading]]:
        """Return the readings of each sentence in the same scene."""
        arrays = scene_arrays([scene] * len(sentences))
        feed = dict(zip(INPUTS, (self.vocabulary.encode(sentences), *arrays), strict=True))
        kind, relation, other = self._network.run(feed, OUTPUTS)
        found = [
            readings(kind[i], relation[i], other[i], len(scene), temperature=self.card.temperature)
            for i in range(len(sentences))
        ]
        return [self._explained(sentence, one) for sentence, one in zip(sentences, found, strict=True)]

    def _explained(self, sentence: str, found: list[Reading]) -> list[Reading]:
        """Return the readings with less confidence if a noun of the sentence is explained by none of them."""
        if not (self._known_nouns and unexplained(sentence, self._known_nouns)):
            return found
        doubted = [replace(one, confidence=min(one.confidence, LEAVES_A_NOUN)) if one.steps else one for one in found]
        return sorted(doubted, key=lambda one: -one.confidence)

    def accepts(self, reading: Reading) -> bool:
        """Return whether a reading is one to act on."""
        return reading.kind == "do" and reading.confidence >= self.card.accept_above

    def possible(self, found: Sequence[Reading], names: Sequence[str]) -> str:
        """Return the goals that a sentence may mean as text, with their confidences; empty if none is likely enough."""
        likely = [one for one in found if one.kind == "do" and one.confidence >= self.card.ask_above][:MOST_OFFERED]
        return " or ".join(f"{plan_of(one.steps, names)} ({one.confidence:.2f})" for one in likely)

    def word_effects(self, sentence: str, scene: Sequence[SceneObject]) -> list[WordEffect]:
        """Return each word with what it stands for in the best reading."""
        return word_effects(sentence, self.vocabulary, self.scores, scene)

    def scores(self, words: AnyArray, scene: Sequence[SceneObject]) -> list[AnyArray]:
        """Return the raw outputs for rows of pieces, (B, L)."""
        feed = dict(zip(INPUTS, (words, *scene_arrays([scene] * len(words))), strict=True))
        return self._network.run(feed, OUTPUTS)


def shipped_files() -> tuple[Path, ...]:
    """Return the files that decide what a sentence means to the included network; none if this installation has none."""
    try:
        folder = resource("data", "checkpoints", FOLDER)
    except ConfigError:
        return ()
    return tuple(folder / name for name in (CARD, PIECES, SENTENCE))


@cache
def shipped_grounding() -> LearnedGrounding:
    """Return the network that is included in this package; it is loaded once.

    Raises:
        ConfigError: If this installation has none.
        MissingDependencyError: If onnxruntime is not installed.
    """
    return LearnedGrounding(resource("data", "checkpoints", FOLDER))
