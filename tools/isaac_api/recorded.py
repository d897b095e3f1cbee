"""One recorded release: what a dotted path such as ``isaacsim.core.api.World().step()`` means in it."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESOLVED, GUARDED, MISSING, UNRECORDED = "resolved", "guarded", "missing", "unrecorded"
FOREIGN = "foreign"  # past the types the recording knows: an array, a string; not ours to check
ENDS = (MISSING, UNRECORDED, FOREIGN)  # a path is followed no further

KNOWN_BASES = {"object": object, "abc.ABC": object, "enum.Enum": enum.Enum, "str": str}
"""Base classes whose members are known without a recording."""


@dataclass(frozen=True)
class Call:
    """How a call is written: as much of it as decides whether it fits a signature."""

    num_args: int = 0
    keywords: tuple[str, ...] = ()
    has_unpacking: bool = False
    """With ``*args`` or ``**kwargs`` only the written keywords and the number written can be checked."""


@dataclass(frozen=True)
class Finding:
    """What one release says about one path."""

    status: str
    note: str = ""
    trap: str = ""
    """What would go wrong when the line runs: ``name`` (import or attribute) or ``call``."""

    is_found: bool = False
    """True if the path got past its import to a class or function."""


@dataclass(frozen=True)
class Thing:
    """What one step of a path leads to; `kind` is one of the statuses where the walk ends."""

    kind: str
    name: str
    facts: dict[str, Any] | None = None


class Release:
    """The recorded API of one Isaac Sim release; the files are described in tests/isaac_api/README.md."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.version = str(facts["version"])
        self.is_partial = bool(facts.get("partial"))
        self._modules: dict[str, dict[str, Any]] = facts["modules"]
        self._reexports: dict[str, str] = facts.get("reexports", {})
        self._absent = set(facts.get("absent_modules", ()))
        self._undetailed = set(facts.get("names_without_details", ()))
        listed = (f"{module}.{name}" for module, content in self._modules.items() for name in content.get("submodules", ()))
        self._named = {*facts.get("extensions", ()), *listed}  # they exist; what is in them may not be recorded
        everything = (*self._modules, *self._reexports, *self._absent, *self._named)
        self._namespaces = {name[:i] for name in everything for i, letter in enumerate(name) if letter == "."}
        self._homes: dict[str, list[Thing]] = {}
        for module, content in self._modules.items():
            for name, found in content.get("classes", {}).items():
                self._homes.setdefault(name, []).append(Thing("class", f"{module}.{name}", found))

    def resolve(self, path: str, call: Call | None = None) -> Finding:
        """Return what this release says about `path`, and about `call` if the path ends in ``()``."""
        thing, is_found = Thing("module", ""), False
        for token in path.split("."):
            before = thing = self._member(thing, token.partition("(")[0])
            is_found = is_found or thing.kind in ("class", "function", "undetailed", "value")
            for _ in range(token.count("()")):
                before, thing = thing, self._called(thing)
            if before.kind in ENDS:
                return Finding(before.kind, before.name, "name", is_found)
        if call is not None and path.endswith("()") and before.kind in ("class", "function"):
            return self._fit(before, call)
        return Finding(RESOLVED, is_found=is_found)

    def _member(self, thing: Thing, name: str) -> Thing:
        """Return what ``thing.name`` is."""
        if thing.kind == "module":
            return self._of_module(thing.name, name)
        if thing.kind in ("class", "instance"):
            return self._of_class(thing, name)
        if thing.kind == "undetailed":
            return Thing(UNRECORDED, f"the members of {thing.name} are not recorded")
        return Thing(FOREIGN, name)

    def _of_module(self, module: str, name: str) -> Thing:
        dotted = f"{module}.{name}".lstrip(".")
        content = self._modules.get(module, {})
        if dotted in self._absent and not is_kit(dotted):
            return Thing(MISSING, f"no module {dotted}")
        if dotted in self._reexports:
            return self._defined(self._reexports[dotted])
        if dotted in self._undetailed:
            return Thing("undetailed", dotted)
        if name in content.get("classes", {}) or name in content.get("functions", {}):
            return self._defined(dotted)
        if name in content.get("constants", {}):
            return Thing("value", dotted)
        if content.get("lazy_getattr") and not name.startswith("__"):
            return Thing(MISSING, f"{module} raises for {name}: a removal shim")
        if dotted in self._modules:
            return self._defined(dotted)
        if dotted in self._named or dotted in self._namespaces or name in content.get("submodules", ()):
            return Thing("module", dotted)
        if is_kit(dotted) or self.is_partial or (module in self._named and module not in self._modules):
            return Thing(UNRECORDED, f"{dotted} is not recorded")
        return Thing(MISSING, f"{module} has no {name}")

    def _defined(self, dotted: str) -> Thing:
        """Return what stands under its defining module, refusing modules that raise when imported."""
        module, _, name = dotted.rpartition(".")
        for place in (module, dotted):
            if self._modules.get(place, {}).get("import_raises"):
                return Thing(MISSING, f"importing {place} raises: a removal shim")
        content = self._modules.get(module, {})
        for kind, table in (("class", "classes"), ("function", "functions")):
            if name in content.get(table, {}):
                return Thing(kind, dotted, content[table][name])
        return Thing("module" if dotted in self._modules else "value", dotted)

    def _bases(self, thing: Thing) -> Iterator[Thing]:
        """Yield a class and what it inherits from; a base that is not recorded comes as `unrecorded`."""
        waiting, seen = [thing], set()
        while waiting:
            here = waiting.pop(0)
            if here.name in seen:
                continue
            seen.add(here.name)
            yield here
            for base in (here.facts or {}).get("bases", ()):
                found = self._defined(base)
                kind = "known" if base in KNOWN_BASES else UNRECORDED
                waiting.append(found if found.kind == "class" else Thing(kind, base))

    def _of_class(self, thing: Thing, name: str) -> Thing:
        owner = thing.name.rpartition(".")[2]
        has_unknown_base = False
        for base in self._bases(thing):
            facts = base.facts or {}
            if name in facts.get("methods", {}):
                method = facts["methods"][name]
                if method.get("property"):
                    return self._typed(method.get("returns"), f"{owner}.{name}")
                return Thing("function", f"{owner}.{name}", method)
            if any(name in facts.get(table, ()) for table in ("other_methods", "attributes", "instance_attributes")):
                return Thing("value", f"{owner}.{name}")
            if name in facts.get("uncertain_methods", ()):
                return Thing(UNRECORDED, f"{owner}.{name} is uncertain: only one neighbouring release has it")
            if base.kind == "known" and hasattr(KNOWN_BASES[base.name], name):
                return Thing("value", f"{owner}.{name}")
            has_unknown_base = has_unknown_base or base.kind == UNRECORDED
        return Thing(UNRECORDED if has_unknown_base or self.is_partial else MISSING, f"{owner} has no {name}")

    def _called(self, thing: Thing) -> Thing:
        if thing.kind == "class":
            return Thing("instance", thing.name, thing.facts)
        if thing.kind == "function":
            return self._typed((thing.facts or {}).get("returns"), thing.name)
        return thing if thing.kind in ("undetailed", MISSING, UNRECORDED) else Thing(FOREIGN, thing.name)

    def _typed(self, returns: str | None, name: str) -> Thing:
        """Return an instance if the annotation names exactly one recorded class."""
        plain = (returns or "").strip("'\"").replace(" | None", "").removeprefix("Optional[").strip("]'\"")
        homes = self._homes.get(plain, [])
        return Thing("instance", homes[0].name, homes[0].facts) if len(homes) == 1 else Thing("value", name)

    def _fit(self, callee: Thing, call: Call) -> Finding:
        name = callee.name.rpartition(".")[2]
        facts = callee.facts or {}
        if callee.kind == "class":
            inits = (base.facts["methods"] for base in self._bases(callee) if base.facts)
            facts = next((m["__init__"] for m in inits if "__init__" in m), {}) if "decorators" not in facts else {}
        if "params" not in facts:
            return Finding(RESOLVED, "signature not recorded", is_found=True)
        problem = misfit(facts["params"], call)
        if not problem:
            return Finding(RESOLVED, is_found=True)
        is_uncertain = any(f"{p!r}" in problem for p in facts.get("uncertain_params", ()))
        return Finding(UNRECORDED if is_uncertain else MISSING, f"{name}(): {problem}", "call", True)


def misfit(params: list[dict[str, Any]], call: Call) -> str:
    """Return why `call` does not fit a recorded signature, or an empty string."""
    kinds = {p["name"]: p.get("kind", "positional_or_keyword") for p in params}
    by_position = [name for name, kind in kinds.items() if kind.startswith("positional_")]
    by_keyword = {name for name, kind in kinds.items() if kind in ("positional_or_keyword", "keyword_only")}
    if call.num_args > len(by_position) and "var_positional" not in kinds.values():
        return f"takes {len(by_position)} positional arguments, {call.num_args} given"
    given = set(by_position[: call.num_args])
    for keyword in call.keywords:
        if keyword in given:
            return f"{keyword!r} is given twice"
        if keyword not in by_keyword and "var_keyword" not in kinds.values():
            return f"no keyword {keyword!r}"
    required = [p["name"] for p in params if "default" not in p and not kinds[p["name"]].startswith("var_")]
    lacking = [name for name in required if name not in given and name not in call.keywords]
    return f"{lacking[0]!r} is required" if lacking and not call.has_unpacking else ""


def is_kit(dotted: str) -> bool:
    """Tell whether a name is Kit's own: binary, not in the recordings, so never called missing."""
    return dotted.partition(".")[0] in ("omni", "carb", "pxr") and not f"{dotted}.".startswith("omni.isaac.")


def load_releases(*folders: Path) -> dict[str, Release]:
    """Return every recorded release of these folders by version; a second file of a version goes by its file name."""
    releases: dict[str, Release] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.json"))):
        release = Release(json.loads(path.read_text(encoding="utf-8")))
        releases[f"{release.version} ({path.stem})" if release.version in releases else release.version] = release
    return dict(
        sorted(releases.items(), key=lambda item: [int(n) if n.isdigit() else 0 for n in item[1].version.split(".")])
    )
