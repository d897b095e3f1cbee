"""The guards: what each protects from, which lines it consists of, and the test that must notice its absence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PACKAGE = "vla_isaac.backends.isaac"
PROOF = "moment.updates_since_change > LATE_UPDATES and moment.is_within(picture.time)"


@dataclass(frozen=True)
class Guard:
    """One protection, and how it is switched off."""

    trap: str
    """What happens on a real Isaac Sim."""

    changes: tuple[tuple[str, str, str], ...]
    """Module below the backend, text that stands there exactly once, what stands there without the guard."""

    test: str
    """Expression for ``pytest -k``."""

    @property
    def modules(self) -> set[str]:
        """The modules it stands in."""
        return {f"{PACKAGE}.{module}" for module, _, _ in self.changes}


def changed_source(guard: Guard, path: str) -> str:
    """Return a file's text with the guard switched off.

    Raises:
        ValueError: If the guard's text is not there exactly once; the table must follow the code.
    """
    text = Path(path).read_text(encoding="utf-8")
    for module, old, new in guard.changes:
        if Path(path).stem != module:
            continue
        if text.count(old) != 1:
            raise ValueError(
                f"{path}: {old!r} stands there {text.count(old)} times, not once; update tools/isaac_guards/guards.py"
            )
        text = text.replace(old, new)
    return text


GUARDS: dict[str, Guard] = {
    "handles made anew": Guard(
        "a stop voids every physics handle",
        (
            (
                "backend",
                "        self._handles.wrap(spec, layout)\n",
                '        if not hasattr(self, "_rows"):\n            self._handles.wrap(spec, layout)\n',
            ),
            (
                "handles",
                "        self._objects.connect()\n",
                "        done = getattr(self, 'x', 0)\n        self.x = 1\n        done or self._objects.connect()\n",
            ),
        ),
        "handles_are_made_anew",
    ),
    "first pictures awaited": Guard(
        "the first frames are empty, or None",
        (
            (
                "camera_pictures",
                "if pixels.ndim != 3 or pixels.shape[:2] != size or pixels.shape[2] < 3 or pixels.dtype != np.uint8:",
                "if False:",
            ),
            ("classic", 'if rgb is None or frame.get("rendering_frame", 0) == 0:', "if False:"),
            ("cameras", PROOF, "True"),
            ("experimental", "if rgb is None or (self", "if (self"),
        ),
        "first_pictures_are_waited_for",
    ),
    "frame dict is no picture": Guard(
        "get_current_frame() is a live dictionary, in 4.2 with zeros of swapped axes at first",
        (
            (
                "classic",
                "image_of(self._camera.get_rgba(), self._size)",
                'next(iter(self._camera.get_current_frame().get(k) for k in ("rgba", "rgb")))',
            ),
        ),
        "frame_dict_is_never_the_picture",
    ),
    "old picture refused": Guard(
        "after a reset the picture of before it still comes for a while",
        (
            ("cameras", "UPDATES_AFTER_RESET = 3", "UPDATES_AFTER_RESET = 0"),
            ("cameras", PROOF, "True"),
        ),
        "no_picture_of_before_a_reset",
    ),
    "picture not older than the state": Guard(
        "a camera's picture is of the last update, the state may be newer",
        (
            ("cameras", PROOF, "True"),
            ("cameras", "moment.updates_since_change >= PIPELINE_DEPTH", "True"),
        ),
        "inside_kit_a_picture_is_not_older",
    ),
    "clock that stamps pictures": Guard(
        "play makes two steps that count, and from 6.0 on a picture's number stands still while nothing moves",
        (
            ("cameras", "updates_since_change >= PIPELINE_DEPTH", "updates_since_change >= 60"),
            ("classic", "None if self._clock is None else float(self._clock())", "self.steps_done / 500"),
        ),
        "costs_at_most_two",
    ),
    "time stamp of a frame": Guard(
        "a picture without a time stamp is waited for by counting updates, one more than it needs",
        (("experimental", "None if self._stamp is None else self._stamp.read()", "None"),),
        "carries_the_time_of_the_state",
    ),
    "late pictures": Guard(
        "what a camera gives was drawn an update ago; 5.0 stamps it with the time at which it is asked",
        (("cameras", "LATE_UPDATES = 1", "LATE_UPDATES = 0"), ("cameras", "PIPELINE_DEPTH = 3", "PIPELINE_DEPTH = 1")),
        "taken_too_early",
    ),
    "callback under one name": Guard(
        "a physics callback of a known name keeps the old function and only logs",
        (("classic", "        self._remove_callback()  # play would", "        # play would"),),
        "no_callback_is_left_under_its_name",
    ),
    "callback owner kept": Guard(
        "bound methods are held weakly",
        (("experimental", "register_callback(self._stepped,", "register_callback(type(self)(self._loop)._stepped,"),),
        "owner_of_the_callback",
    ),
    "warp copied to the host": Guard(
        "arrays of Warp have no array protocol",
        (("camera_pictures", 'values.numpy() if hasattr(values, "numpy") else values', "values"),),
        "arrays_of_warp",
    ),
    "GPU tensors copied to the host": Guard(
        "with physics on the GPU the classic getters give torch tensors, which numpy refuses",
        (("camera_pictures", 'if hasattr(values, "cpu"):', "if False:"),),
        "tensors_on_the_gpu",
    ),
    "transforms left alone": Guard(
        "wrapping a prim rewrites its transform, on simulated prims while the timeline plays",
        (
            ("backend", "        self._handles.wrap(spec, layout)\n", ""),
            (
                "backend",
                "        self._handles.connect(",
                "        self._handles.wrap(spec, layout)\n        self._handles.connect(",
            ),
        ),
        "prims_are_written_only",
    ),
    "camera's transform left alone": Guard(
        "wrapping a camera as a sensor rewrites its transform",
        (("experimental", "RtxCamera(path, reset_xform_op_properties=False)", "RtxCamera(path)"),),
        "a_camera_keeps_its_transform",
    ),
    "sensor schema applied": Guard(
        "6.0 refuses to wrap a camera prim without the sensor schema",
        (("experimental", "        _make_sensor(path)\n", ""),),
        "a_camera_keeps_its_transform",
    ),
    "camera subscriptions dropped": Guard(
        "a destroyed camera of 4.x and 5.x keeps itself alive by its subscriptions",
        (("classic", "        _unsubscribe(self._camera, CAMERA_SUBSCRIPTIONS)\n", ""),),
        "no_camera_is_left_subscribed",
    ),
    "no stage": Guard(
        "the experimental get_current_stage raises where no stage is open",
        (("experimental", "        except ValueError:  # there", "        except ZeroDivisionError:  # there"),),
        "closing_without_a_stage",
    ),
    "Isaac's coroutines end by themselves": Guard(
        "Isaac switches physics off for an update, and a cancelled coroutine leaves it off",
        (
            (
                "app_loop",
                "            task.add_done_callback(_retrieve)\n",
                "            task.cancel()\n",
            ),
        ),
        "what_is_cancelled",
    ),
    "extensions enabled": Guard(
        "optional dependencies are not enabled, so the extensions of an interface may not run",
        (("backend", "        enable_extensions(port)\n", ""),),
        "extensions_of_one_port",
    ),
    "engine asked": Guard(
        "from 6.0 on Newton may simulate, with which the classic interface and its Franka do not work",
        (("backend", "self._engine = probe(), active_engine()", 'self._engine = probe(), "physx"'),),
        "newton_gets_the_port",
    ),
    "NaN refused": Guard(
        "NaN in an action silently keeps the old target",
        (
            ("ports", "if not np.isfinite(positions).all():", "if False:"),
            ("backend", "        check_target(target)\n", ""),
        ),
        "targets_that_are_no_numbers",
    ),
    "gains set again": Guard(
        "gains set at run time are lost at a stop",
        (
            (
                "handles",
                "        self._robot.set_gains(",
                "        done = getattr(self, 'y', 0)\n        self.y = 1\n        done or self._robot.set_gains(",
            ),
        ),
        "gains_are_set_again",
    ),
    "no asset root": Guard(
        "without an asset server the root is None, or a RuntimeError",
        (
            (
                "assets",
                "        except RuntimeError:\n            return None\n",
                "        except ZeroDivisionError:\n            return None\n",
            ),
            ("assets", "return root or None", "return str(root)"),
        ),
        "without_the_asset_our_own_panda",
    ),
    "asset missing": Guard(
        "the asset's path moved between releases, and a server may lack it",
        (
            ("assets", "if (yield from assets.exists(root + path)):", "if True:"),
            (
                "stage_scene",
                'if self.address is not None and not _is_there(stage, f"{ROBOT_PATH}/panda_hand"):',
                "if False:",
            ),
        ),
        "without_the_asset_our_own_panda",
    ),
    "world's subscription dropped": Guard(
        "a cleared World of 5.x keeps itself alive by its subscription to physics being ready",
        (("classic", "            _unsubscribe(world, WORLD_SUBSCRIPTIONS)\n", "            pass\n"),),
        "no_world_is_kept_alive",
    ),
    "watched links wrapped while stopped": Guard(
        "links that are wrapped while the timeline plays have their transforms rewritten under the simulation",
        (
            (
                "handles",
                "        self._links.connect()\n",
                "        self._links.wrap([f'{ROBOT_PATH}/{name}' for name in self._link_names])\n"
                "        self._links.connect()\n",
            ),
        ),
        "watched_links_are_wrapped",
    ),
    "no render product inside a step": Guard(
        "a render product that is made inside a physics step changes the stage during the step",
        (("backend", "        if self._stepping.is_in_step and not all(", "        if False and not all("),),
        "no_render_product_is_made",
    ),
    "joined labels split": Guard(
        "two labels of a prim come joined by a comma",
        (("cameras", 'reversed(label.split(","))', "[label]"),),
        "two_labels_that_come_joined",
    ),
    "lights of others reported": Guard(
        "a light of the user's stage adds to ours, and pictures are brighter than in training",
        (("stage_scene", "        self._look_for_lights()\n", ""),),
        "lights_of_the_users_stage",
    ),
    "one world forgotten before the next": Guard(
        "a second World ignores its arguments",
        (("classic", "            self._isaac.World.clear_instance()  # a", "            pass  # a"),),
        "no_world_of_ours",
    ),
    "a hair above whole numbers": Guard(
        "rendering_dt / physics_dt and 1 / physics_dt are truncated",
        (("rates", "(1.0 - 1e-9) / self", "1.0 / self"),),
        "no_physics_step_is_lost",
    ),
    "whole steps per second": Guard(
        "PhysX counts whole steps per second, so that a period of a broken rate is no whole number of steps",
        (
            ("rates", "max(1, round(1.0 / physics_dt))", "1.0 / physics_dt"),
            ("rates", "return self.steps_per_second // self.steps_per_update", "return 0"),
        ),
        "no_physics_step_is_lost",
    ),
    "no step dropped": Guard(
        "the experimental interface leaves the slowest frame rate at 30, and PhysX drops the steps of longer updates",
        (("experimental", "        set_min_frame_rate(rates.min_frame_rate)", "        ()"),),
        "no_physics_step_is_lost",
    ),
    "Kit's loop left alone": Guard(
        "inside Kit, world.reset() and app updates enter Kit's loop again",
        (
            (
                "app_loop",
                "        task = asyncio.ensure_future(awaited())\n",
                "        return plain()\n        task = asyncio.ensure_future(awaited())\n",
            ),
        ),
        "inside_kit_nothing_enters",
    ),
    "cameras die with their stage": Guard(
        "a new stage drops a camera's subscriptions for good",
        (("cameras", "        self._feeds.clear()\n", ""),),
        "cameras_do_not_outlive",
    ),
    "width first in the classic interface": Guard(
        "the classic camera takes (width, height)",
        (("classic", "resolution=(size[1], size[0])", "resolution=size"),),
        "height_and_width",
    ),
    "height first in the experimental interface": Guard(
        "the experimental camera takes (height, width)",
        (("experimental", "resolution=size,", "resolution=size[::-1],"),),
        "height_and_width",
    ),
    "300 pixels a side": Guard(
        "below 300 px RTX may return a buffer of another size",
        (("cameras", "SMALLEST_SIDE = 300", "SMALLEST_SIDE = 1"),),
        "small_pictures_are_rendered_large",
    ),
    "aperture follows the picture's shape": Guard(
        "RTX takes the horizontal aperture and makes pixels square",
        (("cameras", '        prim.GetAttribute("horizontalAperture").Set(HORIZONTAL_APERTURE * aspect / own)\n', ""),),
        "shape_of_a_picture",
    ),
    "written while stopped": Guard(
        "physics prims written while the timeline plays confuse PhysX",
        (
            (
                "backend",
                "        yield from self._timeline.stop()\n        self._scene.write(",
                "        self._scene.write(",
            ),
        ),
        "prims_are_written_only",
    ),
    "targets, not teleports": Guard(
        "set_joint_positions puts the arm there and breaks every grasp",
        (
            (
                "classic",
                "self._robot.apply_action(self._isaac.ArticulationAction(joint_positions=positions))",
                "self._robot.set_joint_positions(positions)",
            ),
            (
                "experimental",
                "self._robot.set_dof_position_targets(_row(positions))",
                "self._robot.set_dof_positions(_row(positions))",
            ),
        ),
        "joints_get_targets",
    ),
    "half the width for each finger": Guard(
        "the gripper helpers add to the present opening; joints 8 and 9 are exact",
        (("backend", "panda.GRIPPER_MAX_WIDTH) / 2", "panda.GRIPPER_MAX_WIDTH)"),),
        "fingers_are_joints",
    ),
    "every frame taken": Guard(
        "a camera's own rate drops frames in which no simulated time passed",
        (("classic", "            self._camera.set_frequency(-rate)\n", "            pass\n"),),
        "a_camera_drops_no_picture",
    ),
    "any rate divided": Guard(
        "the rate limit must be a multiple of a camera's frequency, and a control rate need not be a whole number",
        (("classic", "set_frequency(-rate)", "set_frequency(-1)"),),
        "need_not_divide_anything",
    ),
    "another's world left alone": Guard(
        "World is one per process, and another extension may have made it",
        (("classic", "if rates is None:\n                self._isaac", "if True:\n                self._isaac"),),
        "another_extensions_world",
    ),
    "callback gone before play": Guard(
        "6.2 subscribes callbacks again at play, each calling the last one added",
        (("classic", "        self._remove_callback()  # play would", "        # play would"),),
        "another_extensions_world",
    ),
    "a root of our own": Guard(
        "a user's prims stand below /World",
        (("stage_scene", 'ROOT = "/World/VLA"', 'ROOT = "/World"'),),
        "the_users_stage_is_left",
    ),
    "everything put back": Guard(
        "a rate changes the main loop, the timeline, the stage and a persistent setting",
        (("stage_scene", "        self._saved_state.restore(self._sim.stage())\n", ""),),
        "everything_around_is_as_it_was",
    ),
    "the interface stays smooth": Guard(
        "an app update of a control period makes the whole interface run at the control rate",
        (
            (
                "stepping",
                '        if self._loop.mode == "script":\n            return self.clock.substeps\n',
                "        return self.clock.substeps\n",
            ),
        ),
        "need_not_divide_anything",
    ),
    "deleted camera named": Guard(
        "the camera of a deleted prim is blind for ever",
        (("cameras", "if not prim or not prim.IsValid():", "if False:"),),
        "a_deleted_camera_is_named",
    ),
    "deleted robot named": Guard(
        "getters of a deleted robot raise",
        (("faults", "if missing is not None:", "if False:"),),
        "a_deleted_robot_is_named",
    ),
    "replaced stage noticed": Guard(
        "somebody opens another stage",
        (("faults", "if not scene.is_open():", "if False:"),),
        "a_replaced_stage_is_told",
    ),
    "stop by hand noticed": Guard(
        "somebody presses Stop",
        (("faults", "    if timeline.is_stopped:\n", "    if False:\n"),),
        "a_timeline_stopped_by_hand",
    ),
    "faults of callbacks kept": Guard(
        "the physics engine swallows what a callback raises",
        (("stepping", "            self._fault = error\n", "            pass\n"),),
        "fails_in_a_physics_callback",
    ),
    "only a Panda": Guard(
        "an asset may have other joints, in another order",
        (("ports", "if list(found) != list(expected):", "if False:"),),
        "articulation_with_other_joints",
    ),
    "no commit inside a step": Guard(
        "a commit of the timeline inside a physics step enters the step again",
        (("stepping", "        self.is_in_step = True\n", ""),),
        "no_commit_is_made_inside_a_physics_step",
    ),
    "fastened objects left alone": Guard(
        "wrapping a prim as a rigid body makes it one",
        (("handles", "for row, o in enumerate(spec.objects) if not o.fixed]", "for row, o in enumerate(spec.objects)]"),),
        "fastened_objects",
    ),
}
