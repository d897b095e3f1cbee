"""``vla-isaac parse``: show the goal of an instruction, and which word stands for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from tyro.conf import Positional

from vla_isaac.cli.output import OK, WRONG_USAGE, emit, note, say
from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import InstructionError
from vla_isaac.core.types import Body
from vla_isaac.grounding import Understanding, understand, words_understood
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout, vary_scene
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.tasks.language import examples


@dataclass(frozen=True, kw_only=True)
class Parse:
    """Show the goal of an instruction, without running an episode.

    For example: vla-isaac parse "stack red on yellow" --scene stacking
    """

    instruction: Positional[str]
    """The instruction, in English."""

    scene: str = "tabletop"
    """Scene preset or YAML file with the objects."""

    seed: int = 0
    """Seed of the layout, for "the leftmost cube"; the layout is that of run with the same seed."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Parse the instruction and print the goal."""
        bodies, places = self._stage()
        about: dict[str, Any] = {"instruction": self.instruction, "scene": self.scene}
        try:
            found = understand(self.instruction, bodies, places)
        except InstructionError as error:
            note(f"error: {error}")
            if not error.has_examples:
                note("accepted in this scene, for example: " + "; ".join(examples(bodies)))
            if self.json:
                emit({**about, "error": str(error)})
            return WRONG_USAGE
        say(f"goal: {found.plan}")
        words = self._say_words(found, bodies, places)
        if self.json:
            emit({**about, "goal": found.plan.to_json(), "confidence": round(found.confidence, 4), **words})
        return OK

    def _say_words(self, found: Understanding, bodies: tuple[Body, ...], places: dict[str, AnyArray]) -> dict[str, Any]:
        if not found.is_learned:
            return {}
        say(f"the grammar cannot read it; {found.text}")
        effects = [effect for effect in words_understood(self.instruction, bodies, places) if effect.parts]
        width = max((len(effect.word) for effect in effects), default=0)
        for effect in effects:
            say(f"  {effect.word.ljust(width)}  {', '.join(effect.parts)}")
        return {"words": [{"word": effect.word, "means": list(effect.parts)} for effect in effects]}

    def _stage(self) -> tuple[tuple[Body, ...], dict[str, AnyArray]]:
        """Return the objects of the scene, and where they stand."""
        randomisation = randomisation_preset("layout")
        scene = vary_scene(scene_preset(self.scene), randomisation, self.seed)
        layout = sample_layout(scene, randomisation, self.seed)
        return scene.bodies, {o.name: np.array(at.pos) for o, at in zip(scene.objects, layout.objects, strict=True)}
