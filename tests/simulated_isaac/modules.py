"""The recorded modules and Kit's own ones put into Python's import system, and taken out again without trace."""

from __future__ import annotations

import builtins
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from types import ModuleType
from typing import Any

from tests.simulated_isaac.recording import Recording

OURS = ("isaacsim", "omni", "carb")
LAUNCHED = "ISAAC_LAUNCHED_FROM_TERMINAL"


class Importer(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of one simulated process; everything below `OURS` comes from here or is not there."""

    def __init__(
        self,
        recording: Recording,
        kit: Mapping[str, ModuleType],
        is_started: Callable[[], bool],
        before_start: Sequence[str] = (),
        unloaded: Collection[str] = (),
    ) -> None:
        self._recording = recording
        self._kit = dict(kit)
        self._is_started = is_started
        self._unloaded = unloaded
        self._before_start = set(before_start)
        self._namespaces = {".".join(n.split(".")[:i]) for n in self._kit for i in range(1, n.count(".") + 1)}
        self._saved: dict[str, ModuleType] = {}
        self._launched: Any = None

    def install(self, launched: bool | None) -> None:
        for name in _ours_in(sys.modules):
            self._saved[name] = sys.modules.pop(name)
        sys.meta_path.insert(0, self)
        self._launched = getattr(builtins, LAUNCHED, None)
        if launched is None:
            if hasattr(builtins, LAUNCHED):
                delattr(builtins, LAUNCHED)
        else:
            setattr(builtins, LAUNCHED, launched)

    def remove(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for name in _ours_in(sys.modules):
            del sys.modules[name]
        sys.modules.update(self._saved)
        self._saved = {}
        if hasattr(builtins, LAUNCHED):
            delattr(builtins, LAUNCHED)
        if self._launched is not None:
            setattr(builtins, LAUNCHED, self._launched)

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in OURS or not self._exists(fullname):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin="simulated Isaac", is_package=True)

    def _exists(self, name: str) -> bool:
        if not self._is_started():
            return any(known == name or known.startswith(f"{name}.") for known in self._before_start)
        if any(name == extension or name.startswith(f"{extension}.") for extension in self._unloaded):
            return False
        return name in self._kit or name in self._namespaces or self._recording.has_module(name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._kit.get(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        if name in self._kit:
            return
        if problem := self._recording.module_error(name):
            raise ImportError(problem, name=name)
        recording = self._recording

        def __getattr__(attribute: str) -> Any:  # noqa: N807
            if attribute.startswith("__"):
                raise AttributeError(attribute)
            return recording.member(name, attribute)

        module.__dict__["__getattr__"] = __getattr__


def _ours_in(names: Any) -> list[str]:
    return [name for name in list(names) if name.partition(".")[0] in OURS]
