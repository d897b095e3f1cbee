"""What the loop costs beside engine, rendering and policy: `python benchmarks/loop.py [--json]`.

The same as `vla-isaac bench loop`; the measuring code is `vla_isaac.evaluation.loop_bench`.
"""

from __future__ import annotations

import sys

from vla_isaac.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main(["bench", "loop", *sys.argv[1:]]))
