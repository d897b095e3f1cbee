"""One recorded release as Python objects: modules, classes and functions that fail where the real ones would."""

from __future__ import annotations

import ast
import enum
import inspect
import json
import os
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "isaac_api"
KINDS = {
    "positional_only": inspect.Parameter.POSITIONAL_ONLY,
    "positional_or_keyword": inspect.Parameter.POSITIONAL_OR_KEYWORD,
    "var_positional": inspect.Parameter.VAR_POSITIONAL,
    "keyword_only": inspect.Parameter.KEYWORD_ONLY,
    "var_keyword": inspect.Parameter.VAR_KEYWORD,
}
PLAIN_BASES: dict[str, type] = {"enum.Enum": enum.Enum, "object": object, "abc.ABC": object, "str": str}


@cache
def _read(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts


def releases() -> dict[str, Path]:
    """Return the file of every recorded release by its version: this project's own, then the folder of the user."""
    folders = [FOLDER, *([Path(os.environ["VLA_ISAAC_API_DIR"])] if os.environ.get("VLA_ISAAC_API_DIR") else [])]
    found: dict[str, Path] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.json"))):
        version = str(_read(path)["version"])
        found[f"{version} ({path.stem})" if version in found else version] = path
    return found


def is_sampled(version: str) -> bool:
    """Tell whether the quick suite takes a release: the oldest and the newest of ours, and every one that the user adds."""
    own = sorted(_numbers(_read(path)["version"]) for path in FOLDER.glob("*.json"))
    return releases()[version].parent != FOLDER or _numbers(version) in (own[0], own[-1])


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def missing_behaviour(name: str, release: str) -> NotImplementedError:
    return NotImplementedError(
        f"simulated Isaac {release}: {name} is recorded for this release but has no behaviour here; "
        "add it in tests/simulated_isaac/classic_*.py or experimental_*.py"
    )


class Recording:
    """What one release offers, by dotted name; makes each class and function once."""

    def __init__(self, version: str, behaviours: Behaviours, *, hide_deprecated: bool = False) -> None:
        known = releases()
        if version not in known:
            raise LookupError(f"no recorded release {version!r}; known: {', '.join(known)}")
        facts = _read(known[version])
        self.version = str(facts["version"])
        self.python = str(facts.get("python", ""))
        self.modules: dict[str, dict[str, Any]] = facts["modules"]
        self.reexports: dict[str, str] = facts.get("reexports", {})
        self.undetailed = set(facts.get("names_without_details", ()))
        self.extensions: dict[str, Any] = facts.get("extensions", {})
        self._hidden = {m for m, c in self.modules.items() if c.get("deprecated")} if hide_deprecated else set()
        self._absent = {m for m in facts.get("absent_modules", ()) if _is_isaac(m)}
        submodules = {f"{m}.{name}" for m, c in self.modules.items() for name in c.get("submodules", ())}
        code = {m for extension in self.extensions.values() for m in extension.get("python_modules", ())}
        named = {*submodules, *code, *self.modules, *(path.rpartition(".")[0] for path in self.reexports)}
        self._known = {part for name in named if _is_isaac(name) for part in _parts(name)} - self._absent
        self._behaviours = behaviours
        self._made: dict[str, Any] = {}

    def has_module(self, name: str) -> bool:
        return name in self._known and name not in self._hidden and not any(h in self._hidden for h in _parts(name))

    def module_error(self, name: str) -> str:
        """Return why importing a module fails although it is there, or an empty string."""
        if self.modules.get(name, {}).get("import_raises"):
            return f"{name} was removed; importing it raises in Isaac Sim {self.version}"
        return ""

    def member(self, module: str, name: str) -> Any:
        """Return what ``module.name`` is; AttributeError where the release has nothing of that name."""
        if self.modules.get(module, {}).get("lazy_getattr"):
            raise ImportError(f"{module}.{name} was removed; this module only raises in Isaac Sim {self.version}")
        dotted = f"{module}.{name}"
        target = self.reexports.get(dotted, dotted)
        home, _, last = target.rpartition(".")
        if self.module_error(home):
            raise ImportError(self.module_error(home))
        content = self.modules.get(home, {})
        if last in content.get("classes", {}):
            return self.make_class(target)
        if last in content.get("functions", {}):
            return self._make_function(target)
        if last in content.get("constants", {}):
            return _value(content["constants"][last])
        if dotted in self.undetailed or target in self.undetailed:
            behaviour = self.behaviour_of(target, self._behaviours.classes) or self._behaviours.classes.get(dotted)
            if behaviour is not None:
                return self._once(target, lambda: self._without_signatures(target, behaviour))
            function = self.behaviour_of(target, self._behaviours.functions)
            if function is not None:
                return self._once(target, lambda: self._callable(target, {}, function))
            return self._once(target, lambda: _placeholder(target, self.version))
        raise AttributeError(f"module {module!r} has no attribute {name!r} in Isaac Sim {self.version}")

    def make_class(self, dotted: str) -> type:
        home, _, name = dotted.rpartition(".")
        facts = self.modules.get(home, {}).get("classes", {}).get(name)
        if facts is None:
            return PLAIN_BASES.get(dotted) or self._once(dotted, lambda: type(name, (), {"__module__": home}))
        return self._once(dotted, lambda: self._new_class(dotted, home, name, facts))

    def instance(self, public_names: Iterable[str], *args: Any, **kwargs: Any) -> Any:
        """Return a new object of the first of these classes that the release has."""
        for public in public_names:
            target = self.reexports.get(public, public)
            if target.rpartition(".")[2] in self.modules.get(target.rpartition(".")[0], {}).get("classes", {}):
                return self.make_class(target)(*args, **kwargs)
        raise LookupError(f"Isaac Sim {self.version} has none of {list(public_names)}")

    def behaviour_of(self, dotted: str, table: dict[str, Any]) -> Any:
        """Return the behaviour that was given for any public name of what stands under `dotted`."""
        if dotted in table:
            return table[dotted]
        return next((b for public, b in table.items() if self.reexports.get(public) == dotted), None)

    def _once(self, dotted: str, make: Callable[[], Any]) -> Any:
        if dotted not in self._made:
            self._made[dotted] = make()
        return self._made[dotted]

    def _make_function(self, dotted: str) -> Any:
        home, _, name = dotted.rpartition(".")
        facts = self.modules[home]["functions"][name]
        behaviour = self.behaviour_of(dotted, self._behaviours.functions)
        return self._once(dotted, lambda: self._callable(dotted, facts, behaviour))

    def _callable(self, dotted: str, facts: dict[str, Any], behaviour: Callable[..., Any] | None) -> Any:
        signature = _signature(facts)
        name = dotted.rpartition(".")[2]

        def function(*args: Any, **kwargs: Any) -> Any:
            given = _given(name, signature, args, kwargs)
            if behaviour is None:
                raise missing_behaviour(dotted, self.version)
            return self._behaviours.call(dotted, behaviour, given)

        function.__name__ = function.__qualname__ = name
        function.__module__ = dotted.rpartition(".")[0]
        return function

    def _new_class(self, dotted: str, home: str, name: str, facts: dict[str, Any]) -> type:
        if "enum.Enum" in facts.get("bases", ()):
            members = {key: _value(fact) for key, fact in facts.get("attributes", {}).items()}
            return enum.Enum(name, members, module=home)  # type: ignore[return-value]
        bases = tuple(self.make_class(base) for base in facts.get("bases", ()) if base not in PLAIN_BASES) or (object,)
        body: dict[str, Any] = {"__module__": home, "_dotted": dotted}
        for attribute in facts.get("instance_attributes", ()):
            if not attribute.startswith("_"):
                body[attribute] = _delegated(dotted, attribute, self.version)
        for key, fact in facts.get("attributes", {}).items():
            body[key] = _value(fact) if isinstance(fact, dict) and "value" in fact else None
        for method in facts.get("other_methods", ()):
            body[method] = self._unrecorded(f"{dotted}.{method}")
        for method, fact in facts.get("methods", {}).items():
            if method not in ("__init__", "__new__", "__del__"):
                body[method] = self._method(dotted, method, fact)
        behaviour = self.behaviour_of(dotted, self._behaviours.classes)
        if behaviour is not None:
            body["_behaviour"] = behaviour
        constructor = facts.get("methods", {}).get("__init__")
        if constructor is not None or behaviour is not None:
            body["__init__"] = self._constructor(dotted, constructor)
        if behaviour is not None and getattr(behaviour, "IS_SINGLETON", False):
            body["__new__"] = self._behaviours.singleton(behaviour)
        return type(name, bases, body)

    def _constructor(self, dotted: str, facts: dict[str, Any] | None) -> Any:
        signature = _signature(facts or {"params": []})
        name, behaviours, version = dotted.rpartition(".")[2], self._behaviours, self.version

        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            given = _given(name, signature, args, kwargs)
            behaviour = getattr(type(self), "_behaviour", None)
            if behaviour is None:
                raise missing_behaviour(f"{dotted}()", version)
            if "_impl" not in self.__dict__:
                made = behaviours.create(behaviour, self)
                behaviours.call(f"{dotted}()", made.create, given)
                self.__dict__["_impl"] = made
            else:
                behaviours.call(f"{dotted}()", self._impl.create_again, given)

        return __init__

    def _method(self, dotted: str, method: str, facts: dict[str, Any]) -> Any:
        full, signature, behaviours, version = f"{dotted}.{method}", _signature(facts), self._behaviours, self.version

        def found(holder: Any) -> Any:
            value = getattr(holder, method, None)
            if value is None and not hasattr(holder, method):
                raise missing_behaviour(full, version)
            return value

        if facts.get("property"):

            def get(self: Any) -> Any:
                behaviours.note(full)
                return found(self._impl)

            def put(self: Any, value: Any) -> None:
                setattr(self._impl, method, value)

            return property(get, put if facts.get("setter") else None)
        if facts.get("classmethod") or facts.get("static"):

            def of_class(cls: type, *args: Any, **kwargs: Any) -> Any:
                given = _given(method, signature, args, kwargs)
                return behaviours.call(full, found(behaviours.statics(getattr(cls, "_behaviour", None), cls)), given)

            return classmethod(of_class)

        def of_instance(self: Any, *args: Any, **kwargs: Any) -> Any:
            given = _given(method, signature, args, kwargs)
            return behaviours.call(full, found(self._impl), given)

        of_instance.__name__ = method
        if signature is not None:
            first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
            rest = list(signature.parameters.values())
            of_instance.__signature__ = inspect.Signature([first, *rest])  # type: ignore[attr-defined]
        return of_instance

    def _without_signatures(self, dotted: str, behaviour: type) -> Any:
        """Return a class of which only the name is recorded: its class methods take what the behaviour takes."""
        behaviours = self._behaviours

        class Meta(type):
            def __getattr__(cls, name: str) -> Any:
                return getattr(behaviours.statics(behaviour, cls), name)

        return Meta(dotted.rpartition(".")[2], (), {"__module__": dotted.rpartition(".")[0]})

    def _unrecorded(self, dotted: str) -> Any:
        def method(*_: Any, **__: Any) -> Any:
            raise missing_behaviour(dotted, self.version)

        return method


class Behaviours:
    """What stands behind recorded names; `table` entries are public dotted names of any release."""

    def __init__(self, simulation: Any, classes: dict[str, type], functions: dict[str, Callable[..., Any]]) -> None:
        self._simulation = simulation
        self.classes, self.functions = classes, functions
        self._statics: dict[type, Any] = {}
        self._singles: dict[type, Any] = {}

    def attach(self, simulation: Any, functions: dict[str, Callable[..., Any]]) -> None:
        self._simulation = simulation
        self.functions.update(functions)

    def note(self, name: str) -> None:
        self._simulation.check_thread(name)

    def call(self, name: str, behaviour: Callable[..., Any], given: dict[str, Any]) -> Any:
        self.note(name)
        accepted = inspect.signature(behaviour).parameters
        free = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in accepted.values())
        for parameter, value in given.items():
            if parameter not in accepted and not free and value is not None:
                raise missing_behaviour(f"{name}: the parameter {parameter!r}", self._simulation.release)
        return behaviour(**{key: value for key, value in given.items() if free or key in accepted})

    def create(self, behaviour: type, outer: Any) -> Any:
        return behaviour(self._simulation, outer)

    def statics(self, behaviour: type | None, cls: type) -> Any:
        """Return the one object that stands behind the class methods."""
        if behaviour is None:
            return object()
        if behaviour not in self._statics:
            self._statics[behaviour] = getattr(behaviour, "STATICS", behaviour)(self._simulation, cls)
        return self._statics[behaviour]

    def singleton(self, behaviour: type) -> Callable[..., Any]:
        singles = self._singles

        def __new__(cls: type, *_: Any, **__: Any) -> Any:  # noqa: N807
            if not self._simulation.traps.second_world_ignored and behaviour in singles:
                singles.pop(behaviour)._impl.close()
            if behaviour not in singles:
                singles[behaviour] = object.__new__(cls)
            return singles[behaviour]

        return __new__

    def single(self, behaviour: type) -> Any:
        return self._singles.get(behaviour)

    def drop_single(self, behaviour: type) -> None:
        self._singles.pop(behaviour, None)


def _parts(name: str) -> list[str]:
    words = name.split(".")
    return [".".join(words[: i + 1]) for i in range(len(words))]


def _is_isaac(name: str) -> bool:
    return name.startswith("isaacsim") or f"{name}.".startswith("omni.isaac.")


def _signature(facts: dict[str, Any]) -> inspect.Signature | None:
    if "params" not in facts:
        return None
    return inspect.Signature(
        [
            inspect.Parameter(
                p["name"],
                KINDS[p.get("kind", "positional_or_keyword")],
                default=p.get("default", inspect.Parameter.empty),
            )
            for p in facts["params"]
        ]
    )


def _given(name: str, signature: inspect.Signature | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name, or raise the TypeError that Python would."""
    if signature is None:
        return dict(kwargs)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{name}() {error}") from None
    given: dict[str, Any] = {}
    for parameter, value in bound.arguments.items():
        if signature.parameters[parameter].kind is inspect.Parameter.VAR_KEYWORD:
            given.update(value)
        else:
            given[parameter] = value
    return given


def _value(fact: Any) -> Any:
    text = fact.get("value") if isinstance(fact, dict) else fact
    if not isinstance(text, str):
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _delegated(dotted: str, attribute: str, version: str) -> property:
    def get(self: Any) -> Any:
        if not hasattr(self._impl, attribute):
            raise missing_behaviour(f"{dotted}.{attribute}", version)
        return getattr(self._impl, attribute)

    def put(self: Any, value: Any) -> None:
        setattr(self._impl, attribute, value)

    return property(get, put)


def _placeholder(dotted: str, version: str) -> type:
    def __init__(self: Any, *_: Any, **__: Any) -> None:  # noqa: N807
        raise missing_behaviour(f"{dotted}()", version)

    return type(dotted.rpartition(".")[2], (), {"__init__": __init__, "__module__": dotted.rpartition(".")[0]})
