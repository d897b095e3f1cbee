"""`make_policy`: make a policy from the value of ``--policy``; shared by the command line, Python and the panel."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from vla_isaac.core.errors import UsageError
from vla_isaac.core.resources import resource
from vla_isaac.policies import DEFAULT, POLICIES
from vla_isaac.policies.base import Policy
from vla_isaac.policies.chunking import FirstRows, TemporalEnsemble
from vla_isaac.policies.foreign_code import foreign_code
from vla_isaac.policies.learned_checkpoint import FILE
from vla_isaac.policies.own_class import own_class


def make_policy(name: str, *, threads: int | None = None, must_act: bool = False) -> Policy:
    """Return the policy of a name.

    Args:
        name: One of ``vla-isaac list policies``; ``NAME:ARGUMENT`` where its class takes an argument, such as
            ``replay:DATASET:EPISODE``; a checkpoint folder; ``FILE.py:CLASS`` or ``PACKAGE.MODULE:CLASS`` for a class in a
            file or in a module that can be imported, which is run; or one of these prefixed with ``temporal_ensemble:`` or
            ``first_rows:K:``, which use more rows of a chunk than the first.
        threads: Processor cores it may use, if its class has this option; None takes the default of the class.
        must_act: Whether it must act even on objects it does not recognise, if its class can decline.

    Raises:
        UnknownNameError: If no policy has that name.
        UsageError: If it takes no argument; if the file, module or class does not exist, or the class is no policy.
        PolicyError: If the file or module, or the constructor of the class, raises anything.
    """
    execution, name = _chunk_execution(name)
    if execution is not None:
        return execution(make_policy(name, threads=threads, must_act=must_act))
    options = {"threads": threads, "declines": False if must_act else None}
    plain, colon, argument = _with_default(name).partition(":")
    own = None if plain in POLICIES else own_class(name)
    if own is not None:
        with foreign_code(f"the policy {name} cannot be made", inspect.getsourcefile(own) or ""):
            policy = _construct(own, options)
        return _checked(policy, name)
    if plain not in POLICIES and Path(name).is_dir():
        raise UsageError(
            f"the policy {name!r}: this folder has no {FILE}",
            remedy="give a checkpoint folder, such as best in the output folder of `vla-isaac train`",
        )
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


def _checked(policy: Policy, name: str) -> Policy:
    """Return a policy of somebody's own class if it has a `spec`, which may be set by its constructor."""
    if not hasattr(policy, "spec"):
        raise UsageError(f"the policy {name} has no spec", remedy="add one: it declares cameras, rate and action convention")
    return policy


def _construct(factory: Callable[..., Policy], options: Mapping[str, int | None], *arguments: str) -> Policy:
    """Call a class or a class method with those of the options that are set and that it accepts."""
    known = inspect.signature(factory).parameters
    return factory(*arguments, **{name: value for name, value in options.items() if value is not None and name in known})
