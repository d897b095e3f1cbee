"""``vla-isaac export``: export a checkpoint's network to ONNX, for machines without torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from vla_isaac.cli.options import OptionalPath
from vla_isaac.cli.output import OK, emit, say
from vla_isaac.cli.writable import check_writable
from vla_isaac.core.errors import UsageError
from vla_isaac.core.optional import require


@dataclass(frozen=True, kw_only=True)
class Export:
    """Export a checkpoint to ONNX and compare the outputs of both.

    For example: vla-isaac export runs/mini/best
    """

    checkpoint: Positional[Annotated[Path, arg(metavar="CHECKPOINT")]]
    """Folder with config.json and model.safetensors; model.onnx is written into it."""

    out: OptionalPath = None
    """Folder for a copy of the checkpoint, without the files that only training needs; the export is written there."""

    half: bool = False
    """Round the copy's weights to half precision, which halves the file size."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Export and print a report."""
        require("torch", extra="export", need="export")
        from vla_isaac.training.export import export

        if not self.checkpoint.is_dir():
            raise UsageError(f"{self.checkpoint}: there is no such folder; give a checkpoint written by `vla-isaac train`")
        if self.half and self.out is None:
            raise UsageError("--half changes the weights; add --out FOLDER for the copy with the changed weights")
        if self.out is not None:
            check_writable(self.out.parent)
        report = export(self.checkpoint, out=self.out, half=self.half)
        say(f"exported     {report.path}, {report.megabytes:.1f} MB, opset {report.opset}")
        say(f"compared     torch and onnxruntime differ by {report.largest_difference:.1e} at the most")
        if self.json:
            emit(asdict(report))
        return OK
