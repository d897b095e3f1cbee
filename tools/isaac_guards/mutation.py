"""A pytest plugin that imports one module with a guard switched off: ``-p tools.isaac_guards.mutation``.

Which guard is said by the environment variable VLA_ISAAC_GUARD_OFF. The file on disk is never touched.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType

from tools.isaac_guards.guards import GUARDS, Guard, changed_source

VARIABLE = "VLA_ISAAC_GUARD_OFF"


class ChangedLoader(importlib.machinery.SourceFileLoader):
    """Loads a file as if the guard were not in it; neither reads nor writes compiled files."""

    guard: Guard

    def get_code(self, fullname: str) -> CodeType | None:
        """Compile the changed source."""
        path = self.get_filename(fullname)
        return compile(changed_source(self.guard, path), path, "exec", dont_inherit=True)


class ChangedFinder(importlib.abc.MetaPathFinder):
    """Gives the changed module in place of the real one."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answer for modules that the guard stands in; for others, others do."""
        if fullname not in self.guard.modules:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        assert spec is not None
        assert spec.origin is not None
        loader = ChangedLoader(fullname, spec.origin)
        loader.guard = self.guard
        spec.loader = loader
        return spec


if os.environ.get(VARIABLE):
    sys.meta_path.insert(0, ChangedFinder(GUARDS[os.environ[VARIABLE]]))
