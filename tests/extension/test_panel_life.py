"""The panel from its opening to the end of the extension, on the stub inside a small Kit."""

from __future__ import annotations

import numpy as np
import pytest

from tests.extension.hands import BUTTONS, EXT_ID, ROOT, TITLE, Hands
from vla_isaac.core.errors import UsageError
from vla_isaac.robots.panda import QVEL_LIMIT


def test_the_panel_opens_with_a_scene_an_instruction_and_what_it_means(hands):
    assert hands.window.visible
    assert (
        hands.window.find("StringField", name="instruction").model.as_string
        == "Pick up the red cube and place it on the blue box"
    )
    assert hands.shows("goal: on(red_cube, blue_box)")
    assert hands.shows("classic port (isaacsim.*)")


def test_only_load_and_record_can_be_pressed_before_anything_is_loaded(hands):
    assert {name for name in BUTTONS if hands.button(name).enabled} == {"load", "record"}


def test_loading_takes_updates_in_which_the_panel_stays_alive(hands):
    assert hands.click("load")
    assert hands.shows("loading") and not hands.button("load").enabled
    hands.until("ready")
    assert hands.shows("Press Run to let the policy act.")


def test_a_run_reaches_its_goal_and_the_panel_says_so(hands):
    hands.run().until("ended")
    assert hands.session.status.success
    assert hands.shows("succeeded") and hands.shows("on the blue box")
    assert hands.window.find("ProgressBar").model.as_float == 1.0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Put the green cube on the red box", "goal: on(green_cube, red_box)"),
        ("Put the purple cube on the red box", "purple"),
        ("Lift the yellow cube", "goal: lifted(yellow_cube"),
    ],
)
def test_the_meaning_of_an_instruction_is_shown_while_it_is_typed(hands, typed, said):
    for end in range(3, len(typed) + 1, 7):
        hands.type(typed[:end])
    hands.type(typed)
    assert hands.shows(said)


def test_an_example_goes_into_the_field_with_one_click(hands):
    hands.window.find("Button", text="Push the yellow cube to the left").click()
    assert hands.session.status.instruction == "Push the yellow cube to the left"
    assert hands.shows("goal: left_of") or hands.shows("goal: pushed_to")


def test_another_scene_brings_its_own_sentence_and_examples(hands):
    assert hands.pick("sorting")
    assert hands.window.find("StringField", name="instruction").model.as_string.startswith("Put the red cube in the red bin")
    assert hands.shows("goal: in(red_cube, red_bin)")


def test_the_choice_of_another_scene_after_loading_asks_for_a_load(hands):
    hands.load().pick("clutter")
    assert hands.shows("takes effect with the next Load")
    hands.load()
    assert hands.session.scene.name == "clutter"


def test_another_seed_takes_effect_with_reset(hands):
    hands.load()
    before = hands.session.layout
    hands.window.find("IntField", name="seed").edit(7)
    assert hands.shows("takes effect with the next Load or Reset")
    hands.click("reset")
    hands.kit.turn()
    hands.until("ready")
    assert hands.session.layout != before and hands.session.status.seed == 7
    assert hands.shows("Press Run")


def test_our_own_panda_is_another_backend_from_the_next_load_on(hands):
    hands.load().pick("our own Panda")
    assert len(hands.backends) == 1
    hands.load()
    assert hands.backends[-1].robot == "embedded"
    assert hands.shows("our own Panda stands in")
    assert hands.backends[0].on_period is None


def test_a_pause_holds_the_arm_and_stops_time_until_it_goes_on(hands):
    hands.run()
    hands.kit.update(20)
    assert hands.click("pause")
    assert hands.phase == "paused" and not hands.kit.timeline.is_playing()
    before = hands.session.status.step
    hands.kit.update(5)
    assert hands.session.status.step == before
    assert hands.shows("The arm holds. Resume continues the run") and hands.button("run").text == "Resume"
    assert hands.click("run")
    hands.until("ended")
    assert hands.session.status.success


def test_stop_ends_the_run_and_the_arm_comes_to_rest_within_the_way_of_a_period(hands):
    hands.run()
    hands.kit.update(30)
    assert hands.click("stop")
    assert hands.phase == "ended"
    stopped = hands.backends[-1].state().qpos
    hands.kit.update(10)
    rested = hands.backends[-1].state().qpos
    assert (np.abs(rested - stopped) <= QVEL_LIMIT / hands.session.status.rate_hz).all()
    hands.kit.update(10)
    np.testing.assert_allclose(hands.backends[-1].state().qpos, rested, atol=0.005)


def test_run_after_the_end_lays_the_scene_out_again_first(hands):
    hands.run()
    hands.kit.update(10)
    hands.click("stop")
    hands.redraw()
    assert hands.click("run")
    hands.until("running")
    hands.until("ended")
    assert hands.session.status.success


def test_reset_during_a_run_sets_the_stage_again(hands):
    hands.run()
    hands.kit.update(10)
    hands.redraw()
    assert hands.click("reset")
    hands.until("ready")
    assert hands.session.status.step == 0


def test_the_camera_picture_arrives_as_four_channels_width_first(hands):
    hands.load().redraw()
    picture = hands.window.find("ImageWithProvider", name="view_camera").provider
    assert picture.size_wh == (224, 224)
    assert set(picture.data[3::4]) == {255}


def test_a_recorded_run_can_be_read_without_kit(hands, tmp_path):
    from vla_isaac.runtime.spool import episodes, read_episode

    assert hands.click("record")
    assert hands.shows("from the next run on")
    hands.run()
    assert hands.shows("writing to")
    hands.until("ended")
    hands.disable()
    (episode,) = episodes(next((tmp_path / "recordings").iterdir()))
    arrays, meta = read_episode(episode)
    assert meta["result"]["success"] and meta["objects"][0] == "red_cube"
    assert len(arrays["qpos"]) == meta["result"]["steps"] == len(arrays["target_qpos"])


def test_lock_step_stops_time_while_the_policy_thinks(kit):
    kit.settings["/exts/vla_isaac/lock_step"] = True
    hands = Hands(kit, str(ROOT)).enable()
    hands.run().until("ended")
    status = hands.session.status
    assert status.success and status.stale_share == 0.0


def test_the_menu_entry_shows_and_hides_the_panel_while_the_run_goes_on(hands):
    hands.run()
    hands.kit.menus.click("Window", TITLE)
    assert not hands.window.visible
    hands.until("ended")
    hands.kit.menus.click("Window", TITLE)
    assert hands.window.visible and hands.shows("succeeded")


def test_a_closed_window_is_not_drawn(hands):
    hands.window.close_by_hand()
    hands.session.choose(seed=5)
    before = hands.kit.ui.num_changes
    hands.redraw()
    assert hands.kit.ui.num_changes == before


def test_kits_actions_do_what_the_buttons_do(hands):
    hands.act("load")
    hands.until("ready")
    hands.act("run")
    assert hands.phase == "running"
    hands.act("pause")
    assert hands.phase == "paused"
    hands.act("stop")
    assert hands.phase == "ended"


def test_an_action_that_makes_no_sense_now_is_answered_in_words(hands):
    hands.act("run")
    assert hands.shows("Run does nothing now.") and hands.shows("Load a scene first.")
    assert "run does nothing now" in hands.kit.logged("warn")


def test_the_panel_is_drawn_ten_times_a_second_at_the_most(kit, monkeypatch):
    hands = Hands(kit, str(ROOT)).enable().run()
    from vla_isaac.extension import controller

    drawn, make_view = [], controller.make_view
    monkeypatch.setattr(controller, "make_view", lambda *given: drawn.append(1) or make_view(*given))
    now = hands.wall()
    hands.wall = lambda: now
    hands.redraw()
    drawn.clear()
    for _ in range(218):  # 1.09 s; by the sums of 0.005 the next time may come one update later than by arithmetic
        hands.skipped += 0.005
        kit.update()
    assert len(drawn) == 10


def test_what_has_not_changed_is_not_drawn_again(hands):
    hands.load().redraw()
    before, uploads = hands.kit.ui.num_changes, hands.kit.ui.num_uploads
    hands.redraw()
    assert (hands.kit.ui.num_changes, hands.kit.ui.num_uploads) == (before, uploads)


def test_the_script_editor_reaches_the_session(hands):
    from vla_isaac.extension import get_session

    hands.load()
    assert get_session().scene.name == "tabletop"
    assert get_session().backend is hands.backends[-1]


def test_without_the_extension_there_is_no_session_and_the_error_says_where_to_enable_it(hands):
    from vla_isaac.extension import get_session

    hands.disable()
    with pytest.raises(UsageError, match="enable it in Window > Extensions"):
        get_session()


def test_everything_is_gone_after_the_extension_is_disabled(hands):
    hands.run()
    hands.kit.update(10)
    hands.disable()
    hands.kit.update(2)
    assert hands.kit.left() == {}


def test_the_extension_can_be_stopped_twice_and_without_a_start(kit):
    from vla_isaac.extension import VlaIsaacExtension

    extension = VlaIsaacExtension()
    extension.on_shutdown()
    extension.on_shutdown()
    assert kit.alive() == {}


def test_it_can_be_enabled_again(hands):
    hands.run()
    hands.disable()
    hands.kit.update()
    hands.enable().run().until("ended")
    assert hands.session.status.success


def test_the_folder_may_have_any_name(kit, tmp_path):
    folder = tmp_path / "my clone of it (2)"
    folder.mkdir()
    hands = Hands(kit, str(folder)).enable("my clone of it (2)-9.9.9")
    hands.run().until("ended")
    assert hands.session.status.success
    assert hands.ext_id != EXT_ID and {key[0] for key in kit.menus.actions.found} == {hands.ext_id}


OWN_POLICY = """
from vla_isaac.policies.hold import HoldPolicy


class Waiting(HoldPolicy):
    pass
"""


def test_the_panel_takes_the_names_of_policies_that_the_command_line_takes(kit, tmp_path):
    path = tmp_path / "own_policy.py"
    path.write_text(OWN_POLICY, encoding="utf-8")
    kit.settings["/exts/vla_isaac/policy"] = name = f"{path}:Waiting"
    hands = Hands(kit, str(ROOT)).enable().run()
    assert (hands.session.status.policy, hands.phase) == (name, "running")


def test_a_name_that_the_command_line_refuses_is_refused_by_the_panel_in_the_same_words(kit):
    kit.settings["/exts/vla_isaac/policy"] = "hold:x"
    hands = Hands(kit, str(ROOT)).enable()
    assert hands.shows("he policy 'hold:x' takes no argument")
    assert hands.session.status.policy == "scripted"
