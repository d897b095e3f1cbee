"""Examples in which an object is named in another way: by its place, by what it is not, by its colour, or after a slip.

The goal stays the same. Every variant needs objects that the sentence names by colour and noun.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from vla_isaac.language import SLOT, lexicon
from vla_isaac.models.grounding.scene_objects import EXTREMES, SceneObject, extreme_of
from vla_isaac.tasks.families import pick
from vla_isaac.training.grounding.examples import Example, full_names, used_objects

Named = tuple[int, "re.Match[str]"]
"""Number of an object, and where the sentence names it in full."""

SECOND = 0.35
"""Share of sentences in which two objects are named in another way."""

_OTHERS_MEANT = re.compile(r"\b(not|no|n't|other|others|same|rather|instead|but|except|both|all|every|each|own)\b|n't\b")


def reworded(example: Example, rng: np.random.Generator) -> Example | None:
    """Return the example with one or two objects named in another way; None if one is not named in full, or no way fits."""
    if example.kind != "do" or _OTHERS_MEANT.search(example.sentence.lower()):
        return None
    used = used_objects(example)
    found = [(i, match) for i in used for match in full_names(example, i)]
    if len(found) != len(used):
        return None
    chosen = [found[i] for i in rng.permutation(len(found))[: 2 if rng.random() < SECOND else 1]]
    result, ways = example, list(WAYS)
    for one in sorted(chosen, key=lambda one: -one[1].start()):  # the places of earlier names stay valid
        for number in rng.permutation(len(ways)):
            other = ways[number](result, one, found, rng)
            if other is not None:
                result = other
                break
        ways = [way for way in ways if way is not named_by_place]  # which moves objects
    return None if result is example else result


def referred_back(example: Example, rng: np.random.Generator) -> Example | None:
    """Return the example with two things named first, and a wish that refers to them by that order.

    None if the wish is not about one or two objects that it names in full, once each.
    """
    if example.kind != "do" or _OTHERS_MEANT.search(example.sentence.lower()):
        return None
    used = used_objects(example)
    found = [(i, match) for i in used for match in full_names(example, i)]
    free = [i for i, item in enumerate(example.scene) if i not in used and item.colour not in example.sentence.lower()]
    if len(found) != len(used) or not 0 < len(used) <= 2 or (len(used) == 1 and not free):
        return None
    pair = used if len(used) == 2 else [used[0], free[int(rng.integers(len(free)))]]
    pair = [pair[i] for i in rng.permutation(2)]
    text = example.sentence.strip().rstrip(".!?")
    words = lexicon().sentences.mentioned
    refers_to_both = len(used) == 2 and rng.random() < 0.6
    if len(found) == 2 and not refers_to_both:
        found = [found[int(rng.integers(2))]]
    for index, match in sorted(found, key=lambda one: -one[1].start()):
        is_later = refers_to_both and match.start() != min(each.start() for _, each in found)
        place = "rest" if is_later and rng.random() < 0.5 else "first" if index == pair[0] else "second"
        text = text[: match.start()] + pick(rng, words[place]) + text[match.end() :]
    names = [f"{pick(rng, ('the', 'a', 'the'))} {example.scene[i].colour} {_noun(example.scene[i], rng)}" for i in pair]
    filled = {"a": names[0], "b": names[1], "rest": text}
    return _said(example, _filled(pick(rng, lexicon().sentences.mentions), filled))


def with_a_remark(example: Example, rng: np.random.Generator) -> Example | None:
    """Return the example with a remark about an object that it does not name; None if there is none."""
    sentence = example.sentence.lower()
    if example.kind != "do" or _OTHERS_MEANT.search(sentence):
        return None
    used = used_objects(example)
    if not all(full_names(example, i) for i in used):
        return None
    free = [item for i, item in enumerate(example.scene) if i not in used and not re.search(rf"\b{item.colour}\b", sentence)]
    if not free:
        return None
    item = free[int(rng.integers(len(free)))]
    text = example.sentence.strip().rstrip(".!?")
    words = {"first": text, "item": f"{item.colour} {_noun(item, rng)}"}
    return _said(example, _filled(pick(rng, lexicon().sentences.remarks), words))


def named_by_place(example: Example, one: Named, found: Sequence[Named], rng: np.random.Generator) -> Example | None:
    """Return the example with an object named by its place among those of its shape; the layout is changed for it."""
    index, match = one
    extreme = pick(rng, EXTREMES)
    scene = _moved_to(example.scene, index, extreme)
    if scene is None:
        return None
    words = pick(rng, lexicon().sentences.by_place[extreme]).replace("{noun}", match[2])
    return Example(_put(example, match, words), scene, "do", example.steps)


def named_by_exclusion(example: Example, one: Named, found: Sequence[Named], rng: np.random.Generator) -> Example | None:
    """Return the example with an object named by what it is not; None unless there are one or two others of its shape."""
    index, match = one
    item = example.scene[index]
    rivals = [other.colour for other in example.scene if other.shape == item.shape and other != item]
    if len(rivals) not in (1, 2):
        return None
    a, b = rng.permutation(rivals) if len(rivals) == 2 else (rivals[0], "")
    phrase = pick(rng, lexicon().sentences.by_exclusion["one" if len(rivals) == 1 else "two"])
    return _said(example, _put(example, match, _filled(phrase, {"noun": match[2], "a": str(a), "b": str(b)})))


def named_by_match(example: Example, one: Named, found: Sequence[Named], rng: np.random.Generator) -> Example | None:
    """Return the example with the second of two objects of one colour named by that."""
    if len(found) != 2:
        return None
    (first, _), (second, match) = sorted(found, key=lambda each: each[1].start())
    if one[0] != second or example.scene[first].colour != example.scene[second].colour:
        return None
    return _said(example, _put(example, match, pick(rng, lexicon().sentences.by_match).replace("{noun}", match[2])))


def named_by_likeness(example: Example, one: Named, found: Sequence[Named], rng: np.random.Generator) -> Example | None:
    """Return the example with an object named by another one that has its colour and is the only one of its shape."""
    index, match = one
    item = example.scene[index]
    shapes = [other.shape for other in example.scene]
    alike = [o for o in example.scene if o.colour == item.colour and o.shape != item.shape and shapes.count(o.shape) == 1]
    if not alike or any(example.scene[i] in alike for i, _ in found):
        return None
    words = {"noun": match[2], "single": _noun(alike[int(rng.integers(len(alike)))], rng)}
    return _said(example, _put(example, match, _filled(pick(rng, lexicon().sentences.by_likeness), words)))


def with_a_slip(example: Example, one: Named, found: Sequence[Named], rng: np.random.Generator) -> Example | None:
    """Return the example with another colour of the scene said first, or ruled out."""
    index, match = one
    item = example.scene[index]
    used = {i for i, _ in found}
    rivals = [o.colour for i, o in enumerate(example.scene) if o.shape == item.shape and i not in used]
    if not rivals:
        return None
    words = {"noun": match[2], "right": match[1], "wrong": pick(rng, rivals)}
    return _said(example, _put(example, match, _filled(pick(rng, lexicon().sentences.slips), words)))


def with_a_noun_slip(example: Example, one: Named, found: Sequence[Named], rng: np.random.Generator) -> Example | None:
    """Return the example with the noun of another thing of that colour said first, or ruled out."""
    index, match = one
    item = example.scene[index]
    used = {example.scene[i].shape for i, _ in found}
    rivals = [o for o in example.scene if o.colour == item.colour and o.shape not in used]
    if not rivals:
        return None
    words = {"noun": match[2], "colour": match[1], "wrong": _noun(rivals[int(rng.integers(len(rivals)))], rng)}
    return _said(example, _put(example, match, _filled(pick(rng, lexicon().sentences.noun_slips), words)))


def _noun(item: SceneObject, rng: np.random.Generator) -> str:
    return pick(rng, (item.shape, item.shape, *lexicon().words.shape(item.shape).used))


def _put(example: Example, match: re.Match[str], words: str) -> str:
    return example.sentence[: match.start()] + words + example.sentence[match.end() :]


def _filled(template: str, words: dict[str, str]) -> str:
    return SLOT.sub(lambda slot: words[slot[1]], template)


def _said(example: Example, sentence: str) -> Example:
    return Example(sentence, example.scene, "do", example.steps)


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


WAYS = (
    named_by_place, named_by_exclusion, named_by_match, named_by_likeness, with_a_slip, with_a_slip, with_a_noun_slip,
)  # fmt: skip
"""Ways to name an object otherwise, each as often as it stands here."""
