"""How a plan advances: goals held for the dwell time, steps in order, what must still hold at the end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_isaac.core.goals import parse_goal
from vla_isaac.tasks.tracker import GoalTracker

DWELL = 0.25  # [s]
STACK = "on(red_cube, blue_box)"
LIFT_THEN_STACK = "lifted(red_cube) then on(red_cube, blue_box)"


def track(text: str, dwell: float = DWELL) -> GoalTracker:
    return GoalTracker(parse_goal(text), dwell=dwell)


@pytest.fixture
def stacked(scene):
    return scene.put_on("red_cube", "blue_box")


@pytest.fixture
def raised(scene):
    return scene.moved("red_cube", up=0.08).hand_around("red_cube", 0.04)


def hold(tracker: GoalTracker, scene, start: float, seconds: float = DWELL):
    """Show the tracker a scene twice, `seconds` apart, and return what it says then."""
    tracker.update(scene.at(start).state)
    return tracker.update(scene.at(start + seconds).state)


# ------------------------------------------------------------------ dwell


def test_a_goal_succeeds_once_it_has_held_for_the_dwell_time(stacked):
    verdict = hold(track(STACK), stacked, 1.0, 0.25)
    assert (verdict.done, verdict.success, verdict.progress) == (True, True, 1.0)
    assert verdict.reason == "red_cube lies on blue_box"


def test_until_then_it_says_how_long_it_has_held(stacked):
    verdict = hold(track(STACK), stacked, 1.0, 0.20)
    assert (verdict.done, verdict.success) == (False, False)
    assert verdict.reason == "red_cube lies on blue_box (for 0.20 s of 0.25 s)"


def test_an_interruption_begins_the_dwell_time_anew(scene, stacked):
    tracker = track(STACK)
    hold(tracker, stacked, 0.0, 0.20)
    tracker.update(scene.at(0.21).state)
    assert not hold(tracker, stacked, 0.22, 0.20).success
    assert tracker.update(stacked.at(0.47).state).success


def test_without_a_dwell_time_the_first_moment_counts(stacked):
    assert track(STACK, dwell=0.0).update(stacked.at(0.0).state).success


def test_asking_again_after_success_answers_the_same(stacked):
    tracker = track(STACK)
    hold(tracker, stacked, 0.0)
    assert tracker.update(stacked.at(0.30).state).success


# ------------------------------------------------------------------ several goals


def test_goals_joined_by_and_must_hold_together(scene):
    both = track("on(red_cube, blue_box) and in(green_cube, red_bin)")
    only_one = scene.put_on("red_cube", "blue_box")
    assert not hold(both, only_one, 0.0).success
    assert hold(both, only_one.put_in("green_cube", "red_bin"), 1.0).success


def test_the_reason_is_that_of_the_first_goal_that_does_not_hold(scene):
    both = track("on(red_cube, blue_box) and in(green_cube, red_bin)")
    verdict = both.update(scene.put_on("red_cube", "blue_box").state)
    assert verdict.reason == "green_cube is 0.200 m from the middle of red_bin"


def test_progress_is_the_mean_of_the_goals_of_a_step(scene):
    both = track("lifted(red_cube) and lifted(green_cube)")
    assert both.update(scene.moved("red_cube", up=0.025).state).progress == pytest.approx(0.25)


# ------------------------------------------------------------------ sequences


def test_steps_are_done_in_order(scene, stacked, raised):
    tracker = track(LIFT_THEN_STACK)
    assert not hold(tracker, stacked, 0.0).success, "it was never lifted"
    verdict = hold(tracker, raised, 1.0)
    assert (tracker.step, verdict.done, verdict.progress) == (1, False, 0.5)
    assert verdict.reason.startswith("step 1 of 2 done: red_cube rose 0.080 m")
    assert hold(tracker, stacked, 2.0).success


@pytest.mark.parametrize("passing", ["lifted(red_cube)", "held(red_cube)", "touching(red_cube)"])
def test_what_is_about_the_gripper_needs_to_have_been_true_only_once(passing, scene, raised):
    tracker = track(f"{passing} then on(green_cube, blue_box)")
    hold(tracker, raised, 0.0)
    assert hold(tracker, scene.put_on("green_cube", "blue_box"), 1.0).success, "the red cube is back on the table"


def test_reaching_for_something_needs_to_have_been_true_only_once(scene):
    tracker = track("near(gripper, red_cube) then on(green_cube, blue_box)")
    hold(tracker, scene.hand_around("red_cube", 0.08), 0.0)
    assert hold(tracker, scene.put_on("green_cube", "blue_box"), 1.0).success


def test_what_was_put_somewhere_must_still_be_there_at_the_end(scene, stacked):
    tracker = track("on(red_cube, blue_box) then in(green_cube, red_bin)")
    hold(tracker, stacked, 0.0)
    in_the_bin = scene.put_in("green_cube", "red_bin")
    verdict = hold(tracker, in_the_bin, 1.0)
    assert (verdict.success, verdict.reason) == (False, "red_cube is 0.200 m beside blue_box")
    assert hold(tracker, in_the_bin.put_on("red_cube", "blue_box"), 2.0).success


def test_an_object_that_a_later_step_moves_on_need_not_stay(scene, stacked):
    tracker = track("on(red_cube, blue_box) then in(red_cube, red_bin)")
    hold(tracker, stacked, 0.0)
    assert hold(tracker, scene.put_in("red_cube", "red_bin"), 1.0).success


def test_a_carry_is_remembered_when_the_object_is_down_again(scene):
    tracker = track("pushed_to(red_cube, left)")
    tracker.update(scene.moved("red_cube", up=0.05).at(0.0).state)
    verdict = hold(tracker, scene.moved("red_cube", left=0.1), 1.0)
    assert (verdict.success, verdict.reason) == (False, "red_cube was lifted by 0.050 m instead of pushed")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["start", "raised", "stacked", "binned"]), max_size=30), st.sampled_from([0.0, 0.1, 0.25]))
def test_whatever_happens_progress_lies_within_0_and_1_and_only_success_is_1(scene, happenings, dwell):
    tracker = track(f"{LIFT_THEN_STACK} then in(green_cube, red_bin) and on(red_cube, blue_box)", dwell)
    scenes = {
        "start": scene,
        "raised": scene.moved("red_cube", up=0.08).hand_around("red_cube", 0.04),
        "stacked": scene.put_on("red_cube", "blue_box"),
        "binned": scene.put_on("red_cube", "blue_box").put_in("green_cube", "red_bin"),
    }
    for k, happening in enumerate(happenings):
        verdict = tracker.update(scenes[happening].at(0.1 * k).state)
        assert 0.0 <= verdict.progress <= 1.0
        assert bool(verdict.success) == (verdict.progress == 1.0) == verdict.done
