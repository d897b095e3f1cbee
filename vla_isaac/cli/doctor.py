"""``vla-isaac doctor``: which packages are installed, what works, what is missing and the command that fixes it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import sys
from dataclasses import asdict, dataclass

from vla_isaac import __version__
from vla_isaac.backends.isaac.probe import is_inside_kit, probe
from vla_isaac.cli.output import NOT_REACHED, OK, emit, say
from vla_isaac.core.errors import VlaIsaacError
from vla_isaac.core.optional import is_installed


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    subject: str
    ok: bool | None
    """Whether the check passed; None for an optional package that is absent."""

    words: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Check installed packages, OpenGL rendering and Isaac Sim; print how to fix what is missing.

    For example: vla-isaac doctor
    """

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Run all checks; exit code 1 if a required one fails."""
        findings = [
            _python(),
            *(_package(*row) for row in PACKAGES),
            _rendering(),
            _isaac(),
            _foreign_usd(),
        ]
        for f in findings:
            mark = {True: "ok  ", False: "FAIL", None: "-   "}[f.ok]
            say(f"{mark} {f.subject:14} {f.words}" + (f"\n     {'':14} fix: {f.remedy}" if f.remedy else ""))
        healthy = all(f.ok is not False for f in findings)
        say("all required checks passed" if healthy else "a required check failed; see the lines marked FAIL")
        if self.json:
            emit({"ok": healthy, "version": __version__, "findings": [asdict(f) for f in findings]})
        return OK if healthy else NOT_REACHED


GL_PACKAGES = "apt-get install -y libegl1 libopengl0 libgl1-mesa-dri"

PACKAGES: tuple[tuple[str, str, str, bool], ...] = (
    # import name, distribution, extra, whether it is required
    ("numpy", "numpy", "", True),
    ("filelock", "filelock", "", True),
    ("PIL", "pillow", "", True),
    ("yaml", "pyyaml", "", True),
    ("tyro", "tyro", "cli", True),
    ("mujoco", "mujoco", "mujoco", False),
    ("av", "av", "video", False),
)


def _python() -> Check:
    version = platform.python_version()
    fits = sys.version_info[:2] >= (3, 10)
    return Check(
        "vla_isaac",
        fits,
        f"{__version__} on Python {version}, {platform.system()} {platform.machine()}",
        "" if fits else "use Python 3.10 to 3.13",
    )


def _package(module: str, distribution: str, extra: str, needed: bool) -> Check:
    if is_installed(module):
        return Check(distribution, True, importlib.metadata.version(distribution))
    remedy = f'pip install -e ".[{extra}]"' if extra else f"pip install {distribution}"
    return Check(distribution, False if needed else None, "not installed", remedy)


def _rendering() -> Check:
    """Render one small image: only that shows whether OpenGL works."""
    if not is_installed("mujoco"):
        return Check("rendering", None, "not checked: MuJoCo is not installed", 'pip install -e ".[mujoco]"')
    from vla_isaac.api import make_backend
    from vla_isaac.backends.mujoco.engine import headless_gl
    from vla_isaac.scene.builder import FrankaSceneBuilder
    from vla_isaac.scene.layout import sample_layout
    from vla_isaac.scene.randomisation import Randomisation
    from vla_isaac.sim.backend import RenderRequest
    from vla_isaac.sim.drive import drive

    scene = FrankaSceneBuilder("doctor").add_cube("red").build()
    chosen = headless_gl() or "the system's own"
    backend = make_backend("mujoco")
    try:
        drive(backend.load(scene))
        drive(backend.reset(sample_layout(scene, Randomisation(), 0)))
        frame = drive(backend.render([RenderRequest(camera="front", resolution_hw=(32, 32))]))["front"]
    except VlaIsaacError as error:
        return Check("rendering", False, error.message, error.remedy or GL_PACKAGES)
    finally:
        backend.close()
    if int(frame.rgb.max()) == 0:
        return Check("rendering", False, f"GL {chosen} renders only black", GL_PACKAGES)
    return Check("rendering", True, f"GL: {chosen}")


def _isaac() -> Check:
    """Look for Isaac Sim without importing it, which starts Kit and asks for its licence; inside Kit, return the port."""
    offer = probe()
    if offer.choose() is not None:
        return Check("isaac sim", True, f"runs here; the {offer.choose()} port is used: {offer.why}")
    if is_inside_kit():
        remedy = "enable isaacsim.core.api and isaacsim.sensors.camera (4.2: omni.isaac.core, omni.isaac.sensor)"
        return Check("isaac sim", False, f"runs here, but {offer.why}", remedy)
    try:
        where = f"{importlib.metadata.version('isaacsim')} (pip)"
    except importlib.metadata.PackageNotFoundError:
        where = os.environ.get("ISAAC_PATH") or os.environ.get("ISAACSIM_PATH") or ""
    if not where:
        return Check("isaac sim", None, "not here; the mujoco and stub backends do not need it")
    return Check("isaac sim", True, f"{where}; not running, the port is chosen when it starts")


def _foreign_usd() -> Check:
    """Report a second USD package next to Kit's, which breaks Kit."""
    try:
        importlib.metadata.version("usd-core")
    except importlib.metadata.PackageNotFoundError:
        return Check("usd-core", None, "not installed")
    if _isaac().ok:
        return Check("usd-core", False, "a second pxr is installed next to Isaac's and breaks it", "pip uninstall usd-core")
    return Check("usd-core", True, importlib.metadata.version("usd-core"))
