"""`Detector`: one camera's picture to detections of every colour and shape at once, independent of the instruction.

Each cell of a grid over the picture predicts whether the centre of an object is in it, its colour and shape, and its
position, separately for small objects and for containers, since a cube in a bin has the same centre as the bin. Colour and
shape are classified separately, so a combination that training did not show is recognised.

Source: X. Zhou et al. (2019), "Objects as Points", for centres on a grid; A. Kendall, Y. Gal (2017), "What Uncertainties Do
We Need in Bayesian Deep Learning for Computer Vision?", for positions with a learned scale of their error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_isaac.models.goal_query import NUM_COLOURS
from vla_isaac.models.norm import ModulatedNorm
from vla_isaac.models.parts.film import FilmBlock
from vla_isaac.scene.objects import SHAPES

SURE, UNSURE = 0.6, 0.25  # presence above which a detection is certain, and below which its position is ignored
MOST_OFF = 0.08  # [m] largest offset of a misplaced camera
OFFSET_FADES, OFFSET_DOUBT = 0.9, 0.5  # fraction of the weight kept from one picture to the next; prior weight of no offset

KINDS = (("cube", "cylinder", "ball"), ("box", "bin", "bowl"))
"""Small objects, and objects to place them on or in; each kind has its own prediction in every cell."""

SHAPES_OF_KIND = len(KINDS[0])
KIND_OF_SHAPE = tuple(next(k for k, shapes in enumerate(KINDS) if shape in shapes) for shape in SHAPES)
PLACE_IN_KIND = tuple(KINDS[k].index(shape) for k, shape in zip(KIND_OF_SHAPE, SHAPES, strict=True))
NUM_DETECTIONS = len(KINDS) * NUM_COLOURS * SHAPES_OF_KIND
"""Every colour of every shape; (k, c, s) has the index ``(k * NUM_COLOURS + c) * SHAPES_OF_KIND + s``."""

UNIT = 0.1  # [m] unit of an object's offset from its cell
IN_HAND = 0.12  # [m] from the camera to a held object
SPREAD_UNIT = 0.01  # [m] unit of the error scale
FOURFOLD = 4.0  # rotations of a cube that look the same
HAND_NUMBERS = 12  # pose of the hand as `HandPose` gives it, and the gripper width
HELD = 1 + NUM_COLOURS + SHAPES_OF_KIND + 4
FIELDS = 1 + NUM_COLOURS + SHAPES_OF_KIND + 5 + 1 + 2 + 2  # centre, colour, shape, place, spread, turn, size


class Cells(NamedTuple):
    """Predictions of all cells of a picture; B pictures, 2 kinds, N cells."""

    centre: Tensor
    """Logit of an object's centre being in the cell, (B, 2, N)."""

    colour: Tensor
    """Logits, (B, 2, N, 12)."""

    shape: Tensor
    """Logits, (B, 2, N, 3)."""

    place: Tensor
    """Centre in the base frame [m], (B, 2, N, 3)."""

    spread: Tensor
    """Logarithm of the scale of its error, in units of a centimetre, (B, 2, N)."""

    turn: Tensor
    """Cosine and sine of four times the yaw in the base frame, (B, 2, N, 2); short if uncertain."""

    size: Tensor
    """Half width and half height, in centimetres, (B, 2, N, 2)."""


class Detections(NamedTuple):
    """The cell with the highest score of every colour and shape, S = `NUM_DETECTIONS`."""

    presence: Tensor
    """Probability that there is such an object, (B, S)."""

    place: Tensor
    """(B, S, 3) [m]."""

    weight: Tensor
    """Inverse variance of the position [1/cm^2], (B, S)."""

    turn: Tensor
    """(B, S, 2)."""

    size: Tensor
    """(B, S, 2) [cm]."""


@dataclass(frozen=True)
class DetectorShape:
    """Sizes of one detector."""

    crop: tuple[int, int]
    """First and last row of the picture that are used [px]."""

    width: int
    """Width of the picture [px]."""

    is_fine: bool
    """Whether its cells are 4 px wide; otherwise 8 px, for a camera near the objects."""

    stem: int = 24
    narrow: int = 48
    wide: int = 96
    blocks: int = 3
    hidden: int = 64

    @property
    def cell(self) -> int:
        """Side of a cell [px]."""
        return 4 if self.is_fine else 8

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        return (self.crop[1] - self.crop[0]) // self.cell, self.width // self.cell


class Features(nn.Module):
    """Picture to features of cells: fine features concatenated with coarse ones, or the coarse ones alone."""

    def __init__(self, shape: DetectorShape) -> None:
        super().__init__()
        self.shape = shape
        self.unshuffle = 2 if shape.is_fine else 4
        seen = 3 * self.unshuffle**2
        self.look = nn.Conv2d(seen, shape.stem if shape.is_fine else 32, 3, padding=1)
        if shape.is_fine:
            self.down = nn.Conv2d(shape.stem, shape.narrow, 3, stride=2, padding=1, bias=False)
            self.down_norm = ModulatedNorm(shape.narrow)
            self.fine = FilmBlock(shape.narrow)
            self.join = nn.Conv2d(shape.wide, shape.narrow, 1)
            self.joined = FilmBlock(shape.narrow)
        self.deeper = nn.Conv2d(shape.narrow if shape.is_fine else 32, shape.wide, 3, stride=2, padding=1, bias=False)
        self.deeper_norm = ModulatedNorm(shape.wide)
        self.coarse = nn.Sequential(*(FilmBlock(shape.wide) for _ in range(shape.blocks)))
        self.channels = shape.narrow if shape.is_fine else shape.wide

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (B, C, h, w) of uint8 (B, 3, H, W), and their summary (B, wide)."""
        top, bottom = self.shape.crop
        x = functional.pixel_unshuffle(picture[:, :, top:bottom], self.unshuffle)
        if not torch.onnx.is_in_onnx_export():
            x = x.contiguous(memory_format=torch.channels_last)
        x = torch.relu(self.look(x.to(torch.float32) * (1 / 127.5) - 1.0))
        if self.shape.is_fine:
            x = self.fine(torch.relu(self.down_norm(self.down(x))))
        coarse = self.coarse(torch.relu(self.deeper_norm(self.deeper(x))))
        summary = coarse.mean((2, 3))
        if not self.shape.is_fine:
            return coarse, summary
        back = functional.interpolate(self.join(coarse), scale_factor=2.0, mode="nearest")
        return self.joined(x + back), summary


class Detector(nn.Module):
    """A camera's picture and the hand's pose to the predictions of all cells.

    `forward` returns raw outputs, `split` converts them to positions; subclasses define the camera geometry.
    """

    def __init__(self, shape: DetectorShape) -> None:
        super().__init__()
        self.shape = shape
        self.features = Features(shape)
        self.head = nn.Conv2d(self.features.channels, shape.hidden, 3, padding=1)
        self.context = nn.Sequential(nn.Linear(shape.wide + HAND_NUMBERS, 64), nn.ReLU(), nn.Linear(64, shape.hidden))
        last = nn.Conv2d(96, len(KINDS) * FIELDS, 1)
        assert last.bias is not None
        bias = nn.init.zeros_(last.bias).view(len(KINDS), FIELDS)
        bias[:, 0].data.fill_(-4.0)  # most cells are empty
        bias[:, HELD].data.fill_(-3.0)  # and most objects are not in the hand
        self.say = nn.Sequential(nn.Conv2d(shape.hidden, 96, 1), nn.ReLU(), last)

    def forward(self, picture: Tensor, hand: Tensor) -> Tensor:
        """Return raw outputs (B, 2, N, FIELDS) from uint8 (B, 3, H, W) and the hand's numbers (B, 12)."""
        x, summary = self.features(picture)
        context = self.context(torch.cat([summary, hand.to(summary.dtype)], dim=1))
        x = torch.relu(self.head(x) + context[:, :, None, None])
        raw = self.say(x)
        batch, _, height, width = raw.shape
        return raw.view(batch, len(KINDS), FIELDS, height * width).transpose(2, 3).float()

    def split(self, raw: Tensor, pose: tuple[Tensor, Tensor]) -> Cells:
        """Return the raw outputs as `Cells`.

        Args:
            raw: Output of `forward`.
            pose: Position (B, 3) [m] and rotation (B, 3, 3) of the `ee` in the base frame.
        """
        parts = torch.split(raw, [1, NUM_COLOURS, SHAPES_OF_KIND, 5, 1, 2, 2], dim=-1)
        centre, colour, shape, place, spread, turn, size = parts
        return Cells(
            centre.squeeze(-1),
            colour,
            shape,
            self.placed(place, pose),
            spread.squeeze(-1),
            self.turned(turn, pose),
            size + 2.0,
        )

    def placed(self, place: Tensor, pose: tuple[Tensor, Tensor]) -> Tensor:
        """Return positions in the base frame [m] from five numbers per cell."""
        raise NotImplementedError

    def turned(self, turn: Tensor, pose: tuple[Tensor, Tensor]) -> Tensor:
        """Return cosine and sine of four times the rotation in the base frame."""
        return turn


class FixedCameraDetector(Detector):
    """Detector of the front camera: a cell is a point on the table, computed for the nominal camera pose."""

    ground: Tensor

    def __init__(self, shape: DetectorShape, ground: Tensor) -> None:
        """Initialise the module; `ground` is where the ray of each cell's middle meets the table, (N, 3) [m]."""
        super().__init__(shape)
        self.register_buffer("ground", ground)

    def placed(self, place: Tensor, pose: tuple[Tensor, Tensor]) -> Tensor:
        """Return the position of each cell plus the predicted offset."""
        return self.ground + UNIT * place[..., :3]


class HandCameraDetector(Detector):
    """Detector of the wrist camera: a cell is a ray, which ends at the predicted height or at the predicted distance.

    The height of an object on the table is nearly known, and so is the distance of one in the hand.
    """

    rays: Tensor
    slope: Tensor
    eye: Tensor

    def __init__(self, shape: DetectorShape, rays: Tensor, slope: tuple[Tensor, Tensor], eye: Tensor) -> None:
        """Initialise the module.

        Args:
            shape: Sizes.
            rays: Direction of the middle of each cell in the frame of the `ee`, (N, 3).
            slope: How the direction changes by one cell to the right and down, (3,) each.
            eye: Optical centre in the frame of the `ee` [m], (3,).
        """
        super().__init__(shape)
        self.register_buffer("rays", rays)
        self.register_buffer("slope", torch.stack(slope))
        self.register_buffer("eye", eye)

    def placed(self, place: Tensor, pose: tuple[Tensor, Tensor]) -> Tensor:
        """Return the point of each ray, shifted by the predicted cells, at the predicted height or distance."""
        position, rotation = pose
        ray = self.rays + place[..., :2] @ self.slope
        ray = ray @ rotation.transpose(1, 2)[:, None]
        origin = (position + (rotation @ self.eye))[:, None, None]
        height = 0.02 + UNIT * place[..., 2]
        down = (-ray[..., 2]).clamp(min=0.2)
        length = ((origin[..., 2] - height) / down).clamp(0.02, 1.2)
        flat = origin[..., :2] + ray[..., :2] * length[..., None]
        on_table = torch.cat([flat, height[..., None]], dim=-1)
        in_hand = origin + ray * (IN_HAND + UNIT * place[..., 3:4])
        held = place[..., 4:].sigmoid()
        return held * in_hand + (1 - held) * on_table

    def turned(self, turn: Tensor, pose: tuple[Tensor, Tensor]) -> Tensor:
        """Return a rotation relative to the hand in the base frame."""
        x = pose[1][:, :2, 0]
        x = x / x.norm(dim=1, keepdim=True).clamp(min=1e-4)
        cos, sin = _fourfold(x[:, 0], x[:, 1])
        cos, sin = cos[:, None, None], sin[:, None, None]
        return torch.stack([cos * turn[..., 0] - sin * turn[..., 1], sin * turn[..., 0] + cos * turn[..., 1]], dim=-1)


def best_detections(cells: Cells) -> Detections:
    """Return the cell with the highest score of each colour and shape."""
    score = (
        functional.logsigmoid(cells.centre)[..., None, None]
        + cells.colour.log_softmax(-1)[..., :, None]
        + cells.shape.log_softmax(-1)[..., None, :]
    )
    batch, kinds, count = cells.centre.shape
    score = score.reshape(batch, kinds, count, NUM_COLOURS * SHAPES_OF_KIND)
    found, at = score.max(dim=2)

    def of(values: Tensor) -> Tensor:
        width = values.shape[-1]
        index = at[..., None].expand(-1, -1, -1, width)
        return torch.gather(values, 2, index).reshape(batch, NUM_DETECTIONS, width)

    spread = of(cells.spread[..., None]).squeeze(-1)
    return Detections(
        found.reshape(batch, NUM_DETECTIONS).exp(),
        of(cells.place),
        torch.exp(-2.0 * spread.clamp(-3.0, 4.0)),
        of(cells.turn),
        of(cells.size),
    )


def measured_offset(far: Detections, near: Detections, old: Tensor) -> Tensor:
    """Return the position offset of a camera, estimated with a camera of known pose, and its weight, (B, 3).

    Args:
        far: Detections of the camera that may be misplaced.
        near: Detections of the camera of known pose.
        old: The previous estimate: x, y [m] and weight.
    """
    off = (far.place - near.place)[..., :2]
    is_same = (far.presence > SURE) & (near.presence > SURE) & (off.pow(2).sum(-1) < MOST_OFF**2)
    share = is_same.to(off.dtype) * near.weight.clamp(max=10.0)
    trust = OFFSET_FADES * old[:, 2]
    total = trust + share.sum(1) + OFFSET_DOUBT
    mean = (trust[:, None] * old[:, :2] + (share[..., None] * off).sum(1)) / total[:, None]
    return torch.cat([mean, (total - OFFSET_DOUBT)[:, None]], dim=1)


def fuse(detections: list[Detections]) -> Detections:
    """Return the fused detections of several cameras, weighted by presence and inverse variance."""
    shares = torch.stack([s.presence * (s.presence > UNSURE) * s.weight for s in detections]) + 1e-6
    total = shares.sum(0)
    shares = (shares / total)[..., None]
    absent = torch.stack([1.0 - s.presence for s in detections]).prod(0)
    seen = torch.stack([s.presence for s in detections])[..., None]

    def mean(values: list[Tensor]) -> Tensor:
        return (shares * torch.stack(values)).sum(0)

    turn = (seen * torch.stack([s.turn for s in detections])).sum(0)
    turn = turn / turn.pow(2).sum(-1, keepdim=True).clamp(min=1.0).sqrt()  # a vector of length 1 at most
    return Detections(1.0 - absent, mean([s.place for s in detections]), total, turn, mean([s.size for s in detections]))


def _fourfold(cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor]:
    """Return cosine and sine of four times an angle."""
    for _ in range(2):
        cos, sin = cos * cos - sin * sin, 2 * cos * sin
    return cos, sin


def fourfold(angle: Tensor) -> Tensor:
    """Return cosine and sine of four times an angle [rad], (..., 2)."""
    return torch.stack([torch.cos(FOURFOLD * angle), torch.sin(FOURFOLD * angle)], dim=-1)


def detection_index(colour: Tensor, shape: Tensor) -> Tensor:
    """Return the detection index of colour and shape classes."""
    kind = torch.tensor(KIND_OF_SHAPE, device=shape.device)[shape]
    place = torch.tensor(PLACE_IN_KIND, device=shape.device)[shape]
    return (kind * NUM_COLOURS + colour) * SHAPES_OF_KIND + place
