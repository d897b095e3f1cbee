"""What a person does with the panel, and how long he waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.extension.stub_in_kit import StubInKit
from tests.simulated_kit_ui.kit import SmallKit
from tests.simulated_kit_ui.widgets import Widget, Window
from vla_isaac.runtime.live_status import LiveStatus

ROOT = Path(__file__).resolve().parents[2]
EXT_ID = "vla_isaac-0.1.0"
TITLE = "VLA Isaac"
BUTTONS = ("load", "run", "pause", "stop", "reset", "record")
TOOLS = ("home", "open_gripper", "run_episodes", "self_test", "recordings")


class Hands:
    """One Kit with our extension enabled on the stub."""

    def __init__(self, kit: SmallKit, folder: str, **backend) -> None:
        self.kit, self.folder = kit, folder
        self.make_backend = lambda robot: StubInKit(kit, robot, **backend)
        self.make_policy = None
        self.opened: list[Path] = []  # folders that were shown in the file browser
        self.wall = time.monotonic
        self.skipped = 0.0  # [s] by which the panel believes it to be later than on the wall
        self.backends: list[StubInKit] = []

    def enable(self, ext_id: str = EXT_ID) -> Hands:
        from vla_isaac.extension.entry import VlaIsaacExtension

        def make(robot: str) -> StubInKit:
            backend = self.make_backend(robot)
            self.backends.append(backend)
            return backend

        VlaIsaacExtension.make_backend = staticmethod(make)
        VlaIsaacExtension.open_folder = staticmethod(self.opened.append)
        VlaIsaacExtension.clock = staticmethod(self.clock)
        if self.make_policy is not None:
            VlaIsaacExtension.make_policy = staticmethod(self.make_policy)
        self.kit.enable(ext_id, self.folder)
        self.ext_id = ext_id
        return self

    def clock(self) -> float:
        return self.wall() + self.skipped

    def disable(self) -> None:
        self.kit.disable(self.ext_id)

    @property
    def window(self) -> Window:
        return self.kit.ui.window(TITLE)

    @property
    def session(self):
        from vla_isaac.extension import get_session

        return get_session()

    @property
    def phase(self) -> str:
        return self.session.status.phase.value

    def button(self, name: str) -> Widget:
        return self.window.find("Button", name=name)

    def click(self, name: str) -> bool:
        return self.button(name).click()

    def act(self, name: str) -> None:
        """Do it by Kit's action instead of the button."""
        self.kit.menus.actions.execute_action(self.ext_id, name)

    def type(self, text: str) -> None:
        assert self.window.find("StringField", name="instruction").edit(text)

    def pick(self, item: str) -> bool:
        """Choose an item in whichever combo box has it."""
        boxes = [w for w in self.kit.ui.widgets if type(w).__name__ == "ComboBox" and not w.is_destroyed]
        return next(box for box in boxes if item in box.model.items).pick(item)

    def box(self, name: str) -> Widget:
        """Return the combo box of this name."""
        return self.window.find("ComboBox", name=name)

    def shows(self, text: str) -> bool:
        """Tell whether the panel, once redrawn, says this somewhere."""
        self.redraw()
        return any(text in shown for shown in self.window.texts())

    def redraw(self) -> None:
        self.skipped += 1.0  # the next time to draw has come
        self.kit.update()

    def until(self, *phases: str, seconds: float = 60.0) -> str:
        """Let Kit go on until the session is in one of these phases."""
        return self.goes_on(lambda status: status.phase.value in phases, seconds=seconds).phase.value

    def goes_on(self, holds: Callable[[LiveStatus], bool], *, seconds: float = 60.0) -> LiveStatus:
        """Let Kit go on until this holds of the session's status, and return that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if holds(status := self.session.status):
                return status
            self.kit.update()
            time.sleep(0.0005)
        raise AssertionError(
            f"what was waited for did not come within {seconds:.0f} s; the session is {self.session.status}"
        )

    def load(self) -> Hands:
        assert self.click("load")
        self.kit.turn()  # the event loop takes up the work
        self.until("ready")
        return self

    def run(self) -> Hands:
        self.load()
        assert self.click("run")
        return self
