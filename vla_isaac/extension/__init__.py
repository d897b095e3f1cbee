"""The Omniverse extension: a panel in Isaac Sim that loads a scene, takes an instruction and runs a policy.

Kit imports this module and starts `VlaIsaacExtension`. The Script Editor reaches the running session::

    from vla_isaac.extension import get_session

    print(get_session().status.verdict)

Importing it outside Isaac Sim ends in a `MissingDependencyError`.
"""

from vla_isaac.extension.entry import VlaIsaacExtension, get_session

__all__ = ["VlaIsaacExtension", "get_session"]
