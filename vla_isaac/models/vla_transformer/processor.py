"""`TransformerProcessor`: batches of one for `vla_transformer`."""

from __future__ import annotations

from vla_isaac.models.encoders.batching import BatchProcessor


class TransformerProcessor(BatchProcessor):
    """Pictures, sentence and state; nothing else is asked for."""
