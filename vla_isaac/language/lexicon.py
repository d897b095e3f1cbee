"""`Lexicon`: all word lists, read from `config/language/` at first use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from vla_isaac.core.config import load_yaml
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.resources import resource
from vla_isaac.language.entries import Entry, Kind, entries_of
from vla_isaac.language.sentence_templates import SentenceTemplates
from vla_isaac.language.word_tables import ReaderWords, WordTables


@dataclass(frozen=True)
class Lexicon:
    """Word lists of one folder, loaded by `load_lexicon`."""

    folder: Path
    """Folder of its files."""

    words: WordTables
    """Colours, shapes, relations and directions, shared by the reader and the sentence maker."""

    reader: ReaderWords
    """Further words of the reader."""

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """All words and phrases of the reader, in lower case and British spelling, with their entries."""
        try:
            return entries_of(self.words, self.reader)
        except ConfigError as error:
            raise ConfigError(f"{self.folder}: {error}") from error

    @cached_property
    def longest_phrase(self) -> int:
        """Number of words in the longest phrase of `entries`."""
        return max(len(phrase.split()) for phrase in self.entries)

    @cached_property
    def nouns(self) -> Mapping[str, tuple[str, ...]]:
        """Noun to the shapes it may mean, most likely first."""
        return self.words.nouns

    @cached_property
    def sentences(self) -> SentenceTemplates:
        """Templates and words of training sentences; read at first use."""
        return load_yaml(SentenceTemplates, self.folder / "sentences.yaml", loader=_loader())

    def colour_of(self, word: str) -> str:
        """Return the colour of a synonym, or the word itself."""
        entry = self.entries.get(word)
        return entry.value if entry is not None and entry.kind is Kind.COLOUR else word


def load_lexicon(folder: Path) -> Lexicon:
    """Load the lexicon of a folder.

    Raises:
        ConfigError: If a file is missing or broken, or a word is in two lists; names file and key.
    """
    words = load_yaml(WordTables, folder / "words.yaml", loader=_loader())
    found = Lexicon(folder, words, load_yaml(ReaderWords, folder / "reader.yaml", loader=_loader()))
    found.entries  # noqa: B018  raises for words in two lists
    return found


@cache
def lexicon() -> Lexicon:
    """Return the lexicon of `config/language/`, read once.

    Raises:
        ConfigError: As `load_lexicon`.
    """
    return load_lexicon(resource("config", "language"))


@cache
def _loader() -> Any:
    """Return PyYAML's safe loader, in C if available, that rejects duplicate keys."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class UniqueKeyLoader(base):  # type: ignore[misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen = set()
            for key, _ in node.value:
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is there twice; join them", key.start_mark
                    )
                seen.add(key.value)
            return super().construct_mapping(node, deep=deep)

    return UniqueKeyLoader
