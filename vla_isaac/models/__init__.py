"""Networks that turn pictures and words into actions, by the ``model_type`` that stands in a checkpoint's config.json."""

from vla_isaac.core.registry import Registry

MODELS = Registry(
    "model",
    "models",
    {
        "mini": "vla_isaac.models.mini.network:MiniVLA",
        "keypoints": "vla_isaac.models.keypoints.network:KeypointVLA",
    },
)
"""Model type → class; each is a `models.base.VLAModel`."""
