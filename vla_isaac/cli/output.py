"""Output of a command: text, or exactly one JSON object as the last line."""

from __future__ import annotations

import json
import sys
from typing import Any

from vla_isaac.cli.process import silence
from vla_isaac.core.atomic_files import writing

OK, NOT_REACHED, WRONG_USAGE, FAULT, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes: done; ran to the end without success; wrong usage or input; a fault while running; Ctrl-C."""


def say(text: str) -> None:
    """Print a line of text on standard output and flush it, so that it stays in order with standard error.

    Raises:
        WriteError: If it cannot be written, except because its reader has gone away, such as ``head``: then this line and
            all others are dropped, and the command runs to its end.
    """
    with writing("standard output", remedy="free disk space, or redirect it to another disk"):
        try:
            print(text, flush=True)
        except BrokenPipeError:
            silence(sys.stdout)


def note(text: str) -> None:
    """Print a line on standard error: progress, warnings, errors."""
    print(text, file=sys.stderr)


def emit(value: dict[str, Any]) -> None:
    """Print one JSON object on one line of standard output; errors as for `say`."""
    say(json.dumps(value))
