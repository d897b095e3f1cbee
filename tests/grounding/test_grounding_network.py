"""The network: padding has no effect, objects have no order, and what is learned is kept in the file."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vla_isaac.core.errors import ConfigError  # noqa: E402
from vla_isaac.grounding.network import CARD, PIECES, SENTENCE, GroundingCard, LearnedGrounding  # noqa: E402
from vla_isaac.grounding.said_sentences import SaidSentence  # noqa: E402
from vla_isaac.grounding.word_effects import word_effects  # noqa: E402
from vla_isaac.models.grounding.classes import RELATIONS, STEPS, labels_of  # noqa: E402
from vla_isaac.models.grounding.decoding import readings, same_wishes  # noqa: E402
from vla_isaac.models.grounding.network import GroundingNetwork, GroundingShape, grounding_loss  # noqa: E402
from vla_isaac.models.grounding.wordpieces import SPECIAL, WordPieces  # noqa: E402
from vla_isaac.training.grounding.calibration import read_all  # noqa: E402
from vla_isaac.training.grounding.examples import Example, example_of, placed  # noqa: E402
from vla_isaac.training.grounding.exporting import export_grounding  # noqa: E402
from vla_isaac.training.grounding.fitting import fit, inputs_of  # noqa: E402
from vla_isaac.training.grounding.fitting_config import FittingConfig  # noqa: E402

WORDS = ("lift", "the", "red", "green", "blue", "cube", "box", "put", "on", "touch", "into", "bin")
VOCABULARY = WordPieces((*SPECIAL, *WORDS, *"abcdefghijklmnopqrstuvwxyz", *(f"##{x}" for x in "abcdefghijklmnopqrstuvwxyz")))
OBJECTS = [("red", "cube"), ("green", "cube"), ("blue", "box")]


def tiny(seed: int = 0) -> GroundingNetwork:
    torch.manual_seed(seed)
    return GroundingNetwork(GroundingShape(len(VOCABULARY.pieces), layers=1, dim=32, heads=4, hidden=64), dropout=0.0).eval()


def example(sentence: str, objects=OBJECTS) -> Example:
    return Example(sentence, placed(objects, np.random.default_rng(0)), "unknown_action")


def scores(network, examples):
    with torch.no_grad():
        return [values.numpy() for values in network(*inputs_of(VOCABULARY, examples))]


def test_padding_of_words_and_objects_has_no_effect():
    network, one = tiny(), example("lift the red cube")
    longer = example("put the red cube on the blue box please", [*OBJECTS, ("red", "bin"), ("blue", "bin")])
    alone, together = scores(network, [one]), scores(network, [one, longer])
    np.testing.assert_allclose(alone[0][0], together[0][0], atol=1e-5)
    np.testing.assert_allclose(alone[1][0], together[1][0, :3], atol=1e-5)
    np.testing.assert_allclose(alone[2][0], together[2][0, :3, :, :3], atol=1e-5)


def test_objects_have_no_order():
    network, scene = tiny(), placed(OBJECTS, np.random.default_rng(0))
    order = [2, 0, 1]
    before = scores(network, [Example("lift the red cube", scene, "do")])
    after = scores(network, [Example("lift the red cube", tuple(scene[i] for i in order), "do")])
    np.testing.assert_allclose(before[0], after[0], atol=1e-5)
    np.testing.assert_allclose(before[1][0, order], after[1][0], atol=1e-5)
    np.testing.assert_allclose(before[2][0][np.ix_(order, range(3), order)], after[2][0], atol=1e-5)


def test_no_object_is_put_on_itself():
    other = scores(tiny(), [example("put the red cube on the red cube")])[2][0]
    assert all(other[i, step].argmax() != i for i in range(3) for step in range(3))


def overfitted(examples) -> GroundingNetwork:
    """Return a tiny network after some updates on the same examples."""
    network = tiny()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    inputs = inputs_of(VOCABULARY, examples)
    labels = labels_of([e.kind for e in examples], [e.steps for e in examples], inputs[2].shape[1])
    for _ in range(200):
        loss = grounding_loss(network(*inputs), *map(torch.from_numpy, labels), inputs[2] >= 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A tiny network that has learned four sentences, and its file."""
    said = [
        SaidSentence("1", "x", "tabletop", "lifted(red_cube)", "lift the red cube"),
        SaidSentence("2", "x", "tabletop", "lifted(green_cube)", "lift the green cube"),
        SaidSentence("3", "x", "tabletop", "on(red_cube, blue_box)", "put the red cube on the blue box"),
        SaidSentence("4", "x", "tabletop", "reach(blue_box)", "touch the blue box"),
    ]
    examples = [example_of(one, np.random.default_rng(1)) for one in said]
    network, folder = overfitted(examples), tmp_path_factory.mktemp("grounding")
    export_grounding(network, VOCABULARY, GroundingCard(accept_above=0.5), folder, examples)
    return network, examples, folder


def test_it_learns_and_its_file_says_the_same(taught):
    network, examples, folder = taught
    with torch.no_grad():
        kind, relation, other = (values.numpy() for values in network.eval()(*inputs_of(VOCABULARY, examples)))
    found = [readings(kind[i], relation[i], other[i], len(each.scene)) for i, each in enumerate(examples)]
    assert all(same_wishes(one[0].steps, each.steps) for one, each in zip(found, examples, strict=True))
    loaded = LearnedGrounding(folder)
    exported = read_all(loaded, examples, [1.0])[0]
    assert all(same_wishes(a[0].steps, b[0].steps) for a, b in zip(exported, found, strict=True))
    for expected, each in zip(found, examples, strict=True):
        again = loaded.read(each.sentence, each.scene)
        assert same_wishes(again[0].steps, expected[0].steps)
        assert again[0].confidence == pytest.approx(expected[0].confidence, abs=0.1)  # matrices are rounded


def test_training_lowers_the_loss_and_keeps_an_average():
    said = [SaidSentence("1", "x", "tabletop", "lifted(red_cube)", "lift the red cube")]
    losses = []
    config = FittingConfig(updates=200, batch=8, templates=0.0, learning_rate=3e-3, average=0.9)
    kept = fit(tiny(), VOCABULARY, said, config, lambda _, loss: losses.append(loss))
    assert losses[-1] < 0.8 * losses[0]
    assert not kept.training


def test_a_word_stands_for_the_object_that_is_lost_without_it():
    red, lift = (VOCABULARY.pieces.index(word) for word in ("red", "lift"))

    def scored(words, scene):
        """Return scores of a reader that knows "red" as the red cube and "lift" as the wish."""
        relation = np.zeros((len(words), len(scene), STEPS, len(RELATIONS)))
        relation[..., 0] = 6.0
        relation[:, 0, 0, 0] = np.where((words == red).any(1), -6.0, 6.0)
        relation[:, 0, 0, RELATIONS.index("lifted")] = np.where((words == lift).any(1), 6.0, 0.0)
        return None, relation, np.zeros((len(words), len(scene), STEPS, len(scene)))

    effects = word_effects("lift the red cube", VOCABULARY, scored, example("").scene)
    assert {effect.word: effect.parts for effect in effects} == {
        "lift": ("lifted",), "the": (), "red": ("red_cube",), "cube": (),
    }  # fmt: skip


@pytest.mark.parametrize("name", [SENTENCE, PIECES, CARD])
def test_a_missing_or_broken_file_is_one_error(taught, tmp_path, name):
    import shutil

    folder = shutil.copytree(taught[2], tmp_path / "broken")
    (folder / name).write_bytes(b"\x00broken")
    with pytest.raises(ConfigError):
        LearnedGrounding(folder)
    (folder / name).unlink()
    with pytest.raises(ConfigError):
        LearnedGrounding(folder)


@pytest.mark.parametrize("field", [{"temperature": 0.0}, {"accept_above": 1.5}, {"ask_above": 0.9, "accept_above": 0.5}])
def test_a_card_with_senseless_numbers_is_an_error(field):
    with pytest.raises(ConfigError, match="is not accepted"):
        GroundingCard(**field)


def test_an_interrupted_training_goes_on_to_the_bit(tmp_path):
    said = [SaidSentence("1", "x", "tabletop", "lifted(red_cube)", "lift the red cube")]
    config = FittingConfig(updates=24, batch=4, save_every=8)
    whole = fit(tiny(), VOCABULARY, said, config)

    def stop(update: int, _: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(tiny(), VOCABULARY, said, config, stop, tmp_path / "fit")  # after the last update, before the last save
    assert json.loads((tmp_path / "fit" / "fit.json").read_text())["update"] == 16
    again = fit(tiny(), VOCABULARY, said, config, saved=tmp_path / "fit")
    for (name, a), b in zip(whole.state_dict().items(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    with pytest.raises(ConfigError, match="another training"):
        fit(tiny(), VOCABULARY, said, FittingConfig(updates=30, batch=4), saved=tmp_path / "fit")
