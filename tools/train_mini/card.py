"""The model card of the shipped policy, written from what its making and its evaluations left behind.

python -m tools.train_mini.card
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from tools.train_mini.figures import FIGURES, LOOKS, REPORTED, weights_of
from tools.train_mini.recipe import GROUNDING, SHIPPED, stages

CARD = "README.md"
TITLES = {
    "layout": "Objects placed at random, with added ones (`--randomisation layout`)",
    "long": "Same, towers of three and clearing the table",
    "full": "Everything varies: light, shades, table, texture, camera by 3 cm and 3 degrees (`--randomisation full`)",
    "unseen_table": "As full, on tables of hues that no training picture had (`--randomisation unseen_table`)",
    "training_wording": "Sentences of the training templates (`--wording training`)",
    "held_out_wording": "Sentences of 25 templates a family that no training sentence follows (`--wording held_out`)",
    "wrong_instruction": "Told another goal of the same scene: how often the spoken goal was reached",
    "no_instruction": "Told nothing: how often the family's goal was reached all the same",
    "blackened": "Every picture black: how often the goal was reached all the same",
    "moved": "The object moved by 3 to 8 cm on the way to it",
}


def main() -> int:
    """Write the card beside the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=SHIPPED)
    options = parser.parse_args()
    text = card(options.checkpoint)
    (options.checkpoint / CARD).write_text(text, encoding="utf-8")
    print(f"wrote {options.checkpoint / CARD}")
    return 0


def card(checkpoint: Path) -> str:
    """Return the card's text."""
    policy = json.loads((checkpoint / "policy.json").read_text(encoding="utf-8"))
    files = [path for folder in (checkpoint, GROUNDING) for path in sorted(folder.iterdir()) if path.name != CARD]
    sizes = {f"{path.parent.name}/{path.name}": path.stat().st_size / 1e6 for path in files}
    sizes["all"] = sum(sizes.values())
    parts = [
        (Path(__file__).with_name("card.md")).read_text(encoding="utf-8").rstrip(),
        "## Figures",
        "Successes with the 95 % Wilson interval, on seeds from 900,000, which no training has used; looks are below.",
        *(_figure(figure.name, weights_of(checkpoint)) for figure in FIGURES),
        "## How it was made",
        _recipe(policy),
        "## Looks at the reported seeds",
        _looks(),
        "## Files",
        _table(("file", "MB"), [(f"`{name}`", f"{size:.1f}") for name, size in sizes.items()]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _figure(name: str, weights: str) -> str:
    path = REPORTED / f"{name}.json"
    if not path.exists():
        return f"### {TITLES[name]}\n\nNot measured."
    found = json.loads(path.read_text(encoding="utf-8"))
    others = "" if found["weights"] == weights else f"Measured with other weights, `{found['weights']}`, not with these."
    rows = [(task, *_counts(of_task)) for task, of_task in found["by_task"].items()]
    rows.append(("**all**", *_counts(found)))
    table = _table(("family", "succeeded", "interval", "most frequent failure"), rows)
    extra = [
        f"{words} {100 * found[key]:.1f} %."
        for key, words in (
            ("original_rate", "The goal that was not spoken of was reached in"),
            ("declined_rate", "It declined in"),
        )
        if found.get(key) is not None
    ]
    return "\n\n".join(filter(None, [f"### {TITLES[name]}", others, table, *extra]))


def _counts(found: dict[str, Any]) -> tuple[str, str, str]:
    low, high = found["wilson95"]
    worst = next(iter(found["failures"].items()), None)
    share = f"{found['successes']} of {found['episodes']} ({100 * found['success_rate']:.1f} %)"
    return share, f"{100 * low:.1f} to {100 * high:.1f} %", f"{worst[0]} {worst[1]}" if worst else ""


def _recipe(policy: dict[str, Any]) -> str:
    times = REPORTED / "seconds.json"
    seconds = json.loads(times.read_text(encoding="utf-8")) if times.exists() else {}
    rows = []
    for stage in stages(Path("runs")):
        minutes = f"{seconds[stage.name] / 60:.0f}" if stage.name in seconds else ""
        rows.append((stage.name, minutes, f"`{stage.text}`"))
    notes = policy["notes"]
    rounds = REPORTED / "rounds.json"
    words = [
        f"{notes['episodes']} episodes, {notes['frames']} frames; versions {json.dumps(notes['versions'])}.",
        _table(("stage", "minutes", "command"), rows),
    ]
    if rounds.exists():
        rates = json.loads(rounds.read_text(encoding="utf-8"))["success_rates"]
        said = [f"{100 * rate:.1f} % {f'after round {n}' if n else 'before corrections'}" for n, rate in enumerate(rates)]
        words.append(f"Success on seeds from 100,000, by which the checkpoint was chosen: {', '.join(said)}.")
    return "\n\n".join(words)


def _looks() -> str:
    if not LOOKS.exists():
        return "None."
    lines = [json.loads(line) for line in LOOKS.read_text(encoding="utf-8").splitlines()]
    rows = []
    for x in lines:
        seeds, counts = f"{x['seeds'][0]} to {x['seeds'][1]}", f"{x['successes']} of {x['episodes']}"
        rows.append((x["date"], x["figure"], f"`{x['weights']}`", seeds, counts))
    return _table(("date", "figure", "weights", "seeds", "successes"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    raise SystemExit(main())
