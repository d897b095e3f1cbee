"""`Messages`: the message that the panel shows, and the same text in Isaac Sim's log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from vla_isaac.core.errors import VlaIsaacError
from vla_isaac.extension.kit import require
from vla_isaac.runtime.live import LiveStatus, Problem

carb = require("carb")  # source: docs.omniverse.nvidia.com Carbonite SDK, Python: carb.log_*; stubs in the 6.2 kernel


class Messages:
    """Keeps the last message; an exception becomes one and is never raised into Kit."""

    def __init__(self) -> None:
        """Begin without a message."""
        self.problem: Problem | None = None
        self._logged: Problem | None = None
        self._is_closed = False

    def close(self) -> None:
        """Say nothing more about the session: what ends now ends because the extension is disabled."""
        self._is_closed = True

    def clear(self) -> None:
        """Forget the message."""
        self.problem = None

    def warn(self, message: str, remedy: str = "") -> None:
        """Show and log a message."""
        self.problem = Problem(message=message, remedy=remedy, kind="")
        carb.log_warn(f"[vla_isaac] {self.problem.what}")

    def report(self, doing: str, error: Exception, remedy: str) -> None:
        """Show and log an error; `remedy` is for one that has none of its own."""
        if isinstance(error, ModuleNotFoundError) and not isinstance(error, VlaIsaacError):
            self.problem = Problem(
                message=f"{doing}: the package {error.name!r} is not installed",
                remedy="use the folder made by tools/package_extension.py, which contains it",
                kind=type(error).__name__,
            )
        else:
            self.problem = Problem.of(error, doing=doing, remedy=remedy)
        carb.log_error(f"[vla_isaac] {self.problem.what}")

    def safely(self, doing: str, do: Callable[[], Any]) -> None:
        """Call `do`; an exception becomes a message."""
        try:
            do()
        except Exception as error:
            with suppress(Exception):
                self.report(f"{doing} failed", error, "see Isaac's log")

    def on_change(self, status: LiveStatus) -> None:
        """Log each new problem of the session once; it replaces an earlier message of the panel."""
        if status.problem is not None and status.problem != self._logged and not self._is_closed:
            self.problem = None
            carb.log_error(f"[vla_isaac] {status.problem.what}")
        self._logged = status.problem
