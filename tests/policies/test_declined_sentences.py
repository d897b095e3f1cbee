"""A refusal of the shipped policy names the word that it did not recognise, once, and what to do."""

from pathlib import Path

import pytest

from vla_isaac.api import make_backend, make_request
from vla_isaac.cli.main import main
from vla_isaac.core.errors import PolicyDeclined
from vla_isaac.core.types import EpisodeContext
from vla_isaac.policies import POLICIES
from vla_isaac.policies.doubts import MOST_ASKED, doubt_about
from vla_isaac.runtime.session import Session

pytestmark = pytest.mark.gl

NAMED = [
    ("tabletop", "Lift the purple cube", "purple", {"red", "green", "blue", "yellow"}),
    ("tabletop", "Lift the red ball", "ball", {"cube", "box"}),
    ("tabletop", "Put the red cube under the blue box", "under", {"on", "in"}),
    ("tabletop", "Put the red cube on the mauve box", "mauve", {"red", "blue"}),
    ("tabletop", "juggle the red cube", "juggle", {"lift", "push", "put"}),
    ("clutter", "Push the orange cube to the left", "orange", {"red", "green", "blue", "yellow"}),
]
MORE = [
    ("tabletop", "Lift the red banana", "banana", {"cube", "box"}),
    ("tabletop", "Paint the red cube", "Paint", {"lift", "push", "put"}),
    ("tabletop", "don't lift the red cube", "don't", set()),
    ("tabletop", "Lift the scarlet thingamajig", "thingamajig", {"cube", "box"}),
    ("tabletop", "Put the red cube in the blue bin", "bin", set()),  # nothing can be put in a box, so no word helps
    ("tabletop", "Put the red cube between the blue box and the red box", "between", set()),
    ("tabletop", "Put the pink cube on the blue box", "pink", {"red", "green", "blue", "yellow"}),
    ("tabletop", "Stack the red cube on the white cube", "white", {"red", "green", "blue", "yellow"}),
    ("clutter", "Put the green ball in the purple bowl", "purple", {"white"}),
    ("sorting", "Put the red cube in the yellow bin", "yellow", {"red", "green", "blue"}),
    ("stacking", "Stack the red cube on the green sponge", "sponge", {"cube"}),
]
NOT_NAMED = [
    ("tabletop", "hello", "no single word explains it"),
    ("tabletop", "make me a coffee", "no single word explains it"),
    (
        "tabletop",
        "pick up the red cube. release it.",
        'no single word explains it; it recognises "red cube", not what is asked',
    ),
    ("stacking", "What colour is the red cube?", 'it recognises "red cube", not what is asked'),
]


class Watched:
    """The shipped policy, and the first observation that it is shown."""

    def __init__(self, policy) -> None:
        self._policy, self.spec, self.shown = policy, policy.spec, []

    def reset(self, context: EpisodeContext) -> None:
        self._policy.reset(context)

    def act(self, observation):
        self.shown.append(observation)
        return self._policy.act(observation)


@pytest.fixture(scope="module")
def policy():
    pytest.importorskip("onnxruntime", reason="the shipped policy needs onnxruntime")
    if not (Path(__file__).resolve().parents[2] / "data" / "checkpoints" / "mini").is_dir():
        pytest.skip("the shipped checkpoint is not here")
    return POLICIES.load("mini")()


@pytest.fixture(scope="module")
def seen(policy):
    """Return the first observation of a scene, drawn by MuJoCo once."""
    pytest.importorskip("mujoco")
    found = {}

    def first(scene: str):
        if scene not in found:
            watched = Watched(policy)
            with Session(make_backend("mujoco"), watched) as session:
                session.run(make_request("hello", scene=scene, goal="none", max_steps=1))
            (found[scene],) = watched.shown
        return found[scene]

    return first


def refusal(policy, observation, sentence: str) -> PolicyDeclined:
    policy.reset(EpisodeContext(instruction=sentence, seed=0))
    with pytest.raises(PolicyDeclined) as caught:
        policy.act(observation)
    return caught.value


def check_named(policy, observation, sentence: str, word: str, alternatives: set[str]) -> None:
    error = refusal(policy, observation, sentence)
    assert (error.word, set(error.alternatives) <= alternatives) == (word, True), error
    assert bool(error.alternatives) == bool(alternatives)
    assert str(error).count(f'"{word}"') == 1
    assert str(error).endswith("or choose the expert, which reads more: --policy scripted")
    for other in error.alternatives[:1]:  # what it offers it does
        policy.reset(EpisodeContext(instruction=sentence.replace(word, other), seed=0))
        policy.act(observation)


@pytest.mark.parametrize(("scene", "sentence", "word", "alternatives"), NAMED)
def test_the_word_that_was_not_recognised_is_named_with_words_that_are(policy, seen, scene, sentence, word, alternatives):
    check_named(policy, seen(scene), sentence, word, alternatives)


@pytest.mark.slow
@pytest.mark.parametrize(("scene", "sentence", "word", "alternatives"), MORE)
def test_so_it_is_with_further_sentences(policy, seen, scene, sentence, word, alternatives):
    check_named(policy, seen(scene), sentence, word, alternatives)


@pytest.mark.parametrize(("scene", "sentence", "reason"), NOT_NAMED)
def test_where_no_single_word_explains_it_the_refusal_says_so(policy, seen, scene, sentence, reason):
    error = refusal(policy, seen(scene), sentence)
    assert (error.word, error.alternatives) == ("", ())
    assert reason in error.message


def test_a_long_sentence_is_asked_a_bounded_number_of_times():
    asked = []
    doubt = doubt_about("lorem ipsum " * 500, lambda sentence: asked.append(sentence) or 0.0, 0.5)
    assert doubt.word == ""
    assert len(asked) <= MOST_ASKED + 12


def test_the_command_line_says_it_once(policy, capfd):
    main(["run", "Lift the purple cube", "--policy", "mini", "--goal", "none", "--no-video"])
    shown = "".join(capfd.readouterr())
    assert shown.count('the colour "purple" is what it does not recognise here') == 1
    assert shown.count("--policy scripted") == 1
