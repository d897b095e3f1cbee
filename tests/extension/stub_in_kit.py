"""The stub backend with Kit's clock: time passes when the small Kit plays, and every operation takes some updates."""

from __future__ import annotations

import threading

from tests.simulated_kit_ui.kit import SmallKit
from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import BackendError


class StubInKit(StubBackend):
    """Fulfils `factory.KitBackend`; one app update is one control period."""

    def __init__(self, kit: SmallKit, robot: str = "reference", *, fails_at: str = "", updates: int = 2) -> None:
        super().__init__()
        self.kit, self.robot, self.fails_at, self.updates = kit, robot, fails_at, updates
        self.on_period = None
        self.notes = ("our own Panda stands in",) if robot == "embedded" else ()
        self.targets = []
        self._thread = threading.get_ident()

    def load(self, spec):
        yield from self._some_updates("load")
        yield from super().load(spec)
        if self._physics not in self.kit.on_physics:
            self.kit.on_physics.append(self._physics)

    def reset(self, layout):
        self.kit.timeline.stop()
        yield from self._some_updates("reset")
        yield from super().reset(layout)
        self.kit.timeline.play()
        yield

    def apply(self, target):
        assert threading.get_ident() == self._thread, "the simulator was called from another thread"
        self.targets.append(target)
        super().apply(target)

    def step(self):
        raise AssertionError("inside Kit nobody may step the simulator")

    def pause(self):
        self.kit.timeline.pause()

    def resume(self):
        self.kit.timeline.play()

    def new_stage(self):
        self.kit.timeline.stop()
        yield
        self.kit.context.new_stage()
        yield

    def describe_physics(self):
        return "the stub's own, on the CPU"

    def describe(self):
        return "classic port (isaacsim.*): complete in this release"

    def close(self):
        super().close()
        if hasattr(self, "kit") and self._physics in self.kit.on_physics:
            self.kit.on_physics.remove(self._physics)

    def _some_updates(self, name):
        for _ in range(self.updates):
            yield
        if self.fails_at == name:
            raise BackendError(f"the simulator gave up at {name}", remedy="check its log, then press Load")

    def _physics(self):
        if self._world is not None:
            super().step()
            if self.on_period is not None:
                self.on_period()
