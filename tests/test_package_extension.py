"""The packaged extension has what Kit and the package need, nothing that Kit has itself, and replaces the old one whole."""

import os
import re
import shlex
import subprocess
import sys
import textwrap
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import numpy as np
import pytest
import yaml

import vla_isaac
from tools import package_extension
from tools.package_extension import FORBIDDEN, PYTHONS, ROOT, PackagingError, Plan, main, package, read_plan, report, version

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
KITS_PACKAGES = {
    "3.10": ("numpy==1.26.4", "typing_extensions==4.12.2"),
    "3.11": ("numpy==1.26.4", "typing_extensions==4.12.2"),
    "3.12": ("numpy==2.3.1", "typing_extensions==4.12.2"),
}
"""Kit's own versions of what never travels; the numpy of Isaac Sim 4.x, 5.x and 6.x."""


@pytest.fixture
def plan(tmp_path):
    return Plan(out=tmp_path / "extension", pythons=(), platform="linux")


def with_packages(plan, *pythons):
    return Plan(out=plan.out, pythons=pythons, platform=plan.platform)


def install_one_module(python, platform, folder):
    """Install a package named after what was asked for, as pip would."""
    (folder / "bin").mkdir(parents=True)
    (folder / f"for_{platform}_{python.replace('.', '_')}.py").touch()


def install_nothing(python, platform, folder):
    raise PackagingError("the line is dead")


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- contents --------------------------------------------------------------------------------------------------------


def test_the_folder_has_what_kit_and_the_package_need(plan):
    folder = package(plan)
    assert folder == plan.out / "vla_isaac"
    assert {path.name for path in folder.iterdir()} == {
        *("extension.toml", "README.md", "LICENSE", "docs", "vla_isaac", "config", "data")
    }
    assert (folder / "docs" / "CHANGELOG.md").is_file()


def test_every_module_of_the_package_is_there_and_no_cache(plan):
    there = {path.relative_to(plan.out / "vla_isaac") for path in package(plan).rglob("*.py")}
    assert there == {path.relative_to(ROOT) for path in (ROOT / "vla_isaac").rglob("*.py") if "_resources" not in path.parts}
    assert not [path for path in plan.out.rglob("*") if path.name == "__pycache__" or path.suffix == ".pyc"]


def test_every_file_that_the_manifest_names_is_there(plan):
    folder = package(plan)
    manifest = (folder / "extension.toml").read_text(encoding="utf-8")
    named = re.findall(r'^(?:readme|changelog|icon|preview_image) = "(.+)"', manifest, re.MULTILINE)
    modules = re.findall(r'^name = "(.+)"', manifest.partition("[[python.module]]")[2], re.MULTILINE)
    assert len(named) == 4
    assert modules
    assert [name for name in named if not (folder / name).is_file()] == []
    assert [name for name in modules if not folder.joinpath(*name.split("."), "__init__.py").is_file()] == []


def test_the_readme_shows_its_pictures(plan):
    folder = package(plan)
    pictures = re.findall(r"!\[.*?\]\((.+?)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert pictures
    assert [name for name in pictures if not (folder / name).is_file()] == []


def test_manifest_and_package_agree_on_the_version():
    assert version() == vla_isaac.__version__


@pytest.fixture
def small_checkout(tmp_path, monkeypatch):
    """Make a checkout of one file each, and beside them what must stay at home."""
    root = tmp_path / "checkout"
    kept = ("extension.toml", "README.md", "LICENSE", "docs/CHANGELOG.md", "vla_isaac/new.py", "config/a.yaml", "data/a.png")
    junk = ("outputs/film.mp4", ".venv/pyvenv.cfg", "docs/other.md", "vla_isaac/__pycache__/new.pyc", "config/.b.swp")
    for name in (*kept, *junk):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text('version = "1.2.3"\n', encoding="utf-8")
    monkeypatch.setattr(package_extension, "ROOT", root)
    return root, {*kept}


def test_of_a_checkout_only_tracked_files_and_the_package_are_taken(small_checkout, plan):
    root, kept = small_checkout
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    subprocess.run(["git", "-C", str(root), "add", "extension.toml", "config/a.yaml", "data"], check=True)
    (root / "config" / "my_own.yaml").touch()
    assert set(files_of(package(plan))) == kept


def test_without_git_everything_but_junk_is_taken(small_checkout, plan):
    _, kept = small_checkout
    assert set(files_of(package(plan))) == kept


# ---- the packages that travel ----------------------------------------------------------------------------------------


def test_each_python_has_its_own_folder_of_packages_without_commands(plan):
    folder = package(with_packages(plan, "3.10", "3.12"), install_one_module)
    there = {path.relative_to(folder / "pip_prebundle").as_posix() for path in (folder / "pip_prebundle").rglob("*")}
    assert there == {"py310", "py310/for_linux_3_10.py", "py312", "py312/for_linux_3_12.py"}


@pytest.mark.parametrize(
    "stranger", ["numpy", "PIL", "typing_extensions.py", "pxr", "numpy.libs", "usd_core-26.8.dist-info"]
)
def test_what_kit_has_itself_never_travels(plan, stranger):
    def install(python, platform, folder):
        (folder / stranger).mkdir(parents=True)

    with pytest.raises(PackagingError, match=re.escape(stranger) + r" must not travel.*prebundle-linux\.txt"):
        package(with_packages(plan, "3.11"), install)


@pytest.mark.parametrize("platform", package_extension.WHEELS)
def test_the_pins_are_exact_and_name_nothing_that_kit_has_itself(platform):
    lines = (ROOT / "requirements" / f"prebundle-{platform}.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith(("#", "-r"))]
    assert [pin for pin in pins if not re.fullmatch(r"[\w-]+==[\w.]+", pin)] == []
    assert {pin.partition("==")[0].lower().replace("-", "_") for pin in pins} & FORBIDDEN == set()


# ---- the old folder --------------------------------------------------------------------------------------------------


def test_packaging_twice_gives_the_same_and_leaves_nothing_of_the_first(plan):
    first = files_of(package(plan))
    (plan.folder / "left_over.py").touch()
    assert files_of(package(plan)) == first
    assert [path.name for path in plan.out.iterdir()] == ["vla_isaac"]


def test_a_failure_halfway_keeps_the_old_folder_and_leaves_no_other(plan):
    def install(python, platform, folder):
        (install_one_module if python == "3.10" else install_nothing)(python, platform, folder)

    package(plan)
    (plan.folder / "mark").touch()
    before = files_of(plan.folder)
    with pytest.raises(PackagingError, match="the line is dead"):
        package(with_packages(plan, "3.10", "3.11"), install)
    assert files_of(plan.folder) == before
    assert [path.name for path in plan.out.iterdir()] == ["vla_isaac"]


def test_without_a_network_the_old_folder_stays_and_the_message_says_how_to_do_without(plan, monkeypatch, capsys):
    dead = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in {**dead, "PIP_NO_CACHE_DIR": "1"}.items():
        monkeypatch.setenv(name, value)
    before = files_of(package(plan))
    assert main(["--out", str(plan.out), "--python", "3.11"]) == 1
    said = capsys.readouterr().err
    assert re.search(
        r"could not fetch the packages for Python 3\.11 on linux.*--no-prebundle.*is as it was", said, re.DOTALL
    )
    assert files_of(plan.folder) == before


def test_a_folder_that_cannot_be_moved_into_place_leaves_the_old_one(plan, monkeypatch):
    rename = Path.rename

    def refuse_the_new_one(path, target):
        if path.parent.name.startswith(".vla_isaac-") and path.name == "vla_isaac":
            raise PermissionError(13, "Permission denied", str(path))
        return rename(path, target)

    before = files_of(package(plan))
    monkeypatch.setattr(Path, "rename", refuse_the_new_one)
    with pytest.raises(PackagingError, match=r"Permission denied; close Isaac Sim.*--out FOLDER"):
        package(plan)
    assert files_of(plan.folder) == before


@pytest.mark.parametrize("inside", [["my_file"], ["extension.toml", "pyproject.toml"], ["extension.toml", ".git"]])
def test_what_this_command_did_not_make_is_never_replaced(plan, inside):
    plan.folder.mkdir(parents=True)
    for name in inside:
        (plan.folder / name).touch()
    with pytest.raises(PackagingError, match=r"in the way: it is not a packaged extension.*--out FOLDER"):
        package(plan)
    assert sorted(path.name for path in plan.folder.iterdir()) == sorted(inside)


def test_the_package_of_the_checkout_is_never_replaced(small_checkout):
    root, _ = small_checkout
    with pytest.raises(PackagingError, match="in the way"):
        package(Plan(out=root, pythons=()))
    assert (root / "vla_isaac" / "new.py").is_file()


# ---- the command -----------------------------------------------------------------------------------------------------


def test_the_report_names_the_parent_folder_in_the_line_to_type(plan):
    package(plan)
    words = next(shlex.split(line) for line in report(plan).splitlines() if "--ext-folder" in line)
    assert words == ["./isaac-sim.sh", "--ext-folder", str(plan.out), "--enable", "vla_isaac"]


def test_all_pythons_on_linux_are_the_default_and_no_prebundle_means_none():
    assert read_plan([]) == Plan(out=ROOT / "dist" / "extension", pythons=PYTHONS, platform="linux")
    assert read_plan(["--no-prebundle"]).pythons == ()


def test_a_python_that_no_isaac_has_is_refused_with_the_choices(capsys):
    with pytest.raises(SystemExit):
        read_plan(["--python", "3.9"])
    assert re.search(r"'?3\.9'? \(choose from '?3\.10", capsys.readouterr().err)


def test_the_zip_has_the_same_files_and_its_name_says_version_and_windows(plan):
    assert main(["--out", str(plan.out), "--no-prebundle", "--zip"]) == 0
    archive = plan.out.parent / f"vla_isaac-extension-{version()}.zip"
    with zipfile.ZipFile(archive) as packed:
        names = {name for name in packed.namelist() if not name.endswith("/")}
    assert names == {f"vla_isaac/{name}" for name in files_of(plan.folder)}
    assert Plan(out=plan.out, platform="windows").archive.name == f"vla_isaac-extension-{version()}-windows.zip"


# ---- alone -----------------------------------------------------------------------------------------------------------


def run_alone(python, places, code):
    """Run code where Python finds its standard library and `places`, nothing else; return what it prints."""
    begin = f"import sys; sys.path += {[str(place) for place in places]!r}\n"
    command = [str(python), "-I", "-S", "-B", "-c", begin + textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "100"})
    assert done.returncode == 0, done.stderr
    return done.stdout


def only(folder, module):
    """Make a folder from which nothing but `module` and its libraries can be imported."""
    folder.mkdir(exist_ok=True)
    home = Path(module.__file__).parent
    for path in (home, home.with_name(f"{home.name}.libs")):
        if path.exists():
            (folder / path.name).symlink_to(path)
    return folder


PRESETS = """
    import vla_isaac
    from vla_isaac.core.resources import preset_names, resource
    from vla_isaac.scene.builder import scene_preset
    from vla_isaac.scene.randomisation import randomisation_preset
    from vla_isaac.tasks.families import family_names, task_family
    print(vla_isaac.__file__)
    print(resource("data", "robots", "panda", "panda.xml"))
    print(len([scene_preset(name) for name in preset_names("scenes")]))
    print(len([randomisation_preset(name) for name in preset_names("randomisation")]))
    print(len([task_family(name) for name in family_names()]))
"""


def check_presets(said, folder):
    """Check that all presets were read, from the packaged folder."""
    package_file, robot_file, *counts = said.splitlines()[-5:]
    assert Path(package_file) == folder / "vla_isaac" / "__init__.py"
    assert Path(robot_file) == folder / "data" / "robots" / "panda" / "panda.xml"
    kinds = ("scenes", "randomisation", "tasks")
    assert [int(count) for count in counts] == [len([*(ROOT / "config" / kind).glob("*.yaml")]) for kind in kinds]


def test_the_folder_works_with_numpy_and_yaml_alone(plan, tmp_path):
    folder = package(plan)
    places = (only(tmp_path / "kit", np), folder, only(tmp_path / "prebundle", yaml))
    check_presets(run_alone(sys.executable, places, PRESETS), folder)


# ---- the real packages, fetched --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    """Package with the real packages for every Python on Linux."""
    return package(Plan(out=tmp_path_factory.mktemp("fetched")))


@pytest.fixture
def kit(python, tmp_path):
    """Return a folder with Kit's own numpy and typing_extensions, which every package that travels must bear."""
    platforms = [f"--platform=manylinux{tag}_x86_64" for tag in ("2014", "_2_28")]
    options = ["-q", "--no-deps", "--only-binary=:all:", "--python-version", python, *platforms]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(tmp_path / "kit"), *KITS_PACKAGES[python]]
    subprocess.run(command, check=True, capture_output=True)
    return tmp_path / "kit"


def interpreter(python):
    """Return an interpreter of this Python: the one that runs, or one of pyenv's."""
    if python == "{}.{}".format(*sys.version_info):
        return sys.executable
    found = sorted(PYENV.glob(f"{python}.*/bin/python"))
    return found[-1] if found else pytest.skip(f"no Python {python} in {PYENV}")


def py_folder(folder, python):
    return folder / "pip_prebundle" / f"py{python.replace('.', '')}"


@pytest.mark.slow
@pytest.mark.parametrize("python", PYTHONS)
def test_what_travels_is_complete_beside_kits_own_packages(fetched, kit, python):
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    travelling = [*distributions(path=[str(py_folder(fetched, python))])]
    versions = {canonicalize_name(d.name): d.version for d in (*travelling, *distributions(path=[str(kit)]))}
    wanted = [Requirement(text) for d in travelling for text in d.requires or ()]
    here = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    needed = [need for need in wanted if need.marker is None or need.marker.evaluate(here)]
    assert len(travelling) == 10
    assert [str(need) for need in needed if not need.specifier.contains(versions[canonicalize_name(need.name)])] == []


@pytest.mark.slow
@pytest.mark.parametrize("python", PYTHONS)
def test_presets_and_the_command_line_work_in_a_python_like_kits(fetched, kit, python):
    code = f"""
        import runpy
        from pathlib import Path
        folder = Path({str(fetched)!r})
        prebundle = runpy.run_path(str(folder / "vla_isaac" / "core" / "prebundle.py"))["Prebundle"](folder)
        assert prebundle.add()
        import importlib.metadata, numpy, tyro, typing_extensions
        for name in ("numpy", "typing_extensions", "tyro"):
            print(name, importlib.metadata.version(name))
        from vla_isaac.cli.main import main
        assert main(["--help"]) == main(["run", "--help"]) == 0
        assert main(["run", "Pick up the red cube", "--backend", "stub", "--no-video"]) == 0
    """
    said = run_alone(interpreter(python), (kit, fetched), textwrap.dedent(code) + textwrap.dedent(PRESETS))
    assert said.splitlines()[:3] == [pin.replace("==", " ") for pin in KITS_PACKAGES[python]] + ["tyro 0.9.17"]
    assert "usage: vla-isaac" in said
    assert "SUCCESS" in said
    check_presets(said, fetched)


@pytest.mark.slow
def test_for_windows_the_packages_are_those_of_windows(tmp_path):
    folder = py_folder(package(Plan(out=tmp_path, pythons=("3.11",), platform="windows")), "3.11")
    assert [path.name for path in (folder / "yaml").glob("_yaml.*")] == ["_yaml.cp311-win_amd64.pyd"]
    assert (folder / "colorama").is_dir()
