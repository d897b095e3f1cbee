"""What a checkpoint says of itself, in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from vla_isaac.cli.main import main
from vla_isaac.policies.learned_checkpoint import PolicyCard

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "checkpoints" / "mini"
NOT_KNOWN = "not known: the checkpoint's policy.json does not say"

pytestmark = pytest.mark.skipif(not SHIPPED.is_dir(), reason="the shipped checkpoint is not here")


def test_a_card_says_what_the_policy_can_do_sees_and_was_trained_on():
    assert PolicyCard.load(SHIPPED).describe() == {
        "families": "reach, lift, place_on, place_in, stack, push_to, move_beside, sort",
        "measured on": "mujoco",
        "cameras": "front, wrist (128 x 128 px)",
        "rate": "10 Hz",
        "trained on": "transitions, 5481 episodes",
    }


def test_a_card_written_before_is_read_and_says_what_is_not_known(tmp_path):
    shutil.copytree(SHIPPED, tmp_path / "old", ignore=lambda folder, names: [n for n in names if n != "policy.json"])
    path = tmp_path / "old" / "policy.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    for name in ("abilities", "trained_on", "notes"):
        del card[name]
    path.write_text(json.dumps(card), encoding="utf-8")
    known = PolicyCard.load(tmp_path / "old").describe()
    assert (known["families"], known["measured on"], known["trained on"]) == (NOT_KNOWN,) * 3
    assert known["rate"] == "10 Hz"


def test_list_policies_shows_the_card_below_the_name(capsys):
    assert main(["list", "policies"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    start = next(i for i, line in enumerate(lines) if line.startswith("mini "))
    assert lines[start + 1] == "families     reach, lift, place_on, place_in, stack, push_to, move_beside, sort"
    assert lines[start + 5] == "trained on   transitions, 5481 episodes"
