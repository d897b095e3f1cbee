"""Make an `EpisodeRequest`, the input of a session, from names and numbers."""

from __future__ import annotations

from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import UsageError
from vla_isaac.core.goals import goal_from_json, parse_goal
from vla_isaac.datasets.episode import EpisodeMeta
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.randomisation import Randomisation, randomisation_preset
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.tasks.families import task_family


def make_request(
    instruction: str | None = None,
    *,
    task: str | None = None,
    scene: str | SceneSpec | None = None,
    randomisation: str | Randomisation = "layout",
    seed: int = 0,
    goal: str | None = None,
    max_steps: int | None = None,
) -> EpisodeRequest:
    """Return a request for a session to run.

    Args:
        instruction: The instruction; None takes the scene's default, or the family's.
        task: Sample instruction and goal from this task family instead.
        scene: A scene preset, a YAML file, or a scene you built; None takes the family's, else ``tabletop``.
        randomisation: What varies with the seed: a preset, a YAML file, or your own.
        seed: Seed of everything random.
        goal: An explicit goal such as ``"on(red_cube, blue_box)"``, or ``"none"`` to judge nothing.
        max_steps: Largest number of control periods.

    Raises:
        UsageError: If instruction and task are both given.
    """
    if task is not None and instruction is not None:
        raise UsageError(f"an instruction and the task {task!r} exclude each other", remedy="give one")
    family = task_family(task) if task else None
    chosen = scene if scene is not None else family.preset.scene if family else "tabletop"
    judge = goal is None or goal.strip().lower() != "none"
    return EpisodeRequest(
        scene=scene_preset(chosen) if isinstance(chosen, str) else chosen,
        randomisation=randomisation_preset(randomisation) if isinstance(randomisation, str) else randomisation,
        seed=seed,
        family=family,
        instruction=instruction,
        goal=parse_goal(goal) if goal is not None and judge else None,
        judge=judge,
        max_steps=max_steps,
    )


def recorded_request(meta: EpisodeMeta, *, max_steps: int | None = None) -> EpisodeRequest:
    """Return a request with the scene, layout, instruction and goal of a recorded episode.

    Args:
        meta: The episode's metadata in the dataset.
        max_steps: Largest number of control periods; None takes the recording's limit.

    Raises:
        UsageError: If the dataset has no scene and layout.
    """
    extra = meta.extra
    if "scene_spec" not in extra or "layout" not in extra:
        raise UsageError(
            "this dataset does not contain the scene and the layout of its episodes",
            remedy="give --scene or --task",
        )
    plan = goal_from_json(meta.goal)
    return EpisodeRequest(
        scene=from_mapping(SceneSpec, extra["scene_spec"], source="dataset", key="scene_spec"),
        randomisation=randomisation_preset("none"),
        layout=from_mapping(SceneLayout, extra["layout"], source="dataset", key="layout"),
        seed=meta.seed,
        instruction=meta.instruction,
        goal=plan,
        judge=plan is not None,
        max_steps=max_steps or extra.get("max_steps"),
    )
