"""The recipe of the shipped policy: commands that exist, seeds that stay apart, and a card that tells what was seen."""

from __future__ import annotations

import itertools
import json
import runpy
import sys
from pathlib import Path

import pytest

from tools.train_mini import card, figures
from tools.train_mini.__main__ import note_time
from tools.train_mini.recipe import ABILITIES, FAMILIES, SHIPPED, stages
from vla_isaac.cli.main import main
from vla_isaac.policies.learned_checkpoint import PolicyCard
from vla_isaac.scene.objects import SHAPES
from vla_isaac.tasks.families import family_names

CHOOSING_FROM, REPORTED_FROM = 100_000, 900_000


def option(arguments: tuple[str, ...], name: str) -> str:
    return arguments[arguments.index(name) + 1]


@pytest.mark.parametrize("stage", stages(Path("runs")), ids=lambda stage: stage.name)
def test_every_stage_is_a_command_with_options_that_exist(stage, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", [stage.module, "--help"])
    if stage.module != "vla_isaac":
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(stage.module, run_name="__main__")
        assert ended.value.code == 0
    else:
        assert stage.arguments[0] in {"collect", "train", "export"}
        assert main([stage.arguments[0], "--help"]) == 0
    told = capsys.readouterr().out
    assert [word for word in stage.arguments if word.startswith("--") and word not in told] == []


def test_demonstrations_and_corrections_keep_to_the_seeds_of_training_and_share_none():
    taken: list[range] = []
    for stage in stages(Path("runs")):
        if stage.arguments[0] == "collect":
            first, count = int(option(stage.arguments, "--seed")), int(option(stage.arguments, "--episodes"))
        elif stage.name == "train":
            first, count = int(option(stage.arguments, "--dagger-seed")), int(option(stage.arguments, "--dagger-episodes"))
        else:
            continue
        taken.append(range(first, first + 3 * count))  # three tries an episode at the most
    taken.sort(key=lambda seeds: seeds.start)
    assert all(one.stop <= other.start for one, other in itertools.pairwise(taken))
    assert taken[-1].stop <= CHOOSING_FROM


def test_every_figure_has_a_title_on_the_card():
    assert {figure.name for figure in figures.FIGURES} == set(card.TITLES)


def test_looks_at_the_reported_seeds_are_entered_with_the_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "LOOKS", tmp_path / "looks.jsonl")
    (tmp_path / "model.onnx").write_bytes(b"weights")
    weights = figures.weights_of(tmp_path)
    found = {"weights": weights, "seeds": [900_000, 900_199], "successes": 190, "episodes": 200}
    figures.enter_look(figures.FIGURES[0], found)
    figures.enter_look(figures.FIGURES[1], found)
    lines = [json.loads(line) for line in (tmp_path / "looks.jsonl").read_text().splitlines()]
    assert [line["figure"] for line in lines] == ["layout", "long"]
    assert lines[0]["weights"] == lines[1]["weights"] and len(lines[0]["weights"]) == 12


def test_the_card_shows_figures_with_intervals_and_says_what_was_not_measured(tmp_path, monkeypatch):
    checkpoint, found = tmp_path / "mini", tmp_path / "reported"
    monkeypatch.setattr(card, "LOOKS", tmp_path / "none.jsonl")
    monkeypatch.setattr(card, "REPORTED", found)
    checkpoint.mkdir()
    found.mkdir()
    (checkpoint / "model.onnx").write_bytes(b"weights")
    weights = figures.weights_of(checkpoint)
    (checkpoint / "policy.json").write_text(json.dumps({"notes": {"episodes": 5, "frames": 50, "versions": {}}}))
    of_task = {"successes": 9, "episodes": 10, "success_rate": 0.9, "wilson95": [0.596, 0.982], "failures": {"timed_out": 1}}
    (found / "layout.json").write_text(json.dumps({**of_task, "weights": weights, "by_task": {"lift": of_task}}))
    (found / "full.json").write_text(json.dumps({**of_task, "weights": "others", "by_task": {"lift": of_task}}))
    text = card.card(checkpoint)
    assert "| lift | 9 of 10 (90.0 %) | 59.6 to 98.2 % | timed_out 1 |" in text
    assert text.count("Not measured.") == len(figures.FIGURES) - 2
    assert text.count("Measured with other weights, `others`, not with these.") == 1


def test_times_of_several_attempts_at_a_stage_add_up(tmp_path):
    for seconds in (3.0, 4.5):
        note_time(tmp_path / "times.json", "train", seconds)
    assert json.loads((tmp_path / "times.json").read_text()) == {"train": 7.5}


def test_the_shipped_checkpoint_declares_the_abilities_of_the_recipe():
    assert PolicyCard.load(Path(__file__).resolve().parents[1] / SHIPPED).abilities == ABILITIES


def test_the_recipe_declares_the_families_it_is_made_for_and_names_that_exist():
    assert set(ABILITIES.families) == set(FAMILIES) <= set(family_names())
    named = {shape for family in ABILITIES.families.values() for shape in (*family.moved, *family.other)}
    assert named <= set(ABILITIES.objects) == set(SHAPES)
