"""Files of sentences with their goals."""

from pathlib import Path

import pytest
import yaml

from vla_isaac.core.errors import ConfigError
from vla_isaac.grounding.said_sentences import read_sentences, wishes_of_text
from vla_isaac.models.grounding.classes import Wish, is_expressible
from vla_isaac.models.grounding.scene_objects import SceneObject

CORPUS = Path(__file__).resolve().parents[2] / "config" / "language" / "corpus"
VOICES = yaml.safe_load((CORPUS / "voices.yaml").read_text(encoding="utf-8"))
SCENE = (SceneObject("red", "cube", 0.5, 0.2), SceneObject("blue", "cube", 0.4, -0.1), SceneObject("red", "box", 0.3, 0.0))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on(red_cube, red_box)", ((Wish("on", 0, 2),),)),
        ("reach(red_box)", ((Wish("reach", 2),),)),
        ("near(gripper, red_box)", ((Wish("reach", 2),),)),
        ("pushed(red_cube, left)", ((Wish("push_left", 0),),)),
        ("pushed_to(red_cube, behind, red_box)", ((Wish("push_behind", 0, 2),),)),
        ("lifted(leftmost(cube))", ((Wish("lifted", 0),),)),
        ("lifted(nearest(cube)) then reach(red_box)", ((Wish("lifted", 1),), (Wish("reach", 2),))),
        ("on(red_cube, blue_cube) and on(blue_cube, red_box)", ((Wish("on", 0, 1), Wish("on", 1, 2)),)),
    ],
)
def test_goals_as_text(text, expected):
    assert wishes_of_text(text, SCENE) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("on(red_cube)", "cannot read the goal"),
        ("fly(red_cube)", "cannot read the goal"),
        ("on red", "cannot read the goal"),
        ("lifted(green_cube)", "'green_cube'; the scene has red_cube, blue_cube, red_box"),
        ("lifted(leftmost(box))", "names 'leftmost"),
    ],
)
def test_a_wrong_goal_is_an_error(text, said):
    with pytest.raises(ConfigError, match=said.replace("(", r"\(")):
        wishes_of_text(text, SCENE)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a\tb\ttabletop\tlifted(red_cube)", "line 2, has 4 columns; each line has 5 columns separated by tabs"),
        ("a\tb\ttabletop\tcannot(tired)\tno", r"line 2: 'cannot\(tired\)' is unknown"),
    ],
)
def test_a_malformed_line_is_named(tmp_path, line, said):
    path = tmp_path / "said.tsv"
    path.write_text(f"a\tb\ttabletop\tlifted(red_cube)\tlift it\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        read_sentences(path)


def test_the_corpus_has_enough_sentences_of_enough_voices_and_no_voice_in_two_parts():
    names = [name for part in VOICES.values() for name in part]
    assert len(names) == len(set(names)) >= 25
    assert sorted(names) == sorted(path.stem for path in CORPUS.glob("*.tsv"))
    said = [one for name in (*VOICES["train"], *VOICES["choose"]) for one in read_sentences(CORPUS / f"{name}.tsv")]
    assert len(said) >= 4000
    assert 0.1 < sum(bool(one.cannot) for one in said) / len(said) < 0.25


def test_every_goal_of_the_training_voices_is_expressible():
    from vla_isaac.training.grounding.examples import objects_of_preset

    for name in VOICES["train"]:
        for one in read_sentences(CORPUS / f"{name}.tsv"):
            scene = [
                SceneObject(c, s, 0.4 + 0.01 * i, 0.1 - 0.02 * i) for i, (c, s) in enumerate(objects_of_preset(one.scene))
            ]
            assert one.cannot or is_expressible(wishes_of_text(one.goal, scene)), one
