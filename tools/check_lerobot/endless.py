"""Write episodes into a dataset until killed: ``python -m tools.check_lerobot.endless FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.check_lerobot.material import INFO, LENGTHS, episode
from vla_isaac.datasets.lerobot.writer import LeRobotWriter

if __name__ == "__main__":
    writer = LeRobotWriter(Path(sys.argv[1]), INFO, resume=True)
    print("ready", flush=True)
    while True:
        writer.add(episode(len(writer) % len(LENGTHS)))
