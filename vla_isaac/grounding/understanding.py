"""`understand`: an instruction to a plan of goals, by the grammar or by the network, with a confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import InstructionError
from vla_isaac.core.goals import GoalPlan
from vla_isaac.core.optional import is_installed
from vla_isaac.core.types import Body, SceneState
from vla_isaac.grounding.network import LearnedGrounding, shipped_files, shipped_grounding
from vla_isaac.grounding.word_effects import WordEffect
from vla_isaac.models.grounding.classes import plan_of
from vla_isaac.models.grounding.decoding import Reading
from vla_isaac.models.grounding.scene_objects import SceneObject
from vla_isaac.tasks.language import read_instruction

Places = Mapping[str, Sequence[float] | AnyArray]
"""Positions of objects in the frame of the robot's base [m], by name."""


@dataclass(frozen=True)
class Understanding:
    """What an instruction means."""

    plan: GoalPlan
    confidence: float
    """1 where the grammar read it, else the probability that the network gives."""

    is_learned: bool
    """Whether the network read it."""

    @property
    def text(self) -> str:
        """Return ``understood as on(red_cube, blue_box), 0.97``; without the number where the grammar read it."""
        sure = f", {min(self.confidence, 0.99):.2f}" if self.is_learned else ""
        return f"understood as {self.plan}{sure}"


def understand(text: str, bodies: Sequence[Body], places: Places | None = None) -> Understanding:
    """Return what an instruction asks for.

    The grammar answers where it can read the sentence; the network where it cannot, if it is sure enough.

    Args:
        text: The instruction, in English.
        bodies: The objects of the scene.
        places: Their positions in the frame of the robot's base [m], by name, for "the leftmost cube"; None if unknown.

    Raises:
        InstructionError: If neither understands it; the message is the grammar's, and names readings that are possible.
    """
    try:
        at = None if places is None else {name: tuple(map(float, where)) for name, where in places.items()}
        return Understanding(read_instruction(text, bodies, at), 1.0, is_learned=False)
    except InstructionError as error:
        network = _network()
        scene = _scene(bodies, places)
        if network is None or scene is None or not text.strip():
            raise
        found = network.read(text, scene)
        names = [body.name for body in bodies]
        if network.accepts(found[0]):
            return Understanding(plan_of(found[0].steps, names), found[0].confidence, is_learned=True)
        raise _with_readings(error, found, names, network) from None


def words_understood(text: str, bodies: Sequence[Body], places: Places | None = None) -> list[WordEffect]:
    """Return which word stands for which object or relation, as the network reads it; empty if it cannot run here.

    Args:
        text: The instruction.
        bodies: The objects of the scene.
        places: See `understand`.
    """
    network, scene = _network(), _scene(bodies, places)
    return [] if network is None or scene is None else network.word_effects(text, scene)


def places_of(state: SceneState) -> dict[str, AnyArray]:
    """Return the positions of the objects in the frame of the robot's base [m], by name."""
    positions = state.pose_world_base.inverse().apply(state.object_pos)
    return {body.name: at for body, at in zip(state.bodies, positions, strict=True)}


def _scene(bodies: Sequence[Body], places: Places | None) -> tuple[SceneObject, ...] | None:
    """Return the objects for the network; without places they stand on one spot. None for things it does not know."""
    if len({(body.colour, body.shape) for body in bodies}) < len(bodies):
        return None
    at = places or dict.fromkeys((body.name for body in bodies), np.array([0.5, 0.0]))
    return tuple(SceneObject(b.colour, b.shape, float(at[b.name][0]), float(at[b.name][1])) for b in bodies)


def _network() -> LearnedGrounding | None:
    """Return the network of this installation, None if it has none or cannot run it; one that is broken is an error."""
    return shipped_grounding() if shipped_files() and is_installed("onnxruntime") else None


def _with_readings(
    error: InstructionError, found: Sequence[Reading], names: Sequence[str], network: LearnedGrounding
) -> InstructionError:
    """Return the grammar's error with what the sentence may mean."""
    may = network.possible(found, names)
    if not may:
        return error
    remedy = "; ".join(filter(None, (f"it may mean {may}: say which", error.remedy)))
    return InstructionError(error.message, remedy=remedy, has_examples=error.has_examples)
