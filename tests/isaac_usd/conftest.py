"""Every scene preset as the file that ``vla-isaac export-scene`` makes, for NVIDIA's own tools to read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from vla_isaac.core.resources import preset_names
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout, vary_scene
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.scene.spec import SceneLayout, SceneSpec

SAMPLE = "clutter"  # has every shape but the bin; the quick suite reads this one, make test-isaac all of them
SEED = 5


class Exported(NamedTuple):
    file: Path
    spec: SceneSpec
    layout: SceneLayout


def cases():
    for name in preset_names("scenes"):
        for randomisation in ("none", "full"):
            marks = () if name == SAMPLE else pytest.mark.slow
            yield pytest.param((name, randomisation), id=f"{name}-{randomisation}", marks=marks)


@pytest.fixture(scope="session", params=cases())
def exported(request, tmp_path_factory) -> Exported:
    """Write a preset by the command and say what has to stand in the file; "none" is the home posture."""
    from vla_isaac.cli.main import main

    name, varied = request.param
    file = tmp_path_factory.mktemp("scenes") / f"{name}_{varied}.usda"
    assert main(["export-scene", str(file), "--scene", name, "--randomisation", varied, "--seed", str(SEED)]) == 0
    randomisation = randomisation_preset(varied)
    spec = vary_scene(scene_preset(name), randomisation, SEED)
    return Exported(file, spec, sample_layout(spec, randomisation, SEED))
