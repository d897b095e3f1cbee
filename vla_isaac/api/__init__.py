"""Python API: make backends, policies and sessions by name, and run an instruction with one call.

For example ``vla_isaac.run("Pick up the red cube and place it on the blue box")``.
"""

from vla_isaac.api.requests import make_request, recorded_request
from vla_isaac.api.sessions import choose_policy, make_backend, make_session, open_session, run
from vla_isaac.policies.factory import load_policy, make_policy

__all__ = [
    "choose_policy",
    "load_policy",
    "make_backend",
    "make_policy",
    "make_request",
    "make_session",
    "open_session",
    "recorded_request",
    "run",
]
