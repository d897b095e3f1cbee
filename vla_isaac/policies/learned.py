"""`LearnedPolicy`: inference with a trained network on images, joint state and instruction; onnxruntime, no torch.

The network runs at every step and its first action is executed: executing more of a chunk did not measure better.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.errors import ConfigError, ConventionError, PolicyDeclined
from vla_isaac.core.input_files import naming
from vla_isaac.core.resources import resource
from vla_isaac.core.specs import PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation
from vla_isaac.models.io_names import GOALS, HEAT, IMAGE, IS_WORD, MEMORY, NEXT_MEMORY, READ
from vla_isaac.models.onnx_network import THREADS, OnnxNetwork
from vla_isaac.models.processor import VLAProcessor
from vla_isaac.models.text import Vocabulary, split
from vla_isaac.policies import DEFAULT
from vla_isaac.policies.doubts import doubt_about
from vla_isaac.policies.goal_input import GoalInput
from vla_isaac.policies.learned_checkpoint import ONNX, SENTENCE, PolicyCard
from vla_isaac.robots.panda import ARM_JOINTS, NUM_ARM_JOINTS


class LearnedPolicy:
    """A checkpoint folder as a policy; select it as ``mini:FOLDER``, or by the folder's path alone."""

    def __init__(self, folder: str | Path, *, threads: int = THREADS, declines: bool = True) -> None:
        """Load a checkpoint.

        Args:
            folder: As `train` writes it, with the model.onnx that `export` adds.
            threads: Processor cores to use.
            declines: Whether it refuses objects that it does not recognise; off where its actions are corrected.

        Raises:
            ConfigError: If a file is missing or broken, or files of different checkpoints are mixed.
            ConventionError: If it needs proprioception that an observation does not have.
            MissingDependencyError: If onnxruntime is not installed.
        """
        self.folder = Path(folder)
        card = self.card = PolicyCard.load(self.folder)
        self.processor = VLAProcessor.load(self.folder, card.cameras, card.image_hw)
        self._state, self._actions = card.state_normaliser, card.action_normaliser
        self._network = OnnxNetwork(self.folder / ONNX, threads=threads)
        self._goals = GoalInput(self._network, card.decline_below) if GOALS in self._network.inputs else None
        reads_once = READ in self._network.inputs
        self._reader = OnnxNetwork(self.folder / SENTENCE, threads=threads) if reads_once else None
        self._check_network()
        self._frames_looked_at = self._network.width(IMAGE + card.cameras[0])
        self._memory_width = self._network.width(MEMORY)
        self._memory = np.zeros((1, self._memory_width), dtype=np.float32)
        with naming(self.folder):
            _proprioception_columns(self._state.names)
        self.spec = PolicySpec(
            action=card.action,
            cameras=card.cameras,
            image_hw=card.image_hw,
            chunk_length=card.chunk,
            needs_proprioception=True,
            views=card.views,
            rendered=card.needs_rendering,
        )
        self._past: deque[tuple[dict[str, Image], AnyArray]] = deque(maxlen=self._frames_looked_at)
        self._sentence = ""
        self._declines = declines
        self._decided = False

    @classmethod
    def from_argument(cls, argument: str, *, threads: int = THREADS, declines: bool = True) -> LearnedPolicy:
        """Return the policy of a checkpoint folder."""
        return cls(argument, threads=threads, declines=declines)

    def reset(self, context: EpisodeContext) -> None:
        """Start an episode.

        Raises:
            PolicyDeclined: If the instruction is empty.
        """
        self._past.clear()
        self._memory = np.zeros((1, self._memory_width), dtype=np.float32)
        self._sentence, self._decided = context.instruction, False
        if not split(context.instruction):
            raise PolicyDeclined("declined: the instruction is empty", remedy="give one, for example: Pick up the red cube")
        self._text = {} if self._goals else self._read(context.instruction)

    def act(self, observation: Observation) -> ActionChunk:
        """Return a chunk in physical units, and the confidence in its `info`.

        Raises:
            PolicyDeclined: If the objects that the instruction names were not recognised when the episode began.
        """
        outputs = ("actions", "confidence", *((NEXT_MEMORY,) if self._memory_width else ()))
        feed = self.feed(observation)
        rows, confidence, *memory = self._network.run(feed, outputs)
        self._memory = memory[0] if memory else self._memory
        sure = float(confidence[0])
        if self._declines and not self._decided and sure < self.card.decline_below:
            raise self._declined(feed, sure)
        self._decided = True
        chunk = ActionChunk.from_rows(self._actions.unnormalise(rows[0]), with_gripper=self.spec.action.gripper != "none")
        return ActionChunk(chunk.arm, chunk.gripper, {"confidence": round(sure, 4)})

    def explain(self, observation: Observation) -> dict[str, AnyArray]:
        """Return the heat map of each camera's image, by camera, shape (h, w) with sum 1: how much each place counts."""
        names = [name for name in self._network.outputs if name.startswith(HEAT)]
        maps = self._network.run(self.feed(observation, remember=False), names)
        return {name.removeprefix(HEAT): values[0] for name, values in zip(names, maps, strict=True)}

    def feed(self, observation: Observation, *, remember: bool = True) -> dict[str, AnyArray]:
        """Return the network's inputs; the same values as in training.

        Raises:
            ConventionError: If a camera's frame is missing.
        """
        now = (self._frames(observation), proprioception(observation, self._state.names))
        past = [*self._past, now] if remember or not self._past else list(self._past)
        if remember:
            self._past.append(now)
        count = self._frames_looked_at
        past = [past[0]] * (count - len(past)) + past[-count:]
        pictures = self.processor.pictures({name: [frames[name] for frames, _ in past] for name in self.card.cameras})
        state = self._state.normalise(np.stack([numbers for _, numbers in past]))[None]
        memory = {MEMORY: self._memory} if self._memory_width else {}
        seen = {**{IMAGE + name: rgb for name, rgb in pictures.items()}, "state": state, **memory}
        if self._goals is not None and not self._text:
            self._text = self._ground(self._goals, seen)
        return {**seen, **self._text}

    # ------------------------------------------------------------------

    def _read(self, sentence: str) -> dict[str, AnyArray]:
        """Return the network's inputs of a sentence."""
        tokens = self.processor.sentences([sentence])
        text = {"words": tokens.words, "pieces": tokens.pieces}
        if self._reader is None:
            return text
        return dict(zip((READ, IS_WORD), self._reader.run(text, (READ, IS_WORD)), strict=True))

    def _ground(self, goals: GoalInput, seen: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Return the goals of the sentence over the objects in the first pictures.

        Raises:
            PolicyDeclined: If it is not understood, unless this policy never declines.
        """
        scene = goals.objects(seen)
        asked = goals.read(self._sentence, scene)
        if self._declines and not asked.is_sure:
            raise goals.declined(self._sentence, scene, asked)
        return {GOALS: asked.goals}

    def _declined(self, feed: Mapping[str, AnyArray], sure: float) -> PolicyDeclined:
        """Return the refusal of the instruction, which names the word that was not recognised."""

        def confidence_of(sentence: str) -> float:
            return float(self._network.run({**feed, **self._read(sentence)}, ("confidence",))[0][0])

        vocabulary, threshold = self.processor.vocabulary, self.card.decline_below
        is_trained = (lambda word: vocabulary.known(word) > 0) if isinstance(vocabulary, Vocabulary) else (lambda _: True)
        doubt = doubt_about(self._sentence, confidence_of, threshold, is_trained)
        return PolicyDeclined(
            f'declined: "{self._sentence}" was not recognised (confidence {sure:.2f}, required {threshold:.2f}): '
            f"{doubt.text}",
            remedy=doubt.remedy,
            instruction=self._sentence,
            confidence=sure,
            threshold=threshold,
            word=doubt.word,
            alternatives=doubt.alternatives,
        )

    def _frames(self, observation: Observation) -> dict[str, Image]:
        missing = [name for name in self.card.cameras if name not in observation.frames]
        if missing:
            raise ConventionError(
                f"the policy needs the camera {missing[0]!r}",
                remedy=f"the observation has {', '.join(observation.frames) or 'none'}",
            )
        return {name: observation.frames[name].rgb for name in self.card.cameras}

    def _check_network(self) -> None:
        """Raise `ConfigError` if the network has unknown inputs; it may lack inputs that it does not use."""
        pictures, inputs = {IMAGE + name for name in self.card.cameras}, set(self._network.inputs)
        said = {GOALS} if self._goals else {READ, IS_WORD} if self._reader is not None else {"words", "pieces"}
        known = pictures | said | {"state", MEMORY}
        if not pictures <= inputs <= known or not {"actions", "confidence"} <= set(self._network.outputs):
            raise ConfigError(
                f"{self.folder}: model.onnx takes {', '.join(self._network.inputs)}, policy.json has "
                f"{', '.join(sorted(pictures))}",
                remedy="they belong to different checkpoints; export again",
            )


class ShippedPolicy(LearnedPolicy):
    """The policy that is included in this package, in ``data/checkpoints/mini``."""

    def __init__(self, folder: str | Path | None = None, *, threads: int = THREADS, declines: bool = True) -> None:
        """Load the included checkpoint, or another one.

        Raises:
            ConfigError: If this installation has none.
        """
        super().__init__(folder or resource("data", "checkpoints", DEFAULT), threads=threads, declines=declines)


def proprioception(observation: Observation, names: tuple[str, ...]) -> AnyArray:
    """Return the proprioception of an arm as datasets store it: one value per name."""
    known: Mapping[str, float] = {
        **dict(zip(ARM_JOINTS, observation.qpos, strict=True)),
        **{f"{name}_velocity": speed for name, speed in zip(ARM_JOINTS, observation.qvel, strict=True)},
        "gripper_width": observation.gripper_width,
        **dict(zip(("x", "y", "z"), observation.pose_base_ee.pos, strict=True)),
        **dict(zip(("qw", "qx", "qy", "qz"), observation.pose_base_ee.quat_wxyz, strict=True)),
    }
    return np.array([known[name] for name in names], dtype=np.float32)


def _proprioception_columns(names: tuple[str, ...]) -> None:
    """Raise `ConventionError` if a checkpoint requires a value that no observation has."""
    known = {*ARM_JOINTS, "gripper_width", "x", "y", "z", "qw", "qx", "qy", "qz"}
    known |= {f"{ARM_JOINTS[i]}_velocity" for i in range(NUM_ARM_JOINTS)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConventionError(
            f"the checkpoint was trained with {unknown[0]!r} in its state, which an observation does not have",
            remedy=f"it has {', '.join(sorted(known))}",
        )
