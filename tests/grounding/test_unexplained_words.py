"""A noun after a colour that no object has keeps a sentence from being acted on."""

import pytest

from vla_isaac.grounding.unexplained_words import unexplained, words_after_colours
from vla_isaac.models.grounding.scene_objects import SceneObject

SCENE = (
    SceneObject("green", "cube", 0.5, 0.1),
    SceneObject("red", "box", 0.6, -0.1),
    SceneObject("blue", "cube", 0.4, -0.2),
)


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("Lift the green pear", ["pear"]),
        ("green, cube", []),
        ("the Scarlet thing onto the blue box", ["thing", "box"]),
        ("the block that is green", []),
    ],
)
def test_words_after_colours(sentence, words):
    assert list(words_after_colours(sentence)) == words


def test_a_word_is_unexplained_unless_the_lexicon_or_people_have_it():
    assert unexplained("Lift the green pear", {"lump"}) == ("pear",)
    assert unexplained("Lift the green lump", {"lump"}) == ()
    assert unexplained("Lift the green cube onto the red carton", {"carton"}) == ()


@pytest.fixture(scope="module")
def network():
    pytest.importorskip("onnxruntime", reason="the grounding network needs onnxruntime")
    from vla_isaac.grounding.network import shipped_grounding

    return shipped_grounding()


@pytest.mark.parametrize("noun", ["pear", "toothbrush", "ruler", "charger", "carrot", "towel"])
@pytest.mark.parametrize("form", ["Lift the green {}", "Put the green {} on the red box"])
def test_the_network_does_not_take_another_thing_for_an_object_of_its_colour(network, noun, form):
    assert not network.accepts(network.read(form.format(noun), SCENE)[0])
    assert network.accepts(network.read(form.format("cube"), SCENE)[0])
