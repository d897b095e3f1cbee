"""Observation in, action chunk out: the policies by name."""

from vla_isaac.core.registry import Registry

POLICIES = Registry(
    "policy",
    "policies",
    {
        "scripted": "vla_isaac.policies.scripted.expert:ScriptedPolicy",
        "hold": "vla_isaac.policies.hold:HoldPolicy",
        "random": "vla_isaac.policies.random_walk:RandomPolicy",
    },
)
"""Name → class; other packages add theirs through the entry-point group ``vla_isaac.policies``."""
