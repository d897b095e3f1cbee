"""`make_policy`: make a policy from the value of ``--policy``; shared by the command line, Python and the panel."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import UsageError
from vla_isaac.core.resources import resource
from vla_isaac.policies import DEFAULT, POLICIES
from vla_isaac.policies.base import Policy
from vla_isaac.policies.chunking import FirstRows, TemporalEnsemble
from vla_isaac.policies.foreign_code import foreign_code
from vla_isaac.policies.learned_checkpoint import FILE

_FILE_AND_CLASS = re.compile(r"(?P<file>.+\.py):(?P<name>\w+)")


def make_policy(name: str, *, threads: int | None = None, must_act: bool = False) -> Policy:
    """Return the policy of a name.

    Args:
        name: One of ``vla-isaac list policies``; ``NAME:ARGUMENT`` where its class takes an argument, such as
            ``replay:DATASET:EPISODE``; a checkpoint folder; ``FILE.py:CLASS`` for a class in a file, which is run;
            or one of these prefixed with ``temporal_ensemble:`` or ``first_rows:K:``, which use more rows of a chunk than
            the first.
        threads: Processor cores it may use, if its class has this option; None takes the default of the class.
        must_act: Whether it must act even on objects it does not recognise, if its class can decline.

    Raises:
        UnknownNameError: If no policy has that name.
        UsageError: If it takes no argument, or the file or class does not exist.
        PolicyError: If the file, or the constructor of its class, raises anything.
    """
    execution, name = _chunk_execution(name)
    if execution is not None:
        return execution(make_policy(name, threads=threads, must_act=must_act))
    options = {"threads": threads, "declines": False if must_act else None}
    in_file = _FILE_AND_CLASS.fullmatch(name)
    if in_file is not None:
        kind = _class_in(Path(in_file["file"]), in_file["name"])
        with foreign_code(f"the policy {name} cannot be made", in_file["file"]):
            return _construct(kind, options)
    plain, colon, argument = _with_default(name).partition(":")
    kind = POLICIES.load(plain)
    if not colon:
        return _construct(kind, options)
    if not hasattr(kind, "from_argument"):
        raise UsageError(f"the policy {name!r} takes no argument", remedy=f"write {plain}")
    if not argument:
        raise UsageError(f"the policy {name!r} needs an argument after the colon", remedy=f"write {plain}:ARGUMENT")
    return _construct(kind.from_argument, options, argument)


load_policy = make_policy
"""The same function under the name that other libraries use."""


def checkpoint_of(name: str) -> Path | None:
    """Return the checkpoint folder of a policy, None for a policy without a checkpoint.

    Raises:
        ConfigError: If it is the default policy's checkpoint and this installation has none.
    """
    plain, _, argument = _with_default(_chunk_execution(name)[1]).partition(":")
    if plain != DEFAULT:
        return None
    return Path(argument) if argument else resource("data", "checkpoints", DEFAULT)


def _chunk_execution(name: str) -> tuple[Callable[[Policy], Policy] | None, str]:
    """Return the wrapper that executes the chunks, None for the first row only, and the name of the wrapped policy."""
    kind, _, rest = name.partition(":")
    if kind == "temporal_ensemble":
        return TemporalEnsemble, rest
    if kind != "first_rows":
        return None, name
    rows, _, policy = rest.partition(":")
    if not rows.isdecimal():
        raise UsageError(f"the policy {name!r} does not say how many rows", remedy="write first_rows:4:POLICY for four")
    return partial(FirstRows, rows=int(rows)), policy


def _with_default(name: str) -> str:
    """Return the full name of a policy; a checkpoint folder is an argument of the default policy."""
    is_folder = name not in POLICIES and (Path(name) / FILE).is_file()
    return f"{DEFAULT}:{name}" if is_folder else name


def _class_in(path: Path, name: str) -> Any:
    """Run a Python file and return one of its classes."""
    if not path.is_file():
        raise UsageError(
            f"the policy {path}:{name}: there is no such file", remedy="give the path of the file that has the class"
        )
    spec = importlib.util.spec_from_file_location(f"_vla_isaac_policy_{path.stem}", path)
    assert spec is not None and spec.loader is not None  # its name ends in .py
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    with foreign_code(f"the policy {path}:{name} cannot be loaded", str(path)):
        spec.loader.exec_module(module)
    if not inspect.isclass(getattr(module, name, None)):
        classes = [key for key, value in vars(module).items() if inspect.isclass(value) and value.__module__ == spec.name]
        raise UsageError(f"{path} has no class {name!r}; it has {', '.join(classes) or 'none'}")
    return getattr(module, name)


def _construct(factory: Callable[..., Policy], options: Mapping[str, int | None], *arguments: str) -> Policy:
    """Call a class or a class method with those of the options that are set and that it accepts."""
    known = inspect.signature(factory).parameters
    return factory(*arguments, **{name: value for name, value in options.items() if value is not None and name in known})
