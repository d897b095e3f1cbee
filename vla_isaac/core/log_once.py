"""`warn_once`: a warning that a process logs once, however often a file is opened."""

from __future__ import annotations

import logging

_said: set[str] = set()


def warn_once(logger: logging.Logger, message: str) -> None:
    """Log a warning unless this process has logged the same text already."""
    if message not in _said:
        _said.add(message)
        logger.warning("%s", message)
