"""Terms of the loss against values worked out by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from vla_isaac.models import losses  # noqa: E402


def test_l1_counts_only_what_counts():
    wanted, got = torch.tensor([[1.0], [2.0]]), torch.tensor([[1.5], [9.0]])
    assert float(losses.l1(wanted, got, torch.tensor([[1], [0]]))) == 0.5


def test_nothing_that_counts_is_a_loss_of_nothing():
    assert float(losses.l1(torch.zeros(2, 1), torch.ones(2, 1), torch.zeros(2, 1))) == 0.0


def test_an_undecided_gripper_costs_the_logarithm_of_two():
    one = torch.ones(1, 1)
    assert float(losses.gripper_bce(one, torch.zeros(1, 1), one)) == pytest.approx(math.log(2))


def test_bins_divide_minus_one_to_one_evenly():
    assert losses.to_bins(torch.tensor([-5.0, -1.0, 0.0, 0.999, 1.0]), 4).tolist() == [0, 0, 2, 3, 3]
    assert losses.from_bins(torch.tensor([0, 3]), 4).tolist() == [-0.75, 0.75]


def test_undecided_bins_cost_the_logarithm_of_their_number():
    one = torch.ones(1, 1)
    assert float(losses.binned_cross_entropy(0 * one, torch.zeros(1, 1, 256), one)) == pytest.approx(math.log(256))


def test_unknown_positions_are_left_out():
    wanted = torch.tensor([[1.0, math.nan]])
    assert float(losses.positions(wanted, torch.zeros(1, 2), torch.ones(1, 1))) == 0.5
