"""`Finding`: one thing that is wrong and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is wrong, and where to look."""

    file: str
    """Relative to the dataset where it is a folder."""

    what: str
    """In words, with the value found and what was expected."""

    episode: int | None = None
    """Counted from 0; None where it concerns all."""

    row: int | None = None
    """The first row that shows it; None where it concerns the whole episode."""

    def __str__(self) -> str:
        episode = "" if self.episode is None else f", episode {self.episode}"
        row = "" if self.row is None else f", row {self.row}"
        return f"{self.file}{episode}{row}: {self.what}"
