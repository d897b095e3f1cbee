"""In CI no test may be skipped because a package or OpenGL is missing: the install step must bring them."""

from __future__ import annotations

import ast
import importlib.util
import os
from pathlib import Path

import pytest

from tests.contracts.worlds import cannot_draw

TESTS = Path(__file__).parent
OTHER_ENVIRONMENT = {"newton", "omni", "ray"}
"""Packages of `requirements/dev-isaac.txt` and `ray.txt`, for the tests of `make test-isaac` and `make test-interop`."""

pytestmark = pytest.mark.skipif("CI" not in os.environ, reason="CI installs everything; elsewhere a part may be missing")


def packages_that_tests_may_miss() -> set[str]:
    """Return the top-level package of every `pytest.importorskip` in the suite."""
    found = set()
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "importorskip":
                found.add(ast.literal_eval(node.args[0]).partition(".")[0])
    return found - OTHER_ENVIRONMENT


def test_every_package_that_a_test_could_be_skipped_for_is_installed():
    needed = packages_that_tests_may_miss()
    assert "torch" in needed
    assert [name for name in sorted(needed) if importlib.util.find_spec(name) is None] == []


def test_pictures_can_be_drawn():
    assert cannot_draw() is None
