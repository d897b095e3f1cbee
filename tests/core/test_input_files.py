"""Whatever a library raises on a broken file is one error with file and remedy; only regular files are opened."""

from __future__ import annotations

import errno
import os
import zipfile

import pytest

from vla_isaac.core.errors import ConfigError, DatasetError, UsageError
from vla_isaac.core.input_files import read_bytes, read_json, read_json_lines, read_text, reading, regular_file

REMEDY = "copy it again"


@pytest.mark.parametrize(
    "raised",
    [RuntimeError("x"), zipfile.BadZipFile("x"), RecursionError(), OverflowError("x"), MemoryError(), KeyError("x")],
)
def test_every_exception_is_an_error_with_file_and_remedy(raised):
    with (
        pytest.raises(DatasetError, match=r"a\.npz .*; copy it again") as caught,
        reading("a.npz", error=DatasetError, remedy=REMEDY),
    ):
        raise raised
    assert caught.value.__cause__ is raised


def test_our_own_error_and_an_interrupt_pass():
    with pytest.raises(UsageError, match=r"^as it is$"), reading("a", error=DatasetError, remedy=REMEDY):
        raise UsageError("as it is")
    with pytest.raises(KeyboardInterrupt), reading("a", error=DatasetError, remedy=REMEDY):
        raise KeyboardInterrupt


def test_the_remedy_for_too_many_open_files_is_not_to_copy_the_file():
    with pytest.raises(ConfigError, match="ulimit -n"), reading("a", error=ConfigError, remedy=REMEDY):
        raise OSError(errno.EMFILE, "Too many open files")


def test_a_pipe_and_a_device_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(DatasetError, match="no regular file"):
            read_bytes(path, error=DatasetError, remedy=REMEDY)
    with pytest.raises(DatasetError, match="is missing; copy it again"):
        regular_file(tmp_path / "none", error=DatasetError, remedy=REMEDY)


def test_a_file_over_the_limit_is_not_read(tmp_path):
    (tmp_path / "a").write_bytes(bytes(3 << 20))
    with pytest.raises(ConfigError, match="3 MiB, at most 2"):
        read_text(tmp_path / "a", error=ConfigError, remedy=REMEDY, limit=2 << 20)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"a": ', "is not valid JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"1" * 5000, "digits"),
    ],
)
def test_broken_json_names_the_file_and_why(tmp_path, content, why):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DatasetError, match=rf"a\.json .*{why}.*; copy it again"):
        read_json(tmp_path / "a.json", error=DatasetError, remedy=REMEDY)


def test_lines_are_read_with_a_byte_order_mark_windows_line_ends_and_a_cut_end(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": "\xe2\x80\xa8"}\r\n\r\n{"a": 2}\n{"a": "\xe2\x80')  # cut in a character
    assert read_json_lines(path, error=DatasetError, remedy=REMEDY, may_be_cut=True) == [{"a": "\u2028"}, {"a": 2}]
    with pytest.raises(DatasetError, match="line 4, is not UTF-8 text"):
        read_json_lines(path, error=DatasetError, remedy=REMEDY)
    path.write_text('{}\n{"a')
    with pytest.raises(DatasetError, match="line 2, is not valid JSON"):
        read_json_lines(path, error=DatasetError, remedy=REMEDY)
    path.write_text("[1]\n")
    with pytest.raises(DatasetError, match="line 1, holds list where a JSON object should be"):
        read_json_lines(path, error=DatasetError, remedy=REMEDY)
