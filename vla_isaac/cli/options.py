"""Kinds of options, so that help shows a word for each instead of a Python type."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

from tyro.conf import Positional, arg

# Optional, not "| None": these are evaluated on Python 3.10 too, where tyro reads them at run time
OptionalName = Annotated[Optional[str], arg(metavar="NAME", help_behavior_hint="")]  # noqa: UP045
OptionalWords = Annotated[Optional[str], arg(metavar="WORDS", help_behavior_hint="")]  # noqa: UP045
OptionalInt = Annotated[Optional[int], arg(metavar="INT", help_behavior_hint="")]  # noqa: UP045
OptionalPath = Annotated[Optional[Path], arg(metavar="PATH", help_behavior_hint="")]  # noqa: UP045
Sentence = Positional[Annotated[Optional[str], arg(metavar="[INSTRUCTION]", help_behavior_hint="")]]  # noqa: UP045
