"""Start Isaac Sim from a script, before any import of `omni`, `pxr` or `isaacsim`, and always close it."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vla_isaac.backends.isaac.probe import is_inside_kit
from vla_isaac.core.errors import BackendError, MissingDependencyError


@contextmanager
def simulation_app(*, headless: bool = True) -> Iterator[Any]:
    """Start Isaac Sim around a block of code and close it afterwards, also after an error.

    Where Isaac Sim runs already, nothing is started or closed. At its first start Isaac Sim may ask the user to accept
    its licence; this package never accepts it on the user's behalf.

    Args:
        headless: Whether to show no window.

    Yields:
        The `SimulationApp`; None where Isaac Sim ran already.

    Raises:
        MissingDependencyError: If this Python has no Isaac Sim.
        BackendError: If Isaac Sim did not start.
    """
    app = start_app(headless=headless)
    try:
        yield app
    finally:
        close_app(app, exit_code=0 if sys.exc_info()[0] is None else 1)


def close_app(app: Any, *, exit_code: int) -> None:
    """Close what `start_app` returned; where closing ends the process (6.x), it ends with `exit_code`."""
    if app is None:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    if _takes_exit_code(app):
        app.close(exit_code=exit_code)  # source: isaacsim-core 6.2 wheel, SimulationApp.close; see the signature above
    else:
        app.close()


def _takes_exit_code(app: Any) -> bool:
    """Return whether `close` takes an exit code.

    Then `fast_shutdown` is used, with which alone Isaac Sim watches over a shutdown that hangs. Before, it would end the
    process inside `close` with an exit code of its own.
    """
    # source: isaac-sim/IsaacSim v6.0.1, simulation_app.py: close(), _arm_shutdown_watchdog()
    return "exit_code" in inspect.signature(app.close).parameters


def start_app(*, headless: bool) -> Any:
    """Start Isaac Sim and return the `SimulationApp`, or None where it runs already; see `simulation_app`."""
    if is_inside_kit():
        return None
    if importlib.util.find_spec("isaacsim") is None:
        raise MissingDependencyError(
            "this Python has no Isaac Sim",
            remedy=(
                "run this by Isaac's own Python (./python.sh -m vla_isaac ... in its folder, or "
                "the environment in which pip installed isaacsim), or choose --backend mujoco"
            ),
        )
    try:
        from isaacsim import SimulationApp

        return SimulationApp({"headless": headless, "fast_shutdown": _takes_exit_code(SimulationApp)})
    except SystemExit as stop:  # the pip package exits this way without an accepted licence
        raise BackendError(
            f"Isaac Sim did not start: {stop}. Read NVIDIA's licence and accept it yourself, once, as Isaac Sim's "
            "installation page says (start it by hand in a terminal), then run this again"
        ) from stop
    except (ImportError, RuntimeError, OSError) as error:
        raise BackendError(
            f"Isaac Sim did not start: {type(error).__name__}: {error}", remedy="start it by hand once"
        ) from error
