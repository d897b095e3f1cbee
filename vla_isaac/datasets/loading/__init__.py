"""Training samples from any dataset: windows of images, states and actions, normalised, augmented, in a fixed order."""

from vla_isaac.datasets.loading.augmentation import Augmentation
from vla_isaac.datasets.loading.batches import collate_fn
from vla_isaac.datasets.loading.custom import CustomVLADataset
from vla_isaac.datasets.loading.dataset import VLADataset
from vla_isaac.datasets.loading.frame_cache import FrameCache
from vla_isaac.datasets.loading.loader import VLADataLoader, create_vla_dataloader, fill_cache
from vla_isaac.datasets.loading.options import SampleOptions
from vla_isaac.datasets.loading.transitions import TransitionDataset

__all__ = [
    "Augmentation",
    "CustomVLADataset",
    "FrameCache",
    "SampleOptions",
    "TransitionDataset",
    "VLADataLoader",
    "VLADataset",
    "collate_fn",
    "create_vla_dataloader",
    "fill_cache",
]
