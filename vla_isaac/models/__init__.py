"""Networks that turn pictures and words into actions, by the ``model_type`` that stands in a checkpoint's config.json."""

from vla_isaac.core.registry import Registry

DEFAULT_MODEL = "mini"
"""The model that is trained, and the policy that acts, where none is named; the one place where this package says so."""

MODELS = Registry(
    "model",
    "models",
    {
        DEFAULT_MODEL: "vla_isaac.models.mini.network:MiniVLA",
        "keypoints": "vla_isaac.models.keypoints.network:KeypointVLA",
        "vla_transformer": "vla_isaac.models.vla_transformer.network:VisionLanguageActionTransformer",
        "rt1_style": "vla_isaac.models.rt1_style.network:RT1StyleModel",
        "multi_task": "vla_isaac.models.multi_task.network:MultiTaskVLA",
        "hierarchical": "vla_isaac.models.hierarchical.network:HierarchicalVLA",
        "custom_vla": "vla_isaac.models.custom_vla.network:CustomVLA",
    },
)
"""Model type → class; each is a `models.base.VLAModel`."""
