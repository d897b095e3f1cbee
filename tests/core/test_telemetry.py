"""Which variables keep a library from reporting, and whose word counts."""

from __future__ import annotations

import os
import sys
from types import ModuleType

import pytest

from vla_isaac.core.optional import require
from vla_isaac.core.telemetry import OFF, turn_off_telemetry

ORT = "ORT_DISABLE_TELEMETRY"


@pytest.mark.parametrize(("before", "after"), [(None, "1"), ("", "1"), ("0", "0"), ("1", "1")])
def test_what_the_user_has_set_stays(monkeypatch, before, after):
    monkeypatch.setenv(ORT, "")
    monkeypatch.delenv(ORT) if before is None else monkeypatch.setenv(ORT, before)
    turn_off_telemetry("onnxruntime")
    assert os.environ[ORT] == after


def test_the_variable_is_set_when_the_library_is_imported(monkeypatch, tmp_path):
    monkeypatch.setenv(ORT, "")
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    (tmp_path / "onnxruntime.py").write_text(f"import os; FOUND = os.environ['{ORT}']", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found = require("onnxruntime", extra="policy", need="this test").FOUND
    monkeypatch.delitem(sys.modules, "onnxruntime")
    assert found == "1"


def test_a_library_that_was_imported_before_is_taken_as_it_is_and_child_processes_are_told(monkeypatch):
    monkeypatch.setenv(ORT, "")
    early = ModuleType("onnxruntime")
    monkeypatch.setitem(sys.modules, "onnxruntime", early)
    assert require("onnxruntime", extra="policy", need="this test") is early
    assert os.environ[ORT] == "1"


def test_another_name_changes_nothing():
    before = dict(os.environ)
    turn_off_telemetry("numpy")
    assert dict(os.environ) == before


def test_the_tests_themselves_report_to_nobody():
    assert all(os.environ.get(name) for values in OFF.values() for name in values)
