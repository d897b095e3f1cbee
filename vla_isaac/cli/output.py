"""Output of a command: text, or exactly one JSON object as the last line."""

from __future__ import annotations

import json
import sys
from typing import Any

OK, NOT_REACHED, WRONG_USAGE, FAULT, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes: done; ran to the end without success; wrong usage or input; a fault while running; Ctrl-C."""


def say(text: str) -> None:
    """Print a line of text on standard output and flush it, so that it stays in order with standard error."""
    print(text, flush=True)


def note(text: str) -> None:
    """Print a line on standard error: progress, warnings, errors."""
    print(text, file=sys.stderr)


def emit(value: dict[str, Any]) -> None:
    """Print one JSON object on one line of standard output."""
    print(json.dumps(value), flush=True)
