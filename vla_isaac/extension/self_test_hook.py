"""`find_self_test`: the self-test of the installation, which the panel only starts, shows and cancels."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

from vla_isaac.extension.factory import KitBackend
from vla_isaac.sim.backend import Steps

MODULE = "vla_isaac.self_test"


class SelfTest(Protocol):
    """Checks a backend that has no episode, closes it, and writes a report."""

    def __call__(self, backend: KitBackend, progress: Callable[[int, int, str], None], folder: Path) -> Steps[Path]:
        """Yield once per app update and return the path of the report.

        Args:
            backend: A backend inside Kit; closed at the end.
            progress: Called before each check with the checks done, their total, and the claim of the next.
            folder: Folder of the report.
        """
        ...


def find_self_test() -> tuple[SelfTest | None, str]:
    """Return the self-test, or None and why there is none."""
    try:
        found = importlib.import_module(MODULE).self_test
    except ModuleNotFoundError as error:
        missing = "this installation has no self-test" if error.name == MODULE else f"the package {error.name!r} is missing"
        return None, missing
    except Exception as error:
        return None, f"the self-test cannot be loaded: {type(error).__name__}: {error}"
    return cast(SelfTest, found), ""
