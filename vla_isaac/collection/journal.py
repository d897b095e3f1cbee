"""`CollectionJournal`: plan, failed seeds and staged images of a collection, stored next to its dataset."""

from __future__ import annotations

import shutil
import uuid
from collections import Counter
from pathlib import Path

from vla_isaac.collection.plan import CollectionPlan
from vla_isaac.core.config import to_mapping
from vla_isaac.core.errors import UsageError
from vla_isaac.core.input_files import reading
from vla_isaac.jobs.journal import Journal, check_same_plan

FOLDER = ".collect"
FREE = ("episodes", "language_columns")
"""Fields that may change when a collection is resumed; a dataset keeps the columns that it has."""


def journal_folder(dataset: Path) -> Path:
    """Return the journal folder of a dataset: inside a folder, next to a file."""
    is_file = dataset.suffix.lower() in (".hdf5", ".h5") or dataset.is_file()
    return dataset.with_name(f".{dataset.name}{FOLDER}") if is_file else dataset / FOLDER


class CollectionJournal:
    """The seeds that failed, in a journal, and the staging folder of this run."""

    def __init__(self, dataset: Path, plan: CollectionPlan) -> None:
        """Begin a journal, or resume an existing one.

        Raises:
            UsageError: If the existing one is of another plan.
        """
        folder = journal_folder(dataset)
        fixed = {name: value for name, value in to_mapping(plan).items() if name not in FREE}
        self._journal = Journal(folder / "journal.jsonl", {"plan": fixed})
        if self._journal.old_header is not None:
            defaults = to_mapping(CollectionPlan(tasks=("",), episodes=1))
            with reading(self._journal.path, error=UsageError, remedy="choose another folder"):
                before = {**defaults, **self._journal.old_header.get("plan", {})}
            check_same_plan(before, fixed, subject=f"{dataset} was collected", free=FREE)
        with reading(self._journal.path, error=UsageError, remedy="choose another folder"):
            self.failures: dict[int, str] = {int(line["seed"]): str(line["failure"]) for line in self._journal.results}
        """Seeds that failed, with the name of the failure."""
        self._journal.begin({"seed": seed, "failure": failure} for seed, failure in self.failures.items())
        self.staging = folder / f"staging-{uuid.uuid4().hex[:8]}"
        for old in folder.glob("staging-*"):  # of a run that was killed
            shutil.rmtree(old, ignore_errors=True)
        self.staging.mkdir()

    def add_failure(self, seed: int, failure: str) -> None:
        """Store that a seed failed."""
        self.failures[seed] = failure
        self._journal.add({"seed": seed, "failure": failure})

    def counts(self) -> dict[str, int]:
        """Return the count of each failure, the most frequent first."""
        return dict(Counter(self.failures.values()).most_common())

    def close(self) -> None:
        """Remove the staged files; the journal stays, for a longer collection later."""
        shutil.rmtree(self.staging, ignore_errors=True)
        self._journal.close()
