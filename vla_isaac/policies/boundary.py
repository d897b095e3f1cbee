"""What crosses between the loop and a policy: read-only copies go in, plain numbers come out.

A policy runs in our process, perhaps on a thread of its own, so it could write into what it is given or change what it
has returned, at any later time. Nothing it can reach is used by anybody else: what it is given are copies, and its answer
is read once, into memory of ours, before the first number of it is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np

from vla_isaac.core.arrays import Array, read_only_array
from vla_isaac.core.errors import PolicyError, ReadOnlyError
from vla_isaac.core.read_only import read_only_copy
from vla_isaac.core.specs import PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation
from vla_isaac.policies.base import Policy


def begin_episode(policy: Policy, context: EpisodeContext) -> None:
    """Reset a policy with a read-only copy of `context`.

    Raises:
        PolicyError: If it tried to write into what it was given.
        Exception: Whatever the policy raises.
    """
    with _explaining_writes():
        policy.reset(read_only_copy(context))


def ask(policy: Policy, observation: Observation) -> Any:
    """Return what a policy answers to a read-only copy of `observation`; `plain_chunk` makes a chunk of it.

    Raises:
        PolicyError: If it tried to write into what it was given.
        Exception: Whatever the policy raises.
    """
    with _explaining_writes():
        return policy.act(read_only_copy(observation))


def plain_chunk(answer: Any, *, policy: str = "policy") -> ActionChunk:
    """Return a policy's answer in read-only arrays of float64 that the policy does not share; each part is read once.

    Whether the numbers are those of the policy's convention, the converter checks.

    Args:
        answer: What the policy returned.
        policy: Its name, for errors.

    Raises:
        PolicyError: If it is no chunk, has no rows, or holds what are no numbers.
    """
    if not isinstance(answer, ActionChunk):
        raise PolicyError(
            f"the policy {policy!r} returned {type(answer).__name__} instead of an ActionChunk; "
            "it must return at least one action, for example ActionChunk.single(arm, gripper)"
        )
    arm = _numbers("arm", answer.arm)
    if arm.ndim == 0 or len(arm) == 0:
        raise PolicyError(f"the policy {policy!r} returned an empty chunk; it must return at least one action")
    given = answer.gripper
    gripper = None if given is None else _numbers("gripper", given)
    if gripper is not None and (gripper.ndim == 0 or len(gripper) == 0):
        raise PolicyError(
            f"the policy {policy!r} returned a gripper of shape {gripper.shape}; expected one number per row, or None"
        )
    return ActionChunk(arm, gripper, _copied_info(answer.info, policy))


def own_spec(policy: Policy) -> PolicySpec:
    """Return what a policy declares, in objects that it does not share."""
    spec = policy.spec
    return replace(spec, action=replace(spec.action), views=dict(spec.views))


def _numbers(part: str, values: Any) -> Array:
    """Return numbers as float64, from one look at `values`."""
    try:
        return read_only_array(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise PolicyError(f"the action's {part} is {_shown(values)}; expected rows of numbers ({error})") from error


def _shown(values: Any) -> str:
    try:
        return f"{values!r:.60}"
    except Exception:
        return f"a {type(values).__name__}"


def _copied_info(info: Mapping[str, Any], policy: str) -> Mapping[str, Any]:
    try:
        return read_only_copy(info)
    except Exception as error:
        raise PolicyError(
            f"the policy {policy!r} returned an info that cannot be copied ({type(error).__name__}: {error}); "
            "put plain values and arrays into ActionChunk.info"
        ) from error


@contextmanager
def _explaining_writes() -> Iterator[None]:
    """Say what to do instead where a policy tries to write into what it was given."""
    try:
        yield
    except (ReadOnlyError, FrozenInstanceError) as error:
        raise PolicyError(_how_to_write(error)) from error
    except ValueError as error:
        if "read-only" in str(error) or "WRITEABLE" in str(error):
            raise PolicyError(_how_to_write(error)) from error
        raise


def _how_to_write(error: Exception) -> str:
    return (
        f"the policy tried to change what it was given ({error}); observations are read-only, so copy first, "
        "for example qpos = observation.qpos.copy(), or copy.deepcopy(observation)"
    )
