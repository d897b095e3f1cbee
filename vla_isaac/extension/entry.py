"""`VlaIsaacExtension`, which Kit starts and stops, and `get_session` for scripts."""

from __future__ import annotations

import time
from typing import Any

from vla_isaac.core.errors import UsageError
from vla_isaac.extension.controller import PanelController
from vla_isaac.extension.factory import KitBackend, isaac_backend
from vla_isaac.extension.kit import require
from vla_isaac.extension.kit_folder import open_folder
from vla_isaac.policies.factory import make_policy
from vla_isaac.runtime.live import LiveSession

_IExt: Any = require("omni.ext").IExt  # source: docs.omniverse.nvidia.com Kit manual, Extensions: IExt; recorded for 6.2

_running: list[PanelController] = []


class VlaIsaacExtension(_IExt):  # type: ignore[misc]  # Kit has no stubs
    """Holds the controller between start and stop.

    Kit clears this object and expects it to be gone right after `on_shutdown`, so nothing is given a reference to it.
    """

    @staticmethod
    def make_backend(robot: str) -> KitBackend:
        """Return the backend for a robot source; replaced in tests with another simulator."""
        return isaac_backend(robot)

    make_policy = staticmethod(make_policy)
    """Makes policies as the command line does; replaced in tests."""

    open_folder = staticmethod(open_folder)
    """Shows a folder in the file browser; replaced in tests."""

    clock = staticmethod(time.monotonic)
    """Clock of the panel's redraws [s]; replaced in tests."""

    def on_startup(self, ext_id: str) -> None:
        """Open the panel; `ext_id` is Kit's id of this extension, independent of its folder's name."""
        cls = type(self)
        self._controller = PanelController(
            ext_id,
            make_backend=cls.make_backend,
            make_policy=cls.make_policy,
            clock=cls.clock,
            open_folder=cls.open_folder,
        )
        _running.append(self._controller)
        self._controller.start()

    def on_shutdown(self) -> None:
        """Close everything; may be called twice, and without a start."""
        controller = self.__dict__.pop("_controller", None)
        if controller is not None:
            _running.remove(controller)
            controller.close()


def get_session() -> LiveSession:
    """Return the live session of the running extension.

    Raises:
        UsageError: If the extension is not enabled, or its simulator backend could not be made.
    """
    if not _running:
        raise UsageError(
            "the extension VLA Isaac is not enabled, so there is no session", remedy="enable it in Window > Extensions"
        )
    session = _running[-1].session
    if session is None:
        problem = _running[-1].problem
        raise UsageError(
            f"the extension has no session: {problem.message if problem else ''}", remedy=problem.remedy if problem else ""
        )
    return session
