"""The lexicon of `config/language/`: words of the instruction reader, and words and templates of training sentences."""

from vla_isaac.language.entries import Entry, Kind
from vla_isaac.language.lexicon import Lexicon, lexicon, load_lexicon
from vla_isaac.language.sentence_templates import SLOT, SentenceTemplates
from vla_isaac.language.word_tables import VERB_FRAMES, ReaderWords, Synonyms, WordTables

__all__ = [
    "SLOT",
    "VERB_FRAMES",
    "Entry",
    "Kind",
    "Lexicon",
    "ReaderWords",
    "SentenceTemplates",
    "Synonyms",
    "WordTables",
    "lexicon",
    "load_lexicon",
]
