"""The self-test finds every planted fault by the right check, and nothing in a sound simulator; its report is whole."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

pytest.importorskip("pxr", reason="the simulated Isaac Sim needs usd-core")
pytest.importorskip("mujoco", reason="the simulated Isaac Sim draws and moves with MuJoCo")

from tests.contracts.worlds import PLACES
from tests.self_test.planted import FAULTS
from tests.simulated_isaac import of_releases, simulated_isaac
from vla_isaac.backends import BACKENDS
from vla_isaac.backends.isaac.beliefs import beliefs
from vla_isaac.core.errors import UsageError
from vla_isaac.self_test import examine, self_test
from vla_isaac.self_test.check import CHECKS, Measurement, Status
from vla_isaac.self_test.run import assumed_without_check
from vla_isaac.sim.drive import drive

pytestmark = pytest.mark.gl

QUICK = {
    "a release of the future",
    "two joints with each other's name",
    "gains set in the wrong unit",
    "pictures seven updates late",
    "left and right swapped",
    "dark pictures",
    "no gravity",
    "a setting that cannot be taken back",
}
"""Faults of the quick suite; the others are slow."""


def updated(sim, steps, most=20_000):
    """Exhaust a generator as the extension does, one app update for every yield."""
    for _ in range(most):
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
        sim.run(1)
    raise AssertionError(f"not done after {most} updates")


def report_of(sim, mode, port=None, only=()):
    steps = examine(BACKENDS.load("isaac")(port=port), only=only)
    return drive(steps) if mode == "script" else updated(sim, steps)


PLANTED = [
    pytest.param(name, *place, marks=() if name in QUICK and place == one.places[0] else pytest.mark.slow)
    for name, one in FAULTS.items()
    for place in one.places
]


@pytest.mark.parametrize(("name", "release", "port"), PLANTED)
def test_a_planted_fault_is_found_by_its_check(name, release, port, monkeypatch):
    one = FAULTS[name]
    with simulated_isaac(release, mode=one.mode, **one.options) as sim:
        one.plant(monkeypatch, sim)
        report = report_of(sim, one.mode, port=port, only=[one.check])
    (result,) = report.results
    assert result.is_bad, f"{result.status.value}: {result.found}"
    assert result.check.remedy


def test_every_check_has_a_planted_fault():
    assert {one.check for one in FAULTS.values()} == {one.id for one in CHECKS}


SAMPLE = ("joint-names", "gains", "camera-axes", "segmentation", "picture-fresh", "object-poses", "settings-restored")


@pytest.mark.parametrize("place", of_releases((place[0], place) for place in PLACES.values()), ids="-".join)
def test_a_sound_simulator_raises_no_alarm(place):
    with simulated_isaac(place[0]) as sim:
        report = report_of(sim, "script", port=place[1], only=SAMPLE)
        assert sim.violations == []
    assert [(result.check.id, result.found) for result in report.bad] == []


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["script", "kit"])
@pytest.mark.parametrize("place", list(PLACES.values()), ids="-".join)
def test_a_sound_simulator_raises_no_alarm_in_any_check(place, mode):
    with simulated_isaac(place[0], mode=mode) as sim:
        report = report_of(sim, mode, port=place[1])
        assert sim.violations == []
        assert sim.messages("error") == []
    assert [(result.check.id, result.found) for result in report.bad] == []
    unchecked = {result.check.id for result in report.results if result.status is Status.NOT_CHECKED}
    assert unchecked <= {"engine-and-device", "picture-stamp", "stage-after-close", "simulation-clock", "warm-up-steps"}


def test_the_physics_checks_hold_on_mujoco():
    only = ["hand-pose", "arm-holds", "finger-travel", "joint-order", "drive-response", "gravity", "contact-and-rest"]
    report = drive(examine(BACKENDS.load("mujoco")(), only=only))
    assert [result.status for result in report.results] == [Status.HOLDS] * len(only)


def test_a_check_that_crashes_is_one_row_and_the_others_go_on(monkeypatch, tmp_path):
    def crash(bench):
        yield from ()
        raise ZeroDivisionError("planted")

    one = next(check for check in CHECKS if check.id == "joint-limits")
    monkeypatch.setitem(vars(one), "measure", _in_module(crash, one.measure))
    report = drive(examine(BACKENDS.load("mujoco")(), only=["joint-limits", "gains", "memory", "settings-restored"]))
    by_id = {result.check.id: result for result in report.results}
    assert by_id["joint-limits"].status is Status.CRASHED
    assert by_id["joint-limits"].found == "ZeroDivisionError: planted"
    assert by_id["gains"].status is Status.HOLDS
    assert by_id["settings-restored"].found == "MuJoCo has no settings"


def test_a_scene_that_cannot_be_laid_out_is_one_cause_and_the_other_checks_say_so(monkeypatch):
    only = ["load-and-reset", "engine-and-device", "steps-per-period", "joint-names", "gravity", "memory"]
    with simulated_isaac("5.1") as sim:
        FAULTS["two joints with each other's name"].plant(monkeypatch, sim)
        report = report_of(sim, "script", port="classic", only=only)
    assert [result.check.id for result in report.bad] == ["load-and-reset", "joint-names"]
    others = [result.found for result in report.results if not result.is_bad]
    assert all(found.startswith("needs the test scene, which failed: the robot's joints") for found in others)


def _in_module(function, like):
    function.__module__ = like.__module__
    return function


class Tags(HTMLParser):
    """Counts tags, and fails on one that is not closed."""

    VOID = ("meta", "img", "polyline", "polygon", "br")

    def __init__(self):
        super().__init__()
        self.open, self.count = [], {}

    def handle_starttag(self, tag, attributes):
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:  # `<polyline/>` counts as an end, too
            assert self.open.pop() == tag


def test_the_report_is_one_file_with_pictures_curves_and_its_json(tmp_path):
    heard = []
    steps = self_test(
        BACKENDS.load("mujoco")(),
        lambda done, total, claim: heard.append((done, total)),
        tmp_path,
        only=["camera-axes", "gravity", "robot-asset"],
    )
    path = drive(steps)
    text, values = path.read_text(), json.loads((tmp_path / "report.json").read_text())
    tags = Tags()
    tags.feed(text)
    assert (tags.open, tags.count["details"], tags.count["img"], tags.count["svg"]) == ([], 3, 2, 1)
    embedded = json.loads(re.search(r'id="report">(.*?)</script>', text, re.S)[1])
    assert embedded == values
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    assert {one["check"]: one["status"] for one in values["checks"]} == {
        "camera-axes": "holds",
        "gravity": "holds",
        "robot-asset": "not checked",
    }
    assert heard == [(0, 3), (1, 3), (2, 3)]
    assert {"vla_isaac", "gpu and driver", "engine", "release"} <= set(values["facts"])


def test_what_does_not_hold_comes_first_in_the_report(monkeypatch, tmp_path):
    one = next(check for check in CHECKS if check.id == "joint-limits")

    def lie(bench):
        yield from ()
        return Measurement(holds=False, found="<none> & 2", expected="others")

    monkeypatch.setitem(vars(one), "measure", _in_module(lie, one.measure))
    text = drive(self_test(BACKENDS.load("mujoco")(), None, tmp_path, only=["release", "joint-limits", "gains"])).read_text()
    places = [text.index(part) for part in (one.remedy, 'id="joint-limits"', "Machine", 'id="release"', 'id="gains"')]
    assert places == sorted(places)
    assert "&lt;none&gt; &amp; 2" in text and "<none>" not in text.split('id="report"')[0]


def test_a_backend_without_physics_and_an_unknown_check_are_refused():
    with pytest.raises(UsageError, match="'stub' has no self-test; choose mujoco or isaac"):
        drive(examine(BACKENDS.load("stub")()))
    with pytest.raises(UsageError, match="no check 'nonsense'"):
        drive(examine(BACKENDS.load("mujoco")(), only=["nonsense"]))


def test_the_ledger_names_only_checks_that_exist_and_every_assumed_row_has_one():
    known = {one.id for one in CHECKS}
    assert {belief.self_test for belief in beliefs().values() if belief.self_test} <= known
    assert [belief.id for belief in assumed_without_check()] == []


def test_the_shipped_reference_is_small_and_its_bands_hold_its_curves():
    from vla_isaac.core.resources import resource
    from vla_isaac.self_test.reference import load_reference

    assert sum(path.stat().st_size for path in resource("data", "self_test").iterdir()) < 2_000_000
    for curve in load_reference().drives.values():
        low, high = curve.band()
        assert np.all(low < np.array(curve.values)) and np.all(np.array(curve.values) < high)


@pytest.mark.slow
def test_the_reference_is_what_the_tool_makes():
    from tools.self_test_reference import main

    assert main(["--check"]) == 0
