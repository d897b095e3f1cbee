"""What a collection remembers beside its dataset: what was asked for, and which seeds failed and how."""

from __future__ import annotations

import json
import shutil
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from vla_isaac.collection.plan import CollectionPlan
from vla_isaac.core.atomic_files import write_bytes
from vla_isaac.core.config import to_mapping
from vla_isaac.core.errors import UsageError

FOLDER = ".collect"
FREE = ("episodes",)
"""What may change when a collection goes on."""


def journal_folder(dataset: Path) -> Path:
    """Return where the journal of a dataset is: inside a folder, beside a file."""
    is_file = dataset.suffix.lower() in (".hdf5", ".h5") or dataset.is_file()
    return dataset.with_name(f".{dataset.name}{FOLDER}") if is_file else dataset / FOLDER


class Journal:
    """One file of JSON lines, flushed line by line; a line cut by a kill is passed over."""

    def __init__(self, dataset: Path, plan: CollectionPlan) -> None:
        """Begin a journal, or go on with the one that is there.

        Raises:
            UsageError: If the one that is there is of another plan.
        """
        self._folder = journal_folder(dataset)
        self._path = self._folder / "journal.jsonl"
        self.failures: dict[int, str] = {}
        """Seeds that failed, with the name of the failure."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._fixed = {name: value for name, value in to_mapping(plan).items() if name not in FREE}
        lines = _whole_lines(self._path)
        if lines:
            self._check(dataset, lines[0])
            self.failures = {line["seed"]: line["failure"] for line in lines[1:]}
        self._rewrite()
        self.staging = self._folder / f"staging-{uuid.uuid4().hex[:8]}"
        for old in self._folder.glob("staging-*"):  # of a run that was killed
            shutil.rmtree(old, ignore_errors=True)
        self.staging.mkdir()

    def note_failure(self, seed: int, failure: str) -> None:
        """Remember that a seed failed."""
        self.failures[seed] = failure
        self._file.write(json.dumps({"seed": seed, "failure": failure}) + "\n")

    def counts(self) -> dict[str, int]:
        """Return how often each failure came, the commonest first."""
        return dict(Counter(self.failures.values()).most_common())

    def close(self) -> None:
        """Remove what was staged; the journal stays, for a longer collection later."""
        shutil.rmtree(self.staging, ignore_errors=True)
        self._file.close()

    def _check(self, dataset: Path, head: dict[str, Any]) -> None:
        before = head.get("plan", {})
        for name, value in self._fixed.items():
            if before.get(name) != value:
                raise UsageError(
                    f"{dataset} was collected with {name}={before.get(name)!r}, now it is {value!r}; give the same options "
                    "(only the number of episodes and of workers may change), or choose another folder"
                )

    def _rewrite(self) -> None:
        """Write the file anew without a cut line, and leave it open at its end."""
        lines = [{"plan": self._fixed}, *({"seed": seed, "failure": name} for seed, name in self.failures.items())]
        write_bytes(self._path, "".join(json.dumps(line) + "\n" for line in lines).encode())
        self._file = self._path.open("a", encoding="utf-8", buffering=1)


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
