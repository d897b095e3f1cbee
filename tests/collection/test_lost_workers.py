"""A worker that is killed or stopped costs its job: each collection is completed, and is what it would have been."""

from __future__ import annotations

import logging
import signal
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.collection.dataset_contents import contents, differences
from tests.jobs.losing import children, one_worker_lost
from vla_isaac.collection.collect import collect
from vla_isaac.collection.transitions import collect_transitions
from vla_isaac.datasets.transitions import load_transitions

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the processes of a process in /proc")

WAYS = [signal.SIGKILL, signal.SIGSTOP]
DEADLINE = 3.0  # [s] an episode on the stub takes a few hundredths


@pytest.mark.parametrize("how", WAYS, ids=lambda how: how.name)
def test_a_collection_that_loses_a_worker_is_what_it_would_have_been(plan, tmp_path, caplog, how):
    wanted = plan(episodes=10)
    there = children()
    with caplog.at_level(logging.WARNING), one_worker_lost(how, lambda: any((tmp_path / "d").glob("data/*/*"))) as lost:
        report = collect(tmp_path / "d", wanted, num_workers=2, deadline=DEADLINE)
    assert lost
    assert (report.is_complete, report.episodes, report.failures) == (True, 10, {})
    collect(tmp_path / "undisturbed", wanted)
    assert differences(contents(tmp_path / "d"), contents(tmp_path / "undisturbed")) == []
    assert children() <= there
    assert how is signal.SIGKILL or "lost 1 worker processes, then completed" in caplog.text


@pytest.mark.parametrize(
    "how", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.slow)], ids=lambda how: how.name
)
def test_blocks_of_transitions_are_completed_after_a_worker_was_lost(plan, tmp_path, how):
    wanted = replace(plan(), episodes=80, cameras=())
    folder, there = tmp_path / "moments", children()
    with one_worker_lost(how, lambda: any(folder.glob("block_*.npz"))) as lost:
        limit = 10.0 if how is signal.SIGSTOP else 120.0  # [s] a killed one is noticed at once, however busy the machine is
        ways = list(collect_transitions(folder, wanted, picture_share=0.0, num_workers=2, deadline=limit))
    assert lost
    assert ways[-1] == (2, 2)
    assert children() <= there
    undisturbed = tmp_path / "undisturbed"
    list(collect_transitions(undisturbed, wanted, picture_share=0.0, num_workers=1))
    found, expected = load_transitions([folder]), load_transitions([undisturbed])
    assert np.array_equal(found.rows["action"], expected.rows["action"])
