"""`Journal`: a JSON Lines file to which each result is appended at once, so that a killed run can resume.

The first line is the header, which describes the plan. A truncated last line is dropped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vla_isaac.core.atomic_files import write_bytes, writing
from vla_isaac.core.errors import UsageError
from vla_isaac.core.input_files import read_json_lines

RESUME = "free disk space, then run the same command with --resume; what was finished is in the file"


class Journal:
    """The journal of one plan: first read, then written from `begin` to `close`."""

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        """Read an existing file; nothing is written before `begin`.

        Args:
            path: The file; it need not exist.
            header: Content of the first line.

        Raises:
            UsageError: If the lines are not JSON objects.
        """
        self.path, self._header = path, header
        lines = read_journal(path) if path.exists() else []
        self.old_header = lines[0] if lines else None
        """The first line of an earlier run; None if there was none."""
        self.results = lines[1:]
        """Results of an earlier run."""

    def begin(self, results: Iterable[Mapping[str, Any]]) -> None:
        """Replace the file atomically by the header and these results, and keep it open for `add`.

        Raises:
            WriteError: If it cannot be written.
        """
        with writing(self.path, remedy=RESUME):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(self.path, b"".join(map(_line, [self._header, *results])))
            self._file = self.path.open("ab", buffering=0)  # each line is one atomic write

    def add(self, result: Mapping[str, Any]) -> None:
        """Write one result, completely or not at all.

        Raises:
            WriteError: If it cannot be written; the earlier ones are intact.
        """
        line, end = _line(result), self._file.tell()
        with writing(self.path, remedy=RESUME):
            try:
                written = 0
                while written < len(line):  # a disk that runs full takes a part of it first
                    written += self._file.write(line[written:])
            except OSError:
                self._file.truncate(end)
                raise

    def close(self) -> None:
        """Close the file, if it was begun."""
        if hasattr(self, "_file"):
            self._file.close()


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Return the header and the results of a journal, without a truncated last line.

    Raises:
        UsageError: If the lines are not JSON objects, or the file cannot be read.
    """
    return read_json_lines(path, error=UsageError, remedy="choose another name", may_be_cut=True)


def check_same_plan(before: Mapping[str, Any], now: Mapping[str, Any], *, subject: str, free: tuple[str, ...]) -> None:
    """Compare the options of an earlier run with those of this one.

    Args:
        before: Options of the earlier run, name to value.
        now: Options of this run, as plain values.
        subject: What is resumed and how it was made, for the error, such as ``"results.jsonl was made"``.
        free: Options that may differ.

    Raises:
        UsageError: If any other option differs.
    """
    for name in sorted({*before, *now} - {*free}):
        if before.get(name) != now.get(name):
            raise UsageError(
                f"{subject} with {{{name}}}, now it is {now.get(name)!r}",
                remedy="give the same options (only the number of episodes and of workers may change), or choose "
                "another name",
                options={name: before.get(name)},
            )


def _line(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value) + "\n").encode()
