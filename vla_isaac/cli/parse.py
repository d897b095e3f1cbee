"""``vla-isaac parse``: show what an instruction is understood to mean."""

from __future__ import annotations

from dataclasses import dataclass

from tyro.conf import Positional

from vla_isaac.cli.output import OK, WRONG_USAGE, emit, note, say
from vla_isaac.core.errors import InstructionError
from vla_isaac.scene.builder import scene_preset
from vla_isaac.tasks.language import examples, read_instruction


@dataclass(frozen=True, kw_only=True)
class Parse:
    """Show the goal that an instruction is read as, without running anything.

    For example: vla-isaac parse "stack red on yellow" --scene stacking
    """

    instruction: Positional[str]
    """What to do, in ordinary English."""

    scene: str = "tabletop"
    """Scene preset or YAML file whose objects are meant."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Read the instruction and print the goal."""
        scene = scene_preset(self.scene)
        try:
            plan = read_instruction(self.instruction, scene.bodies)
        except InstructionError as error:
            note(f"error: {error}")
            if not error.has_examples:
                note("understood here, for example: " + "; ".join(examples(scene.bodies)))
            if self.json:
                emit({"instruction": self.instruction, "scene": self.scene, "error": str(error)})
            return WRONG_USAGE
        say(f"goal: {plan}")
        if self.json:
            emit({"instruction": self.instruction, "scene": self.scene, "goal": plan.to_json()})
        return OK
