"""Import of the `sapien` module, which brings PhysX, without its effects on the rest of the process."""

from __future__ import annotations

import functools
import importlib
import os
import platform
import re
import sys
import warnings
from types import ModuleType
from typing import Any

from vla_isaac.core.errors import MissingDependencyError
from vla_isaac.core.optional import is_installed, require

OWN_VARIABLES = "SAPIEN_"
"""Beginning of the names of environment variables that only SAPIEN reads."""

WHEELS = "Linux x86-64 (glibc 2.28 or newer), Windows x86-64 and macOS 12 or newer, for CPython 3.10 to 3.14"
"""What the wheels of SAPIEN 3.0.3 on PyPI are for; only those for Linux are tested here."""

INSTEAD = "choose --backend mujoco, or --backend stub"


class _Requests(ModuleType):
    """What SAPIEN has as `requests`: the real one, imported when something of it is used."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("requests"), name)


@functools.cache
def sapien_module() -> ModuleType:
    """Import SAPIEN.

    Its import looks for a Vulkan and an EGL driver, warns if there is none, and may set variables such as
    ``__EGL_VENDOR_LIBRARY_FILENAMES``, from which MuJoCo's renderer would suffer. Its renderer is not used here, so
    variables of others are restored and the warnings are dropped. `requests`, with which SAPIEN downloads libraries and
    models when asked to, opens a socket on ``::1`` while it is imported, so SAPIEN receives one that is imported when used.

    Raises:
        MissingDependencyError: If SAPIEN is not installed, or cannot be loaded on this machine.
    """
    if not is_installed("sapien") and not has_wheel():
        raise MissingDependencyError(f"the physx backend needs the package 'sapien'; {no_wheel()}", remedy=INSTEAD)
    before = dict(os.environ)
    later = None if "requests" in sys.modules else sys.modules.setdefault("requests", _Requests("requests"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return require("sapien", extra="physx", need="the physx backend", instead=INSTEAD)
    except OSError as error:  # a library of the wheel does not load here
        raise MissingDependencyError(f"the package 'sapien' cannot be loaded ({error})", remedy=INSTEAD) from error
    finally:
        _restore(before)
        if later is not None and sys.modules.get("requests") is later:
            del sys.modules["requests"]


def engine_name(sapien: ModuleType) -> str:
    """Return the releases in words, such as ``PhysX 5.3.1 in SAPIEN 3.0.3``."""
    found = re.search(r"physx-(\d+(\.\d+)*)", str(sapien.physx.version()))  # such as 105.1-physx-5.3.1.patch0
    return f"PhysX {found[1] if found else sapien.physx.version()} in SAPIEN {sapien.__version__}"


def has_wheel() -> bool:
    """Return whether SAPIEN publishes a wheel for this machine and Python."""
    machine = platform.machine().lower()
    is_system = sys.platform == "darwin" or (sys.platform in ("linux", "win32") and machine in ("x86_64", "amd64"))
    return is_system and (3, 10) <= sys.version_info[:2] <= (3, 14) and platform.python_implementation() == "CPython"


def no_wheel() -> str:
    """Return why it cannot be installed here."""
    here = f"{platform.system()} {platform.machine()}, {platform.python_implementation()} {platform.python_version()}"
    return f"SAPIEN has no wheel for {here}; it has wheels for {WHEELS}"


def _restore(before: dict[str, str]) -> None:
    """Undo what the import did to the variables of other libraries."""
    for name in set(os.environ) - set(before):
        if not name.startswith(OWN_VARIABLES):
            del os.environ[name]
    os.environ.update(before)
