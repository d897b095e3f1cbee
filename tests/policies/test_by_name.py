"""From a name to a policy, and to the checkpoint behind it."""

from __future__ import annotations

import pytest

from vla_isaac.core.errors import UnknownNameError, UsageError
from vla_isaac.policies import POLICIES
from vla_isaac.policies.by_name import checkpoint_of, make_policy
from vla_isaac.policies.hold import HoldPolicy


class Threaded(HoldPolicy):
    """Remembers with how many cores and what argument it was made."""

    def __init__(self, argument: str = "", *, threads: int = 8) -> None:
        super().__init__()
        self.made = (argument, threads)

    @classmethod
    def from_argument(cls, argument: str, *, threads: int = 8) -> Threaded:
        return cls(argument, threads=threads)


@pytest.fixture
def threaded(monkeypatch):
    monkeypatch.setitem(POLICIES._own, "threaded", f"{__name__}:Threaded")


@pytest.mark.parametrize(
    ("name", "threads", "made"),
    [("threaded", 1, ("", 1)), ("threaded:x", 1, ("x", 1)), ("threaded", None, ("", 8)), ("threaded:x", None, ("x", 8))],
)
def test_a_policy_that_lets_its_cores_be_chosen_is_told_how_many(threaded, name, threads, made):
    assert make_policy(name, threads=threads).made == made


def test_a_policy_that_does_not_is_made_as_always():
    assert isinstance(make_policy("hold", threads=1), HoldPolicy)


def test_a_name_nobody_knows_and_an_argument_nobody_takes_are_refused():
    with pytest.raises(UnknownNameError, match="no policy named 'hodl'"):
        make_policy("hodl")
    with pytest.raises(UsageError, match="takes no argument; write hold"):
        make_policy("hold:x")


def test_a_folder_with_a_policy_card_is_a_checkpoint(tmp_path):
    assert checkpoint_of("scripted") is None
    (tmp_path / "policy.json").write_text("{}", encoding="utf-8")
    assert checkpoint_of(str(tmp_path)) == checkpoint_of(f"mini:{tmp_path}") == tmp_path
