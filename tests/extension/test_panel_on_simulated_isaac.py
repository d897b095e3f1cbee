"""The whole extension with the real Isaac backend, inside the simulated Isaac Sim of each generation."""

from __future__ import annotations

import gc
import time

import pytest

pytest.importorskip("pxr", reason="the simulated Isaac Sim needs usd-core")
pytest.importorskip("mujoco", reason="the simulated Isaac Sim needs MuJoCo")

from tests.backends.isaac.test_isaac_saved_state import around, fill, outside
from tests.extension.hands import EXT_ID, ROOT, TITLE
from tests.simulated_isaac import of_releases, releases, simulated_isaac
from tests.simulated_kit_ui.menus import MenuWorld
from tests.simulated_kit_ui.modules import forget_extension, modules
from tests.simulated_kit_ui.widgets import UiWorld

GENERATIONS = {
    **{release: {"release": release} for release in releases()},
    "6.2 without its classic interface": {"release": "6.2", "classic_api": False},
}
of_generations = pytest.mark.parametrize(
    "isaac", of_releases((options["release"], options) for options in GENERATIONS.values()), ids=GENERATIONS, indirect=True
)
PAGE = ROOT / "docs" / "isaac-sim.md"


class Isaac:
    """One simulated Isaac Sim with the extension enabled."""

    def __init__(self, sim, ui: UiWorld, menus: MenuWorld) -> None:
        from vla_isaac.extension import VlaIsaacExtension, get_session

        self.sim, self.ui, self.menus, self.get_session = sim, ui, menus, get_session
        sim.kit_app.get_extension_manager().paths[EXT_ID] = str(ROOT)
        self.extension = VlaIsaacExtension()
        self.extension.on_startup(EXT_ID)

    @property
    def status(self):
        return self.get_session().status

    def press(self, name: str) -> None:
        self.menus.actions.execute_action(EXT_ID, name)

    def until(self, *phases: str, seconds: float = 60.0) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.status.phase.value in phases:
                return self.status.phase.value
            self.sim.app.update()
            time.sleep(0.0005)
        raise AssertionError(self.status)

    def run(self, updates: int = 0) -> None:
        self.press("load")
        self.sim.app.update()
        assert self.until("ready", "failed") == "ready", self.status.problem
        self.press("run")
        for _ in range(updates):
            self.sim.app.update()

    def shows(self, text: str) -> bool:
        time.sleep(0.11)
        self.sim.app.update()
        return any(text in shown for shown in self.ui.window(TITLE).texts())

    def errors(self) -> list[str]:
        return self.sim.messages("error")


@pytest.fixture
def isaac(request):
    ui, menus = UiWorld(), MenuWorld()
    options = {"release": "5.1", **getattr(request, "param", {})}
    with simulated_isaac(**options, mode="kit", assets="none", extra_modules=modules(ui, menus)) as sim:
        forget_extension()
        try:
            yield Isaac(sim, ui, menus)
            assert sim.violations == []
        finally:
            forget_extension()


@of_generations
def test_a_run_succeeds_and_leaves_nothing_behind(isaac):
    isaac.run()
    isaac.until("ended", "failed")
    assert isaac.status.success, isaac.status.problem
    device = "" if isaac.sim.release in ("4.2", "4.5") else " on the CPU"
    port = "experimental" if isaac.sim.version >= (6, 0) else "classic"
    assert isaac.sim.viewport_view[0] == "/OmniverseKit_Persp" and isaac.shows(f"PhysX{device}")
    assert isaac.shows(f"{port} port, physx engine (")
    assert isaac.shows("succeeded") and isaac.shows("our own Panda stands in")
    has_browser = isaac.sim.release not in ("4.2", "4.5")  # 4.5's is recorded without its function
    assert [example.name for example in isaac.sim.examples.found] == [TITLE] * has_browser
    isaac.extension.on_shutdown()
    isaac.sim.app.update()
    assert isaac.sim.examples.found == []
    assert {**isaac.ui.alive(), **isaac.menus.alive()}.keys() and not any(isaac.ui.alive().values())
    assert not any(isaac.menus.alive().values())
    gc.collect()
    assert [s for s in isaac.sim.subscriptions if "vla_isaac" in repr(s)] == []
    assert isaac.errors() == []


def test_stop_pressed_by_hand_ends_the_run_and_time_stays_stopped(isaac):
    isaac.run(updates=20)
    isaac.sim.timeline.stop()
    assert isaac.until("failed")
    isaac.sim.run(3)
    assert isaac.sim.timeline.is_stopped() and isaac.shows("Press Load to build the scene again.")
    isaac.press("load")
    isaac.sim.app.update()
    assert isaac.until("ready", "failed") == "ready"


def test_a_stage_replaced_during_a_run_ends_it_and_the_next_load_takes_the_new_stage(isaac):
    isaac.run(updates=20)
    isaac.sim.context.new_stage()
    assert isaac.until("failed") and isaac.shows("the stage was closed or replaced")
    isaac.press("load")
    isaac.sim.app.update()
    assert isaac.until("ready", "failed") == "ready", isaac.status.problem


def test_a_pause_stops_physics_and_run_goes_on_from_there(isaac):
    isaac.run(updates=20)
    isaac.press("pause")
    isaac.sim.run(3)
    held = isaac.sim.physics.time
    isaac.sim.run(5)
    assert isaac.sim.physics.time == held and isaac.status.phase.value == "paused"
    isaac.press("run")
    assert isaac.until("ended", "failed") == "ended" and isaac.status.success


@pytest.mark.parametrize("updates", [0, 3, 9, 30])
def test_it_can_be_disabled_at_any_moment(isaac, updates):
    isaac.press("load")
    isaac.sim.run(updates)
    isaac.extension.on_shutdown()
    isaac.sim.run(3)
    assert not any(isaac.ui.alive().values()) and isaac.errors() == []


@of_generations
def test_the_whole_way_load_run_record_verdict_stop_reload_run(isaac, tmp_path):
    from vla_isaac.runtime.spool import episodes, read_episode

    isaac.sim.settings.set("/exts/vla_isaac/recordings", str(tmp_path))
    isaac.extension.on_shutdown()
    isaac.extension.on_startup(EXT_ID)
    isaac.press("load")
    isaac.sim.app.update()
    assert isaac.until("ready", "failed") == "ready", isaac.status.problem
    isaac.get_session().record(tmp_path / "spool")
    isaac.press("run")
    assert isaac.until("ended", "failed") == "ended" and isaac.status.success, isaac.status.problem
    isaac.sim.run(3)
    isaac.get_session().record(None)
    isaac.press("reset")
    isaac.sim.app.update()
    assert isaac.until("ready", "failed") == "ready"
    isaac.press("run")
    isaac.sim.run(20)
    isaac.press("stop")
    assert isaac.until("ended", "failed") == "ended"
    isaac.run()
    assert isaac.until("ended", "failed") == "ended" and isaac.status.success
    isaac.extension.on_shutdown()
    arrays, meta = read_episode(episodes(tmp_path / "spool")[0])
    assert meta["backend"] == "isaac" and len(arrays["target_qpos"]) > 50


@pytest.mark.parametrize(
    ("prim", "words"),
    [
        ("/World/VLA/Robot", "the robot's prim /World/VLA/Robot is gone from the stage; press Load"),
        ("/World/VLA/Objects/red_cube", "the prim /World/VLA/Objects/red_cube is gone from the stage; press Load"),
    ],
)
def test_a_prim_deleted_by_hand_ends_the_run_with_a_remedy_and_load_mends_it(isaac, prim, words):
    isaac.run(updates=20)
    isaac.sim.stage.RemovePrim(prim)
    isaac.sim.violations.clear()  # physics deleted while it plays: that was the user
    assert isaac.until("failed", "ended")
    assert words in isaac.status.problem.what
    isaac.press("load")
    isaac.sim.app.update()
    assert isaac.until("ready", "failed") == "ready", isaac.status.problem


def test_a_camera_deleted_by_hand_costs_the_view_only_and_it_is_said(isaac):
    isaac.run(updates=20)
    isaac.sim.stage.RemovePrim("/World/VLA/Cameras/front")
    assert isaac.until("ended", "failed") == "ended"
    assert isaac.status.success, isaac.status.problem
    assert any("/World/VLA/Cameras/front is gone from the stage" in note for note in isaac.status.notes), isaac.status.notes


@pytest.mark.parametrize("isaac", [{"release": "5.1"}], indirect=True)
def test_the_lines_for_the_script_editor_work(isaac):
    import re

    block = next(b for b in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL) if "get_session" in b)
    exec(compile(block, str(PAGE), "exec"), {})
    assert (isaac.status.seed, isaac.status.goal) == (7, "on(red_cube, green_cube)")


@of_generations
def test_disabling_the_extension_leaves_rates_and_the_users_stage_as_they_were_before_load(isaac):
    fill(isaac.sim.stage)
    before, stage = around(isaac.sim), outside(isaac.sim.stage)
    isaac.run(updates=30)
    isaac.extension.on_shutdown()
    isaac.sim.run(3)
    assert around(isaac.sim) == before
    assert outside(isaac.sim.stage) == stage
