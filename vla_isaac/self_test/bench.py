"""`TestBench`: what the checks share: the backend, its inspector, steps that work in scripts and inside Kit, cached data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import BackendError, describe
from vla_isaac.core.types import Frame, JointTarget, SceneState
from vla_isaac.robots import panda
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.self_test.reference import SelfTestReference
from vla_isaac.self_test.scene import CAMERAS, SIZE_HW, lying_layout, test_scene
from vla_isaac.sim.backend import Backend, RenderRequest, Steps
from vla_isaac.sim.inspection import InspectionError, Inspector

T = TypeVar("T")
Choose = Callable[["Sample"], JointTarget | None]

MOST_UPDATES = 5000  # app updates to wait inside Kit for the periods of one `walk`
FIRST_SCENE = "the test scene"
SETTLED_REDRAWS = 8  # app updates after which a picture shows a state that does not change


class KitDriven(Protocol):
    """The backend inside Kit, whose own loop makes the steps."""

    on_period: Callable[[], None] | None

    def pause(self) -> None:
        """Pause the timeline."""
        ...

    def resume(self) -> None:
        """Resume the timeline."""
        ...


@dataclass(frozen=True, eq=False)
class Sample:
    """The simulator at the end of a control period."""

    state: SceneState
    joints: Array
    """Joint positions, shape (9,)."""

    steps: int
    """Physics steps that the backend has counted since play."""


class TestBench:
    """The backend with one scene on it; what several checks need is made once."""

    __test__ = False  # for pytest: this is no test class

    def __init__(self, backend: Backend, inspector: Inspector, reference: SelfTestReference) -> None:
        self.backend, self.inspector, self.reference = backend, inspector, reference
        self.spec: SceneSpec = test_scene()
        self.layout: SceneLayout | None = None
        self._made: dict[str, Any] = {}
        self._failed: dict[str, str] = {}

        self._before: dict[str, Mapping[str, Any] | InspectionError] = {}
        self.is_closed = False

    # ---------------------------------------------------------------- before and after

    def remember(self) -> None:
        """Store what must be the same after `close`: settings, and what else is on the stage."""
        for name, read in (("settings", self.inspector.settings), ("others", self.inspector.others_on_stage)):
            try:
                self._before[name] = dict(read())
            except InspectionError as error:
                self._before[name] = error

    def settings_before(self) -> Mapping[str, Any]:
        """Return the settings before the first load."""
        return self._remembered("settings")

    def others_before(self) -> Mapping[str, str]:
        """Return the prims outside our root before the first load."""
        return self._remembered("others")

    def close(self) -> Steps[None]:
        """Close the backend, once, and wait for an app update inside Kit."""
        if self.is_closed:
            return
        if self.layout is None:  # else there is nothing that closing could restore
            yield from self.scene()
        self.is_closed = True
        self.backend.close()
        if self.inspector.mode == "kit":
            yield

    def _remembered(self, name: str) -> Mapping[str, Any]:
        found = self._before[name]
        if isinstance(found, InspectionError):
            raise found
        return found

    # ---------------------------------------------------------------- data that checks share

    def shared(self, name: str, make: Callable[[TestBench], Steps[T]]) -> Steps[T]:
        """Return what `make` returns, made once.

        Raises:
            Exception: Whatever `make` raises, for the check that needs it first.
            InspectionError: For every other check, if `make` has failed.
        """
        if name in self._failed:
            raise InspectionError(f"needs {name}, which failed: {self._failed[name]}")
        if name not in self._made:
            try:
                self._made[name] = yield from make(self)
            except InspectionError:
                raise
            except Exception as error:
                self._failed[name] = describe(error)
                raise
        return cast(T, self._made[name])

    def scene(self) -> Steps[None]:
        """Load the test scene and lay it out, unless it is there; `stage` lays it out again."""
        yield from self.shared(FIRST_SCENE, _first_stage)
        if self.layout is None or self.spec != test_scene():
            yield from _first_stage(self)

    # ---------------------------------------------------------------- the backend

    def stage(self, layout: SceneLayout, spec: SceneSpec | None = None) -> Steps[None]:
        """Load a scene (None: keep the one that is loaded) and lay it out.

        Raises:
            InspectionError: If the test scene could not be loaded: one cause is then one row of the report.
        """
        if FIRST_SCENE in self._failed:
            raise InspectionError(f"needs {FIRST_SCENE}, which failed: {self._failed[FIRST_SCENE]}")
        if spec is not None:
            self.spec = spec
            yield from self.backend.load(spec)
        self.layout = layout
        yield from self.backend.reset(layout)

    def sample(self) -> Sample:
        """Return the simulator now."""
        return Sample(self.backend.state(), self.inspector.joint_positions(), self.inspector.own_steps())

    def home(self) -> JointTarget:
        """Return the target at home, with the gripper open."""
        return JointTarget(panda.QPOS_HOME.copy(), panda.GRIPPER_MAX_WIDTH)

    def walk(self, choose: Choose) -> Steps[list[Sample]]:
        """Do control periods, each towards the target that `choose` returns for the sample before it, until it returns None.

        Returns:
            The sample now and one per period.
        """
        samples = [self.sample()]
        target = choose(samples[0])
        if self.inspector.mode == "kit":
            if target is not None:
                yield from self._walk_in_kit(target, choose, samples)
            return samples
        while target is not None:
            self.backend.apply(target)
            self.backend.step()
            samples.append(self.sample())
            target = choose(samples[-1])
        return samples

    def hold(self, periods: int, target: JointTarget | None = None) -> Steps[list[Sample]]:
        """Hold one target for some periods."""
        return (yield from self.walk(in_turn([target or self.home()] * periods)))

    def look(self, *, depth: bool = False, segmentation: bool = False) -> Steps[Mapping[str, Frame]]:
        """Return pictures of both cameras that show the state now."""
        requests = [RenderRequest(camera=c, resolution_hw=SIZE_HW, depth=depth, segmentation=segmentation) for c in CAMERAS]
        return (yield from self.backend.render(requests))

    def redraw(self, updates: int = SETTLED_REDRAWS) -> Steps[None]:
        """Draw the state, which stands still, again and again."""
        for _ in range(updates):
            yield from self.inspector.redraw()

    def _walk_in_kit(self, target: JointTarget, choose: Choose, samples: list[Sample]) -> Steps[None]:
        kit = cast(KitDriven, self.backend)
        ended: list[Exception | None] = []

        def on_period() -> None:
            if ended:
                return
            try:
                samples.append(self.sample())
                following = choose(samples[-1])
                if following is None:
                    ended.append(None)
                else:
                    self.backend.apply(following)
            except Exception as error:  # physics drops errors of its callbacks: raised again below
                ended.append(error)

        self.backend.apply(target)
        kit.on_period = on_period
        kit.resume()
        try:
            for _ in range(MOST_UPDATES):
                if ended:
                    break
                yield
                self.backend.state()  # raises what went wrong in the callback
            else:
                raise BackendError(f"{len(samples) - 1} control periods passed in {MOST_UPDATES} app updates")
        finally:
            kit.on_period = None
            kit.pause()
        yield
        if ended[0] is not None:
            raise ended[0]


def in_turn(targets: list[JointTarget]) -> Choose:
    """Return a `Choose` that gives the targets one after another."""
    rest = iter(targets)
    return lambda _sample: next(rest, None)


def _first_stage(bench: TestBench) -> Steps[None]:
    spec = test_scene()
    yield from bench.stage(lying_layout(spec), spec)
