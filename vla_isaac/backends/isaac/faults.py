"""`diagnosed`: the error that names the cause of a fault of the simulator: another stage, a deleted prim, a stop."""

from __future__ import annotations

from vla_isaac.backends.isaac.stage_scene import ROBOT_PATH, StageScene
from vla_isaac.backends.isaac.timeline import Timeline
from vla_isaac.core.errors import BackendError, VlaIsaacError


def diagnosed(error: Exception, scene: StageScene, timeline: Timeline) -> VlaIsaacError:
    """Return the error that names the cause of a simulator fault, where it can be found."""
    if not scene.is_open():
        return BackendError(
            "the stage was replaced while the scene was in use", remedy="press Load (in a script: load again)"
        )
    missing = scene.missing()
    if missing is not None:
        what = "the robot's prim" if missing.startswith(ROBOT_PATH) else "the prim"
        return BackendError(f"{what} {missing} is gone from the stage", remedy="press Load (in a script: load again)")
    if timeline.is_stopped:
        return BackendError(
            "the timeline was stopped, which voids all physics handles",
            remedy="press Reset (in a script: reset the backend)",
        )
    if isinstance(error, VlaIsaacError):
        return error
    return BackendError(f"Isaac Sim failed: {type(error).__name__}: {error}", remedy="press Reset, else Load")
