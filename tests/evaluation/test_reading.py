"""Sentences of a file: how they are read, and that a policy does them."""

from __future__ import annotations

import json

import pytest

from vla_isaac.cli.main import main
from vla_isaac.core.errors import ConfigError, UsageError
from vla_isaac.evaluation import EvaluationPlan, evaluate
from vla_isaac.evaluation.reading import figures, measure_reading
from vla_isaac.evaluation.sentence_tasks import sentences_by_family
from vla_isaac.grounding.said_sentences import read_sentences

LINES = [
    "1\tplain\ttabletop\ton(red_cube, blue_box)\tPut the red cube on the blue box",
    "2\tplain\ttabletop\tlifted(green_cube)\tLift the green cube",
    "3\tcrossed\ttabletop\tlifted(green_cube)\tLift the red cube",  # its goal is not what it says
    "4\tcrossed\ttabletop\tcannot(unknown_thing)\tLift the blue cube",  # nor is this
    "5\tplain\ttabletop\tcannot(unknown_thing)\tLift the purple elephant, not the cube",
    "6\tplain\tclutter\tin(green_ball, white_bowl)\tPut the ball in the bowl",
    "7\tplain\tsorting\treach(green_bin)\tTouch the green bin",
]


@pytest.fixture
def said(tmp_path):
    path = tmp_path / "said.tsv"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


def test_each_answer_is_right_wrong_or_refused(said):
    read = measure_reading(read_sentences(said), seed=0).read
    assert [one.answer for one in read] == ["right", "right", "wrong", "wrong", "right", "right", "right"]
    assert [one.is_doable for one in read] == [True, True, True, False, False, True, True]
    assert read[4].confidence == 0.0 and read[0].confidence == 1.0


def test_sentences_are_counted_by_style_goal_and_wording(said):
    report = measure_reading(read_sentences(said), seed=0)
    found = {(kind, name): figures(read) for kind, name, read in report.groups()}
    whole = found["all", "all"]
    assert (whole["sentences"], whole["right"], whole["wrong"], whole["cannot"], whole["cannot_refused"]) == (5, 4, 1, 2, 1)
    assert found["style", "crossed"]["wrong"] == 1
    assert found["goal", "lifted"]["sentences"] == 2
    assert found["wording", "contrast or correction"]["cannot"] == 1


def test_the_command_prints_a_table_and_writes_a_line_a_sentence(said, tmp_path, capfd):
    out = tmp_path / "read.jsonl"
    assert main(["eval", "--sentences", str(said), "--out", str(out), "--json"]) == 0
    shown = capfd.readouterr().out.splitlines()
    assert shown[0].split()[:2] == ["sentences", "can"]
    assert json.loads(shown[-1])["right"] == 4
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["answer"] for line in lines][:3] == ["right", "right", "wrong"]
    assert lines[0]["understood"] == "on(red_cube, blue_box)"


def test_a_file_that_is_there_is_kept_and_an_option_without_effect_is_refused(said, tmp_path, capfd):
    out = tmp_path / "read.jsonl"
    out.write_text("mine", encoding="utf-8")
    assert main(["eval", "--sentences", str(said), "--out", str(out)]) == 2
    assert main(["eval", "--sentences", str(said), "--task", "lift"]) == 2
    assert out.read_text(encoding="utf-8") == "mine"
    told = capfd.readouterr().err
    assert "exists already; choose another name" in told and "add --policy" in told
    for option in (
        "--task lift",
        "--episodes 3",
        "--backend stub",
        "--trial moved",
        "--max-steps 9",
        "--must-act",
        "--workers 1",
    ):
        assert main(["eval", "--sentences", str(said), *option.split()]) == 2
        assert f"{option.split()[0]} has no effect" in capfd.readouterr().err


def test_a_policy_does_the_sentences_and_is_judged_by_their_goals(said):
    plan = EvaluationPlan(policy="scripted", sentences=str(said), tasks=("lift", "place_on"), episodes=2, backend="stub")
    report = evaluate(plan)
    outcomes = {(one.task, one.number): one for one in report.outcomes}
    assert outcomes["place_on", 0].success and outcomes["lift", 0].success
    assert outcomes["lift", 0].instruction == "Lift the green cube"
    crossed = outcomes["lift", 1]
    assert (crossed.instruction, crossed.goal) == ("Lift the red cube", "lifted(green_cube)")
    assert crossed.success  # the expert is told the goal, not the sentence


def test_a_file_has_the_families_of_its_goals(said):
    assert {family: len(some) for family, some in sentences_by_family(str(said)).items()} == {
        "lift": 2, "place_in": 1, "place_on": 1, "reach": 1,
    }  # fmt: skip


def test_a_family_that_the_file_does_not_have_is_an_error(said):
    with pytest.raises(UsageError, match=r"no sentence of the family 'stack'; choose among lift, place_in, place_on, reach"):
        evaluate(EvaluationPlan(policy="scripted", sentences=str(said), tasks=("stack",), episodes=1, backend="stub"))


@pytest.mark.parametrize("more", [{"trial": "blackened"}, {"wording": "held_out"}, {"scene": "tabletop"}])
def test_a_file_of_sentences_excludes_what_it_decides(said, more):
    with pytest.raises(ConfigError, match="excludes a trial, a wording and a scene"):
        EvaluationPlan(policy="scripted", sentences=str(said), **more)


def test_a_file_that_is_not_there_is_one_error(capfd):
    assert main(["eval", "--sentences", "/nowhere.tsv"]) == 2
    assert "/nowhere.tsv" in capfd.readouterr().err
