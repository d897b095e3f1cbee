"""Drive a Franka arm with a vision-language-action policy, in Isaac Sim, MuJoCo or a stub.

Importing this package takes a few milliseconds: each name is loaded when it is first used, with numpy and little else.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False  # that of `typing`, which takes longer to load than all else here
if TYPE_CHECKING:
    from typing import Any

    from vla_isaac.api import load_policy, make_request, make_session, run
    from vla_isaac.api.system import IsaacVLASystem
    from vla_isaac.collection.collect import collect
    from vla_isaac.collection.plan import CollectionPlan
    from vla_isaac.core.errors import VlaIsaacError
    from vla_isaac.core.specs import ActionSpec, PolicySpec
    from vla_isaac.core.types import (
        Action,
        ActionChunk,
        EpisodeContext,
        Frame,
        JointTarget,
        Observation,
        SceneState,
        Verdict,
    )
    from vla_isaac.datasets.loading import VLADataset
    from vla_isaac.evaluation.evaluate import evaluate
    from vla_isaac.evaluation.plan import EvaluationPlan
    from vla_isaac.runtime.result import EpisodeResult
    from vla_isaac.runtime.session import Session
    from vla_isaac.scene.builder import FrankaSceneBuilder
    from vla_isaac.training.training_run import train

_WHERE = {
    "run": "vla_isaac.api",
    "load_policy": "vla_isaac.api",
    "make_session": "vla_isaac.api",
    "make_request": "vla_isaac.api",
    "IsaacVLASystem": "vla_isaac.api.system",
    "collect": "vla_isaac.collection.collect",
    "CollectionPlan": "vla_isaac.collection.plan",
    "evaluate": "vla_isaac.evaluation.evaluate",
    "EvaluationPlan": "vla_isaac.evaluation.plan",
    "train": "vla_isaac.training.training_run",
    "VLADataset": "vla_isaac.datasets.loading",
    "Session": "vla_isaac.runtime.session",
    "EpisodeResult": "vla_isaac.runtime.result",
    "EpisodeContext": "vla_isaac.core.types",
    "VlaIsaacError": "vla_isaac.core.errors",
    "ActionSpec": "vla_isaac.core.specs",
    "PolicySpec": "vla_isaac.core.specs",
    "Action": "vla_isaac.core.types",
    "ActionChunk": "vla_isaac.core.types",
    "Frame": "vla_isaac.core.types",
    "JointTarget": "vla_isaac.core.types",
    "Observation": "vla_isaac.core.types",
    "SceneState": "vla_isaac.core.types",
    "Verdict": "vla_isaac.core.types",
    "FrankaSceneBuilder": "vla_isaac.scene.builder",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'vla_isaac' has no attribute {name!r}")
    import importlib

    found = globals()[name] = getattr(importlib.import_module(_WHERE[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "Action",
    "ActionChunk",
    "ActionSpec",
    "CollectionPlan",
    "EpisodeContext",
    "EpisodeResult",
    "EvaluationPlan",
    "Frame",
    "FrankaSceneBuilder",
    "IsaacVLASystem",
    "JointTarget",
    "Observation",
    "PolicySpec",
    "SceneState",
    "Session",
    "VLADataset",
    "Verdict",
    "VlaIsaacError",
    "__version__",
    "collect",
    "evaluate",
    "load_policy",
    "make_request",
    "make_session",
    "run",
    "train",
]
