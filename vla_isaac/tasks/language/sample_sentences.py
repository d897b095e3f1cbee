"""Sample sentences that work in a given scene, for error messages and for empty text fields."""

from __future__ import annotations

from collections.abc import Sequence

from vla_isaac.core.types import Body
from vla_isaac.tasks.language.referents import Referents

ALTERNATIVES = 3  # sentences offered in an error message


def examples(bodies: Sequence[Body]) -> tuple[str, ...]:
    """Return three sentences that `read_instruction` understands in a scene; none if it has no objects.

    Args:
        bodies: The objects of the scene.
    """
    scene = Referents(bodies)
    movable = sorted((b for b in bodies if not b.fixed), key=lambda b: b.cavity is not None)
    sentences = [*_placing_examples(movable, scene), *_moving_examples(movable, scene)]
    for body in bodies:
        the_body = scene.phrase_for(body)
        sentences += [f"Reach for {the_body}", f"Touch {the_body}", f"Move the gripper to {the_body}"]
    return tuple(sentences[:ALTERNATIVES])


def _placing_examples(movable: Sequence[Body], scene: Referents) -> list[str]:
    sentences = []
    boxes = [b for b in scene.bodies if b.shape == "box" and b.fixed]
    containers = [b for b in scene.bodies if b.cavity is not None]
    solids = [b for b in movable if b.cavity is None]
    if solids and boxes:
        other = next((b for b in boxes if b.colour != solids[0].colour), boxes[0])
        sentences.append(f"Pick up {scene.phrase_for(solids[0])} and place it on {scene.phrase_for(other)}")
    if solids and containers:
        same = next((b for b in containers if b.colour == solids[0].colour), containers[0])
        sentences.append(f"Put {scene.phrase_for(solids[0])} in {scene.phrase_for(same)}")
    cubes = [b for b in solids if b.shape == "cube"]
    if len(cubes) > 1:
        sentences.append(f"Stack {scene.phrase_for(cubes[0])} on {scene.phrase_for(cubes[1])}")
    return sentences[: ALTERNATIVES - 1]


def _moving_examples(movable: Sequence[Body], scene: Referents) -> list[str]:
    if not movable:
        return []
    solids = [body for body in movable if body.cavity is None] or movable
    first, last = scene.phrase_for(solids[0]), scene.phrase_for(solids[-1])
    return [f"Push {last} to the left", f"Lift {first}"]
