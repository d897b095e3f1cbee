import json

import numpy as np
import pytest

from vla_isaac.core.errors import ConfigError, ShapeError
from vla_isaac.datasets.normaliser import Normaliser

ROWS = np.array([[0.0, 5.0, 1.0], [10.0, 5.0, 0.0], [5.0, 5.0, 1.0]])
NAMES = ("x", "still", "gripper")


def of_rows(method="quantile"):
    return Normaliser.of_rows(ROWS, NAMES, method, unscaled=("gripper",))


def test_quantiles_go_to_minus_one_and_one():
    normaliser = of_rows()
    ends = np.array([normaliser.q01, normaliser.q99])
    assert normaliser.normalise(ends)[:, 0].tolist() == [-1, 1]


def test_means_go_to_zero_and_deviations_to_one():
    values = of_rows("mean_std").normalise(ROWS)[:, 0]
    assert (values.mean(), values.std()) == pytest.approx((0, 1), abs=1e-6)


@pytest.mark.parametrize("method", ["quantile", "mean_std", "none"])
def test_there_and_back_is_where_it_began(method):
    normaliser = of_rows(method)
    assert normaliser.unnormalise(normaliser.normalise(ROWS)) == pytest.approx(ROWS, abs=1e-5)


def test_a_constant_number_is_zero_and_comes_back_whatever_a_model_says():
    normaliser = of_rows()
    assert normaliser.normalise(ROWS)[:, 1].tolist() == [0, 0, 0]
    assert normaliser.unnormalise(np.array([0.3, 7.0, 1.0]))[1] == 5


def test_the_gripper_passes_through():
    assert of_rows().normalise(ROWS)[:, 2].tolist() == [1, 0, 1]


def test_it_survives_json():
    normaliser = of_rows()
    assert Normaliser.from_json(json.loads(json.dumps(normaliser.to_json()))) == normaliser


def test_a_chunk_of_rows_keeps_its_shape_and_is_float32():
    back = of_rows().unnormalise(np.zeros((4, 8, 3)))
    assert (back.shape, back.dtype) == ((4, 8, 3), np.float32)


def test_what_does_not_fit_is_told():
    with pytest.raises(ShapeError, match=r"shape \(7,\), expected 3 numbers: x, still, gripper"):
        of_rows().normalise(np.zeros(7))
    with pytest.raises(ConfigError, match=r"model\.json: is not a normaliser.*needs names, method, q01"):
        Normaliser.from_json({"names": ["x"]}, source="model.json")
    with pytest.raises(ConfigError, match="lengths differ"):
        Normaliser.from_json({**of_rows().to_json(), "mask": [True]})
    with pytest.raises(ConfigError, match="'max' is not accepted"):
        Normaliser.from_json({**of_rows().to_json(), "method": "max"})
