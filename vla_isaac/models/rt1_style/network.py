"""`RT1StyleModel`: each picture to a few tokens conditioned on the sentence, then a causal transformer over the history.

Source: A. Brohan et al. (2022), "RT-1: Robotics Transformer for Real-World Control at Scale"; M. Ryoo et al. (2021),
"TokenLearner". Unlike RT-1, tokens contain their position in the picture and the state of the arm is a token too.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_isaac.models import losses
from vla_isaac.models.base import Answer, Batch, Outputs
from vla_isaac.models.encoders.encoded import EncodedModel
from vla_isaac.models.encoders.vision import CameraEncoders
from vla_isaac.models.imitation import GOALS_IN, HEAT_IN, fitting
from vla_isaac.models.io_names import MEMORY
from vla_isaac.models.parts.action_head import ActionHead, perceptron
from vla_isaac.models.parts.attention import Attention, SelfLayer, causal
from vla_isaac.models.parts.pointer import Pointer
from vla_isaac.models.parts.proprioception import Proprioception
from vla_isaac.models.rt1_style.configuration import RT1Config
from vla_isaac.models.rt1_style.processor import RT1Processor

GOALS = 2  # tokens of a camera whose maps are supervised with the goal's objects
SLOTS = 4  # vectors that encode a sentence


class RT1StyleModel(EncodedModel):
    """Training uses a history of F pictures; inference takes one picture and keeps the tokens of earlier ones in its memory.

    Outputs in addition to those of `ImitationModel`: past_raw (B, F, k, A), the actions predicted at each frame
    (the last are `raw`), and bin_logits (B, F, A, bins) of the next action.
    """

    config_class = RT1Config
    processor_class = RT1Processor

    def __init__(self, config: RT1Config) -> None:
        super().__init__(config)
        dim, cameras, numbers = config.dim, len(config.cameras), len(config.action_names)
        self.slots = nn.Parameter(torch.randn(SLOTS, config.text_dim) * 0.2)
        self.listen = Attention(config.text_dim, config.heads)
        width = SLOTS * config.text_dim
        self.eyes = CameraEncoders(config, text=width)
        self.questions = nn.Linear(width, config.tokens * dim)
        self.learners = nn.ModuleDict({name: Pointer(dim, self.eyes.channels) for name in config.cameras})
        self.token_in = nn.Linear(self.eyes.channels + 3, dim)
        self.which = nn.Parameter(torch.randn(cameras * config.tokens, dim) * 0.02)
        self.body = Proprioception(config, frames=1)
        self.body_in = nn.Linear(self.body.width, dim) if self.body.width else None
        self.tokens_per_frame = cameras * config.tokens + (1 if self.body.width else 0)
        self.when = nn.Parameter(torch.randn(config.history, 1, dim) * 0.02)
        self.layers = nn.ModuleList(SelfLayer(dim, config.heads) for _ in range(config.layers))
        self.narrow = nn.Linear(dim, config.narrow)
        seen = self.tokens_per_frame * config.narrow + self.body.width + 3 * cameras * config.tokens
        self.continuous = ActionHead(seen, config.hidden, config.chunk * numbers)
        self.binned = perceptron(seen, config.hidden // 2, numbers * config.bins, layers=1)
        self.recognise = nn.Sequential(nn.Linear(3 * cameras * config.tokens + width, 64), nn.ReLU(), nn.Linear(64, 1))
        self.post_init()

    def forward(self, batch: Batch) -> Outputs:
        """Return actions for each frame of the history; with a `memory`, for the given frame only."""
        sentence = self._sentence(batch)
        tokens, points, outputs = self._frames(batch, sentence)
        outputs = {name: maps[:, -1] for name, maps in outputs.items()}
        if MEMORY in batch:
            tokens, handed_on = self._remembered(tokens, batch[MEMORY])
            outputs[MEMORY] = handed_on
        frames = tokens.shape[1]
        attended = self._over_time(tokens)
        with torch.autocast(attended.device.type, enabled=False):
            seen_frames = points.shape[1]  # the memory has only the tokens of earlier frames
            body, hand = self._bodies(batch["state"][:, -seen_frames:].float())
            seen = torch.cat([self.narrow(attended[:, frames - seen_frames :].float()).flatten(2), body, points], dim=2)
            places, raw = self.continuous(seen.flatten(0, 1), hand)
            bins = self.binned(seen.flatten(0, 1))
            outputs["grounding"] = self.recognise(torch.cat([points[:, -1], sentence.float()], dim=1)).squeeze(1)
        outputs["past_raw"] = raw.view(-1, seen_frames, self.config.chunk, len(self.config.action_names))
        outputs["bin_logits"] = bins.view(-1, seen_frames, len(self.config.action_names), self.config.bins)
        outputs["raw"] = outputs["past_raw"][:, -1]
        outputs["objects"] = places.view(-1, seen_frames, places.shape[1])[:, -1]
        return outputs

    def loss(self, batch: Batch, outputs: Outputs) -> dict[str, Tensor]:
        """Return the terms of every imitation model, of the bins, and of the actions at earlier frames."""
        terms, counts, weights = super().loss(batch, outputs), fitting(batch), self.config.loss_weights
        terms["bins"] = weights["bins"] * self.binned_loss(batch, outputs["bin_logits"][:, -1])
        if "past_actions" in batch and outputs["past_raw"].shape[1] > 1:
            past = self.imitation(batch["past_actions"], outputs["past_raw"][:, :-1, 0], counts[:, None, None])
            terms["past"] = weights["past"] * torch.stack([weights[kind] * value for kind, value in past.items()]).sum()
        return terms

    def act(self, outputs: Outputs) -> Answer:
        """Return the continuous head's chunk; with ``acts_by: bins`` its first action is that of the likeliest bins."""
        answer = super().act(outputs)
        if self.config.acts_by == "continuous":
            return answer
        bins = losses.from_bins(outputs["bin_logits"][:, -1].argmax(-1), self.config.bins)
        opening = torch.where(bins > 2 * self.config.opens_above - 1, torch.ones_like(bins), torch.zeros_like(bins))
        first = torch.where(self.is_gripper, opening, bins)
        return Answer(torch.cat([first[:, None], answer.actions[:, 1:]], dim=1), answer.confidence)

    def memory_width(self) -> int:
        """Return the width of the tokens of earlier frames and of their count."""
        return (self.config.history - 1) * (self.tokens_per_frame * self.config.dim + 1)

    def frames_at_work(self) -> int:
        """Return 1: earlier frames are kept as tokens."""
        return 1

    # ------------------------------------------------------------------

    def _sentence(self, batch: Batch) -> Tensor:
        """Return the sentence encoding, (B, SLOTS * text_dim)."""
        read = self.read(batch)
        slots = self.slots.expand(len(read.words), -1, -1)
        return self.listen(slots, read.words, read.is_word[:, None, None]).flatten(1)

    def _frames(self, batch: Batch, sentence: Tensor) -> tuple[Tensor, Tensor, Outputs]:
        """Return tokens (B, F, T, dim), points (B, F, ...) and maps by camera (B, F, ...) of all frames."""
        frames = batch["state"].shape[1]
        repeated = sentence.repeat_interleave(frames, dim=0)
        questions = self.questions(repeated).view(len(repeated), self.config.tokens, self.config.dim)
        tokens, points = [], []
        outputs: Outputs = {}
        for name in self.config.cameras:
            pictures = batch["images"][name]
            grid = self.eyes(name, pictures.flatten(0, 1)[:, None], repeated)
            height, width = grid.shape[-2:]
            found = self.learners[name](questions, grid.flatten(2).transpose(1, 2), height, width)
            tokens.append(self.token_in(torch.cat([found.there, found.points.to(found.there.dtype)], dim=2)))
            points.append(found.points.flatten(1))
            maps = found.maps.view(-1, frames, *found.maps.shape[1:])
            outputs[GOALS_IN + name], outputs[HEAT_IN + name] = maps[:, :, :GOALS], maps.mean(2)
        seen = torch.cat(tokens, dim=1) + self.which
        if self.body_in is not None:
            body, _ = self.body(batch["state"].flatten(0, 1)[:, None].float())
            seen = torch.cat([seen, self.body_in(body)[:, None].to(seen.dtype)], dim=1)
        found_at = torch.cat(points, dim=1)
        return seen.view(-1, frames, *seen.shape[1:]), found_at.view(-1, frames, found_at.shape[1]), outputs

    def _over_time(self, tokens: Tensor) -> Tensor:
        """Return tokens (B, F, T, dim) after attention to those of the same and of earlier frames."""
        frames, count = tokens.shape[1], tokens.shape[2]
        x = (tokens + self.when[-frames:]).flatten(1, 2)
        may_look = causal(frames, count, x.device)
        for layer in self.layers:
            x = layer(x, may_look)
        return x.view(tokens.shape)

    def _remembered(self, tokens: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return the tokens of the whole history (B, F, T, dim), and the next memory.

        Before an episode begins, its first frame is repeated, as in training.
        """
        past = self.config.history - 1
        kept, is_kept = torch.split(memory, [past * self.tokens_per_frame * self.config.dim, past], dim=1)
        before = kept.view(-1, past, self.tokens_per_frame, self.config.dim)
        before = torch.where(is_kept[..., None, None] > 0, before, tokens[:, -1:])
        whole = torch.cat([before, tokens[:, -1:].float()], dim=1)
        return whole, torch.cat([whole[:, 1:].flatten(1), torch.ones_like(is_kept)], dim=1)

    def _bodies(self, state: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the features of the arm's state at each frame (B, F, ...), and the hand's poses (B * F, 11)."""
        body, hand = self.body(state.flatten(0, 1)[:, None])
        return body.view(*state.shape[:2], self.body.width), hand
