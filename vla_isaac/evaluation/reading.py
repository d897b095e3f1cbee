"""How well sentences are read: a file of sentences with their goals against what `understand` says, without an episode."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vla_isaac.core.errors import InstructionError
from vla_isaac.core.intervals import wilson95
from vla_isaac.core.types import Body
from vla_isaac.grounding import understand
from vla_isaac.grounding.said_sentences import SaidSentence, wishes_of_text
from vla_isaac.models.grounding.classes import Steps, is_circular, wishes_of
from vla_isaac.models.grounding.decoding import same_wishes
from vla_isaac.models.grounding.scene_objects import objects_of
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout, vary_scene
from vla_isaac.scene.randomisation import randomisation_preset

Answer = Literal["right", "wrong", "refused"]

TRIES, ANOTHER = 30, 1_000_003
"""Layouts that are drawn where a goal depends on the layout, and the step between their seeds."""

SURE = 0.9
"""Confidence whose readings are checked for calibration."""

CONTRAST = re.compile(
    r"\b(?:not|isn'?t|aren'?t|don'?t|no|never|neither|nor|non|without|instead|rather|except|but|other|else|unlike|wait|sorry"
    r"|scratch|correction|actually|i mean|make that|or rather|on second thoughts?|oops|whoops)\b",
    re.IGNORECASE,
)
"""Words of contrast, negation and correction; sentences with one are counted separately."""


@dataclass(frozen=True, kw_only=True)
class ReadSentence:
    """A sentence and how it was read."""

    said: SaidSentence
    answer: Answer
    """A sentence that cannot be done is right if it is refused, else wrong."""

    understood: str
    """The goals, or why there are none."""

    confidence: float
    """1 where the grammar read it; 0 where it was refused."""

    is_learned: bool = False
    """Whether the network read it."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as a line of the results file has them."""
        more = {"answer": self.answer, "understood": self.understood, "confidence": round(self.confidence, 4)}
        return {**vars(self.said), **more}

    @property
    def is_doable(self) -> bool:
        """Return whether the sentence has a goal."""
        return not self.said.cannot

    @property
    def has_contrast(self) -> bool:
        """Return whether it has a word of contrast or correction."""
        return CONTRAST.search(self.said.sentence) is not None

    @property
    def family(self) -> str:
        """Return the kind of its goal: its first predicate, ``and`` or ``then`` for several, or ``cannot``."""
        goal = self.said.goal
        return "then" if " then " in goal else "and" if " and " in goal else goal.partition("(")[0]


@dataclass(frozen=True)
class ReadingReport:
    """All sentences of a file."""

    read: tuple[ReadSentence, ...]

    def groups(self) -> Iterator[tuple[str, str, tuple[ReadSentence, ...]]]:
        """Yield the kind of a group, its name and its sentences: by style, by goal, with contrast, and all."""
        kinds: tuple[tuple[str, Callable[[ReadSentence], str]], ...] = (
            ("style", lambda one: one.said.voice),
            ("goal", lambda one: one.family),
            ("wording", lambda one: "contrast or correction" if one.has_contrast else "neither"),
            ("all", lambda one: "all"),
        )
        for kind, key in kinds:
            for name in sorted({key(one) for one in self.read}):
                yield kind, name, tuple(one for one in self.read if key(one) == name)

    def to_json(self) -> dict[str, Any]:
        """Return the keys of ``eval --sentences --json``."""
        found: dict[str, Any] = {}
        for kind, name, read in self.groups():
            found.setdefault(kind, {})[name] = figures(read)
        return {**found.pop("all")["all"], "by": found, "calibration": self.calibration()}

    def calibration(self) -> dict[str, Any]:
        """Return how many readings of the network are at least `SURE` sure, and how many of these are right."""
        sure = [one for one in self.read if one.is_learned and one.confidence >= SURE]
        right = sum(one.answer == "right" for one in sure)
        return {"confidence_from": SURE, "readings": len(sure), "right": right, "wilson95": list(wilson95(right, len(sure)))}


def figures(read: Sequence[ReadSentence]) -> dict[str, Any]:
    """Return the counts of sentences: those that can be done, and the others."""
    doable, others = [one for one in read if one.is_doable], [one for one in read if not one.is_doable]
    right = sum(one.answer == "right" for one in doable)
    refused = sum(one.answer == "right" for one in others)
    return {
        "sentences": len(doable),
        "right": right,
        "wrong": sum(one.answer == "wrong" for one in doable),
        "refused": sum(one.answer == "refused" for one in doable),
        "right_wilson95": list(wilson95(right, len(doable))) if doable else None,
        "cannot": len(others),
        "cannot_refused": refused,
        "cannot_wilson95": list(wilson95(refused, len(others))) if others else None,
    }


def measure_reading(sentences: Sequence[SaidSentence], *, seed: int) -> ReadingReport:
    """Read each sentence in its scene, whose layout is drawn from `seed` plus its number.

    Raises:
        ConfigError: If a goal is malformed, or names an object that the scene does not have.
        UnknownNameError: If there is no such scene.
    """
    return ReadingReport(tuple(_read(said, seed + number) for number, said in enumerate(sentences)))


def _read(said: SaidSentence, seed: int) -> ReadSentence:
    bodies, places, meant = _staged(said, seed)
    names = [body.name for body in bodies]
    try:
        found = understand(said.sentence, bodies, dict(zip(names, places, strict=True)))
    except InstructionError as error:
        answer: Answer = "right" if said.cannot else "refused"
        return ReadSentence(said=said, answer=answer, understood=error.message, confidence=0.0)
    wishes = wishes_of(found.plan, names)
    is_right = not said.cannot and wishes is not None and same_wishes(wishes, meant)
    answer = "right" if is_right else "wrong"
    return ReadSentence(
        said=said, answer=answer, understood=str(found.plan), confidence=found.confidence, is_learned=found.is_learned
    )


def _staged(said: SaidSentence, seed: int) -> tuple[tuple[Body, ...], list[tuple[float, float, float]], Steps]:
    """Return the objects of a sentence's scene, where they stand, and what the sentence means there.

    A layout in which the goal would move an object to itself is drawn again.
    """
    randomisation = randomisation_preset("layout")
    for number in itertools.count():
        scene = vary_scene(scene_preset(said.scene), randomisation, seed)
        layout = sample_layout(scene, randomisation, seed + number * ANOTHER)
        places = [at.pos for at in layout.objects]
        meant = () if said.cannot else wishes_of_text(said.goal, objects_of(scene.bodies, places))
        if not is_circular(meant) or number > TRIES:
            break
    return scene.bodies, places, meant
