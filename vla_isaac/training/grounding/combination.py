"""Examples with two wishes from two sentences of a voice, and with an object named by its place instead of its colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_isaac.language import lexicon
from vla_isaac.models.grounding.classes import STEPS, Steps
from vla_isaac.models.grounding.scene_objects import EXTREMES, SceneObject, extreme_of
from vla_isaac.tasks.families import pick
from vla_isaac.training.grounding.examples import Example, full_names


def joined(first: Example, second: Example, rng: np.random.Generator) -> Example | None:
    """Return two examples of one wish each as one sentence; None if they do not go together.

    Both must be of the same objects; the second is taken to the scene of the first.
    """
    one, other = first.steps, second.steps
    if len(one) != 1 or len(other) != 1 or [o.name for o in first.scene] != [o.name for o in second.scene]:
        return None
    a, b = first.sentence.strip().rstrip(".!?"), second.sentence.strip().rstrip(".!?")
    if rng.random() < 0.6:
        return Example(
            _filled(pick(rng, lexicon().sentences.in_order), a, b, rng), first.scene, "do", (*one, *other)[:STEPS]
        )
    if {w.moved for w in one[0]} & {w.moved for w in other[0]} or _clash(one, other):
        return None
    return Example(_filled(pick(rng, lexicon().sentences.together), a, b, rng), first.scene, "do", ((*one[0], *other[0]),))


def _clash(one: Steps, other: Steps) -> bool:
    """Return whether one wish is about the place of an object that the other moves."""
    moved = [{w.moved for w in steps[0] if w.relation != "reach"} for steps in (one, other)]
    used = [{w.other for w in steps[0]} for steps in (one, other)]
    return bool(moved[0] & used[1] or moved[1] & used[0])


def _filled(template: str, a: str, b: str, rng: np.random.Generator) -> str:
    def begun(text: str, *, is_first: bool) -> str:
        return text if is_first or rng.random() < 0.3 else text[:1].lower() + text[1:]

    is_first = template.startswith("{first}")
    text = template.replace("{first}", begun(a, is_first=is_first))
    text = text.replace("{second}", begun(b, is_first=template.startswith("{second}")))
    return text + pick(rng, ("", ".", "!", " please", ""))


def named_by_place(example: Example, rng: np.random.Generator) -> Example | None:
    """Return the example with one object named by its place among those of its shape; None if none is named in full."""
    if example.kind != "do" or any(
        word in example.sentence.lower() for word in ("not", "other", "same", "rather", "instead")
    ):
        return None
    wishes = [wish for step in example.steps for wish in step]
    used = [i for wish in wishes for i in (wish.moved, wish.other) if i >= 0]
    found = [(i, match) for i in set(used) for match in full_names(example, i)]
    if len(found) != len(set(used)):
        return None
    index, match = found[int(rng.integers(len(found)))]
    extreme = pick(rng, EXTREMES)
    scene = _moved_to(example.scene, index, extreme)
    if scene is None:
        return None
    words = pick(rng, lexicon().sentences.by_place[extreme]).replace("{noun}", match[2])
    before = example.sentence[: match.start()]
    return Example(before + words + example.sentence[match.end() :], scene, "do", example.steps)


def _moved_to(scene: Sequence[SceneObject], index: int, extreme: str) -> tuple[SceneObject, ...] | None:
    """Return the scene with the place of an object exchanged with that of the extreme one; None if it is the only one."""
    found = extreme_of(scene, extreme, scene[index].shape)
    if found is None:
        return None
    there, here = scene[found], scene[index]
    exchanged = list(scene)
    exchanged[index] = here._replace(x=there.x, y=there.y)
    if found != index:
        exchanged[found] = there._replace(x=here.x, y=here.y)
    return tuple(exchanged)
