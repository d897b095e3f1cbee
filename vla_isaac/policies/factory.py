"""`make_policy`: from what is written after ``--policy`` to a policy; the command line, Python and the panel share it."""

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
from vla_isaac.policies.learned_checkpoint import FILE

_FILE_AND_CLASS = re.compile(r"(?P<file>.+\.py):(?P<name>\w+)")


def make_policy(name: str, *, threads: int | None = None, must_act: bool = False) -> Policy:
    """Return the policy that a name stands for.

    Args:
        name: One of ``vla-isaac list policies``; ``NAME:ARGUMENT`` where its class takes an argument, such as
            ``replay:DATASET:EPISODE``; a checkpoint folder; ``FILE.py:CLASS`` for a class of your own, whose file is run;
            or one of these after ``temporal_ensemble:`` or ``first_rows:K:``, which use more than the first row of a chunk.
        threads: Processor cores it may use, where its class lets that be chosen; None leaves it to the class.
        must_act: Whether it has to try even what it does not recognise, where its class declines such.

    Raises:
        UnknownNameError: If there is none of that name.
        UsageError: If it takes no argument, or there is no such file or class.
    """
    execution, name = _chunk_execution(name)
    if execution is not None:
        return execution(make_policy(name, threads=threads, must_act=must_act))
    options = {"threads": threads, "declines": False if must_act else None}
    in_file = _FILE_AND_CLASS.fullmatch(name)
    if in_file is not None:
        return _construct(_class_in(Path(in_file["file"]), in_file["name"]), options)
    plain, colon, argument = _with_default(name).partition(":")
    kind = POLICIES.load(plain)
    if not colon:
        return _construct(kind, options)
    if not hasattr(kind, "from_argument"):
        raise UsageError(f"the policy {name!r} takes no argument", remedy=f"write {plain}")
    if not argument:
        raise UsageError(f"the policy {name!r} lacks what comes after the colon", remedy=f"write {plain}:ARGUMENT")
    return _construct(kind.from_argument, options, argument)


load_policy = make_policy
"""The same, under the name by which other libraries load things."""


def checkpoint_of(name: str) -> Path | None:
    """Return the checkpoint folder of a policy by that name, None for a policy without.

    Raises:
        ConfigError: If it is the default policy's own and this installation has none.
    """
    plain, _, argument = _with_default(_chunk_execution(name)[1]).partition(":")
    if plain != DEFAULT:
        return None
    return Path(argument) if argument else resource("data", "checkpoints", DEFAULT)


def _chunk_execution(name: str) -> tuple[Callable[[Policy], Policy] | None, str]:
    """Return how the chunks of the named policy are carried out, None for the first row only, and the policy's own name."""
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
    """Return the name of a policy; a checkpoint folder is an argument of the default one."""
    is_folder = name not in POLICIES and (Path(name) / FILE).is_file()
    return f"{DEFAULT}:{name}" if is_folder else name


def _class_in(path: Path, name: str) -> Any:
    """Run a Python file and return a class of it."""
    if not path.is_file():
        raise UsageError(
            f"the policy {path}:{name}: there is no such file", remedy="give the path of the file that has the class"
        )
    spec = importlib.util.spec_from_file_location(f"_vla_isaac_policy_{path.stem}", path)
    assert spec is not None and spec.loader is not None  # its name ends in .py
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not inspect.isclass(getattr(module, name, None)):
        classes = [key for key, value in vars(module).items() if inspect.isclass(value) and value.__module__ == spec.name]
        raise UsageError(f"{path} has no class {name!r}; it has {', '.join(classes) or 'none'}")
    return getattr(module, name)


def _construct(factory: Callable[..., Policy], options: Mapping[str, int | None], *arguments: str) -> Policy:
    """Call a class, or a class method, with those options that are given and that it takes."""
    known = inspect.signature(factory).parameters
    return factory(*arguments, **{name: value for name, value in options.items() if value is not None and name in known})
