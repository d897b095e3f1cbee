"""Drive a Franka arm with a vision-language-action policy, in Isaac Sim, MuJoCo or a stub.

Importing this package loads numpy and nothing heavier.
"""

__version__ = "0.1.0"

from vla_isaac.core.errors import VlaIsaacError
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import Action, ActionChunk, Frame, JointTarget, Observation, SceneState, Verdict

__all__ = [
    "Action",
    "ActionChunk",
    "ActionSpec",
    "Frame",
    "JointTarget",
    "Observation",
    "PolicySpec",
    "SceneState",
    "Verdict",
    "VlaIsaacError",
    "__version__",
]
