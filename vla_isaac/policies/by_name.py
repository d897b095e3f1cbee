"""From a name to a policy, and from a name to the checkpoint behind it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path

from vla_isaac.core.errors import UsageError
from vla_isaac.core.resources import resource
from vla_isaac.policies import POLICIES
from vla_isaac.policies.base import Policy
from vla_isaac.policies.learned_checkpoint import FILE

OWN = "mini"
"""The learned policy that takes a checkpoint folder, and has one of its own."""


def make_policy(name: str, *, threads: int | None = None, must_act: bool = False) -> Policy:
    """Return a policy by name, or by ``name:argument`` where its class takes an argument, such as a dataset or a file.

    Args:
        name: A name, with or without argument, or a checkpoint folder.
        threads: Processor cores it may use, where its class lets that be chosen; None leaves it to the class.
        must_act: Whether it has to try even what it does not recognise, where its class declines such.

    Raises:
        UnknownNameError: If there is none of that name.
        UsageError: If it takes no argument.
    """
    plain, colon, argument = _spelt_out(name).partition(":")
    kind = POLICIES.load(plain)
    wanted = {"threads": threads, "declines": False if must_act else None}
    if not colon:
        policy: Policy = kind(**_known_to(kind, wanted))
        return policy
    if not hasattr(kind, "from_argument") or not argument:
        takes_one = hasattr(kind, "from_argument")
        why = "lacks what comes after the colon" if takes_one else "takes no argument"
        raise UsageError(f"the policy {name!r} {why}", remedy=f"write {plain}" + (":ARGUMENT" if takes_one else ""))
    with_argument: Policy = kind.from_argument(argument, **_known_to(kind.from_argument, wanted))
    return with_argument


load_policy = make_policy
"""The same, under the name by which other libraries load things."""


def checkpoint_of(name: str) -> Path | None:
    """Return the checkpoint folder of a policy by that name, None for a policy without.

    Raises:
        ConfigError: If it is the policy's own and this installation has none.
    """
    plain, _, argument = _spelt_out(name).partition(":")
    if plain != OWN:
        return None
    return Path(argument) if argument else resource("data", "checkpoints", OWN)


def _spelt_out(name: str) -> str:
    is_folder = name not in POLICIES and (Path(name) / FILE).is_file()
    return f"{OWN}:{name}" if is_folder else name


def _known_to(factory: object, wanted: Mapping[str, int | None]) -> dict[str, int]:
    """Return those options that are given and that it takes."""
    assert callable(factory)  # a class, or a class method
    known = inspect.signature(factory).parameters
    return {name: value for name, value in wanted.items() if value is not None and name in known}
