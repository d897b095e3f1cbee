import numpy as np
import pytest

from vla_isaac.core.errors import ConfigError
from vla_isaac.core.images import resize
from vla_isaac.datasets.loading.augmentation import Augmentation, augment, generator

NOTHING = {
    "shift_px": 0,
    "crop": 0.0,
    "brightness": 0.0,
    "channel": 0.0,
    "offset": 0.0,
    "saturation": 0.0,
    "rendered_share": 0.0,
}
PICTURES = np.random.default_rng(0).integers(0, 256, (2, 24, 32, 3), dtype=np.uint8)


def varied(number=0, seed=0, pictures=PICTURES, **changes):
    return augment(pictures, Augmentation(**{**NOTHING, **changes}), generator(seed, number))


def test_without_changes_pictures_stay_as_they_are():
    assert np.array_equal(varied(), PICTURES)


def test_a_draw_is_the_same_each_time_and_no_other():
    changes = vars(Augmentation())
    assert np.array_equal(varied(4, **changes), varied(4, **changes))
    assert not np.array_equal(varied(4, **changes), varied(5, **changes))
    assert not np.array_equal(varied(4, **changes), varied(4, seed=1, **changes))


def test_a_shift_moves_by_whole_pixels_and_repeats_the_border():
    moves = set()
    for number in range(40):
        moved = varied(number, shift_px=2)[0]
        padded = np.pad(PICTURES[0], ((2, 2), (2, 2), (0, 0)), mode="edge")
        found = [(y, x) for y in range(5) for x in range(5) if np.array_equal(padded[y : y + 24, x : x + 32], moved)]
        assert found
        moves.add(found[0])
    assert len(moves) > 10


def test_brightness_is_a_factor_on_all_colours():
    grey = np.full((1, 4, 4, 3), 100, np.uint8)
    values = {int(varied(n, pictures=grey, brightness=0.2)[0, 0, 0, c]) for n in range(50) for c in range(3)}
    assert min(values) >= 80
    assert max(values) <= 120
    assert max(values) - min(values) > 25


def test_saturation_leaves_grey_alone():
    grey = np.full((1, 4, 4, 3), 100, np.uint8)
    assert np.abs(varied(3, pictures=grey, saturation=0.5).astype(int) - 100).max() <= 1


def test_the_blur_is_that_of_a_picture_rendered_at_300_pixels():
    shown = varied(pictures=PICTURES[:1], rendered_share=1.0)[0]
    assert np.array_equal(shown, resize(resize(PICTURES[0], 300, 400), 24, 32))


def test_a_crop_keeps_the_size_and_a_flat_colour():
    flat = np.full((1, 24, 32, 3), 77, np.uint8)
    assert np.array_equal(varied(2, pictures=flat, crop=0.3), flat)


def test_pictures_of_one_camera_change_alike():
    twins = np.stack([PICTURES[0], PICTURES[0]])
    changed = varied(7, pictures=twins, **vars(Augmentation()))
    assert np.array_equal(changed[0], changed[1])


def test_a_share_of_the_samples_sees_nothing_and_the_others_are_as_they_were():
    changes = {**vars(Augmentation()), "black_share": 0.3}
    dark = [not varied(n, **changes).any() for n in range(400)]
    assert 0.2 < np.mean(dark) < 0.4
    assert not varied(0, **{**changes, "black_share": 1.0}).any()
    seeing = dark.index(False)
    assert np.array_equal(varied(seeing, **changes), varied(seeing, **vars(Augmentation())))


@pytest.mark.parametrize("field", ["crop", "brightness", "rendered_share", "black_share", "shift_px"])
def test_what_is_out_of_range_is_refused_by_name(field):
    with pytest.raises(ConfigError, match=field):
        Augmentation(**{field: -1})
