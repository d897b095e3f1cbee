"""Small real policies and backends that are good for one test; functions of a module, so that workers can make them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import PolicyDeclined
from vla_isaac.core.seeding import stream
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext
from vla_isaac.evaluation.evaluator import PolicyAndBackendFactory
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.tasks.families import task_family

FIRST = 900_000


class Still:
    """A policy that holds still and knows no more than a learned one."""

    cameras: tuple[str, ...] = ()

    def __init__(self) -> None:
        action = ActionSpec(joints="delta_rad", rate_hz=20.0)
        self.spec = PolicySpec(action=action, cameras=self.cameras, image_hw=(16, 24))

    def reset(self, context: EpisodeContext) -> None:
        pass

    def act(self, observation) -> ActionChunk:
        return ActionChunk.single(np.zeros(7), 0.08)


class Looking(Still):
    """Remembers the brightest value of every picture it was given."""

    cameras = ("front",)
    seen: ClassVar[list[tuple[tuple[int, ...], int]]] = []

    def act(self, observation) -> ActionChunk:
        rgb = observation.frames["front"].rgb
        self.seen.append((rgb.shape, int(rgb.max())))
        return super().act(observation)


class Polite(Still):
    """Declines where nothing is asked for."""

    def reset(self, context: EpisodeContext) -> None:
        if not context.instruction:
            raise PolicyDeclined("declined: there is no instruction")


class Broken(Still):
    def act(self, observation) -> ActionChunk:
        raise ValueError("a bug")


class Stubborn(ScriptedPolicy):
    """Does what the family drew, whatever it is asked for."""

    def reset(self, context: EpisodeContext) -> None:
        draw = task_family("lift").draw(context.state, stream(context.seed, "task lift"))
        super().reset(EpisodeContext(instruction=draw.instruction, seed=context.seed, goal=draw.plan, state=context.state))


class Mortal(ScriptedPolicy):
    """Takes its process with it in the third episode."""

    def reset(self, context: EpisodeContext) -> None:
        if context.seed == FIRST + 2:
            os._exit(7)
        super().reset(context)


class Wearing(StubBackend):
    """Fails in its second episode."""

    resets = 0

    def reset(self, layout):
        self.resets += 1
        return super().reset(layout)

    def step(self) -> None:
        if self.resets == 2:
            raise RuntimeError("the engine broke")
        super().step()


def factory(policy: Callable = ScriptedPolicy, backend: Callable = StubBackend) -> PolicyAndBackendFactory:
    return PolicyAndBackendFactory(policy=policy, backend=backend)
