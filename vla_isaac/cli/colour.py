"""`painted`: text in a colour where the stream is a terminal that shows colours."""

from __future__ import annotations

import os
import sys
from typing import Literal, TextIO

from vla_isaac.core.optional import is_installed

Colour = Literal["green", "yellow", "red"]
"""Succeeded or works; declined or absent; failed."""


def painted(text: str, colour: Colour | None, stream: TextIO | None = None) -> str:
    """Return the text with the escape sequences of a colour; without them in pipes and files.

    As elsewhere, ``NO_COLOR`` and ``TERM=dumb`` turn colours off and ``FORCE_COLOR`` turns them on in pipes, too.

    Args:
        text: The text, on one line.
        colour: None for the terminal's own.
        stream: Where it is printed; None takes standard output.
    """
    stream = stream or sys.stdout
    wants_colour = not os.environ.get("NO_COLOR") and (stream.isatty() or os.environ.get("FORCE_COLOR"))
    if colour is None or not wants_colour or not is_installed("rich"):
        return text
    from rich.console import Console
    from rich.style import Style

    system = Console(file=stream).color_system  # None on a dumb terminal
    return text if system is None else Style.parse(colour).render(text)
