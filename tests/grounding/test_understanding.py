"""What an instruction means: grammar first, then the network; a broken network is no missing one."""

from __future__ import annotations

import pytest

from vla_isaac.core.errors import ConfigError, InstructionError
from vla_isaac.grounding import understand, understanding
from vla_isaac.scene.builder import scene_preset

pytest.importorskip("onnxruntime")

BODIES = scene_preset("tabletop").bodies
ODD = "would you mind hoisting the crimson cube for me"


def test_the_grammar_reads_what_it_can_and_the_network_the_rest():
    plain, odd = understand("lift the red cube", BODIES), understand(ODD, BODIES)
    assert (str(plain.plan), plain.is_learned, plain.confidence) == ("lifted(red_cube)", False, 1.0)
    assert (str(odd.plan), odd.is_learned) == ("lifted(red_cube)", True)
    assert odd.text.startswith("understood as lifted(red_cube), 0.9")


@pytest.mark.parametrize("sentence", ["", "lift the elephant", "put that thing somewhere nice", "never mind"])
def test_what_neither_understands_is_the_error_of_the_grammar(sentence):
    with pytest.raises(InstructionError):
        understand(sentence, BODIES)


def test_without_a_network_the_grammar_is_alone(monkeypatch):
    monkeypatch.setattr(understanding, "shipped_files", tuple)
    with pytest.raises(InstructionError):
        understand(ODD, BODIES)


def test_a_broken_network_is_told(monkeypatch):
    def broken():
        raise ConfigError("sentence.onnx is broken")

    monkeypatch.setattr(understanding, "shipped_grounding", broken)
    with pytest.raises(ConfigError, match="is broken"):
        understand(ODD, BODIES)
