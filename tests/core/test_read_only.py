"""Read-only copies: nothing written to one reaches the original, and a deep copy of one can be written."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from vla_isaac.core.arrays import frozen
from vla_isaac.core.errors import ReadOnlyError
from vla_isaac.core.poses import Pose
from vla_isaac.core.read_only import ReadOnlyDict, read_only_copy
from vla_isaac.core.types import Action, EpisodeContext


@pytest.mark.parametrize("shape", [(), (7,), (0, 3), (4, 5, 3)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, np.int32])
def test_a_read_only_copy_of_an_array_has_the_same_numbers_in_memory_of_its_own(shape, dtype):
    original = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    copied = read_only_copy(original)
    assert (copied.shape, copied.dtype, copied.flags.writeable) == (shape, dtype, False)
    assert np.array_equal(copied, original)
    assert not np.shares_memory(copied, original)


def test_flipped_and_strided_arrays_keep_their_order():
    original = np.arange(24.0).reshape(4, 6)[::-1, ::2].T
    assert np.array_equal(read_only_copy(original), original)
    assert np.array_equal(frozen(original), original)


def test_frozen_constants_cannot_be_made_writeable():
    with pytest.raises(ValueError, match="WRITEABLE"):
        frozen([1.0, 2.0]).setflags(write=True)


def test_dataclasses_mappings_and_lists_are_copied_all_the_way_down():
    inner = np.zeros(3)
    original = EpisodeContext(
        instruction="x", seed=0, metadata={"poses": [Pose(inner, np.zeros(4))], "table": {"heat": (inner, inner)}}
    )
    copied = read_only_copy(original)
    inner[:] = 9.0
    object.__setattr__(original.metadata["poses"][0], "pos", None)
    assert np.array_equal(copied.metadata["poses"][0].pos, np.zeros(3))
    assert not copied.metadata["table"]["heat"][1].any()
    with pytest.raises(ReadOnlyError, match="copy it first"):
        copied.metadata["table"]["heat"] = None


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(a=2),
        lambda d: d.pop("a"),
        lambda d: d.popitem(),
        lambda d: d.clear(),
        lambda d: d.setdefault("b", 1),
        lambda d: d.__delitem__("a"),
        lambda d: d.__ior__({"b": 1}),
    ],
)
def test_a_read_only_dict_refuses_every_change(change):
    mapping = ReadOnlyDict(a=1)
    with pytest.raises(ReadOnlyError):
        change(mapping)
    assert mapping == {"a": 1}


@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d)), dict])
def test_copies_of_a_read_only_dict_are_ordinary_dicts(copier):
    copied = copier(ReadOnlyDict(a=1))
    copied["b"] = 2
    assert (type(copied), copied) == (dict, {"a": 1, "b": 2})


def test_a_deep_copy_of_a_read_only_action_can_be_written():
    own = copy.deepcopy(read_only_copy(Action(np.zeros(3), 0.5)))
    own.arm[:] = 1.0
    assert own.arm.tolist() == [1.0, 1.0, 1.0]


def test_arrays_of_objects_and_values_of_unknown_types_are_deep_copies():
    original = {"names": np.array([["a"], ["b"]], dtype=object), "set": {1, 2}}
    original["names"][0, 0] = inner = [1]
    copied = read_only_copy(original)
    inner.append(2)
    original["set"].add(3)
    assert copied["names"][0, 0] == [1]
    assert copied["set"] == {1, 2}


def test_a_subclass_of_an_array_becomes_a_plain_array():
    class Own(np.ndarray):
        pass

    assert type(read_only_copy(np.zeros(3).view(Own))) is np.ndarray
