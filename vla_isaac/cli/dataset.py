"""``vla-isaac dataset``: inspect, verify, convert, split, merge and filter datasets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import OmitArgPrefixes, OmitSubcommandPrefixes, subcommand

from vla_isaac.cli.dataset_conversion import Convert
from vla_isaac.cli.dataset_editing import Filter, Merge, Split
from vla_isaac.cli.dataset_inspection import Info, Stats, Verify, ViewDataset

What = (
    Annotated[Info, subcommand("info")]
    | Annotated[Verify, subcommand("verify")]
    | Annotated[ViewDataset, subcommand("view")]
    | Annotated[Stats, subcommand("stats")]
    | Annotated[Convert, subcommand("convert")]
    | Annotated[Split, subcommand("split")]
    | Annotated[Merge, subcommand("merge")]
    | Annotated[Filter, subcommand("filter")]
)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Inspect, verify, convert, split, merge and filter datasets.

    For example: vla-isaac dataset verify demos
    """

    what: OmitSubcommandPrefixes[OmitArgPrefixes[What]]
    """The subcommand."""

    @property
    def json(self) -> bool:
        """Return whether one JSON object is requested."""
        return self.what.json

    def run(self) -> int:
        """Run the subcommand."""
        return self.what.run()
