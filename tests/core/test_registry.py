"""Names turned into things."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from vla_isaac.core import registry as registry_module
from vla_isaac.core.errors import UnknownNameError
from vla_isaac.core.registry import Registry


@pytest.fixture
def shapes():
    return Registry("shape", "shapes", {"pi": "math:pi", "missing": "vla_isaac.no_such_module:Thing"})


@pytest.fixture
def with_foreign_names(monkeypatch):
    group = "vla_isaac.shapes"
    points = [EntryPoint("tau", "math:tau", group), EntryPoint("pi", "math:e", group)]
    monkeypatch.setattr(registry_module, "entry_points", lambda *, group: points)


def test_a_name_gives_its_object(shapes):
    assert shapes.load("pi") == pytest.approx(3.14159265)


def test_a_target_is_imported_only_when_asked_for(shapes):
    assert "missing" in shapes
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        shapes.load("missing")


def test_an_unknown_name_lists_near_and_known_ones(shapes):
    with pytest.raises(UnknownNameError) as caught:
        shapes.load("pie")
    assert str(caught.value) == "no shape named 'pie'; did you mean 'pi'? Known: missing, pi"


def test_an_unknown_name_like_no_other_gets_no_guess(shapes):
    with pytest.raises(UnknownNameError) as caught:
        shapes.load("zzzzzz")
    assert str(caught.value) == "no shape named 'zzzzzz'. Known: missing, pi"


def test_names_come_in_alphabetical_order(shapes):
    assert list(shapes) == ["missing", "pi"]


@pytest.mark.usefixtures("with_foreign_names")
def test_other_packages_add_names(shapes):
    assert "tau" in shapes
    assert list(shapes) == ["missing", "pi", "tau"]
    assert shapes.load("tau") == pytest.approx(6.2831853)


@pytest.mark.usefixtures("with_foreign_names")
def test_other_packages_never_override_ours(shapes):
    assert shapes.load("pi") == pytest.approx(3.14159265)
    assert shapes.targets()["pi"] == "math:pi"
