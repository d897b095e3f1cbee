"""Import time and the demo's memory: `python benchmarks/footprint.py [--json]`.

Prints the median times of `import numpy`, of `import vla_isaac` and of the first use of one of its names, each in a fresh
interpreter, and the peak resident memory of the demo with its video.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

WAYS = {
    "numpy": "import numpy",
    "vla_isaac": "import vla_isaac",
    "observation": "from vla_isaac import Observation",
}


def import_ms(statement: str, *, runs: int = 9) -> float:
    """Return the median time of an import [ms]."""
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    command = [sys.executable, "-c", code]
    return 1000 * statistics.median(
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(runs)
    )


def demo_megabytes() -> float:
    """Return the peak resident memory of one demo run [MB]."""
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "demo.mp4"
        command = [sys.executable, "-m", "vla_isaac", "run", "--seed", "3", "--video", str(video)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {f"{name}_ms": import_ms(statement) for name, statement in WAYS.items()}
    for name, statement in WAYS.items():
        print(f"{statement}: {found[f'{name}_ms']:.1f} ms, {found[f'{name}_ms'] / found['numpy_ms']:.2f} times numpy alone")
    megabytes = demo_megabytes()
    print(f"demo: {megabytes:.0f} MB at its peak")
    if options.json:
        print(json.dumps({**found, "demo_mb": megabytes}))


if __name__ == "__main__":
    main()
