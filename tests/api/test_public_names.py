"""What a user imports from the root: everything needed to run, load, collect, train and evaluate."""

from __future__ import annotations

import inspect

import pytest

import vla_isaac

WANTED = {
    "CollectionPlan", "EpisodeContext", "EpisodeResult", "EvaluationPlan", "Session", "VLADataset", "collect", "evaluate",
    "load_policy", "make_request", "make_session", "run", "train",
}  # fmt: skip


def test_the_root_has_a_name_for_each_thing_to_do():
    assert set(vla_isaac.__all__) >= WANTED
    assert set(vla_isaac.__all__) == {*vla_isaac._WHERE, "__version__"}


@pytest.mark.parametrize("name", sorted(vla_isaac._WHERE))
def test_each_name_is_there_and_has_a_docstring(name):
    if name == "train":
        pytest.importorskip("torch")
    found = getattr(vla_isaac, name)
    assert inspect.getdoc(found)
    assert not inspect.ismodule(found)


def test_a_policy_is_loaded_by_its_name():
    assert vla_isaac.load_policy("scripted").spec.privileged
