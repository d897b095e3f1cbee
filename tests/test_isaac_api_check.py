"""The static check of Isaac Sim calls tells right from wrong, and our package passes it."""

import json
import textwrap
from functools import cache

import pytest

from tools.isaac_api.__main__ import main
from tools.isaac_api.recorded import Call, misfit
from tools.isaac_api.report import RECORDED, ROOT, check, releases, table


@pytest.fixture(scope="module")
def known():
    return releases()


@pytest.fixture
def statuses(tmp_path, known):
    """Return what each release says about the uses of a source whose name contains a text."""

    def of(source, name):
        rows = rows_of(tmp_path, known, source)
        return [{v: f.status for v, f in row.findings.items()} for row in rows if name in row.use.name]

    return of


def rows_of(folder, known, source, file="sample.py"):
    path = folder / file
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return check([path], known, folder)


def everywhere(status):
    return dict.fromkeys(("4.2", "4.5", "5.1", "6.2"), status)


# ---- names -----------------------------------------------------------------------------------------------------------

WORLD = """
    from {module} import World

    def build():
        world = World(stage_units_in_meters=1.0)
        world.step(render=True)
"""


def test_the_world_of_today_is_in_every_release_but_the_oldest(statuses):
    found = statuses(WORLD.format(module="isaacsim.core.api"), "World()")
    assert found == [everywhere("resolved") | {"4.2": "missing"}] * 2


def test_the_world_of_old_is_in_every_release_but_the_newest(statuses):
    found = statuses(WORLD.format(module="omni.isaac.core"), "World()")
    assert found == [everywhere("resolved") | {"6.2": "missing"}] * 2


def test_a_misspelt_class_is_missing_and_unrecorded_where_the_recording_is_partial(statuses):
    found = statuses("from isaacsim.core.api import Wrld", "Wrld")
    assert found == [{"4.2": "missing", "4.5": "unrecorded", "5.1": "missing", "6.2": "missing"}]


def test_a_module_that_raises_when_imported_is_missing(statuses):
    module = "isaacsim.robot.experimental.manipulators.examples.franka"
    assert statuses(f"import {module}.franka", "franka")[0]["6.2"] == "missing"
    assert statuses(f"from {module} import Franka", "Franka")[0]["6.2"] == "missing"


def test_a_member_of_an_enumeration_is_checked(statuses):
    source = """
        from isaacsim.core.simulation_manager import SimulationEvent

        EVENTS = [SimulationEvent.PHYSICS_POST_STEP, SimulationEvent.PHYSICS_AFTER_STEP]
    """
    assert statuses(source, "POST_STEP")[0]["6.2"] == "resolved"
    assert statuses(source, "AFTER_STEP")[0]["6.2"] == "missing"


# ---- calls -----------------------------------------------------------------------------------------------------------


def test_a_wrong_keyword_is_missing_and_named(tmp_path, known):
    rows = rows_of(tmp_path, known, "import isaacsim.core.api as api\nworld = api.World(stage_units=1.0)\n")
    findings = next(row.findings for row in rows if row.use.kind == "call")
    assert {v: findings[v].status for v in ("4.5", "5.1", "6.2")} == dict.fromkeys(("4.5", "5.1", "6.2"), "missing")
    assert findings["5.1"].note == "World(): no keyword 'stage_units'"


def test_joint_position_targets_belong_to_the_view_not_to_the_robot(statuses):
    source = """
        from isaacsim.core.api.robots import Robot
        from isaacsim.core.prims import Articulation, SingleArticulation

        def command(q):
            Robot("/World/a").set_joint_position_targets(q)
            SingleArticulation("/World/b").set_joint_position_targets(q)
            Articulation("/World/c").set_joint_position_targets(q)
    """
    robot, single, view = statuses(source, "set_joint_position_targets")
    assert (robot["5.1"], robot["6.2"], single["5.1"], single["6.2"]) == ("missing",) * 4
    assert (view["4.5"], view["5.1"], view["6.2"]) == ("resolved",) * 3


def test_an_inherited_method_is_found_with_its_signature(statuses):
    source = """
        from isaacsim.core.api.robots import Robot

        def move(robot: Robot, q):
            robot.set_joint_positions(positions=q)
            robot.set_joint_positions(joints=q)
    """
    right, wrong = statuses(source, "set_joint_positions")
    assert (right["5.1"], wrong["5.1"]) == ("resolved", "missing")


def test_an_attribute_set_in_one_method_is_followed_in_another_and_through_properties(statuses):
    source = """
        from isaacsim.core.api import World

        class Port:
            def load(self):
                self._world = World.instance() or World()

            def add(self, cube):
                self._world.scene.add(cube)
                self._world.scene.add_thing(cube)
    """
    assert statuses(source, "scene.add()")[0]["6.2"] == "resolved"
    assert statuses(source, "scene.add_thing()")[0]["6.2"] == "missing"


def test_an_annotation_narrows_what_a_recorded_method_returns(statuses):
    source = """
        from isaacsim.core.api import World
        from isaacsim.core.api.robots import Robot

        def move(world: World, action):
            robot: Robot = world.scene.get_object("franka")
            robot.apply_action(action)
    """
    assert statuses(source, "Robot().apply_action()")[0]["6.2"] == "resolved"


def test_what_a_method_returns_beyond_the_recorded_types_is_not_a_use(statuses):
    source = """
        from isaacsim.core.api.robots import Robot

        def read(robot: Robot):
            return robot.get_joint_positions().copy()
    """
    assert statuses(source, "copy") == []
    assert len(statuses(source, "get_joint_positions()")) == 1


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (Call(1), ""),
        (Call(0, ("path", "scale")), ""),
        (Call(0), "'path' is required"),
        (Call(0, (), has_unpacking=True), ""),
        (Call(2), "takes 1 positional arguments, 2 given"),
        (Call(1, ("path",)), "'path' is given twice"),
        (Call(1, ("size",)), "no keyword 'size'"),
    ],
)
def test_a_call_is_compared_with_the_parameters(call, problem):
    parameters = [{"name": "path"}, {"name": "scale", "default": "1.0", "kind": "keyword_only"}]
    assert misfit(parameters, call) == problem


# ---- guards ----------------------------------------------------------------------------------------------------------

GUARDED_FORMS = {
    "try": """
        try:
            from isaacsim.core.api import World
        except ImportError:
            from omni.isaac.core import World
        world = World(stage_units_in_meters=1.0)
    """,
    "find_spec": """
        from importlib.util import find_spec
        if find_spec("isaacsim.core.api"):
            from isaacsim.core.api import World
        else:
            from omni.isaac.core import World
        world = World(stage_units_in_meters=1.0)
    """,
    "flag": """
        import importlib
        if HAS_NEW_NAMES:
            module = importlib.import_module("isaacsim.core.api")
        else:
            module = importlib.import_module("omni.isaac.core")
        world = module.World(stage_units_in_meters=1.0)
    """,
    "table": """
        IMPORTS = {"4.2": {"World": "omni.isaac.core:World"}, "4.5": {"World": "isaacsim.core.api:World"}}

        def build(api):
            api.World(stage_units_in_meters=1.0)
    """,
}


@pytest.mark.parametrize("form", GUARDED_FORMS)
def test_a_choice_between_two_names_is_guarded_and_its_calls_are_checked(statuses, tmp_path, known, form):
    source = GUARDED_FORMS[form]
    assert statuses(source, "World()") == [everywhere("resolved")]
    assert [row for row in rows_of(tmp_path, known, source) if row.problems] == []
    wrong = rows_of(tmp_path, known, source.replace("stage_units_in_meters", "units"))
    assert [{f.status for f in row.findings.values()} for row in wrong if row.problems] == [{"missing"}]


def test_a_method_may_be_asked_for_before_it_is_called(statuses):
    source = """
        from isaacsim.sensors.experimental.rtx import CameraSensor

        def is_ready(camera: CameraSensor):
            return camera.has_data_now() if hasattr(camera, "has_data_now") else True
    """
    assert statuses(source, "has_data_now()")[0]["6.2"] == "missing", "a guard cannot excuse what no release has"
    source = source.replace("has_data_now()", "get_data('rgb')")
    assert statuses(source, "get_data()")[0]["4.2"] == "guarded"


def test_catching_an_import_error_does_not_excuse_a_wrong_keyword(statuses):
    source = """
        try:
            from isaacsim.core.api import World
            world = World(units=1.0)
        except ImportError:
            world = None
    """
    assert statuses(source, "World()")[0] == everywhere("missing")  # no release accepts it


def test_a_file_loaded_only_where_a_module_was_found_is_guarded_elsewhere(statuses):
    source = """
        PROBED_MODULE = "isaacsim.core.experimental.utils.app"
        from isaacsim.core.experimental.utils import app
        app.update_app(steps=1)
        app.update_app(count=1)
    """
    right, wrong = statuses(source, "update_app()")
    assert (right["4.2"], right["5.1"], right["6.2"]) == ("guarded", "guarded", "resolved")
    assert wrong["6.2"] == "missing"


# ---- sources ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "import omni.ui  # source: omni.ui manual\nomni.ui.Window('a')\n",
        "# source: omni.ui manual\nimport omni.ui as ui\nui.Window('a')\n",
        "def show():  # source: omni.ui manual\n    import omni.ui\n    omni.ui.Window('a')\n",
        "class Panel:  # source: omni.ui manual\n    def show(self):\n        import omni.ui\n        omni.ui.Window('a')\n",
    ],
)
def test_a_source_on_the_line_the_function_or_the_import_documents_what_is_not_recorded(tmp_path, known, source):
    rows = rows_of(tmp_path, known, source)
    assert [(row.use.source, row.problems) for row in rows] == [("omni.ui manual", [])] * 2
    assert {f.status for row in rows for f in row.findings.values()} == {"unrecorded"}


def test_what_is_not_recorded_and_names_no_source_is_a_problem(tmp_path, known):
    (row,) = rows_of(tmp_path, known, "import omni.timeline\n")
    assert row.problems == [
        "sample.py:1: omni.timeline: unrecorded in 4.2, 4.5, 5.1, 6.2; say where it is documented: # source: ..."
    ]


def test_a_comment_behind_one_line_does_not_document_the_next(tmp_path, known):
    rows = rows_of(tmp_path, known, "import omni.ui  # source: omni.ui manual\nimport omni.timeline\n")
    assert [bool(row.problems) for row in rows] == [False, True]


def test_openusd_has_one_source_for_all(tmp_path, known):
    (row,) = rows_of(tmp_path, known, "from pxr import Usd\nstage = Usd.Stage.CreateInMemory()\n")
    assert row.use.source.startswith("OpenUSD")
    assert row.problems == []


# ---- the command -----------------------------------------------------------------------------------------------------


@cache
def checked(files, versions):
    known = releases()
    return check(list(files), {version: known[version] for version in versions})


def checked_once(files, known):
    """Do what `check` does, once for the same files and releases: the whole package takes seconds."""
    return checked(tuple(files), tuple(known))


def test_the_package_passes(monkeypatch, capsys):
    monkeypatch.setattr("tools.isaac_api.__main__.check", checked_once)
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_the_check_fails_for_a_name_that_is_missing(tmp_path, capsys):
    (tmp_path / "a.py").write_text("from omni.isaac.core import World\n", encoding="utf-8")
    assert main(["--check", str(tmp_path)]) == 1
    assert "missing in 6.2: no module omni.isaac.core" in capsys.readouterr().out


def test_the_table_has_a_row_per_use_and_a_column_per_release(tmp_path, known):
    text = table(rows_of(tmp_path, known, "from omni.isaac.core import World\n"), known)
    assert "1 uses: 3 resolved, 0 guarded, 1 missing, 0 unrecorded." in text
    assert "| where | use | 4.2 | 4.5 | 5.1 | 6.2 | source |" in text
    assert "| sample.py | `omni.isaac.core.World` | resolved | resolved | resolved | **missing**: no module" in text


def test_a_further_recording_joins_as_a_column_of_its_own(tmp_path, monkeypatch):
    facts = json.loads((RECORDED / "6.2.json").read_text(encoding="utf-8")) | {"version": "6.10"}
    (tmp_path / "later.json").write_text(json.dumps(facts), encoding="utf-8")
    monkeypatch.setenv("VLA_ISAAC_API_DIR", str(tmp_path))
    assert list(releases()) == ["4.2", "4.5", "5.1", "6.2", "6.10"]


def test_the_recordings_stay_small():
    assert sum(path.stat().st_size for path in RECORDED.iterdir()) < 1.5e6


def test_the_table_in_the_docs_is_the_one_of_today():
    known = {version: release for version, release in releases().items() if (RECORDED / f"{version}.json").exists()}
    written = (ROOT / "docs" / "isaac-api-table.md").read_text(encoding="utf-8")
    rows = checked_once(sorted((ROOT / "vla_isaac").rglob("*.py")), known)
    assert written == table(rows, known), "run: python -m tools.isaac_api --write docs/isaac-api-table.md"
