"""What goes wrong ends in a message in panel and log, the arm holds, and Kit never sees an exception."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tests.extension.hands import ROOT, Hands
from tests.extension.stub_in_kit import StubInKit
from vla_isaac.core.errors import BackendError
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import ActionChunk


class Acting:
    """A policy of one's own making, at 20 Hz; `answer` is called with the number of the question, from 0."""

    spec = PolicySpec(action=ActionSpec(joints="delta_rad", rate_hz=20.0))

    def __init__(self, answer) -> None:
        self._answer, self._count = answer, 0

    def reset(self, context) -> None:
        self._count = 0

    def act(self, observation):
        self._count += 1
        return self._answer(self._count - 1)


def still(_: int) -> ActionChunk:
    return ActionChunk.single(np.zeros(7), 0.04)


def acting(kit, answer) -> Hands:
    """Return hands on an extension whose policies all act like this."""
    hands = Hands(kit, str(ROOT))
    hands.make_policy = lambda name: Acting(answer)
    return hands.enable()


def assert_arm_holds(hands) -> None:
    hands.kit.update(3)
    before = hands.backends[-1].state().qpos
    hands.kit.update(5)
    np.testing.assert_allclose(hands.backends[-1].state().qpos, before, atol=1e-6)


def failing(step: int) -> ActionChunk:
    if step >= 3:
        raise ValueError("tensor is on two devices")
    return ActionChunk.single(np.full(7, 0.02), 0.04)


def not_a_number(step: int) -> ActionChunk:
    return ActionChunk.single(np.full(7, np.nan if step >= 3 else 0.02), 0.04)


def too_short(step: int) -> ActionChunk:
    return ActionChunk.single(np.zeros(3), 0.04)


@pytest.mark.parametrize(
    ("answer", "said"), [(failing, "tensor is on two devices"), (not_a_number, "nan"), (too_short, "shape (3,)")]
)
def test_a_policy_that_fails_ends_the_run_in_words(kit, answer, said):
    hands = acting(kit, answer).run()
    hands.until("ended")
    assert hands.shows("policy 'scripted' failed") and hands.shows(said) and hands.shows("Reset")
    assert said in hands.kit.logged("error")
    assert_arm_holds(hands)


def test_a_policy_slower_than_the_control_period_is_seen_as_such_and_the_run_goes_on(kit):
    may_answer = threading.Event()

    def slow(step: int) -> ActionChunk:
        if step == 2:
            may_answer.wait(60.0)
        return still(step)

    hands = acting(kit, slow).run()
    hands.goes_on(lambda status: status.stale_share > 0.5)
    assert hands.shows("% of the periods")
    may_answer.set()
    held = hands.session.status
    now = hands.goes_on(lambda status: status.stale_share < held.stale_share)
    assert hands.phase == "running" and now.step > held.step


def test_an_instruction_changed_during_a_run_is_for_the_next_one(hands):
    hands.run()
    hands.kit.update(5)
    hands.type("Lift the green cube")
    assert hands.phase == "running"
    assert hands.session.status.goal == "on(red_cube, blue_box)"
    assert hands.window.find("Label", name="bad").text or hands.shows("Stop")
    assert hands.kit.logged("error")
    hands.until("ended")
    assert hands.session.status.instruction == "Lift the green cube"


def test_a_stage_replaced_during_a_run_ends_it(hands):
    hands.run()
    hands.kit.update(5)
    hands.kit.context.new_stage()
    assert hands.phase == "failed"
    assert hands.shows("The simulator failed: the stage was closed or replaced") and hands.shows("Press Load to build")
    assert "the stage was closed or replaced" in hands.kit.logged("error")
    hands.load()
    assert hands.phase == "ready"


def test_a_stage_replaced_while_nothing_runs_asks_for_a_load(hands):
    hands.load()
    hands.kit.context.new_stage()
    assert hands.phase == "failed" and hands.shows("Press Load to build")


def test_a_stage_replaced_while_loading_ends_the_loading(hands):
    hands.click("load")
    hands.kit.update()
    hands.kit.context.new_stage()
    hands.kit.update(5)
    assert hands.phase == "failed" and hands.shows("Press Load")


def test_a_new_stage_before_anything_is_loaded_is_none_of_our_business(hands):
    hands.kit.context.new_stage()
    hands.kit.timeline.play()
    hands.kit.update(3)
    assert hands.phase == "empty" and not hands.kit.logged("error") and not hands.kit.logged("warn")


def test_stop_pressed_by_hand_ends_the_run(hands):
    hands.run()
    hands.kit.update(5)
    hands.kit.timeline.stop()
    hands.kit.update(2)
    assert hands.phase == "failed"
    assert hands.shows("the timeline was stopped by hand") and hands.shows("Press Load to build")
    assert not hands.kit.timeline.is_playing()


def test_play_pressed_by_hand_after_that_says_that_the_scene_is_gone(hands):
    hands.load()
    hands.kit.timeline.stop()
    hands.kit.update(2)
    hands.kit.timeline.play()
    hands.kit.update(2)
    assert hands.shows("The timeline was started by hand") and hands.shows("Press Load.")


def test_pause_pressed_by_hand_pauses_the_run(hands):
    hands.run()
    hands.kit.update(5)
    hands.kit.timeline.pause()
    hands.kit.update(2)
    assert hands.phase == "paused" and hands.shows("The timeline was paused by hand")


def test_a_new_problem_takes_the_place_of_an_older_message(hands):
    hands.run()
    hands.kit.update(5)
    hands.kit.timeline.pause()
    hands.kit.update(2)
    hands.kit.context.new_stage()
    assert hands.shows("the stage was closed or replaced") and not hands.shows("paused by hand")


def test_play_pressed_by_hand_during_a_pause_leaves_the_arm_where_it_is(hands):
    hands.run()
    hands.kit.update(5)
    hands.click("pause")
    hands.kit.update(5)
    hands.kit.timeline.play()
    hands.kit.update(2)
    assert hands.phase == "paused" and hands.shows("The arm holds until you press Resume")
    assert_arm_holds(hands)


@pytest.mark.parametrize("moment", ["load", "reset"])
def test_a_backend_that_gives_up_says_so_and_can_be_loaded_again(hands, moment):
    hands.make_backend = lambda robot: StubInKit(hands.kit, robot, fails_at=moment)
    hands.pick("our own Panda")
    hands.click("load")
    hands.until("failed")
    assert hands.shows(f"the simulator gave up at {moment}") and hands.button("load").text == "Reload"
    assert f"the simulator gave up at {moment}" in hands.kit.logged("error")
    hands.backends[-1].fails_at = ""
    hands.load()
    assert hands.session.status.problem is None


def test_a_backend_that_cannot_be_made_leaves_a_panel_that_says_why(kit):
    hands = Hands(kit, str(ROOT))

    def refuse(robot):
        raise BackendError("this Isaac Sim offers no interface we know", remedy="enable isaacsim.core.api")

    hands.make_backend = refuse
    hands.enable()
    assert hands.shows("this Isaac Sim offers no interface we know") and hands.shows("Enable isaacsim.core.api.")
    assert {name for name in ("load", "run", "stop") if hands.button(name).enabled} == {"load"}
    hands.make_backend = lambda robot: StubInKit(kit, robot)
    hands.load()
    assert hands.phase == "ready"


def test_a_fault_of_our_own_in_a_control_period_never_reaches_kit(hands, monkeypatch):
    hands.run()

    def broken() -> None:
        raise RuntimeError("cannot happen")

    monkeypatch.setattr(hands.session, "period", broken)
    hands.kit.update(2)
    assert hands.phase == "failed" and "cannot happen" in hands.kit.logged("error")


def test_loading_can_be_given_up(hands):
    hands.make_backend = lambda robot: StubInKit(hands.kit, robot, updates=10_000)
    hands.pick("our own Panda")
    hands.click("load")
    hands.kit.update(5)
    hands.redraw()
    assert hands.button("stop").text == "Cancel"
    hands.click("stop")
    hands.kit.update(2)
    assert hands.phase == "failed" and hands.shows("Press Load")


def test_a_recording_that_cannot_be_written_costs_the_recording_only(hands, tmp_path):
    (tmp_path / "recordings").write_text("a file stands where the folder should be")
    hands.click("record")
    hands.run().until("ended")
    assert hands.session.status.success
    assert hands.shows("cannot be written")


def test_wrong_settings_are_named_and_replaced(kit):
    kit.settings.update({"/exts/vla_isaac/seed": -3, "/exts/vla_isaac/robot": "ur10", "/exts/vla_isaac/scene": "kitchen"})
    hands = Hands(kit, str(ROOT)).enable()
    said = kit.logged("warn") + kit.logged("error")
    assert "seed=-3 is not accepted" in said and "choose reference or embedded" in said and "kitchen" in said
    hands.load()


def test_a_panel_that_cannot_be_drawn_does_not_stop_the_run(hands):
    hands.run()
    hands.window.destroy()  # as another extension might
    hands.redraw()
    hands.until("ended")
    assert hands.session.status.success and "cannot be drawn" in hands.kit.logged("error")
