"""Open a dataset of ours with LeRobot 0.6 or later, and compare sentence and sub-task of every row with our reader.

    python -m tools.check_lerobot.language DATASET

It needs an environment with ``lerobot[dataset]>=0.6.1`` (Python 3.12 or later).
"""

from __future__ import annotations

import sys
from pathlib import Path

from lerobot.datasets.language_render import active_at
from lerobot.datasets.lerobot_dataset import LeRobotDataset

from vla_isaac.datasets.formats import open_dataset
from vla_isaac.datasets.sentences import subtasks


def main(path: Path) -> int:
    """Return 1 if a row differs."""
    theirs, ours = LeRobotDataset("ours/checked", root=path, video_backend="pyav"), open_dataset(path)
    row = wrong = 0
    seen: set[str] = set()
    for episode in range(len(ours)):
        meta, length = ours.meta(episode), ours.length(episode)
        for t, label in enumerate(subtasks(meta.annotations, ours.info.fps, length)):
            item = theirs[row]
            notes = item.get("language_persistent") or []
            active = active_at(float(item["timestamp"]), persistent=notes, style="subtask") if notes else None
            found = item["task"], (active or {}).get("content") or ""
            if found != (meta.sentence(t), label):
                wrong += 1
                print(f"episode {episode}, row {t}: LeRobot says {found}, ours {(meta.sentence(t), label)}")
            seen |= set(found)
            row += 1
    has = theirs.meta.has_language_columns
    print(f"{path}: {row} of {len(theirs)} rows compared, language columns: {has}, {len(seen)} texts, {wrong} rows differ")
    return 1 if wrong or row != len(theirs) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
