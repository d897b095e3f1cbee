"""The camera rig: right size, right names, fresh frames, or one clear error."""

from __future__ import annotations

import numpy as np
import pytest
from PIL.Image import Image as PilImage

from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import ConfigError, RenderError, ShapeError, UnknownNameError
from vla_isaac.core.images import to_pil
from vla_isaac.core.types import Frame
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import Randomisation
from vla_isaac.sensors.camera import MAX_TRIES, CameraRig, ImageOptions
from vla_isaac.sim.drive import drive


class Projector:
    """The part of a backend that draws: a ramp, brighter to the right, with a marked middle; late on request."""

    name = "projector"

    def __init__(self, *, time: float = 1.0, late: int = 0, transform=lambda rgb: rgb) -> None:
        self._time, self._late, self._transform = time, late, transform
        self.requests = []

    def render(self, requests):
        yield from ()
        self.requests.append(tuple(requests))
        return {request.camera: self._frame(request) for request in requests}

    def _frame(self, request) -> Frame:
        height, width = request.resolution_hw
        rgb = np.tile(np.linspace(0, 255, width).astype(np.uint8)[None, :, None], (height, 1, 3))
        rgb[height // 2, width // 2] = 77
        if len(self.requests) <= self._late:
            return self._too_early(request.camera, rgb)
        return Frame(camera=request.camera, time=self._time, rgb=self._transform(rgb))

    def _too_early(self, camera: str, rgb) -> Frame:
        return Frame(camera=camera, time=self._time, rgb=rgb[:0])


class StaleProjector(Projector):
    """Its first frames are of the instant before."""

    def _too_early(self, camera: str, rgb) -> Frame:
        return Frame(camera=camera, time=self._time - 0.05, rgb=rgb)


def read(backend, options: ImageOptions | None = None, cameras=("front",), seed: int = 0):
    return CameraRig(backend, cameras, options, seed=seed).read(1.0)


def rgb_of(backend, **options):
    return read(backend, ImageOptions(**options))["front"].rgb


# ------------------------------------------------------------------ size


def test_an_image_has_the_size_that_was_asked_for():
    assert rgb_of(Projector(), resolution_hw=(48, 64)).shape == (48, 64, 3)


def test_without_options_an_image_has_224_pixels_each_way():
    frame = read(Projector())["front"]
    assert (frame.rgb.shape, frame.rgb.dtype) == ((224, 224, 3), np.uint8)


def test_a_larger_picture_is_drawn_and_made_smaller():
    backend = Projector()
    assert rgb_of(backend, render_hw=(96, 128), resolution_hw=(48, 64)).shape == (48, 64, 3)
    assert backend.requests[0][0].resolution_hw == (96, 128)


def test_made_smaller_a_ramp_stays_a_ramp():
    small = rgb_of(Projector(), render_hw=(96, 128), resolution_hw=(48, 64))[5, :, 0].astype(int)
    assert small == pytest.approx(np.linspace(0, 255, 64), abs=4)


def test_a_crop_keeps_the_middle():
    cropped = rgb_of(Projector(), resolution_hw=(20, 30), render_hw=(40, 60), crop_hw=(20, 30))
    whole = rgb_of(Projector(), resolution_hw=(40, 60))
    assert (cropped == whole[10:30, 15:45]).all()
    assert (cropped[10, 15] == 77).all(), "the marked middle is in the middle"


def test_a_crop_is_brought_to_the_size_asked_for():
    assert rgb_of(Projector(), resolution_hw=(64, 64), crop_hw=(32, 32)).shape == (64, 64, 3)


def test_an_image_is_a_picture_for_pil():
    picture = to_pil(rgb_of(Projector(), resolution_hw=(48, 64)))
    assert isinstance(picture, PilImage)
    assert (picture.size, picture.mode) == ((64, 48), "RGB")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolution_hw": (0, 64)}, r"camera: resolution_hw=\(0, 64\) must be \(height, width\) within 1 to 4096 px"),
        ({"render_hw": (64, 5000)}, r"camera: render_hw=\(64, 5000\) must be"),
        ({"crop_hw": (300, 64)}, r"crop_hw=\(300, 64\) is larger than the rendered image \(224, 224\); crop less"),
        ({"noise": -1.0}, r"noise=-1.0 must lie within 0 to 255"),
        ({"noise": float("nan")}, r"noise is nan; every entry must be a finite number"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        ImageOptions(**options)


# ------------------------------------------------------------------ noise


def test_noise_has_the_spread_that_was_asked_for_and_stays_an_image():
    grey = Projector(transform=lambda rgb: np.full_like(rgb, 128))
    noisy = rgb_of(grey, resolution_hw=(100, 100), noise=10.0)
    assert noisy.dtype == np.uint8
    assert noisy.std() == pytest.approx(10.0, rel=0.05)
    assert noisy.mean() == pytest.approx(128.0, abs=0.5)


def test_noise_never_wraps_around_at_black_or_white():
    white = Projector(transform=lambda rgb: np.full_like(rgb, 255))
    assert rgb_of(white, noise=10.0).min() > 190


def test_noise_is_the_same_for_the_same_seed_and_changes_from_frame_to_frame():
    rigs = [CameraRig(Projector(), ["front"], ImageOptions(noise=5.0), seed=seed) for seed in (1, 1, 2)]
    a, b, c = (rig.read(1.0)["front"].rgb for rig in rigs)
    assert (a == b).all()
    assert (a != c).any()
    assert (rigs[0].read(1.0)["front"].rgb != a).any()


def test_without_noise_the_frame_is_passed_on_untouched():
    assert (rgb_of(Projector(), resolution_hw=(48, 64)) == rgb_of(Projector(), resolution_hw=(48, 64))).all()


# ------------------------------------------------------------------ names


@pytest.fixture
def stub():
    spec = FrankaSceneBuilder("cameras").add_cube("red").build()
    backend = StubBackend()
    drive(backend.load(spec))
    drive(backend.reset(sample_layout(spec, Randomisation(), 0)))
    return backend


def test_several_cameras_are_read_together(stub):
    frames = CameraRig(stub, ["front", "wrist"], ImageOptions(resolution_hw=(32, 48))).read(0.0)
    assert {name: frame.rgb.shape for name, frame in frames.items()} == {"front": (32, 48, 3), "wrist": (32, 48, 3)}
    assert (frames["front"].rgb != frames["wrist"].rgb).any()


def test_no_cameras_are_no_frames_and_nothing_is_drawn():
    backend = Projector()
    assert read(backend, cameras=()) == {}
    assert backend.requests == []


def test_a_wrong_name_is_answered_with_the_nearest_and_all_names(stub):
    with pytest.raises(UnknownNameError, match=r"no camera named 'wrst'; did you mean 'wrist'\? Known: front, side, video"):
        CameraRig(stub, ["wrst"]).read(0.0)


# ------------------------------------------------------------------ what simulators get wrong


@pytest.mark.parametrize("late", [1, 5, MAX_TRIES - 1])
@pytest.mark.parametrize("projector", [Projector, StaleProjector])
def test_empty_or_old_first_frames_are_waited_for(projector, late):
    backend = projector(late=late)
    frame = read(backend)["front"]
    assert frame.rgb.shape == (224, 224, 3)
    assert frame.time == 1.0
    assert len(backend.requests) == late + 1


def test_the_wait_asks_for_one_simulator_update_per_try():
    steps = CameraRig(Projector(late=4), ["front"]).read_steps(1.0)
    updates = 0
    with pytest.raises(StopIteration):
        while True:
            next(steps)
            updates += 1
    assert updates == 4


def test_frames_that_stay_empty_are_an_error_after_a_bounded_wait():
    backend = Projector(late=10_000)
    with pytest.raises(
        RenderError, match=r"camera 'front' returned an empty frame after 20 tries; check that the simulation plays"
    ):
        read(backend)
    assert len(backend.requests) == MAX_TRIES


def test_frames_that_stay_old_are_an_error_with_both_times():
    with pytest.raises(
        RenderError, match=r"camera 'front' returned a frame of 0\.950 s for a state of 1\.000 s after 20 tries"
    ):
        read(StaleProjector(late=10_000))


def test_a_frame_newer_than_the_state_is_fresh():
    assert read(Projector(time=1.1))["front"].time == 1.1


def test_a_camera_that_is_left_out_is_an_error_too():
    class Forgetful(Projector):
        def render(self, requests):
            frames = yield from super().render(requests)
            return {"front": frames["front"]}

    with pytest.raises(RenderError, match="camera 'side' returned an empty frame"):
        read(Forgetful(), cameras=("front", "side"))


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (lambda rgb: rgb.transpose(1, 0, 2), r"returned 64 x 48 px, but \(48, 64\) was requested; height comes first"),
        (lambda rgb: rgb[:, :, :1], r"the image of camera 'front' has shape \(48, 64, 1\), expected \(height, width, 3\)"),
        (lambda rgb: np.dstack([rgb, rgb[:, :, :1]]), r"has shape \(48, 64, 4\), expected \(height, width, 3\)"),
        (lambda rgb: rgb[0], r"has shape \(64, 3\), expected \(height, width, 3\)"),
        (lambda rgb: rgb / 255.0, "has dtype float64, expected uint8"),
    ],
    ids=["turned", "grey", "with alpha", "flat", "floats"],
)
def test_an_image_of_another_shape_or_type_is_refused_at_once(transform, message):
    backend = Projector(transform=transform)
    with pytest.raises(ShapeError, match=message):
        rgb_of(backend, resolution_hw=(48, 64))
    assert len(backend.requests) == 1
