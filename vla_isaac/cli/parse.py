"""``vla-isaac parse``: show the goal of an instruction."""

from __future__ import annotations

from dataclasses import dataclass

from tyro.conf import Positional

from vla_isaac.cli.output import OK, WRONG_USAGE, emit, note, say
from vla_isaac.core.errors import InstructionError
from vla_isaac.scene.builder import scene_preset
from vla_isaac.tasks.language import examples, read_instruction


@dataclass(frozen=True, kw_only=True)
class Parse:
    """Show the goal of an instruction, without running an episode.

    For example: vla-isaac parse "stack red on yellow" --scene stacking
    """

    instruction: Positional[str]
    """The instruction, in English."""

    scene: str = "tabletop"
    """Scene preset or YAML file with the objects."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Parse the instruction and print the goal."""
        scene = scene_preset(self.scene)
        try:
            plan = read_instruction(self.instruction, scene.bodies)
        except InstructionError as error:
            note(f"error: {error}")
            if not error.has_examples:
                note("accepted in this scene, for example: " + "; ".join(examples(scene.bodies)))
            if self.json:
                emit({"instruction": self.instruction, "scene": self.scene, "error": str(error)})
            return WRONG_USAGE
        say(f"goal: {plan}")
        if self.json:
            emit({"instruction": self.instruction, "scene": self.scene, "goal": plan.to_json()})
        return OK
