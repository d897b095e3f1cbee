"""Import time and the demo's memory: `python benchmarks/footprint.py [--json]`.

Prints the median time of `import vla_isaac` beside `import numpy` alone, each in a fresh interpreter, and the peak
resident memory of the demo with its video.
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

IMPORT = "import time; t = time.perf_counter(); import numpy; {then}; print(time.perf_counter() - t)"


def import_seconds(then: str, *, runs: int = 9) -> float:
    """Return the median seconds of importing numpy and `then`."""
    command = [sys.executable, "-c", IMPORT.format(then=then)]
    return statistics.median(
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
    numpy_ms, ours_ms = (1000 * import_seconds(then) for then in ("pass", "import vla_isaac"))
    megabytes = demo_megabytes()
    print(f"import numpy {numpy_ms:.0f} ms, with vla_isaac {ours_ms:.0f} ms: {ours_ms - numpy_ms:+.0f} ms")
    print(f"demo: {megabytes:.0f} MB at its peak")
    if options.json:
        print(json.dumps({"numpy_ms": numpy_ms, "vla_isaac_ms": ours_ms, "demo_mb": megabytes}))


if __name__ == "__main__":
    main()
