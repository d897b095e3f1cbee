"""Make the folder that Isaac Sim takes as an extension, with the packages that Kit lacks.

    python tools/package_extension.py                   # dist/extension/vla_isaac
    python tools/package_extension.py --zip             # and dist/vla_isaac-extension-<version>.zip
    python tools/package_extension.py --no-prebundle    # without a network

It needs Python 3.10 or newer with pip, and nothing else. What it makes replaces what was there in one step;
whatever fails before that step leaves the old folder as it was.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAME = "vla_isaac"  # Kit takes the folder's name for the extension's
SINGLE_FILES = ("extension.toml", "README.md", "LICENSE", "docs/CHANGELOG.md")
TRACKED_FOLDERS = ("config", "data")  # all that vla_isaac/core/resources.py finds
PYTHONS = ("3.10", "3.11", "3.12")  # of Isaac Sim 4.x, 5.x and 6.x

WHEELS = {"linux": "manylinux2014_x86_64", "windows": "win_amd64"}
"""Platform → the tag of the binary wheels that fit it."""

LAUNCHERS = {"linux": "./isaac-sim.sh", "windows": "isaac-sim.bat"}
"""Platform → what starts Isaac Sim from its own folder."""

FORBIDDEN = {"numpy", "pil", "pillow", "typing_extensions", "pxr", "usd_core"}
"""What Kit has imported already; a second version of it would break Kit."""


class PackagingError(Exception):
    """The folder was not made, and what was there before is untouched; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to make and where."""

    out: Path
    """Folder that will contain ``vla_isaac/``; this is what goes into Kit's search path."""

    pythons: tuple[str, ...] = PYTHONS
    """Pythons that packages are added for; empty adds none."""

    platform: str = "linux"
    """A key of `WHEELS`."""

    wants_zip: bool = False
    """Whether the folder is also packed into one file beside `out`."""

    @property
    def folder(self) -> Path:
        """The extension itself."""
        return self.out / NAME

    @property
    def archive(self) -> Path:
        """The zip file; the packages in it fit one platform, so that for Windows says so."""
        suffix = "" if self.platform == "linux" else f"-{self.platform}"
        return self.out.parent / f"{NAME}-extension-{version()}{suffix}.zip"


Install = Callable[[str, str, Path], None]
"""Puts the packages for a Python and a platform into a folder, or raises `PackagingError`."""


def version() -> str:
    """Return the version that the manifest declares."""
    found = re.search(r'^version = "(.+)"', (ROOT / "extension.toml").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise PackagingError('extension.toml has no line such as version = "0.1.0"; add it under [package]')
    return found[1]


# ---- what is copied --------------------------------------------------------------------------------------------------


def shipped_files() -> list[Path]:
    """Return the files to copy, relative to the checkout: all of the package, and what git tracks of the rest."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^\]]*\]\((docs/[^)]+)\)", readme)  # Kit's window of extensions shows the README
    tracked = [path for folder in TRACKED_FOLDERS for path in _tracked(folder)]
    names = (*SINGLE_FILES, *pictures, *tracked, *_own(NAME))
    return sorted({Path(name) for name in names})


def _own(folder: str) -> Iterable[Path]:
    """Yield the files of a folder without caches, hidden files and what a wheel keeps inside the package."""
    for path in sorted((ROOT / folder).rglob("*")):
        inner = path.relative_to(ROOT)
        is_junk = any(part in ("__pycache__", "_resources") or part.startswith(".") for part in inner.parts)
        if path.is_file() and not is_junk and path.suffix not in (".pyc", ".log"):
            yield inner


def _tracked(folder: str) -> Iterable[Path]:
    """Yield what git tracks in a folder; all of it where this is not a checkout of our own."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--", "extension.toml", folder]
    try:
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    except FileNotFoundError:
        return _own(folder)
    names = done.stdout.split("\0")
    if done.returncode or "extension.toml" not in names:
        return _own(folder)
    return [Path(name) for name in names if name.startswith(f"{folder}/") and (ROOT / name).is_file()]


# ---- what is fetched -------------------------------------------------------------------------------------------------


def install_prebundle(python: str, platform: str, folder: Path) -> None:
    """Install the pinned packages for another Python and platform into `folder`, from binary wheels only.

    Raises:
        PackagingError: If pip fails, as without a network.
    """
    pins = ROOT / "requirements" / f"prebundle-{platform}.txt"
    options = ["--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps", "--only-binary=:all:"]
    target = ["--python-version", python, "--platform", WHEELS[platform], "--target", str(folder)]
    command = [sys.executable, "-m", "pip", "install", *options, *target, "-r", str(pins)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.splitlines() or ["it gave no reason"]
        reason = ([line for line in lines if line.startswith("ERROR")] or lines)[-1]
        raise PackagingError(
            f"pip could not fetch the packages for Python {python} on {platform}: {reason}\n"
            "check the network or the index that pip uses and run this again, or leave the packages out: --no-prebundle"
        )


def _add_prebundle(python: str, platform: str, prebundle: Path, install: Install) -> None:
    folder = prebundle / f"py{python.replace('.', '')}"
    install(python, platform, folder)
    shutil.rmtree(folder / "bin", ignore_errors=True)  # commands that name the Python that ran pip
    strangers = sorted(path.name for path in folder.iterdir() if re.split(r"[-.]", path.name.lower())[0] in FORBIDDEN)
    if strangers:
        raise PackagingError(
            f"{', '.join(strangers)} must not travel with the extension, since Isaac Sim has its own; "
            f"take it out of requirements/prebundle-{platform}.txt"
        )


# ---- how it comes into being -----------------------------------------------------------------------------------------


def package(plan: Plan, install: Install = install_prebundle) -> Path:
    """Make the extension and return its folder; the old one is replaced at the very end, or not at all.

    Raises:
        PackagingError: If something could not be fetched, read or written, or if another folder is in the way.
    """
    _check_is_replaceable(plan.folder)
    try:
        plan.out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{NAME}-", dir=plan.out) as temporary:
            fresh = Path(temporary) / NAME
            for file in shipped_files():
                (fresh / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / file, fresh / file)
            for python in plan.pythons:
                _add_prebundle(python, plan.platform, fresh / "pip_prebundle", install)
            packed = Path(shutil.make_archive(f"{temporary}/packed", "zip", temporary, NAME)) if plan.wants_zip else None
            if packed is not None:
                packed.replace(plan.archive)
            _swap(fresh, plan.folder, aside=Path(temporary) / "old")
    except OSError as error:
        raise PackagingError(
            f"{error.filename or plan.out}: {error.strerror or error}; "
            "close Isaac Sim if it runs from there, check space and permissions, or choose another folder: --out FOLDER"
        ) from error
    return plan.folder


def _check_is_replaceable(folder: Path) -> None:
    """Refuse to replace what this command did not make, above all a checkout or the package itself."""
    is_ours = folder.is_dir() and not folder.is_symlink() and (folder / "extension.toml").is_file()
    is_checkout = (folder / ".git").exists() or (folder / "pyproject.toml").exists()
    if folder.is_symlink() or (folder.exists() and (not is_ours or is_checkout)):
        raise PackagingError(
            f"{folder} is in the way: it is not a packaged extension, so it is not replaced; "
            "move it, or choose another folder: --out FOLDER"
        )


def _swap(fresh: Path, place: Path, *, aside: Path) -> None:
    """Put `fresh` in its place and what was there aside; if that fails, put it back."""
    had_old = place.exists()
    if had_old:
        place.rename(aside)
    try:
        fresh.rename(place)
    except OSError:
        if had_old:
            aside.rename(place)
        raise


# ---- what is said ----------------------------------------------------------------------------------------------------


def report(plan: Plan) -> str:
    """Return what was made, how large it is, and the line that starts Isaac Sim with it."""
    parts = sorted(path for path in plan.folder.iterdir() if path.is_dir() and path.name != "pip_prebundle")
    parts += sorted((plan.folder / "pip_prebundle").glob("py*"))
    sizes = [f"  {path.relative_to(plan.folder).as_posix():<22}{_size(path):>8}" for path in parts]
    lines = [f"made {plan.folder}: version {version()}, {_size(plan.folder)}", *sizes]
    if plan.wants_zip:
        lines.append(f"made {plan.archive}: {_size(plan.archive)}")
    if plan.pythons:
        lines.append(f"the packages fit Isaac Sim on {plan.platform}, Python {', '.join(plan.pythons)}")
    else:
        lines.append(
            "without packages: Isaac's own Python needs pyyaml for scenes from files, and tyro for the command line"
        )
    lines += [
        "in Isaac Sim's own folder, type:",
        f'  {LAUNCHERS[plan.platform]} --ext-folder "{plan.out}" --enable {NAME}',
        f"the search path names the folder that contains {NAME}, not {NAME} itself",
    ]
    return "\n".join(lines)


def _size(path: Path) -> str:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def read_plan(arguments: Sequence[str] | None) -> Plan:
    """Fill in the plan from the command line."""
    parser = argparse.ArgumentParser(prog="package_extension.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "dist" / "extension",
        metavar="FOLDER",
        help="where vla_isaac/ is put, itself the folder for Kit's search path; dist/extension if not given",
    )
    parser.add_argument(
        "--python", nargs="+", default=PYTHONS, choices=PYTHONS, help="Pythons that packages are added for; all if not given"
    )
    parser.add_argument("--platform", default="linux", choices=tuple(WHEELS), help="where Isaac Sim runs")
    parser.add_argument("--no-prebundle", action="store_true", help="add no packages; needs no network")
    parser.add_argument("--zip", action="store_true", help="also pack it into one file, beside FOLDER")
    chosen = parser.parse_args(arguments)
    pythons = () if chosen.no_prebundle else tuple(dict.fromkeys(chosen.python))
    return Plan(out=chosen.out.resolve(), pythons=pythons, platform=chosen.platform, wants_zip=chosen.zip)


def main(arguments: Sequence[str] | None = None) -> int:
    """Package the extension; 1 if that failed."""
    plan = read_plan(arguments)
    try:
        package(plan)
        print(report(plan))
    except PackagingError as error:
        kept = f"\n{plan.folder} is as it was" if plan.folder.exists() else ""
        print(f"error: {error}{kept}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
