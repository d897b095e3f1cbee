"""Policies by name: a policy takes an observation and returns an action chunk."""

from vla_isaac.core.registry import Registry
from vla_isaac.models import DEFAULT_MODEL

DEFAULT = DEFAULT_MODEL
"""The learned policy of this package, whose checkpoint is the folder of this name in ``data/checkpoints``; the default for
everything that the checkpoint declares."""

POLICIES = Registry(
    "policy",
    "policies",
    {
        "scripted": "vla_isaac.policies.scripted.expert:ScriptedPolicy",
        "hold": "vla_isaac.policies.hold:HoldPolicy",
        "random": "vla_isaac.policies.random_walk:RandomPolicy",
        "replay": "vla_isaac.policies.replay:ReplayPolicy",
        DEFAULT: "vla_isaac.policies.learned:ShippedPolicy",
    },
)
"""Name → class; a class with `from_argument` may be selected as ``name:argument``.

Other packages add theirs through the entry-point group ``vla_isaac.policies``.
"""
