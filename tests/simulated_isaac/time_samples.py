"""The simulation time of frames, as Isaac keeps it where the renderer counts frames by itself."""

from __future__ import annotations

from bisect import bisect_left


class TimeSamples:
    """Frames with a physics step and the simulation time in them; a stop forgets all.

    Source: isaac-sim/IsaacSim v5.1.0, isaacsim.core.simulation_manager, PluginInterface.cpp:545-607 (onResume and
    onPhysicsStep store, onStop clears) and TimeSampleStorage.cpp:100-173 (storeSampleAt, getSimulationTimeAt), 330-457.
    """

    CAPACITY = 31

    def __init__(self) -> None:
        self._frames: list[int] = []
        self._times: list[float] = []

    def store(self, frame: int, time: float) -> None:
        """Store the time of a frame; a further step in the same frame replaces it."""
        if self._frames and self._frames[-1] == frame:
            self._times[-1] = time
            return
        self._frames.append(frame)
        self._times.append(time)
        del self._frames[: -self.CAPACITY], self._times[: -self.CAPACITY]

    def clear(self) -> None:
        """Forget all."""
        self._frames.clear()
        self._times.clear()

    def time_at(self, frame: int) -> float | None:
        """Return the time of a frame, between two samples by interpolation; None before the first and after the last."""
        at = bisect_left(self._frames, frame)
        if at < len(self._frames) and self._frames[at] == frame:
            return self._times[at]
        if at in (0, len(self._frames)):
            return None
        share = (frame - self._frames[at - 1]) / (self._frames[at] - self._frames[at - 1])
        return self._times[at - 1] + share * (self._times[at] - self._times[at - 1])
