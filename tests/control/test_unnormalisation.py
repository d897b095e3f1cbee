"""Un-normalisation gives back the dataset's units, by the formula each model was trained with."""

import numpy as np
import pytest

from vla_isaac.control import ActionStatistics, Unnormaliser
from vla_isaac.core.errors import ConfigError, ShapeError

STATISTICS = ActionStatistics.from_mapping(
    {
        "mean": [0.1, 0.5],
        "std": [0.2, 0.3],
        "min": [-3.0, 0.0],
        "max": [5.0, 1.0],
        "q01": [-1.0, 0.0],
        "q99": [3.0, 1.0],
        "mask": [True, False],
        "num_transitions": 1000,
    }
)


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("none", 0.5, 0.5),
        ("quantile", -1.0, -1.0),
        ("quantile", 1.0, 3.0),
        ("quantile", 0.0, 1.0),
        ("quantile", -0.996078, -0.992156),  # 0.5 * (1 - 0.996078) * 4 - 1, OpenVLA's lowest token
        ("min_max", 0.5, 3.0),
        ("mean_std", 2.0, 0.5),
        ("quantile_openpi", 1.0, 3.000001),
        ("quantile_openpi", 0.0, 1.0000005),
        ("mean_std_openpi", 2.0, 0.500002),
    ],
)
def test_each_mode_scales_as_its_model_was_trained(mode, value, expected):
    rows = Unnormaliser(mode, STATISTICS).apply(np.array([[value, 0.25]]))
    assert rows[0, 0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("mode", ["quantile", "min_max", "mean_std", "quantile_openpi"])
def test_a_masked_gripper_passes_through(mode):
    assert Unnormaliser(mode, STATISTICS).apply(np.array([[0.0, 0.25]]))[0, 1] == 0.25


def test_a_missing_mask_scales_every_column():
    statistics = ActionStatistics(q01=(0.0, 0.0), q99=(2.0, 4.0))
    assert Unnormaliser("quantile", statistics).apply(np.array([[0.0, 0.0]])).tolist() == [[1.0, 2.0]]


def test_a_single_row_keeps_its_shape():
    assert Unnormaliser("quantile", STATISTICS).apply(np.zeros(2)).shape == (2,)


def test_min_max_and_quantiles_give_different_motion_for_the_same_number():
    row = np.array([[1.0, 0.0]])
    assert Unnormaliser("min_max", STATISTICS).apply(row)[0, 0] == 5.0
    assert Unnormaliser("quantile", STATISTICS).apply(row)[0, 0] == 3.0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"action": {"q01": [0.0]}}, r"whole dataset's entry; give the mapping under its key 'action'"),
        ({"bridge_orig": {"action": {}}}, r"found 'bridge_orig'.*choose one dataset's entry first"),
        ({}, r"found nothing, expected keys such as 'q01' and 'q99'"),
        ({"q01": [0.0, "x"], "q99": [1.0, 1.0]}, r"key 'q01': expected a list of finite numbers"),
        ({"q01": [0.0], "q99": [float("nan")]}, r"key 'q99': expected a list of finite numbers"),
        ({"q01": [0.0], "q99": [1.0], "mask": [1]}, r"key 'mask': expected a list of true and false"),
        ({"q01": [0.0], "q99": [1.0, 2.0]}, r"widths differ \(q01 1, q99 2\)"),
        ([1, 2], r"expected a mapping with lists such as q01 and q99, got list"),
    ],
)
def test_broken_statistics_are_named_by_their_key(data, message):
    with pytest.raises(ConfigError, match=message):
        ActionStatistics.from_mapping(data)


def test_a_mode_names_the_key_it_lacks():
    with pytest.raises(ConfigError, match=r"mode 'quantile' needs the key 'q01'.*the mode the model was trained with"):
        Unnormaliser("quantile", ActionStatistics(mean=(0.0,), std=(1.0,)))


def test_an_unknown_mode_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"'bounds' is not known; choose one of none, quantile, min_max"):
        Unnormaliser("bounds", STATISTICS)


def test_rows_of_another_width_are_refused():
    with pytest.raises(ShapeError, match=r"shape \(1, 7\), expected 2 columns.*dataset this model was trained on"):
        Unnormaliser("quantile", STATISTICS).apply(np.zeros((1, 7)))
