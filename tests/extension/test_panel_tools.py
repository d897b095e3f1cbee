"""What the panel offers besides one run: stage, moves by hand, episodes, pictures, readout, self-test, examples browser."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from tests.extension.alone import load_alone
from tests.extension.hands import ROOT, TITLE, Hands
from vla_isaac.core.intervals import wilson95
from vla_isaac.robots.panda import GRIPPER_MAX_WIDTH, QPOS_HOME

content = load_alone("stage_content")
lines = load_alone("panel_lines")
series = load_alone("episode_series")


# ---- the stage


def test_by_default_load_takes_the_open_stage_and_names_what_stays(hands):
    hands.kit.context.add_prim("Warehouse")
    assert hands.shows("has other prims: /Warehouse. They stay")
    stage = hands.kit.context.get_stage()
    hands.load()
    assert hands.kit.context.get_stage() is stage


def test_before_a_new_stage_closes_one_with_prims_the_panel_asks_and_a_second_press_confirms(hands):
    hands.kit.context.add_prim("Warehouse")
    hands.pick("a new stage")
    stage = hands.kit.context.get_stage()
    hands.click("load")
    assert hands.shows("A new stage closes the open one with /Warehouse; its unsaved changes are lost.")
    assert hands.shows("Confirm") and hands.kit.context.get_stage() is stage and hands.phase == "empty"
    hands.load()
    assert hands.kit.context.get_stage() is not stage and hands.phase == "ready"


def test_the_action_asks_as_the_button_does(hands):
    hands.kit.context.add_prim("Warehouse")
    hands.pick("a new stage")
    hands.act("load")
    assert hands.phase == "empty" and hands.shows("A new stage closes")
    hands.act("load")
    hands.kit.turn()
    hands.until("ready")


@pytest.mark.parametrize("deed", ["another stage", "another button", "the open stage"])
def test_the_question_is_dropped_with_what_it_was_about(hands, deed):
    hands.kit.context.add_prim("Warehouse")
    hands.pick("a new stage")
    hands.click("load")
    if deed == "another stage":
        hands.kit.context.new_stage()
    elif deed == "another button":
        hands.click("record")
    else:
        hands.pick("the open stage")
    hands.redraw()
    assert hands.button("load").text == "Load"


def test_an_empty_stage_and_our_own_scene_are_replaced_without_a_question(hands):
    hands.pick("a new stage")
    hands.load()
    hands.load()
    assert hands.phase == "ready"


def test_prims_of_ours_and_of_kit_are_nothing_that_could_be_lost():
    from tests.simulated_kit_ui.kit import PrimSpec, Stage

    stage = Stage([PrimSpec("World", [PrimSpec("VLA"), PrimSpec("Box")]), PrimSpec("Render"), PrimSpec("Env")], ["a.usd"])
    assert content.content_of(stage, is_unsaved=True).others == ("a.usd", "/World/Box", "/Env")
    assert content.StageContent((), is_unsaved=True).confirmation == ""


# ---- arm, gripper, readout


def test_home_moves_the_arm_within_its_limits_and_leaves_time_as_it_was(hands):
    hands.run().kit.update(20)
    hands.click("stop")
    before = hands.backends[-1].state().qpos
    assert np.abs(before - QPOS_HOME).max() > 0.02
    assert hands.click("home") and hands.shows("The arm moves")
    hands.kit.turn()
    for _ in range(400):
        hands.kit.update()
    np.testing.assert_allclose(hands.backends[-1].state().qpos, QPOS_HOME, atol=1e-3)
    assert hands.phase == "ended" and hands.session.status.problem is None


def test_the_gripper_opens_after_load_and_time_stands_still_again(hands):
    hands.load()
    hands.click("open_gripper")
    for _ in range(200):
        hands.kit.update()
    assert hands.backends[-1].state().gripper_width == pytest.approx(GRIPPER_MAX_WIDTH, abs=1e-3)
    assert not hands.kit.timeline.is_playing() and hands.phase == "ready"


def test_a_move_can_be_cancelled_and_the_scene_stays(hands):
    hands.load()
    hands.click("home")
    hands.kit.update(2)
    hands.click("stop")
    hands.kit.update(2)
    assert hands.phase == "ready" and not hands.kit.timeline.is_playing()


def test_joints_hand_and_gripper_are_read_out_with_their_units(hands):
    assert hands.window.find("Label", name="caption", text="Joints")
    hands.load()
    state = hands.backends[-1].state()
    assert hands.shows("  ".join(f"{np.degrees(q):.0f}" for q in state.qpos) + " deg")
    x, y, z = state.pose_world_ee.pos
    assert hands.shows(f"x {x:.3f}  y {y:.3f}  z {z:.3f} m") and hands.shows("mm open")
    assert hands.shows("the stub's own, on the CPU")


# ---- several episodes


def test_episodes_run_with_consecutive_seeds_and_give_rate_and_interval(hands):
    hands.window.find("IntField", name="episodes").edit(3)
    hands.load()
    seeds, seen = [], hands.session.watch(lambda status: seeds.append(status.seed))
    hands.click("run_episodes")
    hands.goes_on(lambda _: hands.shows("3 of 3 done"), seconds=120.0)
    seen()
    low, high = wilson95(3, 3)
    assert hands.shows(f"3 succeeded, 100 % (95 % interval {100 * low:.0f} to {100 * high:.0f} %)")
    assert set(seeds) == {0, 1, 2} and hands.session.status.seed == 0


def test_stop_ends_the_series(hands):
    hands.load()
    hands.click("run_episodes")
    hands.until("running")
    hands.kit.update(5)
    hands.click("stop")
    hands.kit.update(20)
    assert hands.phase == "ended" and hands.shows("0 of 10 done")


def test_half_of_four_episodes_is_said_with_its_interval():
    some = series.EpisodeSeries(4, 7, (True, False, True))
    assert some.seed == 10 and some.is_active
    done = some.with_outcome(False)
    assert not done.is_active
    assert lines.episodes_line(done).text == "4 of 4 done: 2 succeeded, 50 % (95 % interval 15 to 85 %)"


# ---- pictures, folder, checkpoint


def test_two_cameras_are_shown_and_either_can_be_changed_while_a_policy_runs(hands):
    hands.run().kit.update(10)
    assert list(hands.session.frames) == ["front", "wrist"]
    assert hands.box("second_camera").pick("no camera")
    hands.goes_on(lambda _: list(hands.session.frames) == ["front"])
    assert hands.shows("no camera chosen")


def test_the_folder_of_the_recordings_is_opened(hands, tmp_path):
    assert hands.click("recordings")
    assert hands.opened == [tmp_path / "recordings"]


def test_a_folder_that_is_not_there_yet_is_named(tmp_path):
    from vla_isaac.core.errors import UsageError

    with pytest.raises(UsageError, match="does not exist yet; press Record"):
        load_alone("kit_folder").open_folder(tmp_path / "none")


def test_a_checkpoint_takes_the_place_of_the_policy_and_an_empty_field_gives_it_back(kit):
    hands, asked = Hands(kit, str(ROOT)), []
    from vla_isaac.policies.hold import HoldPolicy

    hands.make_policy = lambda name: asked.append(name) or HoldPolicy()
    hands.enable()
    hands.window.find("StringField", name="checkpoint").edit("/models/mine")
    assert (asked[-1], hands.session.status.policy) == ("/models/mine", "/models/mine")
    hands.window.find("StringField", name="checkpoint").edit("")
    assert hands.session.status.policy == "scripted"


def test_a_file_of_a_checkpoint_stands_for_its_folder(hands, tmp_path):
    file = tmp_path / "model.onnx"
    file.write_bytes(b"")
    hands.window.find("StringField", name="checkpoint").edit(str(file))
    assert hands.shows(str(tmp_path)) and hands.session.status.policy == "scripted"


# ---- self-test


@pytest.fixture
def self_test(monkeypatch, tmp_path):
    """A self-test of three checks."""
    module = ModuleType("vla_isaac.self_test")
    module.calls = []

    def run(backend, progress, folder):
        module.calls.append((backend, folder))
        for done in range(3):
            progress(done, 3, f"claim {done}")
            for _ in range(3):
                yield
            if module.error is not None:
                raise module.error
        backend.close()
        return tmp_path / "report.html"

    module.self_test, module.error = run, None
    monkeypatch.setitem(sys.modules, "vla_isaac.self_test", module)
    return module


def test_the_self_test_shows_its_progress_and_where_the_report_is(self_test, kit, tmp_path):
    hands = Hands(kit, str(ROOT)).enable()
    hands.load()
    assert hands.click("self_test")
    kit.update(5)
    assert hands.shows("of 3: claim") and not hands.button("load").enabled
    kit.update(20)
    assert hands.shows(f"report: {tmp_path / 'report.html'}") and hands.phase == "empty"
    assert self_test.calls == [(hands.backends[-2], tmp_path / "self-test")]
    hands.load()


@pytest.mark.parametrize("end", ["cancelled", "failed", "disabled"])
def test_a_self_test_that_does_not_end_leaves_an_empty_session(self_test, kit, end):
    hands = Hands(kit, str(ROOT)).enable()
    self_test.error = RuntimeError("no such joint") if end == "failed" else None
    hands.click("self_test")
    kit.update(2)
    if end == "disabled":
        hands.disable()
        kit.update(2)
        assert kit.left() == {}
        return
    if end == "cancelled":
        hands.click("stop")
    kit.update(6)
    assert hands.shows("The self-test was cancelled" if end == "cancelled" else "no such joint")
    hands.load()


def test_the_real_self_test_of_a_backend_without_physics_ends_in_a_message_at_once(kit):
    hands = Hands(kit, str(ROOT)).enable()
    hands.load()
    assert hands.button("self_test").enabled and hands.click("self_test")
    kit.update(3)
    assert hands.shows("self-test failed: the backend 'stub' has no self-test.") and hands.shows("Choose mujoco or isaac.")
    assert hands.shows("not run yet")
    assert hands.phase == "empty" and hands.button("load").enabled
    hands.load()


def test_a_self_test_that_cannot_be_imported_ends_in_a_message(monkeypatch, kit):
    monkeypatch.setitem(sys.modules, "vla_isaac.self_test", None)
    hands = Hands(kit, str(ROOT)).enable()
    assert hands.click("self_test")
    kit.update(3)
    assert hands.shows("package 'vla_isaac.self_test' is not installed")
    assert hands.phase == "empty" and hands.button("self_test").enabled


# ---- the examples browser


def test_the_entry_in_the_examples_browser_opens_the_panel(hands):
    hands.window.close_by_hand()
    hands.kit.examples.double_click(TITLE)
    assert hands.window.visible


def test_selecting_the_entry_draws_a_button_that_opens_the_panel(hands):
    ui = sys.modules["omni.ui"]
    window = ui.Window("Browser")
    with window.frame, ui.VStack():
        hands.kit.examples.select(TITLE)
    hands.window.close_by_hand()
    window.find("Button").click()
    assert hands.window.visible
    hands.disable()
    window.find("Button").click()  # the browser keeps what was drawn
    window.destroy()


def test_an_entry_that_is_gone_already_is_no_error(hands):
    hands.kit.examples.found.clear()
    hands.disable()
    assert hands.kit.faults == [] and not hands.kit.logged("error")


@pytest.mark.parametrize("member", ["get_instance", "register_example", "deregister_example"])
@pytest.mark.parametrize("error", [RuntimeError, NotImplementedError, KeyError])
def test_a_browser_that_raises_costs_the_entry_only_and_is_a_note_in_the_log(kit, monkeypatch, member, error):
    def raises(**_: object) -> None:
        raise error("Manipulation")

    owner = sys.modules["isaacsim.examples.browser"] if member == "get_instance" else kit.examples
    monkeypatch.setattr(owner, member, raises)
    hands = Hands(kit, str(ROOT)).enable().load()
    assert hands.window.visible and not hands.shows("examples browser")
    hands.disable()
    kit.examples.found.clear()
    assert kit.left() == {} and kit.faults == [] and not kit.logged("error") and not kit.logged("warn")
    notes = kit.logged("info").splitlines()
    assert all("examples browser" in note and error.__name__ in note for note in notes), notes
    assert len(notes) == (0 if (member, error) == ("deregister_example", KeyError) else 1)


def test_without_the_browser_the_panel_opens_all_the_same(kit):
    kit.examples.is_enabled = False
    hands = Hands(kit, str(ROOT)).enable()
    assert hands.window.visible and kit.examples.found == [] and not kit.logged("error")
