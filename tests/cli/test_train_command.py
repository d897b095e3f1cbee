"""``vla-isaac train`` and ``export``: what they refuse, and that one follows the other."""

from __future__ import annotations

import json

import pytest

from vla_isaac.cli.main import main
from vla_isaac.cli.output import WRONG_USAGE

pytest.importorskip("torch")
pytest.importorskip("transformers")


def test_training_without_data_says_where_it_comes_from(capsys, tmp_path):
    assert main(["train", "--out", str(tmp_path)]) == WRONG_USAGE
    assert "give --data DATASET, which `vla-isaac collect` makes" in capsys.readouterr().err


def test_an_unknown_preset_is_named(capsys, tmp_path):
    assert main(["train", "--config", "mino", "--data", str(tmp_path), "--out", str(tmp_path), "--json"]) == WRONG_USAGE
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "did you mean 'mini'" in answer["error"]


def test_a_dataset_that_is_not_there_is_named(capsys, tmp_path):
    assert main(["train", "--data", str(tmp_path / "none"), "--out", str(tmp_path / "run")]) == WRONG_USAGE
    assert "there is no such file or folder" in capsys.readouterr().err


def test_a_folder_that_is_no_checkpoint_is_not_exported(capsys, tmp_path):
    assert main(["export", str(tmp_path)]) == WRONG_USAGE
    assert "policy.json is missing" in capsys.readouterr().err


def test_explaining_a_policy_that_cannot_explain_says_which_can(capsys, tmp_path):
    words = ["run", "--policy", "hold", "--backend", "stub", "--no-video", "--explain", str(tmp_path), "--goal", "none"]
    assert main([*words, "--max-steps", "1"]) == WRONG_USAGE
    assert "choose --policy mini" in capsys.readouterr().err
