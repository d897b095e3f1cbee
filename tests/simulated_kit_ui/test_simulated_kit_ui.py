"""The small omni.ui, menus and Kit are honest: what they do not know raises, and what is left behind is seen."""

from __future__ import annotations

import sys
import types

import pytest

from tests.simulated_kit_ui.kit import IExt, SmallKit
from tests.simulated_kit_ui.menus import MenuItemDescription
from tests.simulated_kit_ui.modules import installed, modules
from tests.simulated_kit_ui.widgets import UiError, UiWorld, ui_module


@pytest.fixture
def world():
    return UiWorld()


@pytest.fixture
def ui(world):
    return ui_module(world)


@pytest.fixture
def kit():
    kit = SmallKit()
    yield kit
    kit.loop.close()


def test_a_name_nobody_looked_up_is_not_there(ui):
    with pytest.raises(AttributeError):
        ui.TreeView  # noqa: B018


def test_a_keyword_and_an_attribute_nobody_looked_up_raise(ui):
    with ui.Window("w").frame:
        with pytest.raises(UiError, match="no keyword colour"):
            ui.Label("x", colour=1)
        label = ui.Label("x")
    with pytest.raises(UiError, match="no attribute 'txt'"):
        label.txt = "y"


def test_a_widget_outside_any_container_is_refused(ui):
    with pytest.raises(UiError, match="would never be seen"):
        ui.Label("lost")


def test_a_frame_takes_one_child(ui):
    with ui.Window("w").frame:
        ui.Label("one")
        with pytest.raises(UiError, match="takes 1 child"):
            ui.Label("two")


def test_a_disabled_button_takes_no_notice_of_a_click(ui):
    clicks = []
    with ui.Window("w").frame:
        button = ui.Button("b", clicked_fn=lambda: clicks.append(1), enabled=False)
    assert not button.click()
    button.enabled = True
    assert button.click() and clicks == [1]


def test_a_model_tells_changes_only(ui):
    told = []
    with ui.Window("w").frame:
        field = ui.IntField()
    field.model.add_value_changed_fn(lambda model: told.append(model.as_int))
    field.model.set_value(3)
    field.model.set_value(3)
    assert told == [3]


def test_a_widget_of_a_destroyed_window_cannot_be_changed(ui, world):
    window = ui.Window("w")
    with window.frame:
        label = ui.Label("x")
    assert world.alive()["windows"] == 1
    window.destroy()
    window.destroy()
    assert world.alive()["windows"] == 0
    with pytest.raises(UiError, match="after its window was destroyed"):
        label.text = "y"


def test_a_picture_of_three_channels_is_refused(ui):
    with pytest.raises(UiError, match="of RGBA"):
        ui.ByteImageProvider().set_bytes_data(bytes(2 * 2 * 3), [2, 2])


def test_the_tree_of_a_window_can_be_read_as_plain_values(ui, world):
    with ui.Window("w", width=300).frame, ui.VStack():
        ui.Label("hello", name="good")
        ui.ComboBox(1, "a", "b")
    frame = world.window("w").dump()["children"][0]
    label, combo = frame["children"][0]["children"]
    assert (label["type"], label["text"], label["name"]) == ("Label", "hello", "good")
    assert (combo["items"], combo["value"]) == (["a", "b"], "b")


def test_modules_are_there_while_installed_and_gone_afterwards():
    before = {name for name in sys.modules if name.partition(".")[0] == "omni"}
    with installed(modules()):
        import omni.kit.actions.core
        import omni.ui

        assert omni.ui.Label and omni.kit.actions.core.get_action_registry()
    assert {name for name in sys.modules if name.partition(".")[0] == "omni"} == before


def test_kit_counts_what_an_extension_leaves_behind(kit):
    held = [kit.updates.create_subscription_to_pop(print)]
    kit.menus.actions.register_action("e", "a", print)
    kit.menus.add_menu_items([MenuItemDescription(name="m")], "Window")
    task = kit.loop.create_task(kit.next_update_async())
    sys.path.append("/nowhere")
    try:
        assert set(kit.alive()) == {"subscriptions", "actions", "menu entries", "tasks", "sys.path"}
    finally:
        sys.path.remove("/nowhere")
        held.clear()
        task.cancel()
        kit.turn()


@pytest.mark.parametrize("is_leaking", [True, False])
def test_an_extension_object_that_is_still_held_after_its_end_is_a_fault(kit, monkeypatch, is_leaking):
    held = []

    class Extension(IExt):
        def on_startup(self, ext_id):
            held.append(self if is_leaking else ext_id)

        def on_shutdown(self):
            """Forget to let go."""

    module = types.ModuleType("some_extension")
    module.Extension = Extension
    monkeypatch.setitem(sys.modules, "some_extension", module)
    kit.enable("some-1.0", "/", "some_extension")
    kit.disable("some-1.0")
    assert bool(kit.faults) == is_leaking
