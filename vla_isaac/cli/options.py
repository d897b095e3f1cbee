"""Types of options with a placeholder, so that the help shows a word for each instead of a Python type."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

from tyro.conf import Positional, arg

from vla_isaac.core.errors import UsageError

# Optional, not "| None": these are evaluated on Python 3.10 too, where tyro reads them at run time
OptionalName = Annotated[Optional[str], arg(metavar="NAME", help_behavior_hint="")]  # noqa: UP045
OptionalWords = Annotated[Optional[str], arg(metavar="WORDS", help_behavior_hint="")]  # noqa: UP045
OptionalInt = Annotated[Optional[int], arg(metavar="INT", help_behavior_hint="")]  # noqa: UP045
OptionalFloat = Annotated[Optional[float], arg(metavar="FLOAT", help_behavior_hint="")]  # noqa: UP045
OptionalPreset = Annotated[Optional[str], arg(metavar="PRESET", help_behavior_hint="")]  # noqa: UP045
OptionalPath = Annotated[Optional[Path], arg(metavar="PATH", help_behavior_hint="")]  # noqa: UP045
Seconds = Annotated[float, arg(metavar="SECONDS")]
Sentence = Positional[Annotated[Optional[str], arg(metavar="[INSTRUCTION]", help_behavior_hint="")]]  # noqa: UP045


def check_counts_and_seed(command: Any, *counts: str) -> None:
    """Raise `UsageError` unless these options, where given, are at least 1, and the seed, if there is one, at least 0."""
    for name in counts:
        value = getattr(command, name)
        if value is not None and value < 1:
            raise UsageError(f"--{name.replace('_', '-')} {value}: give a whole number from 1")
    seed = getattr(command, "seed", 0)
    if seed < 0:
        raise UsageError(f"--seed {seed}: seeds are whole numbers from 0")
