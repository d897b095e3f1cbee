"""Examples made of two sentences: both wishes, the second instead of the first, or a wish that is taken back."""

from __future__ import annotations

import numpy as np

from vla_isaac.language import lexicon
from vla_isaac.models.grounding.classes import STEPS, Steps
from vla_isaac.tasks.families import pick
from vla_isaac.training.grounding.examples import Example


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


def replaced(first: Example, second: Example, rng: np.random.Generator) -> Example | None:
    """Return the second example with the first said before it and taken back; None if they are of other objects."""
    if [o.name for o in first.scene] != [o.name for o in second.scene]:
        return None
    a, b = first.sentence.strip().rstrip(".!?"), second.sentence.strip().rstrip(".!?")
    text = _filled(pick(rng, lexicon().sentences.instead), a, b, rng)
    return Example(text, second.scene, second.kind, second.steps)


def withdrawn(first: Example, rng: np.random.Generator) -> Example:
    """Return an example that is taken back, which leaves nothing to do."""
    text = _filled(pick(rng, lexicon().sentences.withdrawn), first.sentence.strip().rstrip(".!?"), "", rng)
    return Example(text, first.scene, "forbidden")


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
