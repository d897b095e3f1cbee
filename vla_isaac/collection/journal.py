"""What a collection keeps beside its dataset: its plan, which seeds failed and how, and pictures not yet written."""

from __future__ import annotations

import shutil
import uuid
from collections import Counter
from pathlib import Path

from vla_isaac.collection.plan import CollectionPlan
from vla_isaac.core.config import to_mapping
from vla_isaac.jobs.journal import Journal, check_same_plan

FOLDER = ".collect"
FREE = ("episodes",)
"""What may change when a collection goes on."""


def journal_folder(dataset: Path) -> Path:
    """Return where the journal of a dataset is: inside a folder, beside a file."""
    is_file = dataset.suffix.lower() in (".hdf5", ".h5") or dataset.is_file()
    return dataset.with_name(f".{dataset.name}{FOLDER}") if is_file else dataset / FOLDER


class CollectionJournal:
    """The seeds that failed, in a journal, and the staging folder of this run."""

    def __init__(self, dataset: Path, plan: CollectionPlan) -> None:
        """Begin a journal, or go on with the one that is there.

        Raises:
            UsageError: If the one that is there is of another plan.
        """
        folder = journal_folder(dataset)
        fixed = {name: value for name, value in to_mapping(plan).items() if name not in FREE}
        self._journal = Journal(folder / "journal.jsonl", {"plan": fixed})
        if self._journal.old_header is not None:
            defaults = to_mapping(CollectionPlan(tasks=("",), episodes=1))
            before = {**defaults, **self._journal.old_header.get("plan", {})}
            check_same_plan(before, fixed, subject=f"{dataset} was collected", free=FREE)
        self.failures: dict[int, str] = {line["seed"]: line["failure"] for line in self._journal.results}
        """Seeds that failed, with the name of the failure."""
        self._journal.begin({"seed": seed, "failure": failure} for seed, failure in self.failures.items())
        self.staging = folder / f"staging-{uuid.uuid4().hex[:8]}"
        for old in folder.glob("staging-*"):  # of a run that was killed
            shutil.rmtree(old, ignore_errors=True)
        self.staging.mkdir()

    def add_failure(self, seed: int, failure: str) -> None:
        """Keep that a seed failed."""
        self.failures[seed] = failure
        self._journal.add({"seed": seed, "failure": failure})

    def counts(self) -> dict[str, int]:
        """Return how often each failure came, the commonest first."""
        return dict(Counter(self.failures.values()).most_common())

    def close(self) -> None:
        """Remove what was staged; the journal stays, for a longer collection later."""
        shutil.rmtree(self.staging, ignore_errors=True)
        self._journal.close()
