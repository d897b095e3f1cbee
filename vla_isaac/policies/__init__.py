"""Observation in, action chunk out: the policies by name."""

from vla_isaac.core.registry import Registry

POLICIES = Registry(
    "policy",
    "policies",
    {
        "scripted": "vla_isaac.policies.scripted.expert:ScriptedPolicy",
        "hold": "vla_isaac.policies.hold:HoldPolicy",
        "random": "vla_isaac.policies.random_walk:RandomPolicy",
        "replay": "vla_isaac.policies.replay:ReplayPolicy",
        "mini": "vla_isaac.policies.learned:MiniPolicy",
    },
)
"""Name → class; a class with `from_argument` may be asked for as ``name:argument``.

Other packages add theirs through the entry-point group ``vla_isaac.policies``.
"""
