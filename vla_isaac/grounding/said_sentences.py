"""Sentences with their goals from tab-separated files, as in ``config/language/corpus``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import read_text
from vla_isaac.models.grounding.classes import CANNOT, RELATIONS, WITH_OTHER, Steps, Wish
from vla_isaac.models.grounding.scene_objects import EXTREMES, SceneObject, extreme_of

COLUMNS = ("id", "voice", "scene", "goal", "sentence")
_ATOM = re.compile(r"\s*([a-z_]+)\((.*)\)\s*")
_CHOICE = re.compile(r"([a-z]+)\(([a-z]+)\)")


@dataclass(frozen=True)
class SaidSentence:
    """A sentence and what it means."""

    id: str
    voice: str
    scene: str
    goal: str
    """Goals as text, or ``cannot(reason)``; a choice such as ``leftmost(cube)`` stands for an object."""

    sentence: str

    @property
    def cannot(self) -> str:
        """Why it cannot be done; empty if it can."""
        match = re.fullmatch(r"cannot\((\w+)\)", self.goal.strip())
        return match[1] if match else ""


def read_sentences(path: Path) -> list[SaidSentence]:
    """Return the sentences of a file.

    Raises:
        ConfigError: If it cannot be read, or a line is malformed; names the line.
    """
    remedy = f"each line has {len(COLUMNS)} columns separated by tabs: {', '.join(COLUMNS)}"
    found = []
    for number, line in enumerate(read_text(path, error=ConfigError, remedy=remedy).splitlines(), start=1):
        if not line.strip():
            continue
        columns = line.split("\t")
        if len(columns) != len(COLUMNS):
            raise ConfigError(f"{path}, line {number}, has {len(columns)} columns", remedy=remedy)
        said = SaidSentence(*columns)
        if said.goal.startswith("cannot") and said.cannot not in CANNOT:
            raise ConfigError(f"{path}, line {number}: {said.goal!r} is unknown", remedy=f"reasons: {', '.join(CANNOT)}")
        found.append(said)
    return found


def wishes_of_text(goal: str, scene: Sequence[SceneObject]) -> Steps:
    """Return the wishes of a goal's text in a scene.

    Raises:
        ConfigError: If it is malformed, or names an object that is not in the scene.
    """
    return tuple(
        tuple(_wish(atom, scene) for atom in re.split(r"\s+and\s+", step)) for step in re.split(r"\s+then\s+", goal.strip())
    )


def _wish(text: str, scene: Sequence[SceneObject]) -> Wish:
    match = _ATOM.fullmatch(text)
    remedy = 'write for example "on(red_cube, blue_box)" or "lifted(leftmost(cube))", joined by "and" or "then"'
    if match is None:
        raise ConfigError(f"cannot read the goal {text!r}", remedy=remedy)
    relation, words = match[1], [word.strip() for word in match[2].split(",")]
    if relation in ("pushed", "pushed_to") and len(words) > 1:
        relation, words = f"push_{words[1]}", [words[0], *words[2:]]
    if relation in ("near", "touching") and words[0] == "gripper":
        relation, words = "reach", words[1:]
    if relation not in RELATIONS[1:] or len(words) != 1 + (relation in WITH_OTHER):
        raise ConfigError(f"cannot read the goal {text!r}", remedy=remedy)
    return Wish(relation, *(_index(word, scene, text) for word in words))


def _index(word: str, scene: Sequence[SceneObject], text: str) -> int:
    match = _CHOICE.fullmatch(word)
    if match is not None and match[1] in EXTREMES:
        found = extreme_of(scene, match[1], match[2])
        if found is not None:
            return found
    names = [item.name for item in scene]
    if word not in names:
        raise ConfigError(f"the goal {text!r} names {word!r}", remedy=f"the scene has {', '.join(names)}")
    return names.index(word)
