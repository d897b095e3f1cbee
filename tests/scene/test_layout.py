"""From a seed to a stage: nothing overlaps, all can be reached, and each axis varies by itself."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from vla_isaac.core.errors import ConfigError, SceneError
from vla_isaac.core.poses import Pose
from vla_isaac.core.resources import preset_names
from vla_isaac.core.rotations import angle_between, quat_to_rpy
from vla_isaac.robots import panda
from vla_isaac.scene.builder import FrankaSceneBuilder, scene_preset
from vla_isaac.scene.layout import OBJECT_COLOURS, sample_layout, vary_scene
from vla_isaac.scene.randomisation import Randomisation, randomisation_preset
from vla_isaac.scene.spec import TEXTURES

SEEDS = range(200)
FULL = randomisation_preset("full")
PLAIN = randomisation_preset("layout")


def sample(name: str, randomisation: Randomisation, seed: int):
    spec = vary_scene(scene_preset(name), randomisation, seed)
    return spec, sample_layout(spec, randomisation, seed)


@pytest.mark.parametrize("randomisation", [PLAIN, FULL], ids=["layout", "full"])
@pytest.mark.parametrize("name", preset_names("scenes"))
def test_over_200_seeds_no_two_objects_overlap_and_all_stand_within_reach(name, randomisation):
    nearest, reach = math.inf, []
    for seed in SEEDS:
        spec, layout = sample(name, randomisation, seed)
        for (a, at), (b, bt) in itertools.combinations(zip(spec.objects, layout.objects, strict=True), 2):
            nearest = min(nearest, math.dist(at.pos[:2], bt.pos[:2]) - a.footprint_radius - b.footprint_radius)
        reach += [math.hypot(*p.pos[:2]) for p in layout.objects]
    assert nearest >= randomisation.clearance - 1e-12
    assert panda.TOP_DOWN_REACH[0] <= min(reach)
    assert max(reach) <= panda.TOP_DOWN_REACH[1]


def test_every_object_stands_on_the_table_within_the_area_and_its_turn():
    for seed in range(50):
        spec, layout = sample("clutter", PLAIN, seed)
        for o, p in zip(spec.objects, layout.objects, strict=True):
            assert p.pos[2] == o.size[2] / 2
            assert PLAIN.area_x[0] <= p.pos[0] <= PLAIN.area_x[1]
            assert PLAIN.area_y[0] <= p.pos[1] <= PLAIN.area_y[1]
            roll, pitch, yaw = quat_to_rpy(np.array(p.quat_wxyz))
            assert (roll, pitch) == (0.0, 0.0)
            assert abs(yaw) <= (0.2 if o.fixed else 0.5) + 1e-12


@pytest.mark.parametrize("randomisation", [PLAIN, FULL], ids=["layout", "full"])
def test_the_same_seed_gives_the_same_scene_and_layout_and_another_seed_another(randomisation):
    assert sample("clutter", randomisation, 3) == sample("clutter", randomisation, 3)
    assert sample("clutter", randomisation, 3)[1] != sample("clutter", randomisation, 4)[1]


def test_without_randomisation_only_the_places_differ():
    none = randomisation_preset("none")
    spec = scene_preset("tabletop")
    a, b = sample_layout(spec, none, 1), sample_layout(spec, none, 2)
    assert vary_scene(spec, none, 1) is spec
    assert a.qpos == b.qpos == tuple(panda.QPOS_HOME)
    assert {p.quat_wxyz for p in (*a.objects, *b.objects)} == {(1.0, 0.0, 0.0, 0.0)}
    without_places = [replace(x, objects=tuple(replace(p, pos=(0.0, 0.0, 0.0)) for p in x.objects)) for x in (a, b)]
    assert without_places[0] == without_places[1]


def test_full_randomisation_stays_within_its_ranges():
    base = scene_preset("clutter")
    for seed in range(50):
        spec, layout = sample("clutter", FULL, seed)
        added = len(spec.objects) - len(base.objects)
        assert 1 <= added <= 3
        _check_objects(base, spec, layout)
        _check_surroundings(spec, layout)


def _check_objects(base, spec, layout):
    usual = {o.name: o for o in base.objects}
    for o, p in zip(spec.objects, layout.objects, strict=True):
        assert 0.5 <= p.mass / o.mass <= 2.0
        assert 0.8 <= p.friction / o.friction <= 1.2
        if o.name in usual:
            scale = np.array(o.size) / usual[o.name].size
            assert scale == pytest.approx(1.0, abs=1e-9 if o.fixed or o.shape == "bowl" else 0.101)
        assert min(p.rgb) >= 0.02
        assert max(p.rgb) <= 1.0


def _check_surroundings(spec, layout):
    assert np.abs(np.array(layout.qpos) - panda.QPOS_HOME).max() <= 0.10
    assert ((np.array(layout.qpos) >= panda.QPOS_LOWER) & (np.array(layout.qpos) <= panda.QPOS_UPPER)).all()
    assert layout.table.texture in TEXTURES
    assert np.abs(np.array(layout.table.rgb) - spec.table.rgb).max() <= 0.12
    assert 0.7 * spec.ambient <= layout.ambient <= 1.3 * spec.ambient
    for lamp, usual in zip(layout.lights, spec.lights, strict=True):
        assert 0.7 * usual.intensity <= lamp.intensity <= 1.3 * usual.intensity
        assert np.abs(np.array(lamp.pos) - usual.pos).max() <= 0.4
    for camera, usual in zip(layout.cameras, spec.cameras, strict=True):
        if camera.mount == "hand":
            assert camera == usual
        assert np.abs(np.array(camera.eye) - usual.eye).max() <= 0.03
        assert angle_between(camera.pose_mount_camera.rotation, usual.pose_mount_camera.rotation) <= 0.052 + 1e-9


@pytest.mark.parametrize(
    ("changes", "moved"),
    [
        ({"start_jitter": 0.2}, {"qpos"}),
        ({"mass_scale": (0.5, 2.0)}, {"mass"}),
        ({"friction_scale": (0.5, 2.0)}, {"friction"}),
        ({"shade": 0.05}, {"rgb"}),
        ({"light_scale": (0.5, 1.5)}, {"lights", "ambient"}),
        ({"light_jitter": 0.2}, {"lights"}),
        ({"table_shade": 0.1}, {"table"}),
        ({"table_textures": ("wood", "checker")}, {"table"}),
        ({"camera_jitter": 0.02}, {"cameras"}),
        ({"camera_angle_jitter": 0.02}, {"cameras"}),
        ({"yaw": (-0.7, 0.7)}, {"quat_wxyz"}),
    ],
    ids=lambda value: "-".join(sorted(value)),
)
def test_changing_one_axis_does_not_move_the_others(changes, moved):
    spec = scene_preset("tabletop")
    before, after = sample_layout(spec, PLAIN, 5), sample_layout(spec, replace(PLAIN, **changes), 5)
    assert {name for name, value in parts(before).items() if value != parts(after)[name]} == moved


def parts(layout) -> dict[str, object]:
    whole = {name: getattr(layout, name) for name in ("qpos", "table", "lights", "ambient", "cameras")}
    return whole | {n: [getattr(p, n) for p in layout.objects] for n in ("pos", "quat_wxyz", "rgb", "mass", "friction")}


def test_recolouring_keeps_shapes_and_gives_objects_of_one_shape_different_colours():
    spec = vary_scene(scene_preset("sorting"), replace(PLAIN, recolour=True), 11)
    assert [o.shape for o in spec.objects] == ["cube"] * 3 + ["bin"] * 3
    assert len(set(spec.object_names)) == 6
    assert all(o.colour in OBJECT_COLOURS and o.name == f"{o.colour}_{o.shape}" for o in spec.objects)


def test_recolouring_keeps_a_name_of_its_own():
    spec = FrankaSceneBuilder().add_cube("red", name="lucky").build()
    assert vary_scene(spec, replace(PLAIN, recolour=True), 1).object_names == ("lucky",)


def test_added_objects_come_after_those_of_the_scene_and_never_take_their_names():
    base = scene_preset("clutter")
    for seed in range(30):
        spec = vary_scene(base, replace(PLAIN, distractors=(3, 3)), seed)
        assert spec.objects[: len(base.objects)] == base.objects
        assert len(set(spec.object_names)) == len(base.objects) + 3


@pytest.mark.parametrize(
    ("own", "given", "together"),
    [((0, 0), (1, 3), (1, 3)), ((1, 4), (0, 2), (1, 4)), ((0, 5), (2, 3), (2, 5)), ((2, 3), (1, 6), (2, 6))],
)
def test_of_two_numbers_of_distractors_the_larger_counts_at_either_end(own, given, together):
    assert replace(PLAIN, distractors=own).with_distractors(given, ("ball",)).distractors == together


def test_asking_for_distractors_sets_their_shapes_and_nothing_else():
    asked = FULL.with_distractors((2, 5), ("ball", "bin"))
    assert asked == replace(FULL, distractors=(2, 5), distractor_shapes=("ball", "bin"))


def test_distractors_are_drawn_from_the_least_to_the_most_and_of_their_shapes_only():
    base, asked = scene_preset("stacking"), PLAIN.with_distractors((1, 3), ("ball", "cylinder"))
    added = [vary_scene(base, asked, seed).objects[len(base.objects) :] for seed in range(30)]
    assert {len(objects) for objects in added} == {1, 2, 3}
    assert {o.shape for objects in added for o in objects} == {"ball", "cylinder"}


def test_too_many_objects_is_an_error_that_says_what_to_do():
    builder = FrankaSceneBuilder("crowd")
    for i in range(40):
        builder.add_box("red", name=f"box_{i}")
    with pytest.raises(SceneError, match=r"scene 'crowd': 40 objects do not fit .* take objects away, enlarge area_x"):
        sample_layout(builder.build(), PLAIN, 0)


def test_an_area_out_of_reach_is_an_error_too():
    far = replace(PLAIN, area_x=(0.9, 1.0))
    with pytest.raises(SceneError, match="do not fit"):
        sample_layout(scene_preset("stacking"), far, 0)


def test_a_layout_fits_only_the_scene_it_was_sampled_from():
    layout = sample_layout(scene_preset("tabletop"), PLAIN, 0)
    layout.check_fits(scene_preset("tabletop"))
    with pytest.raises(SceneError, match="places 6 objects but the scene 'stacking' has 4"):
        layout.check_fits(scene_preset("stacking"))


def test_a_layout_with_a_broken_posture_is_refused():
    layout = sample_layout(scene_preset("stacking"), PLAIN, 0)
    with pytest.raises(SceneError, match=r"layout: qpos\[0\] is nan"):
        replace(layout, qpos=(math.nan,) * 7)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"yaw": (0.5, -0.5)}, "yaw=.* has its low end above its high end; swap them"),
        ({"mass_scale": (0.0, 1.0)}, "mass_scale=.* must be positive"),
        ({"distractors": (-1, 2)}, "distractors=.* cannot be negative"),
    ],
)
def test_impossible_ranges_are_refused(options, message):
    with pytest.raises(ConfigError, match=f"randomisation: {message}"):
        Randomisation(**options)


def test_a_placement_gives_its_pose():
    placement = sample_layout(scene_preset("stacking"), PLAIN, 0).objects[0]
    assert isinstance(placement.pose_world, Pose)
    assert placement.pose_world.pos.tolist() == list(placement.pos)
