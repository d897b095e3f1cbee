"""The ledger of what is believed about Isaac Sim: complete, true to this repository, with sources, and as a page."""

from __future__ import annotations

import ast
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tools.isaac_beliefs import members
from tools.isaac_beliefs.__main__ import ledger_text, main
from tools.isaac_beliefs.complete import MOST_ASSUMED, has_test, problems
from tools.isaac_beliefs.mirror import wrong_citations
from tools.isaac_beliefs.page import page, sections
from vla_isaac.backends.isaac import beliefs as module
from vla_isaac.backends.isaac.beliefs import Belief, beliefs
from vla_isaac.core.errors import ConfigError

PAGE = members.ROOT / "docs" / "isaac-beliefs.md"
ROW = {"id": "a-row", "belief": "It is so.", "kind": "clock", "releases": "5.1", "source": "OpenUSD, UsdGeomCamera"}


@pytest.fixture
def ledger() -> dict[str, Belief]:
    return dict(beliefs())


# ---------------------------------------------------------------- the ledger of today


def test_the_ledger_is_complete_and_names_nothing_that_does_not_exist(ledger):
    assert problems(ledger) == []


def test_at_most_ten_rows_are_assumed_and_the_self_test_looks_at_each(ledger):
    assumed = [row for row in ledger.values() if row.is_assumed]
    assert 0 < len(assumed) <= MOST_ASSUMED
    assert all(row.self_test and row.why for row in assumed)


def test_every_trap_of_the_simulated_isaac_has_a_row_that_says_where_it_was_read(ledger):
    from tests.simulated_isaac.traps import Traps

    rows = {name: row for row in ledger.values() for name in row.simulated}
    for trap in Traps.names():
        assert rows[f"traps.Traps.{trap}"].source


def test_the_page_in_the_docs_is_the_one_of_today(ledger):
    assert PAGE.read_text(encoding="utf-8") == page(ledger, ledger_text()), "run: python -m tools.isaac_beliefs --write"


def test_the_page_shows_every_row_under_its_heading_and_is_in_the_menu(ledger):
    text = PAGE.read_text(encoding="utf-8")
    headings = sections(ledger_text())
    for name, row in ledger.items():
        assert f"### {name}\n\n{row.belief}" in text
        assert text.index(f"## {headings[name][:1].upper()}{headings[name][1:]}\n") < text.index(f"### {name}\n")
    assert "isaac-beliefs.md" in (members.ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "(isaac-beliefs.md)" in (members.ROOT / "docs" / "isaac-sim.md").read_text(encoding="utf-8")


# ---------------------------------------------------------------- what the check finds


def changed(ledger: dict[str, Belief], name: str, **fields: object) -> dict[str, Belief]:
    return {**ledger, name: replace(ledger[name], **fields)}


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("nan-keeps-target", {"simulated": ()}, "no row for the simulated member traps.Traps.nan_keeps_target"),
        ("log", {"names": ("carb.log_warn",)}, "no row for the name carb.log_error"),
        ("gravity", {"stated_in": ()}, "no row for the statement vla_isaac/scene/usd.py:GRAVITY"),
        (
            "gains-per-radian",
            {"stated_in": ()},
            "no row for the statement vla_isaac/backends/isaac/ports.py:RobotPort.set_gains",
        ),
        ("nan-keeps-target", {"guard": None}, "no row for the guard NaN refused"),
        ("nan-keeps-target", {"guard": "none such"}, "there is no guard none such"),
        ("nan-keeps-target", {"code": ("vla_isaac/none.py",)}, "nan-keeps-target: there is no file vla_isaac/none.py"),
        (
            "nan-keeps-target",
            {"test": "tests/test_readme.py::test_none"},
            "there is no test tests/test_readme.py::test_none",
        ),
        ("gravity", {"simulated": ("loader.NONE",)}, "there is no simulated member loader.NONE"),
        ("log", {"names": ("carb.log_error", "carb.log_warn", "carb.none")}, "there is no name carb.none"),
        ("gravity", {"stated_in": ("vla_isaac/scene/usd.py:NONE",)}, "there is no statement vla_isaac/scene/usd.py:NONE"),
        ("log", {"names": ("carb.log_error", "carb.log_warn", "omni.ext")}, "two rows for the name omni.ext"),
        (
            "gravity",
            {"stated_in": ("vla_isaac/scene/usd.py:*",)},
            "gravity: only a row of the kind 'choice' may take a whole file",
        ),
        ("newton-attributes", {"source": "this project, tests/none.py"}, "there is no this project, tests/none.py"),
        ("contacts-and-grasp", {"self_test": None}, "contacts-and-grasp is assumed and no check of the self-test"),
    ],
)
def test_a_gap_and_a_name_that_does_not_exist_are_found(ledger, name, fields, said):
    found = problems(changed(ledger, name, **fields))
    assert any(said in problem for problem in found), found


def test_too_many_assumed_rows_are_found(ledger):
    for name in list(ledger)[: MOST_ASSUMED + 1]:
        ledger = changed(ledger, name, source="assumed", why="for this test", self_test="depth")
    assert any("rows are assumed, at most 10" in problem for problem in problems(ledger))


def test_a_test_without_a_function_is_a_file_and_one_with_it_a_function():
    assert has_test("tests/test_readme.py")
    assert not has_test("tests/none.py")
    assert not has_test("tests/test_readme.py::none")


def test_the_command_fails_for_an_incomplete_ledger(ledger, monkeypatch, capsys):
    monkeypatch.setattr("tools.isaac_beliefs.__main__.beliefs", lambda: changed(ledger, "gravity", stated_in=()))
    assert main(["--check"]) == 1
    assert "no row for the statement vla_isaac/scene/usd.py:GRAVITY" in capsys.readouterr().out


# ---------------------------------------------------------------- what must have a row


SIMULATED = """
CONSTANT = 3


class _Base:
    def shared(self): ...


class Shown(_Base):
    STATICS = _Base

    def member(self):
        def inner(): ...

    renamed = member

    def _hidden(self): ...


def functions(sim):
    def given(): ...

    table = {"other": given, "not a name": given}
    return _module("omni.some", get_some=given)
"""


def test_members_are_constants_classes_methods_aliases_and_what_functions_hand_out(tmp_path, monkeypatch):
    (tmp_path / "part.py").write_text(SIMULATED, encoding="utf-8")
    (tmp_path / "bench.py").write_text("LIMIT = 1\n", encoding="utf-8")
    monkeypatch.setattr(members, "SIMULATED", tmp_path)
    found = {
        "CONSTANT",
        "_Base.shared",
        "Shown",
        "Shown.member",
        "Shown.renamed",
        "functions",
        "functions.given",
        "functions.other",
        "functions.omni.some.get_some",
    }
    assert members.simulated_members() == {f"part.{name}" for name in found}
    assert members.simulated_members(with_harness=True) == {f"part.{name}" for name in found} | {"bench.LIMIT"}


def test_every_file_without_members_of_isaac_sim_exists():
    assert {path.stem for path in members.SIMULATED.glob("*.py")} >= set(members.HARNESS)


def test_every_behaviour_behind_a_recorded_name_is_among_the_members():
    from tests.simulated_isaac import classic, experimental

    found = members.simulated_members()
    for behaviour in {**classic.CLASSES, **experimental.CLASSES}.values():
        home = behaviour.__module__.rpartition(".")[2]
        assert f"{home}.{behaviour.__name__}" in found
        public = {name for name, value in vars(behaviour).items() if not name.startswith("_") and not name.isupper()}
        assert {f"{home}.{behaviour.__name__}.{name}" for name in public if callable(vars(behaviour)[name])} <= found


def test_numbers_are_those_of_functions_and_classes_that_state_something():
    tree = ast.parse(
        "A = 7\n\n\nclass B:\n    rate: float = 2.5\n\n    def c(self, d=60):\n        return d[0] - 1 + 1e-9\n"
    )
    assert set(members._numbers(tree)) == {"2.5", "60", "1e-09"}


# ---------------------------------------------------------------- the loader


@pytest.mark.parametrize(
    "source",
    [
        "isaac-sim/IsaacSim v5.1.0 source/apps/isaacsim.exp.base.kit:151",
        "isaac-sim/IsaacSim v6.0.1 source/extensions/a/b.py:1-3,7; OpenUSD, UsdPhysics",
        "phgandhi02/isaac-sim-4.1.0 d089ac42 exts/omni.isaac.sensor/omni/isaac/sensor/scripts/camera.py",
        "isaac-sim/IsaacSim issue 243",
        "6.2 wheel isaacsim-core isaacsim/core/a.py:3 (audit)",
        "Kit manual, omni.timeline: Timeline.commit",
        "this project, docs/isaac-sim.md: a choice",
    ],
)
def test_a_source_of_a_known_form_is_accepted(source):
    assert Belief(**{**ROW, "source": source}).source == source


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"source": "somebody said so"}, "has none of the accepted forms"),
        ({"source": "isaac-sim/IsaacSim source/apps/isaacsim.exp.base.kit"}, "has none of the accepted forms"),
        ({"source": "isaac-sim/IsaacSim v5.1.0 a/b.py:twelve"}, "has none of the accepted forms"),
        ({"source": "Assumed"}, "has none of the accepted forms"),
        ({"source": "assumed"}, "is assumed without a reason"),
        ({"id": "A Row"}, "id 'A Row' is not accepted"),
    ],
)
def test_a_row_without_a_proper_source_is_refused(fields, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        Belief(**{**ROW, **fields})


def test_a_broken_file_names_row_and_key(tmp_path, monkeypatch):
    def read(text: str) -> dict[str, Belief]:
        path = tmp_path / "beliefs.yaml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setattr(module, "resource", lambda *_: path)
        return beliefs.__wrapped__()

    row = "- {id: a, belief: b, kind: clock, releases: '5.1', source: OpenUSD}\n"
    assert read(row)["a"].kind == "clock"
    with pytest.raises(ConfigError, match=r"row 1\.kind.*not accepted"):
        read(row.replace("clock", "weather"))
    with pytest.raises(ConfigError, match=r"row 2.*key 'source' is missing"):
        read(row + "- {id: c, belief: b, kind: clock, releases: '5.1'}\n")
    with pytest.raises(ConfigError, match="two rows have the id 'a'"):
        read(row * 2)


# ---------------------------------------------------------------- citations


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def test_a_citation_of_a_file_or_line_that_is_not_there_is_found(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("one\ntwo\n", encoding="utf-8")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-qm", "a")
    git(tmp_path, "tag", "v5.1.0")

    def said(source: str) -> str:
        return " ".join(wrong_citations(tmp_path, [Belief(**{**ROW, "source": source})]))

    assert said("isaac-sim/IsaacSim v5.1.0 a.py:1-2") == ""
    assert said("OpenUSD; isaac-sim/IsaacSim v5.1.0 a.py") == ""
    assert "the file has 2 lines" in said("isaac-sim/IsaacSim v5.1.0 a.py:1,3")
    assert "there is no isaac-sim/IsaacSim v5.1.0 b.py" in said("isaac-sim/IsaacSim v5.1.0 b.py")
    assert "there is no isaac-sim/IsaacSim v6.0.1 a.py" in said("isaac-sim/IsaacSim v6.0.1 a.py:1")
