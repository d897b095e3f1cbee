"""Word tables of the lexicon: `words.yaml` for reader and sentence maker, `reader.yaml` for the reader alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

from vla_isaac.core.errors import ConfigError
from vla_isaac.core.goals import DIRECTIONS, SIDES

RELATIONS = ("on", "in", "near", *SIDES, "to", "above")
"""Relations of the reader's grammar."""

VERB_FRAMES = (
    "put", "stack", "move", "push", "pull", "lift", "hold", "go", "approach", "touch", "sort", "clear", "stand", "turn",
    "release", "give",
)  # fmt: skip
"""Verb frames: groups of verbs of the same meaning, defined in `tasks.language.verb_frames`."""

PARTICLES = ("up", "down", "off", "push")

CHOICES = (
    "leftmost", "rightmost", "nearest", "nearest_to", "farthest", "farthest_from", "largest", "smallest", "tallest",
    "shortest", "nearer", "larger", "smaller", "taller", "shorter", "other",
)  # fmt: skip
"""Ways to choose one of several objects, defined in `tasks.language.references`."""

_PHRASE = re.compile(r"[^\W_]+(?: [^\W_]+)*|[.,;:!?&]")


@dataclass(frozen=True, kw_only=True)
class Synonyms:
    """Words for one colour, shape, relation or direction, by their use."""

    common: tuple[str, ...] = ()
    """Used in paraphrases and training sentences, and known to the reader; task families use the first."""

    training: tuple[str, ...] = ()
    """Used in training sentences only, and known to the reader unless in `unread`.

    For relations and directions, training sentences use only these.
    """

    read_only: tuple[str, ...] = ()
    """Known to the reader, never used in sentences."""

    unread: tuple[str, ...] = ()
    """Words of `training` that the reader does not know."""

    def __post_init__(self) -> None:
        for f in fields(self):
            check_phrases(f.name, getattr(self, f.name))
        for word in self.unread:
            if word not in self.training or word in self.common:
                raise ConfigError(f"unread: {word!r} must also be in training, and not in common; move or remove it")

    @property
    def understood(self) -> tuple[str, ...]:
        """Words of the reader, each once."""
        known = dict.fromkeys((*self.common, *self.training, *self.read_only))
        return tuple(word for word in known if word not in self.unread)

    @property
    def used(self) -> tuple[str, ...]:
        """Words of training sentences, each once."""
        return tuple(dict.fromkeys((*self.common, *self.training)))


@dataclass(frozen=True, kw_only=True)
class WordTables:
    """Words for colours, shapes, relations and directions: `words.yaml`."""

    colours: Mapping[str, Synonyms]
    """Colour to other words for it."""

    shapes: Mapping[str, Synonyms]
    """Shape to other nouns for it."""

    ambiguous_nouns: Mapping[str, tuple[str, ...]]
    """Noun that may mean several shapes to these, most likely first."""

    irregular_plurals: Mapping[str, str]
    """Noun to its plural, where adding -s or -es is wrong."""

    relations: Mapping[str, Synonyms]
    """Relation to its words; sides are as seen by the robot."""

    directions: Mapping[str, Synonyms]
    """Direction to its words, as seen by the robot."""

    def __post_init__(self) -> None:
        check_keys("relations", self.relations, RELATIONS)
        check_keys("directions", self.directions, DIRECTIONS)
        for table, rows in (("colours", self.colours), ("shapes", self.shapes)):
            _check_single_words(table, rows)
        for noun, shapes in self.ambiguous_nouns.items():
            _check_known("ambiguous_nouns", noun, self.nouns, "a shape or one of its nouns")
            for shape in shapes or ("",):
                _check_known(f"ambiguous_nouns.{noun}", shape, self.shapes, "a shape")
        for noun, plural in self.irregular_plurals.items():
            _check_known("irregular_plurals", noun, self.nouns, "a shape or one of its nouns")
            check_phrases(f"irregular_plurals.{noun}", (plural,))
        for place in ("on", "in", *SIDES, *DIRECTIONS):
            if not self.place(place).training:
                raise ConfigError(f"{place}: training is empty; sentences need at least one word for it")
            if place not in ("on", "in") and not self.place(place).common:
                raise ConfigError(f"{place}: common is empty; paraphrases need at least one word for it")

    def colour(self, name: str) -> Synonyms:
        """Return the words for a colour; none if it is not in the lexicon."""
        return self.colours.get(name) or Synonyms()

    def shape(self, name: str) -> Synonyms:
        """Return the nouns for a shape; none if it is not in the lexicon."""
        return self.shapes.get(name) or Synonyms()

    def place(self, name: str) -> Synonyms:
        """Return the words for a relation or a direction."""
        return self.relations[name] if name in self.relations else self.directions[name]

    @property
    def nouns(self) -> dict[str, tuple[str, ...]]:
        """Every noun of the reader to the shapes it may mean, most likely first."""
        plain = {noun: (shape,) for shape, row in self.shapes.items() for noun in (shape, *row.understood)}
        return plain | dict(self.ambiguous_nouns)


@dataclass(frozen=True, kw_only=True)
class GenericNouns:
    """Nouns for any object."""

    singular: tuple[str, ...]
    plural: tuple[str, ...]

    def __post_init__(self) -> None:
        check_phrases("singular", self.singular)
        check_phrases("plural", self.plural)


@dataclass(frozen=True, kw_only=True)
class ReaderWords:
    """Further words of the instruction reader: `reader.yaml`; its comments explain each key."""

    verbs: Mapping[str, tuple[str, ...]] = field(metadata={"keys": VERB_FRAMES})
    irregular_pasts: Mapping[str, tuple[str, ...]]
    generic_nouns: GenericNouns
    determiners: tuple[str, ...]
    demonstratives: Mapping[str, str]
    pronouns: Mapping[str, tuple[str, ...]] = field(metadata={"keys": ("it", "them")})
    quantifiers: tuple[str, ...]
    counts: Mapping[str, tuple[str, ...]]
    places: tuple[str, ...]
    gripper: tuple[str, ...]
    adjectives: tuple[str, ...]
    matching: tuple[str, ...]
    choices: Mapping[str, tuple[str, ...]] = field(metadata={"keys": CHOICES})
    exclusions: tuple[str, ...]
    relatives: tuple[str, ...]
    upright: tuple[str, ...]
    particles: Mapping[str, tuple[str, ...]] = field(metadata={"keys": PARTICLES})
    destinations: tuple[str, ...]
    motions: tuple[str, ...]
    relations_without_object: tuple[str, ...]
    copulas: tuple[str, ...]
    conjunctions: tuple[str, ...]
    sequence: tuple[str, ...]
    fillers: tuple[str, ...]
    beginnings: tuple[str, ...]
    wishes: tuple[str, ...]
    modals: tuple[str, ...]
    requests: tuple[str, ...]
    refused: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, tuple):
                check_phrases(f.name, value)
            elif isinstance(value, Mapping):
                check_keys(f.name, value, f.metadata.get("keys", value))
                for key, words in value.items():
                    check_phrases(f"{f.name}.{key}", (words,) if isinstance(words, str) else words)
        for word, pronoun in self.demonstratives.items():
            _check_known("demonstratives", word, self.determiners, "a determiner")
            _check_known(f"demonstratives.{word}", pronoun, self.pronouns, "a key of pronouns")
        for number in self.counts:
            if not number.isdecimal():
                raise ConfigError(f"counts: the key {number!r} is not a whole number")


def check_phrases(key: str, phrases: Iterable[str]) -> None:
    """Raise `ConfigError` for a phrase that no normalised sentence contains."""
    for phrase in phrases:
        if not _PHRASE.fullmatch(phrase) or phrase != phrase.lower():
            raise ConfigError(
                f"{key}: {phrase!r} can never be matched; give words in lower case, one space apart, "
                "without hyphens, apostrophes or underscores"
            )
        if re.search(r"\bcolor", phrase):
            raise ConfigError(f"{key}: {phrase!r} can never be matched; write 'colour', which the reader makes of 'color'")


def check_keys(key: str, found: Iterable[str], expected: Iterable[str]) -> None:
    """Raise `ConfigError` unless the keys are exactly the `expected` ones."""
    found, expected = list(found), list(expected)
    for name in found:
        if name not in expected:
            quoted = '; in YAML "on" needs quotes' if name == "True" else ""
            raise ConfigError(f"{key}: unknown key {name!r}{quoted}. Accepted: {', '.join(expected)}")
    for name in expected:
        if name not in found:
            raise ConfigError(f"{key}: the key {name!r} is missing")


def _check_known(key: str, name: str, known: Iterable[str], what: str) -> None:
    if name not in known:
        raise ConfigError(f"{key}: {name!r} is not {what}. Known: {', '.join(known)}")


def _check_single_words(table: str, rows: Mapping[str, Synonyms]) -> None:
    for name, row in rows.items():
        for word in (name, *row.used, *row.read_only):
            check_phrases(f"{table}.{name}", (word,))
            if " " in word:
                raise ConfigError(f"{table}.{name}: {word!r} is more than one word; names are made of one word each")
