"""Small pictures are compared in small blocks, so that an arm of a few pixels counts as motion."""

from __future__ import annotations

import numpy as np
import pytest

from tests.datasets.tools.small_datasets import make_episode
from vla_isaac.cli.main import main
from vla_isaac.datasets.verification.pictures import check_pictures


def moving_arm(side: int, *, moves: bool):
    """Return 20 rows in which the joints turn by a radian and a spot of an eighth of the picture moves, or is frozen."""
    episode = make_episode(0, length=20, cameras=("front",))
    spot = side // 8
    pictures = np.full((20, side, side, 3), 90, np.uint8)
    for row, picture in enumerate(pictures):
        x = (side - spot) * row // 19 if moves else 0
        picture[side // 2 : side // 2 + spot, x : x + spot] = 120
    episode.images["front"] = pictures
    episode.columns["observation.state"][:, :7] = np.linspace(0.0, 1.0, 20)[:, None]
    return episode


@pytest.mark.parametrize("side", [32, 48, 64, 128])
@pytest.mark.parametrize("moves", [True, False])
def test_an_arm_of_few_pixels_is_seen_to_move_and_a_frozen_one_is_reported(side, moves):
    faults = check_pictures(moving_arm(side, moves=moves), None).faults
    assert (faults == []) == moves


@pytest.mark.slow
@pytest.mark.parametrize("side", [32, 64])
def test_a_collection_of_small_pictures_passes_its_own_verification(tmp_path, side):
    options = ["--task", "lift", "--task", "push_to", "--randomisation", "full", "--size", str(side)]
    assert main(["collect", str(tmp_path / "d"), "--episodes", "6", *options]) == 0
    assert main(["dataset", "verify", str(tmp_path / "d")]) == 0
