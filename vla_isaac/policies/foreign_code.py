"""`foreign_code`: run a user's own policy code; whatever it raises is one error with the file and the line."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from pathlib import Path

from vla_isaac.core.errors import PolicyError, VlaIsaacError, first_line


@contextlib.contextmanager
def foreign_code(subject: str, file: str = "") -> Iterator[None]:
    """Turn everything that the block raises, but not an interrupt (Ctrl-C), into a `PolicyError`.

    Args:
        subject: What was tried, such as ``"the policy mine.py:Mine cannot be made"``.
        file: The file of the code; the innermost of its lines that were running is named.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as raised:  # SystemExit too: sys.exit() in a policy must not end the program without a word
        raise foreign_error(subject, raised, file) from raised


def foreign_error(subject: str, raised: BaseException, file: str = "") -> PolicyError:
    """Return the error for what a user's own code raised; arguments as in `foreign_code`."""
    why = raised if isinstance(raised, VlaIsaacError) else f"{type(raised).__name__}: {first_line(raised)}"
    return PolicyError(f"{subject}: {_where(raised, file)}{why}", remedy="fix the policy's code")


def _where(raised: BaseException, file: str) -> str:
    """Return the file and the line at which the error was raised, as the beginning of a sentence."""
    if isinstance(raised, SyntaxError):
        return f"{raised.filename}, line {raised.lineno}: "
    names = (file, str(Path(file).absolute()))  # Python makes the names of modules absolute
    lines = [frame.lineno for frame in traceback.extract_tb(raised.__traceback__) if frame.filename in names]
    return f"{file}, line {lines[-1]}: " if lines else ""
