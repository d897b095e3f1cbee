"""Paths of `config/` and `data/`: next to the package in a checkout and in Kit, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

from vla_isaac.core.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parents[1]
_PLACES = (_PACKAGE / "_resources", _PACKAGE.parent)


def resource(*parts: str) -> Path:
    """Return the path of a shipped file or folder, such as ``resource("config", "scenes", "tabletop.yaml")``.

    Raises:
        ConfigError: If this installation does not have it.
    """
    for place in _PLACES:
        path = place.joinpath(*parts)
        if path.exists():
            return path
    looked = " and ".join(str(place) for place in _PLACES)
    raise ConfigError(
        f"{'/'.join(parts)} is not part of this installation (looked in {looked})", remedy="reinstall vla_isaac"
    )


def preset_names(kind: str) -> list[str]:
    """Return the names of the YAML presets in ``config/<kind>/``."""
    return sorted(path.stem for path in resource("config", kind).glob("*.yaml"))
