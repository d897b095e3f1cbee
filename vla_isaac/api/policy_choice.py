"""`PolicyChoice`: the chosen policy, its inputs and the reason; printed as the first line of a run."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from vla_isaac.core.errors import ConfigError, ConventionError, InstructionError, UnknownNameError
from vla_isaac.core.optional import is_installed
from vla_isaac.core.specs import PolicySpec
from vla_isaac.grounding import understand
from vla_isaac.policies import DEFAULT
from vla_isaac.policies.abilities import Abilities
from vla_isaac.policies.base import Policy
from vla_isaac.policies.factory import checkpoint_of
from vla_isaac.policies.learned_checkpoint import PolicyCard
from vla_isaac.policies.read_only_boundary import own_spec
from vla_isaac.rendering.engine import headless_gl
from vla_isaac.runtime.camera_check import check_views
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.sim.backend import FLAT_PICTURES

logger = logging.getLogger(__name__)

EXPERT = "scripted"
BY_CALLER = "chosen by the caller"


@dataclass(frozen=True)
class PolicyChoice:
    """A policy's name and why it was chosen."""

    policy: str
    """Name of the policy."""

    reason: str
    """Such as ``"chosen by --policy"``, or why the default policy is not used."""

    is_fallback: bool = False
    """Whether it replaces the learned policy, which is the default otherwise."""

    def line(self, policy: Policy, *, option: str = "--policy") -> str:
        """Return the line with the policy's name, its inputs and the reason.

        Args:
            policy: The policy of that name.
            option: Option that chooses another policy.
        """
        why = f" because {self.reason}; choose one with {option}" if self.is_fallback else f", {self.reason}"
        return f"policy: {self.policy} ({_inputs(policy)}){why}"

    def log(self, policy: Policy) -> None:
        """Log that line, as a warning where the expert replaces the default."""
        logger.log(logging.WARNING if self.is_fallback else logging.INFO, "%s", self.line(policy, option="policy="))


def default_choice(backend: str, request: EpisodeRequest) -> PolicyChoice:
    """Return the policy used where none is named, and why.

    It is the learned policy of this installation for everything that its checkpoint declares, else the scripted expert.
    The decision depends on the goal and its objects, not on the name of the scene.

    Args:
        backend: A name of ``vla-isaac list backends``.
        request: The episode to run.
    """
    reason = _why_not(backend, request)
    if reason is not None:
        return PolicyChoice(EXPERT, f"{DEFAULT} {reason}", is_fallback=True)
    return PolicyChoice(DEFAULT, "the default: it is made for this goal and these objects")


def _why_not(backend: str, request: EpisodeRequest) -> str | None:
    """Return why the learned policy is not the default here, None if it is."""
    try:
        checkpoint = checkpoint_of(DEFAULT)
        assert checkpoint is not None  # DEFAULT is a policy with a checkpoint
        card = PolicyCard.load(checkpoint)
    except ConfigError:
        return "has no checkpoint in this installation"
    if card.abilities is None:
        return "does not say what it was trained for; its policy.json has no abilities"
    if backend not in card.abilities.backends:
        flat = ", which draws a flat picture" if backend in FLAT_PICTURES else ""
        return f"has not been measured on the backend {backend!r}{flat}"
    return _why_not_here() or _why_not_with_these_cameras(card, request) or _why_not_this(card.abilities, request)


def _why_not_here() -> str | None:
    if not is_installed("onnxruntime"):
        return "needs the package 'onnxruntime'"
    if headless_gl() == "disable":
        return "needs pictures, and this machine has no OpenGL to draw them"
    return None


def _why_not_with_these_cameras(card: PolicyCard, request: EpisodeRequest) -> str | None:
    try:
        for name in card.cameras:
            request.scene.camera(name)
        check_views(PolicySpec(action=card.action, cameras=card.cameras, views=card.views), request.scene)
    except UnknownNameError:
        return f"needs the cameras {' and '.join(card.cameras)}, and the scene {request.scene.name!r} lacks one"
    except ConventionError:
        return f"was trained with other cameras than those of the scene {request.scene.name!r}"
    return None


def _why_not_this(abilities: Abilities, request: EpisodeRequest) -> str | None:
    bodies = request.scene.bodies
    if not request.judge:
        return "is not made for runs without a goal"
    if request.family is not None and request.goal is None:
        return abilities.why_not_family(request.family.name, bodies)
    sentence = request.scene.instruction if request.instruction is None else request.instruction
    try:
        plan = understand(sentence, bodies).plan
    except InstructionError:
        return "is not made for an instruction that cannot be read as a goal"
    if request.family is not None or request.goal not in (None, plan):
        return "is given the instruction only, and --goal asks for something else"
    return abilities.why_not(plan, bodies)


def _inputs(policy: Policy) -> str:
    """Return a policy's inputs as text."""
    spec = own_spec(policy)
    if spec.privileged:
        return "expert; it sees the true state of the scene"
    parts = ["the cameras"] * bool(spec.cameras) + ["the joints"] * spec.needs_proprioception
    if isinstance(getattr(policy, "card", None), PolicyCard):
        return f"learned; sees {', '.join(parts)} and the sentence"
    return f"sees {' and '.join(parts)}" if parts else "sees neither the cameras nor the scene"
