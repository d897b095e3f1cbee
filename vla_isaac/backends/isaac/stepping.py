"""`Stepping`: the physics steps of control periods, with the ramp of joint targets in each, and settling after a reset."""

from __future__ import annotations

from collections.abc import Callable

from vla_isaac.backends.isaac.app_loop import Loop
from vla_isaac.backends.isaac.ports import Ports
from vla_isaac.backends.isaac.rates import smooth_steps
from vla_isaac.backends.isaac.timeline import Timeline
from vla_isaac.backends.isaac.update_counts import UpdateCounts
from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import BackendError, VlaIsaacError
from vla_isaac.sim.backend import Steps
from vla_isaac.sim.clock import RAMP_PIECES, Clock

SETTLE_SECONDS = 0.2  # as in MuJoCo: time for contacts to come to rest
MAX_IDLE_UPDATES = 10  # without a physics step, after which an error is raised
MAX_SETTLE_UPDATES = 600  # inside Kit an update may be much shorter than a control period


class Stepping:
    """Called by physics at each step; in a script it makes the app updates, inside Kit it calls `on_period`."""

    clock: Clock
    """Rates of the loaded scene; set by `load`."""

    def __init__(self, loop: Loop, ports: Ports, timeline: Timeline, diagnose: Callable[[Exception], VlaIsaacError]) -> None:
        """Connect to a port's steps; `diagnose` names the cause of an error."""
        self._loop, self._sim, self._robot, self._timeline = loop, ports.sim, ports.robot, timeline
        self._diagnose = diagnose
        self.counts = UpdateCounts()
        self.on_period: Callable[[], None] | None = None
        self.is_running = False
        """Whether a reset is complete and the scene in use."""

        self.is_in_step = False
        """Whether physics calls us now; its step must not be entered again."""

        self._fault: Exception | None = None
        ports.sim.on_step = self._stepped

    def load(self, clock: Clock) -> None:
        """Take the rates of a scene."""
        self.clock, self.is_running = clock, False
        self._ramp = _ramp_fractions(clock)

    def start(self) -> Steps[None]:
        """Play the stopped timeline."""
        self.is_running, self._fault = False, None
        yield from self._sim.start(self.clock.physics_dt, self._steps_per_update())
        self.counts.reset()

    def run(self) -> None:
        """Let time of the episode begin."""
        self._first_step, self.is_running = self._sim.steps_done, True

    @property
    def time(self) -> float:
        """Time of the episode [s]."""
        return (self._sim.steps_done - self._first_step) * self.clock.period / self.clock.substeps

    # ---------------------------------------------------------------- a control period

    def aim(self, goal: Array) -> None:
        """Set where the joints are at the end of the next period."""
        self._goal = goal

    def begin_period(self, start: Array, goal: Array) -> None:
        """Start a period at this physics step in which the joints move from `start` to `goal`."""
        self._period_start = self._sim.steps_done
        self._start, self._goal = start, goal
        self._ramp_to(0)

    def begin_next_period(self) -> None:
        """Start a period from the last command to the goal."""
        self.begin_period(self._commanded, self._goal)

    def advance_period(self) -> None:
        """Make the app updates of a period."""
        self._advance(self._sim.steps_done + self.clock.substeps)

    def settle(self) -> Steps[None]:
        """Let contacts come to rest; inside Kit, then pause until `resume`."""
        enough = self._sim.steps_done + max(1, round(SETTLE_SECONDS / self.clock.physics_dt))
        if self._loop.mode == "script":
            self._advance(enough)
            return
        for _ in range(MAX_SETTLE_UPDATES):
            if self._sim.steps_done >= enough:
                break
            yield
            self.counts.count()
            self.raise_fault()
        else:
            raise BackendError(
                "physics does not advance", remedy="press Play once in Isaac Sim to see what it reports, then Load"
            )
        self._timeline.pause()
        yield
        self.counts.count()

    def raise_fault(self) -> None:
        """Raise what failed in a physics step since the last call."""
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise self._diagnose(fault) from fault

    def close(self) -> None:
        """Drop the callbacks."""
        self._sim.on_step = self.on_period = None
        self.is_running = False

    # ---------------------------------------------------------------- steps

    def _ramp_to(self, step: int) -> None:
        """Command the ramp piece that begins at this physics step of the period, if one does."""
        fraction = self._ramp.get(step)
        if fraction is not None:
            self._commanded = self._start + fraction * (self._goal - self._start)
            self._robot.command(self._commanded)

    def _stepped(self, done: int) -> None:
        """Command the next ramp piece; inside Kit, call `on_period` at the end of a period. Called by physics."""
        if self._fault is not None:
            return
        self.is_in_step = True
        try:
            step = done - self._period_start
            if step >= self.clock.substeps and self.is_running and self._loop.mode == "kit":
                if self.on_period is not None:
                    self.on_period()
                if self.is_running:  # else `on_period` closed this backend
                    self.begin_next_period()
            elif step > 0:
                self._ramp_to(step)
        except Exception as error:  # the physics engine drops errors of callbacks: kept for the next call
            self._fault = error
        finally:
            self.is_in_step = False

    def _advance(self, until: int) -> None:
        """Make app updates until `until` physics steps are done."""
        idle = 0
        while self._sim.steps_done < until:
            before = self._sim.steps_done
            self._sim.advance()
            self.counts.changed()
            self.counts.count()
            self.raise_fault()
            idle = idle + 1 if self._sim.steps_done == before else 0
            if idle >= MAX_IDLE_UPDATES:
                raise self._diagnose(BackendError("physics does not advance"))

    def _steps_per_update(self) -> int:
        """Return the physics steps of an app update: a control period in a script, about 1/60 s inside Kit."""
        if self._loop.mode == "script":
            return self.clock.substeps
        return smooth_steps(self.clock.substeps, self.clock.physics_dt)


def _ramp_fractions(clock: Clock) -> dict[int, float]:
    """Return the commanded fraction of the way by the physics step of the period at which it starts."""
    fractions, step = {}, 0
    for length, fraction in clock.ramp(RAMP_PIECES):
        fractions[step] = fraction
        step += length
    return fractions
