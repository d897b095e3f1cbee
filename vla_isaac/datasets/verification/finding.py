"""`Finding`: one fault of a dataset and its place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A fault of a dataset and its place."""

    file: str
    """Path relative to the dataset where it is a folder."""

    what: str
    """Description, with the value found and the expected one."""

    episode: int | None = None
    """Its number in the files, mostly counted from 0; None where it concerns all."""

    row: int | None = None
    """The first row with the fault; None where it concerns the whole episode."""

    def __str__(self) -> str:
        episode = "" if self.episode is None else f", episode {self.episode}"
        row = "" if self.row is None else f", row {self.row}"
        return f"{self.file}{episode}{row}: {self.what}"
