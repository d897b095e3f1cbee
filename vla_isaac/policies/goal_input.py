"""`GoalInput`: the goals of a sentence, read by the grounding network over the objects that a policy sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import PolicyDeclined
from vla_isaac.core.types import Body
from vla_isaac.grounding.network import shipped_grounding
from vla_isaac.models.goal_query import COLOUR_NAMES, NUM_GOALS, UNSPECIFIED, WIDTH, goal_query
from vla_isaac.models.grounding.classes import plan_of
from vla_isaac.models.grounding.decoding import Reading
from vla_isaac.models.grounding.scene_objects import SceneObject
from vla_isaac.models.io_names import GOALS, SEEN
from vla_isaac.models.onnx_network import OnnxNetwork
from vla_isaac.policies.doubts import doubt_about
from vla_isaac.scene.objects import SHAPES, make_object

FIELDS = ("presence", "place", "colour", "shape")


@dataclass(frozen=True, eq=False)
class AskedGoals:
    """What a sentence asks a policy for."""

    goals: AnyArray
    """Classes of `goal_query`, int64 (1, NUM_GOALS, WIDTH); no goal where the sentence has none that the policy knows."""

    confidence: float
    """Probability of the reading, 0..1; 0 where the policy does not know its goals."""

    is_sure: bool
    """Whether it is to be acted on."""

    readings: tuple[Reading, ...]
    """All readings, the most probable first."""


class GoalInput:
    """Reads sentences for a network that takes goals."""

    def __init__(self, network: OnnxNetwork, present_above: float) -> None:
        """Load the grounding network.

        Args:
            network: The policy's network, whose detections are the objects.
            present_above: Presence from which an object counts as seen.

        Raises:
            ConfigError: If this installation has no grounding network.
        """
        self._network, self._present_above = network, present_above
        self._grounding = shipped_grounding()

    def objects(self, seen: Mapping[str, AnyArray]) -> tuple[SceneObject, ...]:
        """Return the objects in the pictures of a decision, whose inputs are given without goals."""
        outputs = self._network.run({**seen, GOALS: no_goals()}, [SEEN + name for name in FIELDS])
        presence, place, colour, shape = (values[0] for values in outputs)
        return tuple(
            SceneObject(COLOUR_NAMES[colour[i]], SHAPES[shape[i]], float(place[i][0]), float(place[i][1]))
            for i in np.flatnonzero(presence >= self._present_above)
        )

    def read(self, sentence: str, scene: Sequence[SceneObject]) -> AskedGoals:
        """Return what a sentence asks for."""
        return self._asked(self._grounding.read(sentence, scene), scene)

    def declined(self, sentence: str, scene: Sequence[SceneObject], asked: AskedGoals) -> PolicyDeclined:
        """Return the refusal of a sentence, which names the word that was not recognised."""
        threshold = self._grounding.card.accept_above
        doubt = doubt_about(sentence, lambda other: self.read(other, scene).confidence, threshold)
        may = self._grounding.possible(asked.readings, [item.name for item in scene])
        return PolicyDeclined(
            f'declined: "{sentence}" was not recognised (confidence {asked.confidence:.2f}, required {threshold:.2f}): '
            f"{doubt.text}",
            remedy=f"it may mean {may}; {doubt.remedy}" if may else doubt.remedy,
            instruction=sentence,
            confidence=asked.confidence,
            threshold=threshold,
            word=doubt.word,
            alternatives=doubt.alternatives,
        )

    def _asked(self, readings: Sequence[Reading], scene: Sequence[SceneObject]) -> AskedGoals:
        best = readings[0]
        goals = _labels(best, scene)
        if goals is not None:
            return AskedGoals(goals, best.confidence, self._grounding.accepts(best), tuple(readings))
        goals = next((labels for labels in (_labels(one, scene) for one in readings) if labels is not None), no_goals())
        return AskedGoals(goals, 0.0, is_sure=False, readings=tuple(readings))


def no_goals() -> AnyArray:
    """Return the classes of no goal, int64 (1, NUM_GOALS, WIDTH)."""
    goals = np.full((1, NUM_GOALS, WIDTH), UNSPECIFIED, dtype=np.int64)
    goals[:, :, 0] = 0
    return goals


def _labels(reading: Reading, scene: Sequence[SceneObject]) -> AnyArray | None:
    """Return the classes of a reading, None if it has no goals or the policy does not know them."""
    if reading.kind != "do":
        return None
    names = [item.name for item in scene]
    labels = goal_query(plan_of(reading.steps, names), [_body(item) for item in scene])
    return None if labels is None else labels[None]


def _body(item: SceneObject) -> Body:
    return make_object(item.shape, item.colour).body
