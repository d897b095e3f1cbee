"""Checks of the registered policies for `doctor`: usable here, or what each of them lacks."""

from __future__ import annotations

from collections.abc import Collection

from vla_isaac.cli.installed import Check
from vla_isaac.core.errors import ConfigError, MissingDependencyError, message_and_remedy
from vla_isaac.policies import POLICIES
from vla_isaac.policies.factory import checkpoint_of, make_policy
from vla_isaac.policies.learned_checkpoint import PolicyCard


def check_policies(backends: Collection[str]) -> list[Check]:
    """Return a check for each registered policy: it is constructed; one of another package is only imported.

    Args:
        backends: The backends that work here.
    """
    return [_check_policy(name, backends) for name in POLICIES]


def _check_policy(name: str, backends: Collection[str]) -> Check:
    subject = f"policy {name}"
    try:
        if POLICIES.is_own(name):
            make_policy(name)
        else:  # to construct one of another package may load gigabytes
            POLICIES.load(name)
        measured_on = _measured_on(name)
    except (MissingDependencyError, ConfigError) as error:  # an optional package, or the checkpoint
        return _failed(subject, None, error)
    except Exception as error:  # another package's policy may raise anything
        return _failed(subject, False, error)
    if not measured_on:
        return Check(subject, True, "usable")
    where = f"measured on the backend{'s' * (len(measured_on) > 1)} {' and '.join(measured_on)}"
    if set(measured_on) & set(backends):
        return Check(subject, True, f"usable; {where}")
    return Check(subject, None, f"{where}, which does not work here", "see the lines above")


def _failed(subject: str, ok: bool | None, error: Exception) -> Check:
    words, remedy = message_and_remedy(error)
    return Check(subject, ok, words, remedy.removeprefix("run: "))


def _measured_on(name: str) -> tuple[str, ...]:
    """Return the backends on which the checkpoint of a policy was measured; empty if it has none or does not say."""
    folder = checkpoint_of(name)
    abilities = None if folder is None else PolicyCard.load(folder).abilities
    return () if abilities is None else abilities.backends
