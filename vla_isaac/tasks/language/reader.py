"""`read_instruction`: parse an English instruction into goals over the objects of the scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vla_isaac.core.errors import InstructionError
from vla_isaac.core.goals import Goal, GoalPlan
from vla_isaac.core.types import Body
from vla_isaac.tasks.language.clauses import clauses_of
from vla_isaac.tasks.language.goal_steps import check_possible, steps_of
from vla_isaac.tasks.language.modifiers import with_modifiers
from vla_isaac.tasks.language.references import Layout
from vla_isaac.tasks.language.referents import Referents
from vla_isaac.tasks.language.sample_sentences import examples
from vla_isaac.tasks.language.sentence_steps import split_steps
from vla_isaac.tasks.language.tokens import UnreadableError, check_supported, tokens_of
from vla_isaac.tasks.language.verb_frames import goals_of_clause


def read_instruction(text: str, bodies: Sequence[Body], places: Mapping[str, Sequence[float]] | None = None) -> GoalPlan:
    """Return the plan of goals of an instruction.

    A small fixed grammar instead of a language model: the same sentence always gives the same goal, inside Kit too,
    and a sentence that it does not understand raises an error with the reason. Sides and directions are as seen by
    the robot: left is +y of its base, behind is farther from its base.

    Args:
        text: English, for example "Pick up the red cube and place it on the blue box". "and" joins what must hold
            together; "then", a full stop or a semicolon orders steps.
        bodies: The objects of the scene, as `SceneSpec.bodies` gives them.
        places: Where the objects stand before the first step: name to x, y or x, y, z in the base frame [m]. Needed
            for phrases such as "the leftmost cube" and "the cube next to the bowl" only.

    Returns:
        The plan; it names only objects of `bodies`. Actions that one gripper can do with only one object at a time
        (lift, hold, touch, reach) become one step per object.

    Raises:
        InstructionError: If the sentence is empty or not understood, or an object is missing, ambiguous or unsuitable;
            the message says which and offers sentences that work in this scene. Also if the layout decides which
            object is meant and does not decide it clearly, or `places` is missing or malformed.
    """
    if not text.strip():
        raise _with_examples("the instruction is empty", bodies)
    if not bodies:
        raise InstructionError(
            f'cannot read "{text.strip()}": the scene has no objects', remedy="add one, or choose another scene"
        )
    try:
        return _plan(text, Referents(bodies, Layout(places)))
    except UnreadableError as error:
        raise _with_examples(f'cannot read "{text.strip()}": {error.message}', bodies, error.remedy) from None


def _plan(text: str, scene: Referents) -> GoalPlan:
    steps: list[tuple[Goal, ...]] = []
    frame = "put"
    words = with_modifiers(tokens_of(text, scene.bodies))
    check_supported(words)
    for tokens in split_steps(words):
        scene.begin_step()
        clauses = clauses_of(tokens, frame)
        frame = clauses[-1].frame if clauses else frame
        steps += steps_of([goals_of_clause(clause, scene) for clause in clauses])
    for step in steps:
        check_possible(step, scene)
    if not steps:
        raise UnreadableError("it does not say what to do")
    return GoalPlan(tuple(steps))


def _with_examples(message: str, bodies: Sequence[Body], remedy: str = "") -> InstructionError:
    """Return an error that offers sentences which work in this scene."""
    quoted = [f'"{sentence}"' for sentence in examples(bodies)]
    offer = f"try for example {', '.join(quoted[:-1])} or {quoted[-1]}" if quoted else ""
    return InstructionError(message, remedy="; ".join(filter(None, (remedy, offer))), has_examples=bool(quoted))
