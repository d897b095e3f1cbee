"""`EpisodeRequest` and `set_stage`: sample scene, layout, instruction and goal from a request and a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vla_isaac.core.errors import UsageError
from vla_isaac.core.goals import GoalPlan
from vla_isaac.core.number_fields import check_number_fields
from vla_isaac.core.read_only import read_only_copy
from vla_isaac.core.seeding import stream
from vla_isaac.core.types import SceneState
from vla_isaac.grounding import Understanding, places_of, understand
from vla_isaac.policies.base import Policy
from vla_isaac.policies.read_only_boundary import own_spec
from vla_isaac.runtime.subscriber import EpisodeStart
from vla_isaac.scene.layout import sample_layout, vary_scene
from vla_isaac.scene.randomisation import Randomisation
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.sim.backend import Backend, Steps
from vla_isaac.tasks.families import TaskDraw, TaskFamily
from vla_isaac.tasks.task import DWELL

SECONDS_PER_GOAL = 20.0
"""Simulated time allowed for each goal of a free instruction [s]."""


@dataclass(frozen=True, kw_only=True)
class EpisodeRequest:
    """Scene, randomisation, seed and task of an episode."""

    scene: SceneSpec
    """The scene before randomisation."""

    randomisation: Randomisation
    """The ranges of the randomisation."""

    seed: int
    """Seed of all random numbers of the episode."""

    family: TaskFamily | None = None
    """Sample instruction and goal from this family; excludes `instruction`."""

    instruction: str | None = None
    """The instruction; None takes the scene's default."""

    goal: GoalPlan | None = None
    """An explicit goal; None reads it from the instruction."""

    judge: bool = True
    """Whether there is a goal at all (``--goal none``)."""

    max_steps: int | None = None
    """Control periods allowed; None takes the family's time, or 20 s per goal."""

    layout: SceneLayout | None = None
    """A layout to use as it is; None samples one from the seed."""

    def __post_init__(self) -> None:
        check_number_fields("episode", self, error=UsageError)
        if self.seed < 0:
            raise UsageError(f"seed={self.seed} is not accepted", remedy="give a whole number from 0 up")
        if self.max_steps is not None and self.max_steps < 1:
            raise UsageError(f"max_steps={self.max_steps} is not accepted", remedy="give a whole number from 1")

    @property
    def dwell(self) -> float:
        """Return how long the goal must hold [s]."""
        return self.family.preset.dwell if self.family else DWELL


def set_stage(
    request: EpisodeRequest, backend: Backend, policy: Policy, policy_name: str, policy_reason: str = ""
) -> Steps[EpisodeStart]:
    """Load and lay out the scene, determine instruction and goal, and return the start of the episode.

    Args:
        request: The requested episode.
        backend: The simulator.
        policy: The policy that acts.
        policy_name: Its name in results.
        policy_reason: Why it was selected, for results.

    Raises:
        SceneError: If the scene cannot be laid out.
        InstructionError: If the instruction cannot be read.
        GoalError: If the goal names an object that the scene does not have.
    """
    spec = own_spec(policy)
    rate = spec.action.rate_hz
    randomisation = request.randomisation
    if request.family is not None:
        preset = request.family.preset
        randomisation = randomisation.with_distractors(preset.distractors, preset.distractor_shapes)
    scene = vary_scene(request.scene, randomisation, request.seed).with_rate(rate)
    layout = request.layout or sample_layout(scene, randomisation, request.seed)
    yield from backend.load(scene)
    yield from backend.reset(layout)
    state = read_only_copy(backend.state())
    draw, understood = _sample_task(request, scene, state)
    return EpisodeStart(
        scene=scene,
        layout=layout,
        state=state,
        instruction=draw.instruction,
        plan=draw.plan if request.judge else None,
        seed=request.seed,
        policy=policy_name,
        policy_reason=policy_reason,
        understood=understood,
        policy_spec=spec,
        backend=backend.name,
        max_steps=request.max_steps or _steps_allowed(request, draw.plan, rate),
    )


def with_instruction(start: EpisodeStart, instruction: str) -> EpisodeStart:
    """Return the same stage with another instruction, its goal, and the time a free instruction is allowed.

    Raises:
        InstructionError: If the instruction cannot be read.
    """
    understood = understand(instruction, start.scene.bodies, places_of(start.state))
    steps = _steps_within(SECONDS_PER_GOAL * max(1, len(understood.plan.goals)), start.scene.timing.control_hz)
    return replace(start, instruction=instruction, plan=understood.plan, understood=understood, max_steps=steps)


def _sample_task(request: EpisodeRequest, scene: SceneSpec, state: SceneState) -> tuple[TaskDraw, Understanding | None]:
    """Return instruction and goals, and how the instruction was understood if the goals are read from it."""
    if request.family is not None:
        if request.instruction is not None:
            raise UsageError(f"give either an instruction or --task {request.family.name}, not both")
        draw = request.family.draw(state, stream(request.seed, f"task {request.family.name}"))
        return (draw if request.goal is None else replace(draw, plan=request.goal)), None
    instruction = request.instruction if request.instruction is not None else scene.instruction
    if not request.judge:
        return TaskDraw(instruction, GoalPlan(())), None
    if request.goal is not None:
        request.goal.check_objects(scene.object_names)
        return TaskDraw(instruction, request.goal), None
    understood = understand(instruction, scene.bodies, places_of(state))
    return TaskDraw(instruction, understood.plan), understood


def _steps_allowed(request: EpisodeRequest, plan: GoalPlan, rate: float) -> int:
    seconds = request.family.preset.max_seconds if request.family else SECONDS_PER_GOAL * max(1, len(plan.goals))
    return _steps_within(seconds, rate)


def _steps_within(seconds: float, rate: float) -> int:
    return max(1, round(seconds * rate))
