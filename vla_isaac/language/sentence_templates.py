"""Templates and word lists of training sentences: `sentences.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from vla_isaac.core.errors import ConfigError
from vla_isaac.language.word_tables import check_keys

SLOT = re.compile(r"\{(\w+)\}")
"""Pattern of a slot in a template, which a word fills."""

CLAUSES = ("place", "push", "lift", "reach")


def _templates(objects: str) -> Any:
    """Return a field of templates that may have these slots in addition to those of `SentenceTemplates.slots`."""
    return field(metadata={"objects": frozenset(objects.split())})


@dataclass(frozen=True, kw_only=True)
class SentenceTemplates:
    """Templates and lists of `sentences.yaml`; its comments explain each key."""

    slots: Mapping[str, tuple[str, ...]] = _templates("noun nouns bin")
    placing: tuple[str, ...] = _templates("a b p")
    carrying: tuple[str, ...] = _templates("a b")
    containing: tuple[str, ...] = _templates("a b")
    supporting: tuple[str, ...] = _templates("a b p")
    pushing: tuple[str, ...] = _templates("a where")
    lifting: tuple[str, ...] = _templates("a")
    reaching: tuple[str, ...] = _templates("a")
    clearing: tuple[str, ...] = _templates("b noun nouns p")
    sorting: tuple[str, ...] = _templates("a b x y bin p")
    tower: tuple[str, ...] = _templates("a b c p")
    two_placements: tuple[str, ...] = _templates("a b x y p")
    unsupported: tuple[str, ...] = _templates("a b c x y p")
    unsupported_places: tuple[str, ...] = _templates("c")
    incomplete: tuple[str, ...] = _templates("a b c x y p")
    unrelated: tuple[str, ...] = _templates("p")
    clauses: Mapping[str, tuple[str, ...]] = _templates("a b p where")
    connectives: tuple[str, ...] = _templates("first second")
    moves_without_landmark: tuple[str, ...] = _templates("a where")
    in_order: tuple[str, ...] = _templates("first second")
    together: tuple[str, ...] = _templates("first second")
    by_place: Mapping[str, tuple[str, ...]] = _templates("noun")
    by_exclusion: Mapping[str, tuple[str, ...]] = _templates("noun a b")
    by_match: tuple[str, ...] = _templates("noun")
    by_likeness: tuple[str, ...] = _templates("noun single")
    slips: tuple[str, ...] = _templates("noun wrong right")
    noun_slips: tuple[str, ...] = _templates("noun wrong colour")
    mentions: tuple[str, ...] = _templates("a b rest")
    mentioned: Mapping[str, tuple[str, ...]]
    instead: tuple[str, ...] = _templates("first second")
    withdrawn: tuple[str, ...] = _templates("first")
    remarks: tuple[str, ...] = _templates("first item")
    unknown_colours: tuple[str, ...]
    unknown_nouns: tuple[str, ...]
    small_talk: tuple[str, ...]
    nonsense: tuple[str, ...]
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    verb_synonyms: Mapping[str, tuple[str, ...]]
    droppable: tuple[str, ...]

    def __post_init__(self) -> None:
        check_keys("clauses", self.clauses, CLAUSES)
        needed = {slot: {name for word in words for name in SLOT.findall(word)} for slot, words in self.slots.items()}
        for f in fields(self):
            value = getattr(self, f.name)
            lists = {f"{f.name}.{key}": v for key, v in value.items()} if isinstance(value, Mapping) else {f.name: value}
            filled = {*needed, *f.metadata.get("objects", ())}
            for key, texts in lists.items():
                if not texts:
                    raise ConfigError(f"{key}: the list is empty; give at least one")
                for text in texts:
                    slots = set(SLOT.findall(text))
                    _check_slots(key, text, slots.union(*(needed.get(slot, ()) for slot in slots)), filled)

    @property
    def orders(self) -> Iterator[str]:
        """All texts of which instructions are made."""
        for name in (
            "placing", "carrying", "containing", "supporting", "pushing", "lifting", "reaching", "clearing", "sorting",
            "tower", "two_placements", "connectives", "unsupported", "incomplete",
        ):  # fmt: skip
            yield from getattr(self, name)
        for lists in (self.clauses, self.slots):
            for texts in lists.values():
                yield from texts


def _check_slots(key: str, text: str, slots: set[str], filled: set[str]) -> None:
    """Raise `ConfigError` for an unknown slot."""
    for slot in sorted(slots - filled):
        raise ConfigError(
            f"{key}: nothing fills the slot {{{slot}}} of {text!r}, or of a word in it. "
            f"Accepted: {', '.join(sorted(filled))}"
        )
