"""`own_class`: the class of ``FILE.py:CLASS`` or ``PACKAGE.MODULE:CLASS``, a policy that is not registered."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from vla_isaac.core.errors import PolicyError, UnknownNameError, UsageError, unknown
from vla_isaac.policies import POLICIES
from vla_isaac.policies.foreign_code import foreign_error

METHODS = ("reset", "act")
_FILE_AND_CLASS = re.compile(r"(?P<place>.+\.py):(?P<name>\w+)")
_MODULE_AND_CLASS = re.compile(r"(?P<place>[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<name>[^\W\d]\w*)")


def own_class(name: str) -> Any | None:
    """Return the class that a policy's name gives by file or module, which is run; None if it gives neither.

    A module is also searched for in the working directory.

    Raises:
        UsageError: If the file, the module or the class does not exist, or the class is no policy.
        UnknownNameError: If a name without dots is neither a policy nor a module.
        PolicyError: If the file or the module raises.
    """
    found, load = _FILE_AND_CLASS.fullmatch(name), _run_file
    if found is None:
        found, load = _MODULE_AND_CLASS.fullmatch(name), _import_module
    if found is None:
        return None
    place = found["place"]
    return _policy_class(load(place, name), found["name"], place)


def _run_file(place: str, name: str) -> ModuleType:
    path = Path(place)
    if not path.is_file():
        raise UsageError(f"the policy {name}: there is no such file", remedy="give the path of the file that has the class")
    spec = importlib.util.spec_from_file_location(f"_vla_isaac_policy_{path.stem}", path)
    assert spec is not None and spec.loader is not None  # its name ends in .py
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    with _own_code(name):
        spec.loader.exec_module(module)
    return module


def _import_module(place: str, name: str) -> ModuleType:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # the installed command does not search there, `python -m vla_isaac` does
    try:
        with _own_code(name, place):
            return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if "." not in place:  # perhaps a misspelt name with an argument
            message = f"there is no policy and no module named {place!r}"
            raise unknown(UnknownNameError, message, place, sorted(POLICIES.targets()), cutoff=0.5) from error
        raise UsageError(
            f"the policy {name}: there is no module {error.name!r}",
            remedy="give the name of a module that is installed or in this folder, FILE.py:CLASS, or a name of "
            "`vla-isaac list policies`",
        ) from error


@contextmanager
def _own_code(name: str, module: str = "") -> Iterator[None]:
    """Convert what a user's module raises while it is imported into an error that names it, unless `module` is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if f"{module}.".startswith(f"{error.name}."):
            raise
        raise PolicyError(
            f"the policy {name}: its module needs the package {error.name!r}", remedy="install it into this environment"
        ) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise foreign_error(f"the policy {name} cannot be imported", error, _innermost_file(error)) from error


def _innermost_file(error: BaseException) -> str:
    """Return the file in which an error was raised, the innermost of its traceback."""
    trace = traceback.extract_tb(error.__traceback__)
    return trace[-1].filename if trace else ""


def _policy_class(module: ModuleType, name: str, place: str) -> Callable[..., Any]:
    """Return a class of a module, if it has the methods of a policy and needs no arguments."""
    kind = getattr(module, name, None)
    if not inspect.isclass(kind):
        members = vars(module).items()
        classes = [key for key, value in members if inspect.isclass(value) and value.__module__ == module.__name__]
        raise UsageError(f"{place} has no class {name!r}; it has {', '.join(classes) or 'none'}")
    missing = [method for method in METHODS if not callable(getattr(kind, method, None))]
    if missing:
        raise UsageError(
            f"the class {name} in {place} is no policy: it has no {' and no '.join(missing)}",
            remedy="a policy has spec, reset and act; see docs/how-to/add-a-policy.md",
        )
    parameters = list(inspect.signature(kind).parameters.values())
    required = [
        one.name for one in parameters if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    if required:
        raise UsageError(f"the class {name} in {place} needs arguments ({', '.join(required)})", remedy="give them defaults")
    return kind
