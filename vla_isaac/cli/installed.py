"""Checks of installed packages for `doctor`: missing, outside the accepted versions, or mixed from two versions."""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

from vla_isaac.cli.requirements import Requirement
from vla_isaac.core.errors import UsageError
from vla_isaac.core.input_files import read_bytes
from vla_isaac.core.installation import install_command, kind_of_installation, pip
from vla_isaac.core.optional import is_installed


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    subject: str
    ok: bool | None
    """Whether the check passed; None for something optional that is absent."""

    words: str
    remedy: str = ""


MODULES = {"pillow": "PIL", "pyyaml": "yaml", "usd-core": "pxr", "mkdocs-material": "material", "pytest-xdist": "xdist"}
"""Distribution to import name, where they differ by more than a hyphen."""

VERSION_FILES = ("__init__.py", "version.py", "_version.py")
"""Files that differ between any two versions of a package."""

NO_MODULE = ("types-pyyaml", "ruff")
"""Distributions without a module to import."""

REMEDY = "install the package again"


def check_package(requirement: Requirement) -> Check:
    """Return whether a package is installed as a whole, once, and in an accepted version."""
    name, found = requirement.name, installed_distributions(requirement.name)
    is_there = name.lower() in NO_MODULE or is_installed(module_of(name))
    if not found:
        words = "installed, version not known" if is_there else "not installed"
        return Check(name, True if is_there else None, words, "" if is_there else install_command(requirement.extra))
    version = found[0].version
    mixed = next(_mixtures(name, found, is_there), None)
    if mixed is not None:
        times = f", {len(found)} times (once for each version)" if len(found) > 1 else ""
        again = f"{pip()} install --force-reinstall --no-deps {_specifier(requirement)}"
        return Check(name, False, f"{version}, but {mixed}", f"{pip()} uninstall -y {name}{times}; then: {again}")
    if not requirement.accepts(version):
        remedy = f"{pip()} install {_specifier(requirement)}"
        return Check(name, False, f"{version} is outside the tested versions {requirement.range}", remedy)
    return Check(name, True, version)


def check_extra(extra: str, use: str, packages: Sequence[Check], *, shown: Collection[str] = ()) -> Check:
    """Return whether an extra is installed, from the checks of its packages.

    Args:
        extra: Its name.
        use: The commands or features that need it.
        packages: A check for each of its packages.
        shown: Packages whose versions other lines show.
    """
    subject, what = f"extra {extra}", f"{use}: " if use else ""
    wrong = [f"{package.subject} {package.words}" for package in packages if package.ok is False]
    absent = [package.subject for package in packages if package.ok is None]
    if absent:
        return Check(subject, None, what + "; ".join([f"lacks {', '.join(absent)}", *wrong]), install_command(extra))
    if wrong:
        remedy = next(package.remedy for package in packages if package.ok is False)
        return Check(subject, False, what + "; ".join(wrong), remedy)
    versions = ", ".join(f"{one.subject} {one.words}" for one in packages if one.subject not in shown)
    return Check(subject, True, what + (versions or "installed"))


def module_of(name: str) -> str:
    """Return the import name of a distribution."""
    return MODULES.get(name.lower(), name.replace("-", "_"))


def installed_distributions(name: str) -> list[Distribution]:
    """Return the distributions of that name in the first folder of `sys.path` that has one."""
    found = list(importlib.metadata.distributions(name=name))
    folders = [Path(str(one.locate_file(""))).resolve() for one in found]
    return [one for one, folder in zip(found, folders, strict=True) if folder == folders[0]]


def _mixtures(name: str, found: Sequence[Distribution], is_there: bool) -> Iterator[str]:
    """Yield the signs that files of two versions are mixed or files are missing."""
    folder = Path(str(found[0].locate_file("")))
    if len(found) > 1:
        yield f"{folder} has the metadata of {' and '.join(sorted(one.version for one in found))}"
    if not is_there:
        yield f"its module {module_of(name)!r} is missing"
    if kind_of_installation() == "kit":  # Kit ships packages without all of their files
        return
    recorded = list(csv.reader((found[0].read_text("RECORD") or "").splitlines()))
    for path, digest, size in (row for row in recorded if len(row) == 3 and _is_code(row[0])):
        wrong = _difference(folder / path, digest, size)
        if wrong:
            yield f"{path} {wrong} {found[0].version}"
    imported, own = _origin(name), f"{module_of(name)}/__init__.py"
    is_recorded = any(path == own for path, *_ in recorded)
    if is_recorded and imported is not None and imported.parent != (folder / own).resolve().parent:  # the files may be links
        yield f"another {module_of(name)!r} is imported: {imported}"


def _is_code(path: str) -> bool:
    return path.endswith((".py", ".pyd", ".dll", ".dylib")) or ".so" in path


def _difference(path: Path, digest: str, size: str) -> str:
    """Return how a file differs from what the metadata records, empty if it does not; edited modules are no difference."""
    try:
        found = path.stat().st_size
        if path.name in VERSION_FILES and digest.startswith("sha256="):
            content = (
                base64.urlsafe_b64encode(hashlib.sha256(read_bytes(path, error=UsageError, remedy=REMEDY)).digest())
                .decode()
                .rstrip("=")
            )
            return "" if content == digest.removeprefix("sha256=") else "is not the one of"
    except (OSError, UsageError):
        return "is missing; it belongs to"
    is_other = bool(size) and path.suffix != ".py" and found != int(size)
    return "is not the one of" if is_other else ""


def _origin(name: str) -> Path | None:
    """Return the file that an import of the package would load."""
    try:
        spec = importlib.util.find_spec(module_of(name))
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).resolve() if spec is not None and spec.origin else None


def _specifier(requirement: Requirement) -> str:
    return f'"{requirement.name}{requirement.range}"'
