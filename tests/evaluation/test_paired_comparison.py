"""The paired comparison: only where two policies differ tells anything."""

from __future__ import annotations

import pytest

from vla_isaac.core.errors import UsageError
from vla_isaac.evaluation.paired_comparison import compare_paired, sign_test


def test_it_is_the_exact_binomial_test():
    stats = pytest.importorskip("scipy.stats")
    for one, other in ((0, 0), (5, 0), (3, 9), (12, 12), (60, 2)):
        wanted = stats.binomtest(one, one + other).pvalue if one + other else 1.0
        assert sign_test(one, other) == pytest.approx(wanted, abs=1e-12)


def test_episodes_that_both_solve_or_both_miss_tell_nothing():
    first = dict.fromkeys(range(100), True)
    second = {seed: seed >= 8 for seed in range(100)}
    found = compare_paired(first, second)
    assert (found.episodes, found.only_first, found.only_second) == (100, 8, 0)
    assert found.p_value == pytest.approx(2 / 2**8)


def test_only_common_episodes_are_compared():
    assert compare_paired({1: True, 2: True}, {2: False, 3: False}).episodes == 1
    with pytest.raises(UsageError, match="in common"):
        compare_paired({1: True}, {2: True})
