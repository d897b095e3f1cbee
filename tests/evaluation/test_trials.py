"""What is done to a policy: other words, no words, black pictures, an object that moves."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from tests.evaluation.actors import Looking, Stubborn, factory
from vla_isaac.backends.mujoco.backend import MujocoBackend
from vla_isaac.core.errors import SceneError, UnknownNameError, UsageError
from vla_isaac.core.types import JointTarget
from vla_isaac.evaluation import evaluate
from vla_isaac.evaluation.trials.moved import draw_new_position
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.drive import drive
from vla_isaac.tasks import free_space
from vla_isaac.tasks.paraphrases import paraphrases

CLUTTER = scene_preset("clutter")
LAYOUT = randomisation_preset("layout")

# ------------------------------------------------------------------ wording


def test_held_out_sentences_are_taken_in_turn_with_plain_names(plan):
    report = evaluate(plan(wording="held_out", episodes=2))
    templates = paraphrases("lift").held_out
    for k, outcome in enumerate(report.outcomes):
        target = outcome.goal.removeprefix("lifted(").removesuffix(")")
        assert outcome.instruction == templates[k].format(a=target.replace("_", " "))
    assert report.total["successes"] == 2  # judged by the drawn goal


def test_training_sentences_come_from_the_training_templates_about_the_same_goals(plan):
    plain, trained = (evaluate(plan(wording=wording, episodes=6)).outcomes for wording in ("plain", "training"))
    patterns = [template.replace("?", r"\?").format(a=r"\w+ \w+") for template in paraphrases("lift").training]
    for outcome in trained:
        assert any(re.fullmatch(pattern, outcome.instruction) for pattern in patterns), outcome.instruction
    assert [outcome.goal for outcome in trained] == [outcome.goal for outcome in plain]
    assert [outcome.instruction for outcome in trained] != [outcome.instruction for outcome in plain]


# ------------------------------------------------------------------ another goal, none, no pictures


def test_another_goal_of_the_same_scene_is_asked_for_and_judged(plan):
    usual = evaluate(plan()).outcomes
    report = evaluate(plan(trial="wrong_instruction"))
    for outcome, before in zip(report.outcomes, usual, strict=True):
        assert outcome.original_goal == before.goal != outcome.goal
        target = outcome.goal.removeprefix("lifted(").removesuffix(")")
        assert target.replace("_", " ") in outcome.instruction
    assert (report.total["successes"], report.total["original_rate"]) == (3, 0.0)


def test_a_policy_deaf_to_words_reaches_the_goal_that_was_not_asked_for(plan):
    report = evaluate(plan(trial="wrong_instruction", max_steps=80), factory=factory(Stubborn))
    assert (report.total["successes"], report.total["original_rate"]) == (0, 1.0)
    assert {outcome.steps for outcome in report.outcomes} == {80}  # it went on until the time was up


def test_a_scene_with_one_goal_only_has_no_wrong_instruction(plan, tmp_path):
    scene = tmp_path / "lonely.yaml"
    objects = "objects:\n  - {shape: bin, colour: blue}\n  - {shape: cube, colour: red}\n"
    scene.write_text(f"description: One cube, one bin.\ninstruction: Put the red cube in the blue bin\n{objects}", "utf-8")
    report = evaluate(plan(trial="wrong_instruction", tasks=("clear",), scene=str(scene), episodes=1))
    assert (report.total["episodes"], report.total["impossible"]) == (0, 3)
    assert report.outcomes[0].reason.startswith("clear has no other goal than in(red_cube, blue_bin) in this layout")


def test_the_sentence_is_empty_and_the_drawn_goal_is_judged(plan):
    report = evaluate(plan(trial="no_instruction"))
    assert {outcome.instruction for outcome in report.outcomes} == {""}
    assert (report.total["successes"], report.total["declined_rate"]) == (3, 0.0)  # the expert is told the goal


@pytest.mark.parametrize(("trial", "is_black"), [("blackened", True), ("usual", False)])
def test_pictures_are_black_only_in_the_trial_blackened(plan, monkeypatch, trial, is_black):
    monkeypatch.setattr(Looking, "seen", [])
    evaluate(plan(trial=trial, episodes=1, max_steps=2), factory=factory(Looking))
    assert [shape for shape, _ in Looking.seen] == [(16, 24, 3)] * 2
    assert all((brightest == 0) is is_black for _, brightest in Looking.seen)


@pytest.mark.parametrize(("must_act", "failure", "steps"), [(False, "declined", 0), (True, "never_reached", 3)])
def test_what_declines_in_the_dark_has_to_try_where_it_must_act(plan, must_act, failure, steps):
    pytest.importorskip("onnxruntime")
    dark = plan(policy="mini", trial="blackened", backend="mujoco", episodes=1, max_steps=3, must_act=must_act)
    (outcome,) = evaluate(dark).outcomes
    assert (outcome.failure, outcome.steps) == (failure, steps)


# ------------------------------------------------------------------ an object that moves


@pytest.fixture
def mujoco():
    backend = MujocoBackend()
    drive(backend.load(CLUTTER.with_rate(20.0)))
    drive(backend.reset(sample_layout(CLUTTER, LAYOUT, 5)))
    yield backend
    backend.close()


def test_an_object_is_moved_once_by_3_to_8_cm_on_the_way_and_the_expert_still_gets_it(plan):
    wanted = plan(trial="moved", backend="mujoco", tasks=("lift", "place_on"), episodes=2)
    report = evaluate(wanted)
    assert (report.total["moved"], report.total["successes"]) == (4, 4)
    for outcome in report.outcomes:
        assert 3.0 - 0.1 <= outcome.moved_by_cm <= 8.0 + 0.1  # it may have slipped a little before
        assert 3 < outcome.moved_at_step < outcome.steps - 10


def test_the_new_place_is_free_in_the_area_and_the_same_each_time(mujoco):
    state = mujoco.state()
    for seed in range(20):
        x, y = draw_new_position(state, "red_cube", LAYOUT, seed)
        away = math.hypot(x - state.pos("red_cube")[0], y - state.pos("red_cube")[1])
        assert 0.03 <= away <= 0.08
        assert LAYOUT.area_x[0] <= x <= LAYOUT.area_x[1] and LAYOUT.area_y[0] <= y <= LAYOUT.area_y[1]
        assert free_space.room_at(state, state.index("red_cube"), (x, y)) >= 0.022
        assert draw_new_position(state, "red_cube", LAYOUT, seed) == (x, y)


def test_a_moved_object_stays_there_at_rest_and_nothing_else_moves(mujoco):
    before = mujoco.state()
    i, still = before.index("red_cube"), JointTarget(before.qpos, before.gripper_width)
    pos = np.array([*draw_new_position(before, "red_cube", LAYOUT, 0), before.object_pos[i, 2]])
    mujoco.move_object("red_cube", pos)
    assert mujoco.state().pos("red_cube") == pytest.approx(pos, abs=1e-9)
    for _ in range(20):
        mujoco.apply(still)
        mujoco.step()
    after = mujoco.state()
    assert after.pos("red_cube") == pytest.approx(pos, abs=1e-3)
    others = [k for k in range(len(before.bodies)) if k != i]
    assert after.object_pos[others] == pytest.approx(before.object_pos[others], abs=1e-3)
    assert after.initial_object_pos[i] == pytest.approx(before.initial_object_pos[i])


def test_only_a_movable_object_of_the_scene_can_be_moved(mujoco):
    with pytest.raises(SceneError, match="blue_box is fastened to the table"):
        mujoco.move_object("blue_box", np.array([0.5, 0.0, 0.02]))
    with pytest.raises(UnknownNameError, match="no object named 'red_cub'"):
        mujoco.move_object("red_cub", np.array([0.5, 0.0, 0.02]))


def test_a_backend_that_cannot_move_objects_is_refused(plan):
    with pytest.raises(UsageError, match=r"needs a backend that can move an object, 'stub' cannot; choose mujoco"):
        evaluate(plan(trial="moved"))


def test_a_family_whose_object_is_not_gripped_is_refused(plan):
    with pytest.raises(UsageError, match=r"not for the family 'push_to'.*choose among lift, place_on, stack"):
        plan(trial="moved", tasks=("lift", "push_to"))
