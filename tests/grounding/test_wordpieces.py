"""Pieces of words are those of the tokenizers library with the same vocabulary."""

import pytest

from vla_isaac.core.errors import ConfigError
from vla_isaac.models.grounding.wordpieces import FIRST, LAST, MOST_PIECES, SPECIAL, WordPieces, words_of

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WHOLE = ("red", "cube", "##s", "put", ",", ".", "'", "-", "→", "!", "block", "##ing", "pick", "on")
PIECES = (*SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS), *WHOLE)

SENTENCES = [
    "Put the RED cube on the block.",
    "cubes, reds; picking!  blue → block",
    "naïve Café's red-cube",
    "red_cube.lift() ->  don't",
    "",
    "\t\n",
    "日本 red 🙂 cube",
    "x" * 120 + " red",
    "tab\tnew\nline\u00a0space\u200bzero",
    "½ “quoted” — dash",
]


@pytest.fixture(scope="module")
def reference():
    tokenizers = pytest.importorskip("tokenizers", reason="only compared with the library")
    model = tokenizers.models.WordPiece(
        {piece: row for row, piece in enumerate(dict.fromkeys(PIECES))}, unk_token="[UNK]", max_input_chars_per_word=100
    )
    found = tokenizers.Tokenizer(model)
    found.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True, handle_chinese_chars=False)
    found.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    return found


@pytest.fixture
def vocabulary():
    return WordPieces(tuple(dict.fromkeys(PIECES)))


@pytest.mark.parametrize("sentence", SENTENCES)
def test_pieces_are_those_of_the_library(reference, vocabulary, sentence):
    assert [piece.row for piece in vocabulary.split(sentence)] == reference.encode(sentence).ids


def test_rows_begin_and_end_with_their_marks_and_are_padded(vocabulary):
    rows = vocabulary.encode(["red cube", "red"])
    first, last = (vocabulary.pieces.index(mark) for mark in (FIRST, LAST))
    red, cube = (vocabulary.pieces.index(word) for word in ("red", "cube"))
    assert rows.tolist() == [[first, red, cube, last], [first, red, last, 0]]


def test_a_long_text_is_cut(vocabulary):
    assert vocabulary.encode(["red " * 1000]).shape == (1, MOST_PIECES)


def test_each_piece_knows_its_word(vocabulary):
    assert words_of("Red cubes!") == ["red", "cubes", "!"]
    assert [piece.word for piece in vocabulary.split("Red cubes!")] == [0, 1, 1, 2]


@pytest.mark.parametrize("pieces", [("a", "b"), (*SPECIAL, "a", "a")])
def test_a_broken_vocabulary_is_an_error(pieces):
    with pytest.raises(ConfigError, match="copy the whole checkpoint folder"):
        WordPieces(pieces)
