"""`TransitionScenes`: object states and expert actions of each control period, with the uncertainty of detections.

Positions have the errors of a detector, smaller near the hand than far from it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vla_isaac.core.arrays import AnyArray
from vla_isaac.datasets.transitions import NO, Transitions
from vla_isaac.models.base import Batch
from vla_isaac.models.goal_query import NUM_GOALS
from vla_isaac.models.mini.detector import fourfold
from vla_isaac.models.mini.places import Places
from vla_isaac.models.mini.scene import Goals, Things
from vla_isaac.robots.kinematics import forward_kinematics

SAME_PLACE = 0.008  # [m] within which the expert's target is one of the candidates
NEAR = 0.09  # [m] from the hand, where the wrist camera is accurate

# noise on the inputs of the controller head, one standard deviation at its largest
PLACE_FAR, PLACE_NEAR, PLACE_COMMON, START = 0.013, 0.004, 0.006, 0.010  # [m]
TURN_FAR, TURN_NEAR, SIZE = 0.15, 0.05, 0.12  # [rad], [rad], [cm]
HEIGHT_SCALE = (1.0, 1.0, 0.3)  # heights are more accurate
CERTAIN_SHARE = 0.2  # fraction of the samples without noise


class TransitionScenes:
    """Object states of each row, as tensors."""

    def __init__(self, transitions: Transitions) -> None:
        objects, bodies = transitions.rows["objects"], transitions.episodes["bodies"]
        self._of_episode = torch.from_numpy(transitions.of_episode)
        self._is_there = torch.from_numpy(np.isfinite(objects[..., 0]))
        objects = np.nan_to_num(objects)
        self._place = torch.from_numpy(objects[..., :3].copy())
        w, x, y, z = (objects[..., 3 + k] for k in range(4))
        self._yaw = torch.from_numpy(np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)))
        self._bodies = torch.from_numpy(np.nan_to_num(bodies))
        self._state = torch.from_numpy(transitions.rows["state"])
        self._action = torch.from_numpy(transitions.rows["action"])
        self._bound = torch.from_numpy(transitions.rows["place"])
        hands = [
            forward_kinematics(part)[:, :3, 3] for part in np.array_split(transitions.rows["state"][:, :7], 32) if len(part)
        ]
        self._hand = torch.from_numpy(np.concatenate(hands).astype(np.float32))
        self._goals, self._active = _goals(transitions)
        self._candidate = self._candidates()

    def known(self, rows: AnyArray) -> dict[str, Tensor]:
        """Return all objects, the target of the detectors."""
        index = torch.from_numpy(rows)
        bodies = self._bodies[self._of_episode[index]]
        shape = torch.where(self._is_there[index], bodies[..., 3].long(), torch.full((1, 1), NO))
        return {
            "place": self._place[index],
            "yaw": self._yaw[index],
            "size": 100.0 * bodies[..., [0, 2]],
            "shape": shape,
            "colour": bodies[..., 4].long(),
        }

    def decisions(self, rows: AnyArray, generator: torch.Generator | None) -> Batch:
        """Return inputs and expert actions of the controller head; with a `generator`, the inputs have noise."""
        index = torch.from_numpy(rows)
        return {
            "things": self._things(index, generator)._asdict(),
            "goals": Goals(*(self._goals[index][..., k] for k in range(3)))._asdict(),
            "state": self._state[index][:, None],
            "before": self._state[(index - 1).clamp(min=0)][:, None],
            "is_going_on": (self._of_episode[(index - 1).clamp(min=0)] == self._of_episode[index]).float() * (index > 0),
            "active": self._active[index],
            "place": self._bound[index],
            "candidate": self._candidate[index],
            "actions": self._action[index],
        }

    def _things(self, index: Tensor, generator: torch.Generator | None) -> Things:
        bodies = self._bodies[self._of_episode[index]]
        place, start, yaw = self._place[index], bodies[..., 5:8], self._yaw[index]
        size, presence = 100.0 * bodies[..., [0, 2]], self._is_there[index].float()
        turn = fourfold(yaw)
        if generator is not None:
            count, things = presence.shape
            random = _Random(generator, count, things)
            amount = random.uniform(1)
            amount = torch.where(random.uniform(1) < CERTAIN_SHARE, torch.zeros_like(amount), amount)
            is_near = ((place[..., :2] - self._hand[index][:, None, :2]).norm(dim=-1) < NEAR)[..., None]
            scale = torch.tensor(HEIGHT_SCALE)
            spread = torch.where(is_near, PLACE_NEAR, PLACE_FAR)
            common = PLACE_COMMON * random.normal(1, 3)
            place = place + (random.normal(things, 3) * spread + common * ~is_near) * amount * scale
            start = start + (random.normal(things, 3) * START + common) * amount * scale
            wrong = random.normal(things, 1) * torch.where(is_near, TURN_NEAR, TURN_FAR) * amount
            turn = fourfold(yaw + wrong[..., 0]) * (1 - 0.5 * amount * random.uniform(things))
            size = size + random.normal(things, 2) * SIZE * amount
            presence = presence * (1 - 0.15 * amount[..., 0] * random.uniform(things)[..., 0])
        return Things(presence, place, start, turn, size, bodies[..., 3].long())

    def _candidates(self) -> Tensor:
        """Return the index of the expert's target among the candidates of its goal, NO if it is none of them, (N,)."""
        places, found = Places(), []
        for index in torch.split(torch.arange(len(self._active)), 20_000):
            things = self._things(index, None)
            goals = Goals(*(self._goals[index][..., k] for k in range(3)))
            at, allowed = places.candidates(things, goals)
            own = torch.arange(len(index)), self._active[index].clamp(min=0)
            away = (at[own] - torch.nan_to_num(self._bound[index])[:, None]).norm(dim=-1) + 10.0 * ~allowed[own]
            nearest, number = away.min(-1)
            is_one = (nearest < SAME_PLACE) & torch.isfinite(self._bound[index][:, 0]) & (self._active[index] >= 0)
            found.append(torch.where(is_one, number, torch.full_like(number, NO)))
        return torch.cat(found)


class _Random:
    """Random numbers for B scenes."""

    def __init__(self, generator: torch.Generator, scenes: int, things: int) -> None:
        self._generator, self._scenes = generator, scenes

    def uniform(self, things: int) -> Tensor:
        """Return numbers from 0 to 1, (B, things, 1)."""
        return torch.rand(self._scenes, things, 1, generator=self._generator)

    def normal(self, things: int, width: int) -> Tensor:
        """Return normal numbers, (B, things, width)."""
        return torch.randn(self._scenes, things, width, generator=self._generator)


def _goals(transitions: Transitions) -> tuple[Tensor, Tensor]:
    """Return relation, moved and reference object of the goals of each row, (N, NUM_GOALS, 3), and the active goal, (N,).

    Of a plan with more goals, only the active goal is given.
    """
    goals = torch.from_numpy(transitions.episodes["goals"])[torch.from_numpy(transitions.of_episode)][..., 1:]
    active = torch.from_numpy(transitions.rows["active"]).clone()
    is_long = (goals[..., 0] >= 0).sum(1) > NUM_GOALS
    first = goals[torch.arange(len(goals)), active.clamp(min=0)]
    goals = goals[:, :NUM_GOALS].clone()
    goals[is_long, 0], goals[is_long, 1:] = first[is_long], NO
    active[is_long & (active >= 0)] = 0
    return goals.clamp(min=0), active
