"""The traps of Isaac Sim that the simulated one sets, each under its own name, each to be switched off alone."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

WARM_UP_STEPS = 2
"""Physics steps that play makes before anything else, and which count."""

LATE_UPDATES = 1
"""By how many app updates a picture is late, outside the experience `isaacsim.exp.base.zero_delay`."""

SETTLING_SECONDS = 0.5
"""Simulated time after play [s] in which joints may be put somewhere without it being reported."""

WARM_UP_UPDATES = 3
"""App updates without a picture after a camera starts and after play; no release promises a number."""

OLD_FRAME_UPDATES = 2
"""How many of these still deliver the picture of before the reset, where there is one."""

SMALLEST_SIDE = 300
"""Image side [px] below which RTX anti-aliasing may return a buffer of another size."""


@dataclass(frozen=True)
class Traps:
    """Which traps are set; "API page" is shared/isaac-api/README.md, "6.2" the Python files of the 6.2 wheels."""

    getters_none_before_initialize: bool = True
    """API page 4: "Before `initialize` the joint getters return None (with a log warning) and `dof_names` is None." """

    stop_discards_handles: bool = True
    """API page 3: "`reset_async` and `Stop` discard physics handles"; anything not in the scene "needs `initialize()`
    after every hard reset". Until then joint getters give None and rigid prims silently answer from USD."""

    first_frames_empty: bool = True
    """API page 7: "The first frames are empty. A/B: size-0 one-dimensional array (or None) ... C gives (None, info)"."""

    frame_starts_with_zeros: bool = True
    """API page 7: "In A the frame dict starts with int32 zeros of shape (width, height, 4): a black image with the axes
    swapped that looks valid.\""""

    old_frame_after_reset: bool = True
    """Brief of this helper: the picture of before a reset is still delivered for the first two updates after it."""

    play_steps_count: bool = True
    """5.0 to 6.2, simulation_manager.py: play calls `simulate(dt, 0.0)` twice before it says that physics is ready, and
    `get_simulation_time()` counts both (6.2 `tests/test_extension.py`: "The number of steps is offset by 2"; 5.0
    `isaacsim.core.nodes/python/tests/test_annotators.py`: "Two extra steps happen to init physics on play"). 4.5 is
    inferred from 5.0. 4.2 does not: its `test_annotators.py` finds 10 steps after 10 rendered frames."""

    frames_late: bool = True
    """5.0 to 6.2: only `source/apps/isaacsim.exp.base.zero_delay.kit` waits for the renderer within an update (`waitIdle`,
    `checkForHydraRenderComplete`); elsewhere a camera gives the picture of an earlier update. 6.0.1
    `standalone_examples/testing/isaacsim.ros2.bridge/test_camera_tf_delay.py`: "~1 frame of latency"; `test_annotators.py`
    of `isaacsim.core.nodes`: "may lag behind get_simulation_time() due to render pipeline latency"."""

    frames_stamped_by_simulation_time: bool = True
    """6.0.1, TimeSampleStorage.cpp and isaacsim.exp.base.kit (`supportMultiTickRate = true`): the reference time of a frame
    *is* the simulation time, which only a physics step moves (PluginInterface.cpp, onPhysicsStep), so it stands still under
    `render()` and while paused. Off: as in 5.x, where it grows with every update."""

    frames_without_step_stamped_now: bool = True
    """5.1, TimeSampleStorage.cpp and PluginInterface.cpp (getSimulationTimeAtTime): there is a sample for frames with
    a physics step only; for any other the stamp is the simulation time of the moment at which it is asked for. 5.0 has no
    samples that can be read back, so there every stamp is; 4.5 is inferred from 5.0."""

    live_frame: bool = True
    """API page 7: "`get_current_frame()` returns the live dict (shared, overwritten each frame)"."""

    known_callback_name_kept: bool = True
    """API page 3: "`add_physics_callback` with a name in use only logs an error and keeps the **old** function.\""""

    callbacks_bound_late: bool = True
    """6.2, simulation_context.py: functions are subscribed again after each play by a lambda in a loop, so with several
    physics callbacks every one of them calls the last function."""

    bound_methods_weak: bool = True
    """API page 3: "`SimulationManager.register_callback` holds bound methods weakly: the owner must stay referenced"."""

    warp_arrays: bool = True
    """API page 4: C returns warp arrays; "Wrap getters with `.numpy()[0]`". They have no `__array__`."""

    nan_keeps_target: bool = True
    """API page 4: "`apply_action` reads NaN or `None` in `joint_positions` as "keep the previous target" and says
    nothing." Off: it raises."""

    gains_lost_on_stop: bool = True
    """API page 3: "Gains set at run time are lost on stop: set them again after each reset.\""""

    missing_root_raises: bool = True
    """API page 5: "A missing root: 4.2 documents both None and `RuntimeError`, 5.x/6.x raise `RuntimeError`"; 4.x gives
    None here. Off: None everywhere."""

    missing_file_raises: bool = True
    """API page 5: "A missing file raises `FileNotFoundError` (classic) or `Exception` (experimental)." Off: no prim."""

    second_world_ignored: bool = True
    """6.2, simulation_context.py: a second `World(...)` ignores its arguments until `clear_instance()`."""

    substeps_truncated: bool = True
    """6.2, simulation_context.py: "substeps = max(int(rendering_dt / physics_dt), 1)", so 34 may become 33; and
    physics_context.py: "steps_per_second = int(1.0 / dt)". Off: both are rounded."""

    loop_is_kits: bool = True
    """API page 3: "In an extension Kit owns the loop: `world.step(render=True)`, `world.reset()`, `world.render()` and
    6.x `update_app()` are for standalone scripts." Here they raise RuntimeError; on a real Kit they may hang."""

    stop_pauses_cameras: bool = True
    """API page 7: "`stop` pauses acquisition"; play resumes it."""

    opened_drops_cameras: bool = True
    """API page 7: "a new stage drops the subscriptions: build a new `Camera` per stage"."""

    opened_drops_world: bool = True
    """6.2, simulation_context.py: "A new stage was opened, World or Simulation Object are invalidated"."""

    frequency_and_dt_raise: bool = True
    """API page 7: "`frequency` and `dt` together raise.\""""

    frequency_skips_frames: bool = True
    """6.2, camera.py: without a frequency the camera takes the rendering rate as its own and then drops every frame in
    which less simulated time than its period has passed, so that `render()` without a step renews nothing; that time
    runs backwards at a reset."""

    small_images_misshapen: bool = True
    """API page 7: "RTX anti-aliasing (DLSS) needs at least 300 px per side; below that the returned buffer may not match
    the asked size. 6.1+ turns it off" for `CameraSensor`, which in 6.0 raises RuntimeError on the wrong size."""

    square_pixels_enforced: bool = True
    """6.2, camera.py: the constructor makes verticalAperture fit horizontalAperture and the resolution."""

    authoring_while_playing: bool = True
    """Brief: prims with physics schemas written while the timeline plays are a violation."""

    late_teleport: bool = True
    """Brief: joints put somewhere (`set_joint_positions`, `set_dof_positions`) long after play are a violation; API page 4:
    "`set_joint_positions` teleports; for control use targets.\""""

    render_product_in_step: bool = True
    """Brief, "work inside PhysX's step callback": a render product made there is a violation, since it adds prims and graph
    nodes during the step; NVIDIA's code makes them from scripts, UI handlers and coroutines only. What breaks is assumed."""

    targets_clamped: bool = True
    """Brief: position targets beyond the joint limits are clamped."""

    deleted_camera_blind: bool = True
    """Brief: once the prim of a camera was deleted its frames are empty for ever, also if a new prim takes its path."""

    deleted_robot_raises: bool = True
    """Brief: once the robot's prim was deleted its getters raise."""

    rigid_prim_writes_schema: bool = True
    """6.2, rigid_prim.py: wrapping a prim that is no rigid body makes it one, also a fixed object."""

    off_thread: bool = True
    """API page 9: in a worker thread "no simulator call may run there"; a violation."""

    blocking_asset_check: bool = True
    """API page 5: "The check is a network call (10 s timeout): use the `_async` form in the UI"; a violation in Kit mode."""

    timeline_needs_commit: bool = True
    """6.2, utils/impl/app.py: without `commit()` "one app update step is required to reflect the new state"."""

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(f.name for f in fields(cls))

    @classmethod
    def none(cls) -> Traps:
        """Return the friendliest simulator."""
        return cls(**dict.fromkeys(cls.names(), False))

    @classmethod
    def only(cls, *names: str) -> Traps:
        return replace(cls.none(), **dict.fromkeys(names, True))

    def without(self, *names: str) -> Traps:
        return replace(self, **dict.fromkeys(names, False))


class TrapError(RuntimeError):
    """What the simulated Isaac raises where the real one would hang or fail; names its trap."""
