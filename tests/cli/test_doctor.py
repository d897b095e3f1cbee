"""`doctor`: a line for each package, extra and policy; mixed and unsupported versions are named."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vla_isaac.cli import doctor
from vla_isaac.cli.installed import check_extra, check_package
from vla_isaac.cli.main import main
from vla_isaac.cli.policy_checks import check_policies
from vla_isaac.cli.requirements import Requirement, declared_extras, declared_requirements, parse_requirements
from vla_isaac.policies import POLICIES

ROOT = Path(__file__).resolve().parents[2]
ENGINE = Requirement("tinyengine", "mujoco", ((">=", "3.3.7"), ("<", "5")))


def install(folder: Path, version: str, *, name: str = "tinyengine") -> None:
    """Do what pip does with a wheel: write the module and the metadata with a record of each file."""
    files = {f"{name}/__init__.py": f'__version__ = "{version}"\n', f"{name}/lib{name}.so.{version}": f"library {version}"}
    record = []
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        record.append(f"{path},sha256={digest},{len(text)}")
    metadata = folder / f"{name}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (metadata / "RECORD").write_text("\n".join([*record, f"{metadata.name}/RECORD,,"]))


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture
def report(capsys):
    """Run the command; return its exit code, the findings by subject, and what it prints."""

    def call() -> tuple[int, dict[str, dict], str]:
        code = main(["doctor", "--json"])
        out = capsys.readouterr().out
        return code, {one["subject"]: one for one in json.loads(out.splitlines()[-1])["findings"]}, out

    return call


# ------------------------------------------------------------------ packages


def test_a_package_in_an_accepted_version_passes(site):
    install(site, "3.17.0")
    check = check_package(ENGINE)
    assert (check.subject, check.ok, check.words) == ("tinyengine", True, "3.17.0")


def test_a_missing_package_names_the_extra_that_installs_it(site):
    check = check_package(ENGINE)
    assert (check.ok, check.words) == (None, "not installed")
    assert check.remedy.endswith('[mujoco]"')


@pytest.mark.parametrize("version", ["5.0.0", "5.0.0rc1", "3.3.6", "2.99"])
def test_a_version_outside_the_accepted_ones_is_named_with_the_range(site, version):
    install(site, version)
    check = check_package(ENGINE)
    assert (check.ok, check.words) == (False, f"{version} is outside the tested versions >=3.3.7,<5")
    assert check.remedy.endswith('pip install "tinyengine>=3.3.7,<5"')


def test_two_versions_unpacked_into_one_folder_are_both_named(site):
    install(site, "3.17.0")
    install(site, "4.0.0")
    check = check_package(ENGINE)
    assert check.ok is False
    assert f"{site} has the metadata of 3.17.0 and 4.0.0" in check.words
    assert "uninstall -y tinyengine, 2 times" in check.remedy


def test_files_of_another_version_than_the_metadata_are_named(site):
    install(site, "3.17.0")
    install(site, "4.0.0")
    shutil.rmtree(site / "tinyengine-4.0.0.dist-info")
    check = check_package(ENGINE)
    assert (check.ok, check.words) == (False, "3.17.0, but tinyengine/__init__.py is not the one of 3.17.0")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda site: (site / "tinyengine/libtinyengine.so.3.17.0").unlink(), "libtinyengine.so.3.17.0 is missing"),
        (lambda site: (site / "tinyengine/libtinyengine.so.3.17.0").write_text("cut"), "is not the one of 3.17.0"),
        (lambda site: shutil.rmtree(site / "tinyengine"), "its module 'tinyengine' is missing"),
    ],
    ids=["missing library", "cut library", "no module"],
)
def test_a_half_installed_package_is_named(site, damage, words):
    install(site, "3.17.0")
    damage(site)
    check = check_package(ENGINE)
    assert check.ok is False
    assert words in check.words
    assert "--force-reinstall" in check.remedy


def test_a_folder_of_the_same_name_that_is_imported_instead_is_named(site, monkeypatch, tmp_path_factory):
    install(site, "3.17.0")
    other = tmp_path_factory.mktemp("work")
    (other / "tinyengine.py").write_text("")
    monkeypatch.syspath_prepend(str(other))
    check = check_package(ENGINE)
    assert check.ok is False
    assert f"another 'tinyengine' is imported: {other / 'tinyengine.py'}" in check.words


def test_a_package_whose_files_are_links_passes(site, tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    install(store, "3.17.0")
    for path in store.iterdir():
        (site / path.name).symlink_to(path)
    assert check_package(ENGINE).words == "3.17.0"


def test_a_package_without_metadata_as_kit_ships_them_passes(site):
    (site / "tinyengine").mkdir()
    (site / "tinyengine" / "__init__.py").write_text("")
    assert check_package(ENGINE).words == "installed, version not known"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("numpy<3,>=1.26", Requirement("numpy", "", ((">=", "1.26"), ("<", "3")))),
        ("mujoco<5,>=3.3.7; extra == 'all'", Requirement("mujoco", "all", ((">=", "3.3.7"), ("<", "5")))),
        ("types-pyyaml; extra == 'dev'", Requirement("types-pyyaml", "dev")),
        (
            "newton[importers,sim]>=1.8; (python_version < '3.99') and extra == 'x'",
            Requirement("newton", "x", ((">=", "1.8"),)),
        ),
        ("old (>=1.0)", Requirement("old", "", ((">=", "1.0"),))),
        ("past>=1; python_version < '3.9'", None),
    ],
)
def test_a_line_of_the_metadata_is_read(line, expected):
    assert list(parse_requirements([line])) == ([expected] if expected else [])


def test_the_versions_installed_here_pass_against_our_own_metadata():
    accepted = {
        one.name: one.accepts(importlib.metadata.version(one.name)) for one in declared_requirements() if not one.extra
    }
    assert accepted == dict.fromkeys(("filelock", "numpy", "pillow", "pyyaml"), True)


# ------------------------------------------------------------------ extras


def test_an_extra_names_what_needs_it_and_which_packages_it_lacks(site):
    install(site, "3.17.0")
    both = [check_package(ENGINE), check_package(Requirement("no-such-package", "data"))]
    check = check_extra("data", "collect, dataset", both)
    assert (check.subject, check.ok, check.words) == ("extra data", None, "collect, dataset: lacks no-such-package")
    assert check.remedy.endswith('[data]"')


def test_an_extra_with_an_unsupported_version_fails(site):
    install(site, "5.0.0")
    check = check_extra("mujoco", "", [check_package(ENGINE)])
    assert (check.ok, check.words) == (False, "tinyengine 5.0.0 is outside the tested versions >=3.3.7,<5")


def test_every_extra_and_every_policy_has_a_line(report):
    _, found, _ = report()
    assert {f"extra {name}" for name in declared_extras()} <= set(found)
    assert {f"policy {name}" for name in POLICIES} <= set(found)
    assert found["policy scripted"]["words"] == "usable"


def test_every_extra_says_what_needs_it():
    assert set(doctor.EXTRAS) == set(declared_extras())


def test_the_last_line_says_what_needs_the_missing_extras(monkeypatch, report):
    monkeypatch.setattr(doctor, "declared_extras", lambda: ["data"])
    known = [one for one in declared_requirements() if one.extra != "data"]
    monkeypatch.setattr(doctor, "declared_requirements", lambda: [*known, Requirement("no-such-package", "data")])
    _, found, out = report()
    assert found["extra data"]["words"] == "collect, dataset, train: lacks no-such-package"
    assert "not installed, and needed only by: collect, dataset, train (extra data)" in out


def test_doctor_names_the_command_that_installs_what_is_missing(monkeypatch, report):
    monkeypatch.setattr(doctor, "declared_requirements", lambda: [Requirement("no-such-package", "video")])
    _, _, words = report()
    assert re.search(r'not installed\n {22}fix: .*pip install -e "\.\[video\]"', words)


def test_a_required_package_that_is_missing_is_a_failure(monkeypatch, report):
    monkeypatch.setattr(doctor, "declared_requirements", lambda: [Requirement("no-such-package")])
    code, found, out = report()
    assert (code, found["no-such-package"]["ok"]) == (1, False)
    assert "1 check failed; see the line marked FAIL" in out


def test_a_mujoco_4_over_a_mujoco_3_is_named_and_nothing_is_rendered_with_it(tmp_path):
    for version in ("3.17.0", "4.0.0"):
        install(tmp_path, version, name="mujoco")
    done = subprocess.run(
        [sys.executable, "-m", "vla_isaac", "doctor"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
    )
    assert done.returncode == 1, done.stderr
    assert re.search("FAIL mujoco .*metadata of 3.17.0 and 4.0.0", done.stdout)
    assert re.search("FAIL extra mujoco ", done.stdout)
    assert re.search("-    rendering +not checked", done.stdout)
    assert re.search("-    policy mini +measured on the backend mujoco, which does not work here", done.stdout)
    assert done.stderr == ""


# ------------------------------------------------------------------ policies


def test_a_policy_whose_package_is_missing_names_package_and_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    check = {one.subject: one for one in check_policies(["mujoco"])}["policy mini"]
    assert (check.ok, check.words) == (None, "the learned policy needs the package 'onnxruntime'")
    assert '[policy]"' in check.remedy


def test_a_policy_whose_checkpoint_is_missing_says_so(monkeypatch, tmp_path):
    from vla_isaac.core import resources

    monkeypatch.setattr(resources, "_PLACES", (tmp_path,))
    check = {one.subject: one for one in check_policies(["mujoco"])}["policy mini"]
    assert check.ok is None
    assert "data/checkpoints/mini is not part of this installation" in check.words


def test_a_policy_of_another_package_that_cannot_be_imported_is_a_failure(monkeypatch, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "__init__.py").write_text("raise RuntimeError('no driver')")
    (tmp_path / "theirs-1.0.dist-info").mkdir()
    (tmp_path / "theirs-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (tmp_path / "theirs-1.0.dist-info" / "entry_points.txt").write_text("[vla_isaac.policies]\ntheirs = theirs:Policy\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    check = {one.subject: one for one in check_policies([])}["policy theirs"]
    assert (check.ok, check.words) == (False, "RuntimeError: no driver")
