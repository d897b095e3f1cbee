"""Sentences as numbers."""

from __future__ import annotations

import pytest

from vla_isaac.core.errors import ConfigError
from vla_isaac.models.processor import VLAProcessor
from vla_isaac.models.text import PAD, UNKNOWN, Vocabulary, ngrams, split, vocabulary_of


@pytest.fixture
def vocabulary() -> Vocabulary:
    return vocabulary_of(["Pick up the red cube"], max_words=6)


def test_words_are_known_whatever_their_case_and_punctuation(vocabulary):
    plain, shouted = vocabulary.encode(["pick up the red cube"]), vocabulary.encode(["PICK up, the red-cube!"])
    assert (plain.words == shouted.words).all()
    assert plain.words[0].tolist()[:5] == [
        2 + sorted(["pick", "up", "the", "red", "cube"]).index(w) for w in split("pick up the red cube")
    ]


def test_a_word_nobody_knows_still_has_its_spelling(vocabulary):
    tokens = vocabulary.encode(["reddish"])
    assert tokens.words[0, 0] == UNKNOWN
    assert (tokens.pieces[0, 0] > 0).sum() > 5


def test_a_long_sentence_is_cut_and_a_short_one_padded(vocabulary):
    assert vocabulary.encode(["the " * 50]).words.shape == (1, 6)
    assert vocabulary.encode(["cube"]).words[0, 1:].tolist() == [PAD] * 5


def test_an_empty_sentence_is_all_padding(vocabulary):
    assert not vocabulary.encode(["", " 123 !?"]).words.any()


def test_the_pieces_of_a_word_know_its_ends():
    assert ngrams("red") == ["^re", "red", "ed$", "^red", "red$"]


def test_a_vocabulary_comes_back_from_its_file(vocabulary, tmp_path):
    VLAProcessor(("front",), (8, 8), vocabulary).save(tmp_path)
    assert Vocabulary.load(tmp_path) == vocabulary


def test_a_file_that_is_no_vocabulary_is_named(tmp_path):
    (tmp_path / "vocabulary.json").write_text('{"words": 3}')
    with pytest.raises(ConfigError, match=r"vocabulary.json: has no 'num_buckets'"):
        Vocabulary.load(tmp_path)
