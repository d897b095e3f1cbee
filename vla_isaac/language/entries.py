"""Entries of the reader's vocabulary: every word and phrase with its part of speech and canonical form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from vla_isaac.core.errors import ConfigError
from vla_isaac.language.word_tables import ReaderWords, WordTables


class Kind(Enum):
    """Part of speech of a word."""

    VERB = auto()
    RELATION = auto()
    DIRECTION = auto()
    UPRIGHT = auto()
    PARTICLE = auto()
    COPULA = auto()
    AND = auto()
    THEN = auto()
    FILLER = auto()
    BEGINNING = auto()
    WISH = auto()
    MODAL = auto()
    REQUEST = auto()
    REFUSED = auto()
    DETERMINER = auto()
    QUANTIFIER = auto()
    COUNT = auto()
    COLOUR = auto()
    SHAPE = auto()
    GENERIC = auto()
    PRONOUN = auto()
    MATCHING = auto()
    CHOICE = auto()
    EXCLUSION = auto()
    EXCLUDED = auto()
    RELATIVE = auto()
    BETWEEN = auto()
    PLACE = auto()
    GRIPPER = auto()
    ADJECTIVE = auto()
    NAME = auto()
    PART = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Entry:
    """Entry of one word or phrase in the lexicon."""

    kind: Kind
    """Its part of speech."""

    value: str = ""
    """Its canonical form: the verb's frame, the relation, the colour, the number."""

    plural: bool = False
    """For nouns: whether it is a plural."""


def entries_of(words: WordTables, reader: ReaderWords) -> dict[str, Entry]:
    """Return all words and phrases of the reader, with their inflected forms.

    Raises:
        ConfigError: If a word is in two lists.
    """
    entries: dict[str, Entry] = {}
    places: dict[str, str] = {}
    for place, word, entry in _listed(words, reader):
        if word in entries:
            raise ConfigError(f"{word!r} is in {places[word]} and in {place}; a word has one meaning, take it out of one")
        entries[word], places[word] = entry, place
    for noun in words.nouns:
        plural = words.irregular_plurals.get(noun, noun + ("es" if noun.endswith(("x", "sh")) else "s"))
        entries.setdefault(plural, Entry(Kind.SHAPE, noun, plural=True))
    for frame, verbs in reader.verbs.items():
        for form in (form for verb in verbs for form in _verb_forms(verb, reader)):
            entries.setdefault(form, Entry(Kind.VERB, frame))
    return entries


def _listed(words: WordTables, reader: ReaderWords) -> Iterator[tuple[str, str, Entry]]:
    """Yield key in the file, word and entry of every word of the files, without inflected forms."""
    plain: dict[str, tuple[Kind, Iterable[str]]] = {
        "upright": (Kind.UPRIGHT, reader.upright),
        "copulas": (Kind.COPULA, reader.copulas),
        "conjunctions": (Kind.AND, reader.conjunctions),
        "sequence": (Kind.THEN, reader.sequence),
        "fillers": (Kind.FILLER, reader.fillers),
        "beginnings": (Kind.BEGINNING, reader.beginnings),
        "wishes": (Kind.WISH, reader.wishes),
        "modals": (Kind.MODAL, reader.modals),
        "requests": (Kind.REQUEST, reader.requests),
        "determiners": (Kind.DETERMINER, reader.determiners),
        "quantifiers": (Kind.QUANTIFIER, reader.quantifiers),
        "matching": (Kind.MATCHING, reader.matching),
        "exclusions": (Kind.EXCLUSION, reader.exclusions),
        "relatives": (Kind.RELATIVE, reader.relatives),
        "places": (Kind.PLACE, reader.places),
        "gripper": (Kind.GRIPPER, reader.gripper),
        "adjectives": (Kind.ADJECTIVE, reader.adjectives),
        "generic_nouns.singular": (Kind.GENERIC, reader.generic_nouns.singular),
    }
    for key, (kind, listed) in plain.items():
        yield from ((f"reader.yaml {key}", word, Entry(kind, word)) for word in listed)
    for word in reader.generic_nouns.plural:
        yield "reader.yaml generic_nouns.plural", word, Entry(Kind.GENERIC, word, plural=True)
    grouped = {
        "verbs": (Kind.VERB, reader.verbs),
        "particles": (Kind.PARTICLE, reader.particles),
        "pronouns": (Kind.PRONOUN, reader.pronouns),
        "counts": (Kind.COUNT, reader.counts),
        "choices": (Kind.CHOICE, reader.choices),
        "refused": (Kind.REFUSED, reader.refused),
    }
    for key, (kind, groups) in grouped.items():
        for value, listed in groups.items():
            yield from ((f"reader.yaml {key}.{value}", word, Entry(kind, value)) for word in listed)
    shared = {
        "colours": (Kind.COLOUR, {name: (name, *row.understood) for name, row in words.colours.items()}),
        "relations": (Kind.RELATION, {name: row.understood for name, row in words.relations.items()}),
        "directions": (Kind.DIRECTION, {name: row.understood for name, row in words.directions.items()}),
    }
    for key, (kind, groups) in shared.items():
        for value, listed in groups.items():
            yield from ((f"words.yaml {key}.{value}", word, Entry(kind, value)) for word in listed)
    for shape, row in words.shapes.items():
        for noun in (shape, *row.understood):
            yield f"words.yaml shapes.{shape}", noun, Entry(Kind.SHAPE, noun)


def _verb_forms(verb: str, reader: ReaderWords) -> list[str]:
    """Return a verb, its third person, gerund and past forms; of a phrasal verb the first word is inflected."""
    word, *rest = verb.split()
    stem = word[:-1] if word.endswith("e") else word
    if re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", word):
        stem = word + word[-1]
    third = (
        word[:-1] + "ies" if re.search(r"[^aeiou]y$", word) else word + ("es" if word.endswith(("sh", "ch", "o")) else "s")
    )
    pasts = reader.irregular_pasts.get(word, (stem + "ed",))
    return [" ".join((form, *rest)) for form in (word, third, stem + "ing", *pasts)]
