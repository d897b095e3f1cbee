"""`Panel`: omni.ui widgets that show a `PanelView` and forward the user's input to `Commands`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from vla_isaac.core.arrays import Image
from vla_isaac.extension.kit import require
from vla_isaac.extension.kit_menu import TITLE
from vla_isaac.extension.panel_model import BUTTONS, Line, PanelView
from vla_isaac.extension.panel_picture import PanelPicture
from vla_isaac.extension.panel_start import SETTINGS, VIEWS, Start
from vla_isaac.extension.panel_style import CAPTIONS, HINTS, LABEL_WIDTH, ROBOT_LINES, ROW, RUN_LINES, STYLE

ui = require("omni.ui")  # source: docs.omniverse.nvidia.com omni.ui, API of the classes used here


class Commands(Protocol):
    """Commands of the panel's user."""

    def press(self, button: str) -> None:
        """Press a button; one of `panel_model.BUTTONS` and `panel_model.TOOLS`."""
        ...

    def choose(self, name: str, value: Any) -> None:
        """Set a setting, such as ``("scene", "clutter")``."""
        ...

    def instruct(self, text: str) -> None:
        """Set the instruction; called at every keystroke."""
        ...


class Panel:
    """One window of omni.ui; `show` changes only what has changed."""

    def __init__(self, commands: Commands, start: Start, *, visible: bool) -> None:
        """Open the window, or prepare it where `visible` is false."""
        self._commands = commands
        self._buttons: dict[str, Any] = {}
        self._labels: dict[str, Any] = {}
        self._fields: dict[str, Any] = {}
        self._shown: PanelView | None = None
        self._examples: tuple[str, ...] | None = None
        self._pictures: list[PanelPicture] = []
        self._is_filling = False
        self._window = ui.Window(TITLE, width=440, height=980, visible=visible)
        with self._window.frame, ui.ScrollingFrame(), ui.VStack(spacing=6, height=0, style=STYLE):
            self._build_head()
            self._build_settings(start)
            self._build_instruction(start)
            self._build_buttons()
            self._build_tools(start)
            self._build_pictures(start)
            self._build_status_lines()
            self._build_robot()
            self._build_checks()
            self._build_notes()

    @property
    def visible(self) -> bool:
        """Whether the window is open; the user may have closed it."""
        return self._window is not None and bool(self._window.visible)

    @visible.setter
    def visible(self, visible: bool) -> None:
        if self._window is not None:
            self._window.visible = visible

    def show(self, view: PanelView) -> None:
        """Copy what has changed since the last view into the widgets."""
        before, self._shown = self._shown, view
        for name, label in self._labels.items():
            line = getattr(view, name)
            if before is None or line != getattr(before, name):
                _set_line(label, line)
        for name, button in self._buttons.items():
            if before is None or view.buttons[name] != before.buttons[name]:
                new = view.buttons[name]
                button.text, button.enabled = new.text, new.enabled
                if hasattr(button, "set_tooltip"):  # the keyword `tooltip` is documented, this setter less so
                    button.set_tooltip(new.tooltip)
        if before is None or view.can_choose != before.can_choose:
            for field in self._fields.values():
                field.enabled = view.can_choose
        if before is None or view.progress != before.progress:
            self._bar.model.set_value(view.progress)
        if before is None or bool(view.error.text) != bool(before.error.text):
            self._error_box.visible = bool(view.error.text)

    def show_pictures(self, pictures: Sequence[tuple[str, Image | None]]) -> None:
        """Show the cameras' pictures, each with its camera's name."""
        for picture, (camera, rgb) in zip(self._pictures, pictures, strict=True):
            picture.show(camera, rgb)

    def show_instruction(self, text: str) -> None:
        """Set the text of the field without calling `instruct`."""
        self._is_filling = True
        try:
            self._instruction.model.set_value(text)
        finally:
            self._is_filling = False

    def offer(self, sentences: Sequence[str]) -> None:
        """Show example instructions to choose from."""
        if tuple(sentences) == self._examples:
            return
        self._examples = tuple(sentences)
        self._example_rows.clear()
        with self._example_rows, ui.VStack(spacing=2, height=0):
            for text in sentences:
                ui.Button(text, name="example", height=ROW, clicked_fn=self._on_example(text), tooltip="Use this sentence")

    def close(self) -> None:
        """Destroy the window and drop all widgets; may be called twice."""
        window, self._window = self._window, None
        if window is not None:
            window.visible = False
            window.destroy()
        for widgets in (self._buttons, self._labels, self._fields):
            widgets.clear()
        self._pictures.clear()
        for name in ("_bar", "_error_box", "_instruction", "_example_rows", "_commands"):
            self.__dict__.pop(name, None)

    def _build_head(self) -> None:
        self._labels["phase"] = ui.Label("", name="muted", height=26, style={"font_size": 20})
        self._labels["hint"] = ui.Label("", name="muted", word_wrap=True, height=0)
        self._error_box = ui.VStack(spacing=2, height=0, visible=False)
        with self._error_box:
            for name in ("error", "remedy"):
                self._labels[name] = ui.Label("", name="plain", word_wrap=True, height=0)

    def _build_settings(self, start: Start) -> None:
        with ui.CollapsableFrame("Scene and policy", height=0), ui.VStack(spacing=3, height=0):
            for name in SETTINGS:
                with ui.HStack(height=ROW):
                    ui.Label(CAPTIONS[name], name="caption", width=LABEL_WIDTH, tooltip=HINTS[name])
                    self._combo(name, start)
                if name == "stage":
                    self._labels["stage"] = ui.Label("", name="muted", word_wrap=True, height=0)
            with ui.HStack(height=ROW):
                tooltip = "Checkpoint folder of a learned policy, or FILE.py:CLASS; empty takes the policy above"
                ui.Label("Checkpoint", name="caption", width=LABEL_WIDTH, tooltip=tooltip)
                self._build_checkpoint(start)
            with ui.HStack(height=ROW, spacing=6):
                ui.Label("Seed", name="caption", width=LABEL_WIDTH - 6, tooltip="Seed of everything random")
                self._value("seed", ui.IntField(name="seed", width=56), start.seed, lambda model: int(model.as_int))
                ui.Label("Speed", name="caption", width=40, tooltip="Allowed fraction of the arm's speed limits")
                slider = ui.FloatSlider(min=0.05, max=1.0)
                self._value("speed_scale", slider, start.speed_scale, lambda model: float(model.as_float))
                ui.Label("Lock step", name="caption", width=62, tooltip="Simulation pauses while the policy computes")
                self._value("lock_step", ui.CheckBox(width=18), start.lock_step, lambda model: bool(model.as_bool))

    def _build_checkpoint(self, start: Start) -> None:
        """Take the text when the field is left: every letter of a path would be an unknown policy."""
        field = self._fields["checkpoint"] = ui.StringField(name="checkpoint", tooltip="Leave empty for the policy above")
        field.model.set_value(start.checkpoint)
        field.model.add_end_edit_fn(lambda model: self._commands.choose("checkpoint", model.as_string))

    def _build_instruction(self, start: Start) -> None:
        with ui.CollapsableFrame("Instruction", height=0), ui.VStack(spacing=3, height=0):
            self._instruction = ui.StringField(name="instruction", height=ROW, tooltip="What the arm should do, in English")
            self._instruction.model.set_value(start.instruction)
            self._instruction.model.add_value_changed_fn(self._on_typed)
            self._labels["parse"] = ui.Label("", name="muted", word_wrap=True, height=0)
            self._example_rows = ui.Frame(height=0)

    def _build_buttons(self) -> None:
        with ui.HStack(height=30, spacing=2):
            for name in BUTTONS:
                self._button(name)

    def _build_tools(self, start: Start) -> None:
        with ui.HStack(height=28, spacing=2):
            for name in ("home", "open_gripper", "run_episodes"):
                self._button(name)
            episodes = ui.IntField(name="episodes", width=48, tooltip="Number of episodes")
            self._value("episodes", episodes, start.episodes, lambda model: int(model.as_int))

    def _build_pictures(self, start: Start) -> None:
        with ui.HStack(height=0, spacing=4):
            for name in VIEWS:
                with ui.VStack(spacing=2, height=0):
                    self._pictures.append(PanelPicture(name))
                    self._combo(name, start)

    def _build_status_lines(self) -> None:
        with ui.VStack(spacing=3, height=0):
            self._bar = ui.ProgressBar(height=18, tooltip="Progress of the task")
            self._lines(RUN_LINES)

    def _build_robot(self) -> None:
        with ui.CollapsableFrame("Robot", height=0), ui.VStack(spacing=3, height=0):
            self._lines((*ROBOT_LINES, "device"))

    def _build_checks(self) -> None:
        with ui.CollapsableFrame("Files and checks", height=0), ui.VStack(spacing=3, height=0):
            with ui.HStack(height=28, spacing=2):
                for name in ("recordings", "self_test"):
                    self._button(name)
            self._lines(("self_test",))

    def _build_notes(self) -> None:
        for name in ("notes", "missing", "port"):
            self._labels[name] = ui.Label("", name="muted", word_wrap=True, height=0)

    def _button(self, name: str) -> None:
        self._buttons[name] = ui.Button(name.capitalize(), name=name, clicked_fn=self._on_pressed(name))

    def _combo(self, name: str, start: Start) -> None:
        options, captions = list(start.options[name]), start.captions.get(name, {})
        combo = ui.ComboBox(
            options.index(start.chosen[name]), *(captions.get(o, o) for o in options), name=name, tooltip=HINTS[name]
        )
        combo.model.add_item_changed_fn(self._on_selected(name, options))
        if name not in VIEWS:  # pictures may be chosen while a policy runs
            self._fields[name] = combo

    def _lines(self, names: Sequence[str]) -> None:
        for name in names:
            with ui.HStack(height=0):
                ui.Label(CAPTIONS[name], name="caption", width=LABEL_WIDTH, height=20)
                self._labels[name] = ui.Label("", name="muted", word_wrap=True)

    def _value(self, name: str, field: Any, value: Any, read: Callable[[Any], Any]) -> None:
        """Set a field and forward the user's input."""
        field.model.set_value(value)
        field.model.add_value_changed_fn(lambda model: self._commands.choose(name, read(model)))
        self._fields[name] = field

    def _on_selected(self, name: str, options: Sequence[str]) -> Callable[[Any, Any], None]:
        return lambda model, item: self._commands.choose(name, options[model.get_item_value_model().as_int])

    def _on_pressed(self, name: str) -> Callable[[], None]:
        return lambda: self._commands.press(name)

    def _on_example(self, text: str) -> Callable[[], None]:
        return lambda: self._instruction.model.set_value(text)

    def _on_typed(self, model: Any) -> None:
        if not self._is_filling:
            self._commands.instruct(model.as_string)


def _set_line(label: Any, line: Line) -> None:
    label.text, label.name = line.text, line.tone
    label.visible = bool(line.text)
