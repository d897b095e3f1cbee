"""`Clause`: an action with its objects and places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from vla_isaac.core.goals import SIDES
from vla_isaac.language import lexicon
from vla_isaac.tasks.language.noun_phrases import NounPhrase, Whereabouts
from vla_isaac.tasks.language.tokens import Token

Chunk: TypeAlias = Token | NounPhrase

FRAMES_WITHOUT_PLACE = ("lift", "hold", "approach", "go", "touch")
"""Frames without a place: in "lift A, then B" the second clause needs no more words."""


@dataclass(frozen=True)
class LocationPhrase:
    """A relation and its objects, as in "on the blue box"."""

    relation: str
    """A key of `language.word_tables.RELATIONS`."""

    text: str
    """The words of the relation."""

    targets: tuple[NounPhrase, ...]
    """The objects after it; several in "next to the ball and the bowl"."""

    stands_apart: bool = False
    """Whether it does not follow the object, but "and", a direction or the beginning of the clause."""

    @property
    def can_describe(self) -> bool:
        """Whether it may say which object is meant: it is beside another object, and no motion to there."""
        is_beside = self.relation == "near" or self.relation in SIDES
        return is_beside and self.text not in lexicon().reader.motions and len(self.targets) == 1

    @property
    def as_description(self) -> Whereabouts:
        """Where an object stands, rather than where it is to go."""
        return Whereabouts(self.relation, self.text, self.targets)


@dataclass
class Clause:
    """One clause: an action with its objects and places."""

    frame: str
    """A key of `language.VERB_FRAMES`; a clause without a verb has that of the clause before, or "put"."""

    has_verb: bool = False
    """Whether it has a verb of its own."""

    goes_on: bool = False
    """Whether it only has a further place for the objects of the clause before."""

    objects: tuple[NounPhrase, ...] = ()
    """Object of the verb; empty if the sentence omits it."""

    is_subject_first: bool = False
    """Whether the objects stood before the verb, as in "the cube goes on the box"."""

    locations: list[LocationPhrase] = field(default_factory=list)
    """Target places, in order."""

    directions: list[str] = field(default_factory=list)
    """Directions without a landmark, as in "to the left"."""

    upright: bool = False
    """Whether the object is to stand upright."""

    particles: list[str] = field(default_factory=list)
    """Particles, `language.word_tables.PARTICLES`, as in "pick it up"."""
