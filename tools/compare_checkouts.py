"""Run the same commands in an older checkout and in this one and compare what comes out.

``python tools/compare_checkouts.py OLD`` prints a table and ends with 1 if anything differs. What each run leaves lies under
``--work``; what is there of the old checkout is used again. Files are compared byte by byte, JSON without times and paths.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
VOLATILE = {"dataset", "source", "destination", "path", "video", "record", "out", "log", "folder"}
"""Keys of JSON that hold a place, which differs between two runs of one checkout as those that end in ``seconds`` do."""

AS_THEY_COME = "results.jsonl"
"""A file whose lines workers finish in any order."""

SENTENCE = "Pick up the red cube and place it on the blue box"
FAMILIES = ("place_on", "place_in", "stack", "lift", "move_beside", "push_to", "tower", "sort", "clear", "reach")


COLLECTED = (
    *("--task", "place_on", "--task", "lift", "--episodes", "4"),
    *("--size", "64", "--perturb", "0.5", "--workers", "2", "--json"),
)
TRAINED = ("--steps", "3", "--threads", "1", "--json")


@dataclass(frozen=True)
class Comparison:
    """One command, run in both checkouts; ``{made}`` is its folder, ``{from_NAME}`` what the old checkout's NAME made."""

    name: str
    command: tuple[str, ...]

    def run(self, checkout: Path, made: Path, earlier: dict[str, Path]) -> dict[str, str]:
        """Return what came out: the exit code, the JSON on the last line, and a digest of every file."""
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        places = {"made": made, **{f"from_{name}": folder for name, folder in earlier.items()}}
        command = [word.format(**places) for word in self.command]
        environment = {**os.environ, "PYTHONPATH": str(checkout)}
        ended = subprocess.run(
            [sys.executable, "-m", "vla_isaac", *command],
            cwd=checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        (made / ".stderr").write_text(ended.stderr, encoding="utf-8")
        printed = ended.stdout.strip().splitlines()
        return {"exit code": str(ended.returncode), "JSON": _steady(printed[-1] if printed else ""), **dict(_digests(made))}


COMPARISONS = (
    Comparison("demo", ("run", SENTENCE, "--seed", "3", "--no-video", "--json")),
    Comparison("log", ("run", SENTENCE, "--seed", "4", "--no-video", "--json", "--record", "{made}")),
    Comparison("old log again", ("run", "--replay", "{from_log}/pick-up-the-red-cube-and-place_seed4.jsonl", "--json")),
    *(
        Comparison(
            f"run {family}, scripted",
            ("run", "--task", family, "--episodes", "3", "--no-video", "--json", "--policy", "scripted"),
        )
        for family in FAMILIES
    ),
    Comparison("run tower, stub", ("run", "--task", "tower", "--backend", "stub", "--no-video", "--json")),
    Comparison("run full randomisation", ("run", "--task", "place_on", "--randomisation", "full", "--no-video", "--json")),
    Comparison("parse", ("parse", "push the red cube away from you", "--json")),
    Comparison("parse a sequence", ("parse", f"{SENTENCE}, then put the green cube on top of it", "--json")),
    Comparison("list", ("list", "--json")),
    Comparison(
        "eval mini, 200 seeds",
        ("eval", "--policy", "mini", "--task", "place_on", "--episodes", "200", "--out", "{made}/results.jsonl", "--json"),
    ),
    Comparison(
        "eval mini, held-out words",
        ("eval", "--policy", "mini", "--task", "place_on", "--episodes", "20", "--wording", "held_out", "--json"),
    ),
    Comparison(
        "eval mini, moved",
        ("eval", "--policy", "mini", "--task", "place_on", "--episodes", "10", "--trial", "moved", "--json"),
    ),
    Comparison(
        "eval scripted, all families",
        ("eval", "--policy", "scripted", "--episodes", "4", "--out", "{made}/results.jsonl", "--json"),
    ),
    Comparison(
        "eval an old checkpoint",
        (
            "eval",
            "--policy",
            "tools/zoo/weights/rt1_style",
            "--task",
            "place_on",
            "--episodes",
            "10",
            "--must-act",
            "--json",
        ),
    ),
    *(
        Comparison(
            f"collect {kind}",
            ("collect", f"{{made}}/data{ending}", "--format", kind, *COLLECTED),
        )
        for kind, ending in (("lerobot", ""), ("lerobot-v2.1", ""), ("manifest", ""), ("hdf5", ".hdf5"), ("moments", ""))
    ),
    *(
        Comparison(
            f"convert to {kind}",
            ("dataset", "convert", "{from_collect manifest}/data", f"{{made}}/data{ending}", "--to", kind, "--json"),
        )
        for kind, ending in (("lerobot", ""), ("lerobot-v2.1", ""), ("hdf5", ".hdf5"))
    ),
    Comparison("collect transitions at 10 Hz", ("collect", "{made}/data", "--format", "moments", "--fps", "10", *COLLECTED)),
    *(
        Comparison(
            f"train {model}",
            ("train", "--config", model, "--data", f"{{from_collect {kind}}}/data", "--out", "{made}/run", *TRAINED),
        )
        for model, kind in (
            ("mini_tiny", "transitions at 10 Hz"),
            ("vla_transformer_tiny", "lerobot"),
            ("rt1_style_tiny", "lerobot"),
        )
    ),
    Comparison("dataset verify", ("dataset", "verify", "{from_collect lerobot}/data", "--json")),
    Comparison("dataset info", ("dataset", "info", "{from_collect hdf5}/data.hdf5", "--json")),
)


def compared(old: Path, new: Path, work: Path, only: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each comparison's name with what differs."""
    earlier: dict[str, Path] = {}
    for comparison in COMPARISONS:
        folder = comparison.name.replace(" ", "_").replace(",", "")
        earlier[comparison.name] = work / "old" / folder
        kept = work / "old" / f"{folder}.json"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(comparison.run(old, work / "old" / folder, earlier)), encoding="utf-8")
        if only in comparison.name:
            before = json.loads(kept.read_text(encoding="utf-8"))
            after = comparison.run(new, work / "new" / folder, earlier)
            differences = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
            failed = (
                [f"both end with {after['exit code']}"] if not differences and after["exit code"] not in ("0", "1") else []
            )
            yield comparison.name, differences + failed


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        is_log = path.name.startswith(("events.out.tfevents", ".")) or ".frames" in path.parts
        if path.is_file() and not is_log:
            yield str(path.relative_to(folder)), hashlib.sha256(_steady_bytes(path)).hexdigest()


def _steady_bytes(path: Path) -> bytes:
    if path.suffix != ".jsonl":
        return path.read_bytes()
    lines = [_steady(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return "\n".join(sorted(lines) if path.name == AS_THEY_COME else lines).encode()


def _steady(text: str) -> str:
    try:
        return json.dumps(_without_volatile(json.loads(text)), sort_keys=True)
    except ValueError:
        return text


def _without_volatile(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_volatile(held)
            for key, held in value.items()
            if key not in VOLATILE and not key.endswith("seconds")
        }
    return [_without_volatile(held) for held in value] if isinstance(value, list) else value


def main() -> int:
    """Print a row for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, help="folder of the older checkout")
    parser.add_argument("--new", type=Path, default=HERE, help="the newer one (this one)")
    parser.add_argument("--work", type=Path, default=Path("outputs/compare_checkouts"), help="where outputs are kept")
    parser.add_argument("--only", default="", help="run only the comparisons whose names hold this")
    arguments = parser.parse_args()
    print("| run | same as before |\n|---|---|", flush=True)
    different = 0
    for name, differences in compared(
        arguments.old.resolve(), arguments.new.resolve(), arguments.work.resolve(), arguments.only
    ):
        different += bool(differences)
        print(f"| {name} | {'yes' if not differences else 'no: ' + ', '.join(differences[:4])} |", flush=True)
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
