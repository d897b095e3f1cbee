"""``vla-isaac doctor``: which packages, extras and policies are usable, what is missing and the command that fixes it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from vla_isaac import __version__
from vla_isaac.backends import BACKENDS
from vla_isaac.backends.isaac.probe import is_inside_kit, probe
from vla_isaac.backends.physx.engine import engine_name, has_wheel, no_wheel, sapien_module
from vla_isaac.cli.colour import Colour, painted
from vla_isaac.cli.installed import Check, check_extra, check_package
from vla_isaac.cli.output import NOT_REACHED, OK, emit, say
from vla_isaac.cli.policy_checks import check_policies
from vla_isaac.cli.requirements import Requirement, declared_extras, declared_requirements
from vla_isaac.core.errors import VlaIsaacError
from vla_isaac.core.installation import install_command, kind_of_installation, pip
from vla_isaac.core.optional import is_installed


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Check installed packages, OpenGL rendering and Isaac Sim; print how to fix what is missing.

    For example: vla-isaac doctor
    """

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Run all checks; exit code 1 if a required one fails."""
        findings = check_all()
        for finding in findings:
            say(_line(finding))
        composed = {f"extra {extra}" for extra in (*UNIONS, *FOR_DEVELOPERS)}
        missing = {finding.subject for finding in findings if finding.ok is None} - composed
        failed = [finding for finding in findings if finding.ok is False]
        absent = [f"{use} (extra {extra})" for extra, use in EXTRAS.items() if f"extra {extra}" in missing]
        s = "s" * (len(failed) > 1)
        words = f"{len(failed)} check{s} failed; see the line{s} marked FAIL" if failed else "all required checks passed"
        say(painted(words, "red" if failed else "green"))
        if absent:
            say("not installed, and needed only by: " + "; ".join(absent))
        if self.json:
            emit({"ok": not failed, "version": __version__, "findings": [asdict(f) for f in findings]})
        return NOT_REACHED if failed else OK


EXTRAS: dict[str, str] = {
    "cli": "the command line",
    "mujoco": "--backend mujoco",
    "physx": "--backend physx",
    "video": "videos of runs",
    "policy": "learned policies such as mini",
    "data": "collect, dataset, train",
    "train": "train",
    "export": "export",
    "usd": "export-scene",
    "ray": "--ray",
    "demo": "make demo",
    "all": "everything but PhysX, training, USD and Ray",
    "dev": "make test",
    "dev-isaac": "make test-isaac",
    "docs": "make docs",
}
"""Extra to what needs it; an extra that is not listed has a row all the same."""

FOR_DEVELOPERS = ("dev", "dev-isaac", "docs")
"""Extras that are useful only in a checkout."""

UNIONS = ("demo", "all")
"""Extras that hold others."""

REQUIRED = ("", "cli")
"""Extras without which no command runs; the empty one is what is always installed."""

WITH_PACKAGE_ROWS = ("", "cli", "mujoco", "video", "data", "policy")
"""Extras whose packages have a row each."""

WITHOUT_METADATA = ("filelock", "numpy", "pillow", "pyyaml")
"""Packages to check where this one has no metadata, as in the extension folder."""

GL_PACKAGES = "apt-get install -y libegl1 libopengl0 libgl1-mesa-dri"


def check_all() -> list[Check]:
    """Run every check, in the order of the report."""
    required = declared_requirements() or [Requirement(name) for name in WITHOUT_METADATA]
    packages = [check_package(one) for one in _distinct(required)]
    essential = {one.name for one in required if one.extra in REQUIRED}
    packages = [replace(one, ok=one.ok is True) if one.subject in essential else one for one in packages]
    rendering, physx, isaac = _rendering(packages), _physx(), _isaac()
    works = {"mujoco": rendering.ok, "physx": rendering.ok and physx.ok, "isaac": isaac.ok and is_inside_kit()}
    backends = [name for name in BACKENDS if works.get(name, True)]
    return [
        _python(),
        *packages,
        *_extras(required, shown={one.subject for one in packages}),
        rendering,
        physx,
        isaac,
        _foreign_usd(isaac),
        *check_policies(backends),
    ]


def _distinct(requirements: Iterable[Requirement]) -> list[Requirement]:
    """Return a requirement of each package that has a row of its own, in the order of the report."""
    shown = [one for extra in WITH_PACKAGE_ROWS for one in requirements if one.extra == extra]
    return list({one.name: one for one in reversed(shown)}.values())[::-1]


def _extras(required: Sequence[Requirement], shown: set[str]) -> list[Check]:
    """Return a check for each extra; a version that an earlier line shows is not repeated."""
    hidden = () if kind_of_installation() == "checkout" else FOR_DEVELOPERS
    names = sorted(set(declared_extras()) - {*hidden}, key=_rank)
    if not names:
        return [Check("extras", None, "not checked: this copy of vla_isaac has no package metadata")]
    checks = []
    for name in names:
        packages = [check_package(one) for one in required if one.extra == name]
        check = check_extra(name, EXTRAS.get(name, ""), packages, shown=shown)
        if name == "physx" and check.ok is None and not has_wheel():
            check = replace(check, remedy="")  # the row `physx` says why it cannot be installed
        checks.append(replace(check, ok=check.ok or None) if name in FOR_DEVELOPERS else check)
        shown = shown | {one.subject for one in packages}
    return checks


def _rank(extra: str) -> int:
    """Return the place of an extra in the report; those that are not listed come last."""
    return list(EXTRAS).index(extra) if extra in EXTRAS else len(EXTRAS)


MARKS: dict[bool | None, tuple[str, Colour | None]] = {
    True: ("ok  ", "green"),
    False: ("FAIL", "red"),
    None: ("-   ", "yellow"),
}


def _line(check: Check) -> str:
    mark, colour = MARKS[check.ok]
    mark = painted(mark, colour)
    return f"{mark} {check.subject:16} {check.words}" + (f"\n     {'':16} fix: {check.remedy}" if check.remedy else "")


def _python() -> Check:
    version = platform.python_version()
    fits = sys.version_info[:2] >= (3, 10)
    return Check(
        "vla_isaac",
        fits,
        f"{__version__} on Python {version}, {platform.system()} {platform.machine()}, {_installation()}",
        "" if fits else "use Python 3.10 to 3.13",
    )


def _installation() -> str:
    kind = kind_of_installation()
    return "in Isaac Sim" if kind == "kit" else f"from a {kind}"


def _rendering(packages: Iterable[Check]) -> Check:
    """Render one small image: only that shows whether OpenGL works."""
    mujoco = next((one for one in packages if one.subject == "mujoco"), None)
    if not is_installed("mujoco") or (mujoco is not None and not mujoco.ok):
        return Check("rendering", None, "not checked: it needs MuJoCo", install_command("mujoco"))
    from vla_isaac.api import make_backend
    from vla_isaac.rendering.engine import headless_gl
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


def _physx() -> Check:
    """Load PhysX: only that shows whether SAPIEN's libraries work here."""
    if not is_installed("sapien"):
        if has_wheel():
            return Check("physx", None, "not here; only --backend physx needs it", install_command("physx"))
        return Check("physx", None, f"not here, and only --backend physx needs it; {no_wheel()}")
    try:
        return Check("physx", True, engine_name(sapien_module()))
    except VlaIsaacError as error:
        return Check("physx", False, error.message, error.remedy)


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
        return Check("isaac sim", None, "not here; the other backends do not need it")
    return Check("isaac sim", True, f"{where}; not running, the port is chosen when it starts")


def _foreign_usd(isaac: Check) -> Check:
    """Report a second USD package next to Kit's, which breaks Kit."""
    try:
        importlib.metadata.version("usd-core")
    except importlib.metadata.PackageNotFoundError:
        return Check("usd-core", None, "not installed")
    if isaac.ok:
        return Check(
            "usd-core", False, "a second pxr is installed next to Isaac's and breaks it", f"{pip()} uninstall usd-core"
        )
    return Check("usd-core", True, importlib.metadata.version("usd-core"))
