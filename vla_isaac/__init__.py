"""Drive a Franka arm with a vision-language-action policy, in Isaac Sim, MuJoCo or a stub.

Importing this package loads numpy and nothing heavier; `run`, `make_session`, `make_request`,
`FrankaSceneBuilder` and `IsaacVLASystem` are loaded when they are first used.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

from vla_isaac.core.errors import VlaIsaacError
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import Action, ActionChunk, Frame, JointTarget, Observation, SceneState, Verdict

if TYPE_CHECKING:
    from vla_isaac.api import make_request, make_session, run
    from vla_isaac.api.system import IsaacVLASystem
    from vla_isaac.scene.builder import FrankaSceneBuilder

_WHEN_USED = {
    "run": "vla_isaac.api",
    "make_session": "vla_isaac.api",
    "make_request": "vla_isaac.api",
    "FrankaSceneBuilder": "vla_isaac.scene.builder",
    "IsaacVLASystem": "vla_isaac.api.system",
}


def __getattr__(name: str) -> Any:
    if name not in _WHEN_USED:
        raise AttributeError(f"module 'vla_isaac' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_WHEN_USED[name]), name)


__all__ = [
    "Action",
    "ActionChunk",
    "ActionSpec",
    "Frame",
    "FrankaSceneBuilder",
    "IsaacVLASystem",
    "JointTarget",
    "Observation",
    "PolicySpec",
    "SceneState",
    "Verdict",
    "VlaIsaacError",
    "__version__",
    "make_request",
    "make_session",
    "run",
]
