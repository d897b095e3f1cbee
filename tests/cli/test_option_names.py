"""Errors name an option as the reader writes it: ``resume=True`` in Python, ``--resume`` on the command line."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import pytest

from vla_isaac.cli.main import main
from vla_isaac.cli.option_names import OPTIONS, in_options, option
from vla_isaac.collection.plan import CollectionPlan
from vla_isaac.core.errors import ConfigError, DatasetError
from vla_isaac.datasets.staging import wrap_write_errors

PACKAGE = Path(__file__).resolve().parents[2] / "vla_isaac"

FOR_PYTHON_ONLY = {"datasets/loading/order.py", "datasets/lerobot/episode_writer.py"}
"""Modules whose errors about an argument no command causes."""


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("resume", True, "--resume"),
        ("must_act", False, "no --must-act"),
        ("scene", None, "no --scene"),
        ("max_steps", 3, "--max-steps 3"),
        ("image_hw", (15, 15), "--size 15"),
        ("image_hw", [15, 15], "--size 15"),
        ("cameras", ("front", "front"), "--cameras front front"),
        ("perturbation", 1, "perturbation=1"),
    ],
)
def test_an_option_is_written_as_on_the_command_line(name, value, words):
    assert option(name, value) == words


def test_one_error_has_both_spellings(tmp_path):
    with pytest.raises(DatasetError) as caught, wrap_write_errors(tmp_path, 3):
        raise OSError(28, "No space left on device")
    error = pickle.loads(pickle.dumps(caught.value))
    assert str(error).endswith("then continue with resume=True")
    assert error.remedy.endswith("then continue with resume=True")
    assert in_options(error).endswith("then continue with --resume")


def test_a_field_of_a_plan_is_named_by_its_option():
    with pytest.raises(ConfigError, match=r"image_hw=\(15, 15\) px is not accepted") as caught:
        CollectionPlan(tasks=("lift",), episodes=1, image_hw=(15, 15))
    assert in_options(caught.value).startswith("collection: --size 15 px is not accepted")


def test_a_text_in_braces_that_is_no_option_stays():
    assert str(DatasetError("{x}.parquet: broken", options={"resume": True})) == "{x}.parquet: broken"


def test_every_option_that_errors_name_is_one_of_a_command(capsys):
    known = set()
    for command in ("run", "collect", "eval"):
        assert main([command, "--help"]) == 0
        known |= set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
    assert set(OPTIONS.values()) <= known


def test_a_dataset_that_exists_is_resumed_with_an_option(capsys, tmp_path):
    words = ["collect", str(tmp_path / "d"), "--episodes", "1", "--task", "lift", "--backend", "stub", "--size", "32"]
    assert main([*words, "--format", "manifest"]) == 0
    assert main([*words, "--format", "manifest"]) == 2
    assert "choose another path, or resume it with --resume" in capsys.readouterr().err


def test_no_message_that_a_command_shows_has_an_argument_of_python():
    found = set()
    for path in PACKAGE.rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        errors = [call for call in calls if re.search(r"(Error|Declined|unknown)$", ast.unparse(call.func))]
        texts = [node.value for call in errors for node in ast.walk(call) if isinstance(node, ast.Constant)]
        if any(isinstance(text, str) and re.search(r"\w=(True|False|\[)", text) for text in texts):
            found.add(path.relative_to(PACKAGE).as_posix())
    assert found <= FOR_PYTHON_ONLY | {"datasets/loading/rows.py"}  # the last says that it is for Python
