"""Copies between loop and policy: the policy receives read-only copies, its answer becomes plain arrays.

A policy runs in the same process, possibly on its own thread, so it could modify its inputs or its returned arrays at any
later time. No object it can reach is used elsewhere: its inputs are copies, and its answer is copied once before
any value in it is checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, replace
from typing import Any

from vla_isaac.core.arrays import Array, frozen
from vla_isaac.core.checks import real_numbers
from vla_isaac.core.errors import PolicyError, ReadOnlyError, describe
from vla_isaac.core.read_only import is_refused_write, read_only_copy
from vla_isaac.core.specs import PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation
from vla_isaac.policies.base import Policy
from vla_isaac.policies.foreign_code import foreign_code


def begin_episode(policy: Policy, context: EpisodeContext) -> None:
    """Reset a policy with a read-only copy of `context`.

    Raises:
        PolicyError: If it tried to modify its input.
        Exception: Whatever the policy raises.
    """
    try:
        policy.reset(read_only_copy(context))
    except (ValueError, ReadOnlyError, FrozenInstanceError) as error:
        if not is_refused_write(error):
            raise
        raise _write_error(error) from error


def ask(policy: Policy, observation: Observation) -> Any:
    """Return a policy's answer to a read-only copy of `observation`; `plain_chunk` makes a chunk of it.

    Raises:
        PolicyError: If it tried to modify its input.
        Exception: Whatever the policy raises.
    """
    try:
        return policy.act(_copied(observation))
    except (ValueError, ReadOnlyError, FrozenInstanceError) as error:
        if not is_refused_write(error):
            raise
        raise _write_error(error) from error


def _copied(observation: Observation) -> Observation:
    """Return a read-only copy; arrays that the observation shares with its state are copied once."""
    state = observation.state
    if state is None or observation.qpos is not state.qpos or observation.qvel is not state.qvel:
        return read_only_copy(observation)
    own = read_only_copy(state)
    same_pose = observation.pose_base_ee is state.pose_world_ee
    return Observation(
        time=own.time,
        instruction=observation.instruction,
        frames=read_only_copy(observation.frames),
        qpos=own.qpos,
        qvel=own.qvel,
        gripper_width=own.gripper_width,
        pose_base_ee=own.pose_world_ee if same_pose else read_only_copy(observation.pose_base_ee),
        state=own,
    )


def plain_chunk(answer: Any, *, policy: str = "policy") -> ActionChunk:
    """Return a policy's answer as read-only float64 arrays that the policy does not share; each part is read once.

    The converter checks whether the values follow the policy's action convention.

    Args:
        answer: What the policy returned.
        policy: Its name, for errors.

    Raises:
        PolicyError: If it is not a chunk, has no rows, or holds values that are not numbers.
    """
    if not isinstance(answer, ActionChunk):
        raise PolicyError(
            f"the policy {policy!r} returned {type(answer).__name__} instead of an ActionChunk",
            remedy="it must return at least one action, for example ActionChunk.single(arm, gripper)",
        )
    arm = _numbers("arm", answer.arm)
    if arm.ndim == 0 or len(arm) == 0:
        raise PolicyError(f"the policy {policy!r} returned an empty chunk", remedy="it must return at least one action")
    given = answer.gripper
    gripper = None if given is None else _numbers("gripper", given)
    if gripper is not None and (gripper.ndim == 0 or len(gripper) == 0):
        raise PolicyError(
            f"the policy {policy!r} returned a gripper of shape {gripper.shape}",
            remedy="expected one number per row, or None",
        )
    return ActionChunk(arm, gripper, _copied_info(answer.info, policy))


def own_spec(policy: Policy) -> PolicySpec:
    """Return a copy of a policy's spec that the policy does not share.

    Raises:
        PolicyError: If the policy has none.
    """
    with foreign_code(f"the policy {type(policy).__name__} has no valid `spec`"):
        spec = policy.spec
        return replace(spec, action=replace(spec.action), views=dict(spec.views))


def _numbers(part: str, values: Any) -> Array:
    """Return `values` as float64, read once."""
    return frozen(real_numbers(f"the action's {part}", values, error=PolicyError, remedy="expected rows of numbers"))


def _copied_info(info: Mapping[str, Any], policy: str) -> Mapping[str, Any]:
    try:
        return read_only_copy(info)
    except Exception as error:
        raise PolicyError(
            f"the policy {policy!r} returned an info that cannot be copied ({type(error).__name__}: {error})",
            remedy="put plain values and arrays into ActionChunk.info",
        ) from error


def _write_error(error: Exception) -> PolicyError:
    return PolicyError(
        f"the policy tried to modify its input ({describe(error)})",
        remedy="observations are read-only; copy first, for example qpos = observation.qpos.copy(), or "
        "copy.deepcopy(observation)",
    )
