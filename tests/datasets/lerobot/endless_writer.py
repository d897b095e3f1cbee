"""Write episodes into a dataset until killed; the program that the kill tests run.

python endless_writer.py FOLDER FORMAT
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.datasets.conftest import make_episode, make_info
from vla_isaac.datasets.formats import create_dataset

SMALL = {"front": (16, 16), "wrist": (16, 16)}


def main(folder: Path, format: str) -> None:
    """Go on with the dataset and say each number that is written; an episode carries its own as its seed."""
    writer = create_dataset(folder, make_info(SMALL), format, resume=True)
    number = len(writer)
    print("ready", flush=True)
    while True:
        writer.add(make_episode(number, 4 + number % 3, cameras=SMALL, instruction=f"do {number % 5}"))
        print(number, flush=True)
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
