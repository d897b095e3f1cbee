"""From a name to a policy, and to the checkpoint behind it."""

from __future__ import annotations

import sys

import pytest

from vla_isaac.core.errors import ConfigError, PolicyError, UnknownNameError, UsageError
from vla_isaac.policies import POLICIES
from vla_isaac.policies.chunking import FirstRows, TemporalEnsemble
from vla_isaac.policies.factory import checkpoint_of, make_policy
from vla_isaac.policies.hold import HoldPolicy
from vla_isaac.policies.read_only_boundary import own_spec


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


# ------------------------------------------------------------------ classes in files

OWN_POLICY = '''
from vla_isaac.policies.hold import HoldPolicy


class Waiting(HoldPolicy):
    """Waits."""

    def __init__(self, *, threads: int = 8) -> None:
        self.threads = threads
'''


@pytest.fixture
def own_file(tmp_path):
    path = tmp_path / "own_policy.py"
    path.write_text(OWN_POLICY, encoding="utf-8")
    return path


def test_a_class_in_a_file_of_ones_own_is_a_policy(own_file):
    policy = make_policy(f"{own_file}:Waiting", threads=3)
    assert (type(policy).__name__, policy.threads) == ("Waiting", 3)
    assert checkpoint_of(f"{own_file}:Waiting") is None


def test_a_file_or_a_class_that_is_not_there_is_refused_with_what_there_is(own_file):
    with pytest.raises(UsageError, match=r"own_policy\.py has no class 'Wating'; it has Waiting$"):
        make_policy(f"{own_file}:Wating")
    with pytest.raises(UsageError, match=r"gone\.py:Waiting: there is no such file; give the path"):
        make_policy(f"{own_file.parent / 'gone.py'}:Waiting")


NO_POLICY = """
import collections


class Nothing:
    pass


class NoSpec:
    def reset(self, context): ...

    def act(self, observation): ...


class Demanding(NoSpec):
    def __init__(self, checkpoint): ...
"""


@pytest.fixture
def own_package(tmp_path, monkeypatch):
    """Make the package `theirs` in the working directory, which is not on the path."""
    package = tmp_path / "theirs"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "good.py").write_text(OWN_POLICY)
    (package / "bad.py").write_text(NO_POLICY)
    (package / "broken.py").write_text("import math\nmath.sqrt(-1)\n")
    (package / "leaving.py").write_text("raise SystemExit(5)\n")
    (package / "needy.py").write_text("import no_such_package\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", str(tmp_path))])
    yield package
    for name in [name for name in sys.modules if name.partition(".")[0] == "theirs"]:
        del sys.modules[name]


def test_a_class_in_a_module_of_ones_own_is_a_policy(own_package):
    policy = make_policy("theirs.good:Waiting", threads=3)
    assert (type(policy).__name__, type(policy).__module__, policy.threads) == ("Waiting", "theirs.good", 3)
    assert isinstance(make_policy("first_rows:1:theirs.good:Waiting"), FirstRows)
    assert checkpoint_of("theirs.good:Waiting") is None


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("theirs.gone:Waiting", UsageError, r"there is no module 'theirs\.gone'; give the name of a module"),
        ("nowhere.to.be:Found", UsageError, r"there is no module 'nowhere'; give"),
        ("theirs.good:Wating", UsageError, r"theirs\.good has no class 'Wating'; it has Waiting$"),
        ("theirs.bad:collections", UsageError, "has no class 'collections'; it has Nothing, NoSpec, Demanding$"),
        ("theirs.bad:Nothing", UsageError, "the class Nothing in theirs.bad is no policy: it has no reset and no act"),
        ("theirs.bad:NoSpec", UsageError, "the policy theirs.bad:NoSpec has no spec"),
        ("theirs.bad:Demanding", UsageError, r"needs arguments \(checkpoint\); give them defaults"),
        (
            "theirs.broken:X",
            PolicyError,
            r"cannot be imported: .*broken\.py, line 2: ValueError: .*; fix the policy\'s code",
        ),
        ("theirs.leaving:X", PolicyError, r"cannot be imported: .*leaving\.py, line 1: SystemExit: 5"),
        ("theirs.needy:X", PolicyError, "its module needs the package 'no_such_package'"),
        ("scriptd:demos", UnknownNameError, "no policy and no module named 'scriptd'; did you mean 'scripted'"),
    ],
)
def test_a_module_or_a_class_that_is_no_policy_is_refused_with_the_reason(own_package, name, kind, words):
    with pytest.raises(kind, match=words):
        make_policy(name)


def test_what_is_no_policy_in_a_file_is_refused_alike(own_package):
    with pytest.raises(UsageError, match=r"the class Nothing in .*bad\.py is no policy"):
        make_policy(f"{own_package / 'bad.py'}:Nothing")
    with pytest.raises(PolicyError, match=r"leaving\.py, line 1: SystemExit: 5"):
        make_policy(f"{own_package / 'leaving.py'}:X")
    with pytest.raises(PolicyError, match="its module needs the package 'no_such_package'"):
        make_policy(f"{own_package / 'needy.py'}:X")


# ------------------------------------------------------------------ how chunks are carried out


@pytest.mark.parametrize(("name", "kind"), [("temporal_ensemble:hold", TemporalEnsemble), ("first_rows:1:hold", FirstRows)])
def test_how_chunks_are_carried_out_is_said_before_the_name(name, kind):
    policy = make_policy(name)
    assert isinstance(policy, kind)
    assert policy.spec == HoldPolicy.spec


def test_rows_that_are_not_said_or_are_more_than_a_chunk_has_are_refused():
    with pytest.raises(UsageError, match="'first_rows:hold' does not say how many rows; write first_rows:4:POLICY"):
        make_policy("first_rows:hold")
    with pytest.raises(ConfigError, match="cannot execute 4 rows of chunks of 1"):
        make_policy("first_rows:4:hold")


def test_the_checkpoint_behind_a_chunk_execution_is_found(tmp_path):
    (tmp_path / "policy.json").write_text("{}", encoding="utf-8")
    assert checkpoint_of(f"temporal_ensemble:{tmp_path}") == checkpoint_of(f"first_rows:2:mini:{tmp_path}") == tmp_path


BROKEN_FILES = {
    "an import": ("import nowhere", "its module needs the package 'nowhere'; install it"),
    "no Python": ("x = 1\ndef (", r"cannot be imported: .*mine\.py, line 2: SyntaxError"),
    "an exit": ("import sys\n\nsys.exit(0)", r"cannot be imported: .*mine\.py, line 3: SystemExit: 0"),
    "a constructor": (
        "class Mine:\n  reset = act = print\n  def __init__(self):\n    self.read()\n  def read(self):\n"
        "    raise OSError('no\\nweights')",
        r"cannot be made: .*mine\.py, line 6: OSError: no;",
    ),
    "an error of ours": (
        "from vla_isaac.core.errors import ConfigError\nraise ConfigError('no weights', remedy='get them')",
        r"cannot be imported: .*mine\.py, line 2: no weights; get them",
    ),
}


@pytest.mark.parametrize(("text", "message"), BROKEN_FILES.values(), ids=list(BROKEN_FILES))
@pytest.mark.parametrize("is_relative", [False, True])
def test_what_a_file_or_its_class_raises_is_named_with_file_and_line(tmp_path, monkeypatch, text, message, is_relative):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=message) as caught:
        make_policy(f"{path.name if is_relative else path}:Mine")
    assert "\n" not in str(caught.value)


def test_an_interrupt_while_a_file_is_loaded_stays_an_interrupt(tmp_path):
    (tmp_path / "mine.py").write_text("raise KeyboardInterrupt", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        make_policy(f"{tmp_path / 'mine.py'}:Mine")


def test_a_policy_without_a_spec_is_named():
    with pytest.raises(PolicyError, match=r"the policy object has no valid `spec`: AttributeError"):
        own_spec(object())
