"""All texts that training instructions are made of; their words are the vocabulary of a model."""

from __future__ import annotations

from functools import cache

from vla_isaac.core.goals import DIRECTIONS, SIDES
from vla_isaac.language import SLOT, lexicon
from vla_isaac.models.text import split
from vla_isaac.tasks.families import family_names
from vla_isaac.tasks.paraphrases import paraphrases
from vla_isaac.training.demonstration_sentences import colour_words, noun_words


def vocabulary_texts() -> list[str]:
    """Return the texts, without unknown objects and small talk."""
    tables, words = lexicon().sentences, lexicon().words
    templates = [*(t for family in family_names() for t in paraphrases(family).training), *tables.orders]
    places = [w for place in ("on", "in", *SIDES, *DIRECTIONS) for w in words.place(place).used]
    verbs = [w for verb, others in tables.verb_synonyms.items() for w in (verb, *others)]
    nouns = [form for noun in noun_words() for form in (noun, f"{noun}s")]
    return [
        *(SLOT.sub(" ", t) for t in templates),
        *places,
        *colour_words(),
        *nouns,
        *verbs,
        *tables.prefixes,
        *tables.suffixes,
    ]


@cache
def vocabulary_words() -> tuple[str, ...]:
    """Return the words of the texts in alphabetical order."""
    return tuple(sorted({word for text in vocabulary_texts() for word in split(text)}))
