"""Registry of the networks that predict actions from pictures and words, by ``model_type`` of a config.json."""

from vla_isaac.core.registry import Registry

DEFAULT_MODEL = "mini"
"""Default model for training and default policy; defined only here."""

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
