"""Reference resolution: the object or objects of the scene that a noun phrase means in its role."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from enum import Enum

from vla_isaac.core.errors import InstructionError
from vla_isaac.core.goals import Goal
from vla_isaac.core.types import Body
from vla_isaac.language import Kind
from vla_isaac.tasks.language.noun_phrases import NounPhrase
from vla_isaac.tasks.language.tokens import UnreadableError, nearest_word


class Role(Enum):
    """Role of an object in a goal."""

    MOVED = "moved"
    TIER = "moved and built upon"
    SURFACE = "something to place on"
    CONTAINER = "something to put in"
    LANDMARK = "something to place beside"
    REACHED = "something to reach"


class Referents:
    """Resolves noun phrases over the objects of a scene and records the mentioned objects.

    A description that fits several objects is disambiguated, in this order, by the role, by earlier mentions, and by
    the usual object of the verb; if not exactly one is left, it raises an error.
    """

    def __init__(self, bodies: Sequence[Body]) -> None:
        self.bodies = tuple(bodies)
        self.antecedents: tuple[str, ...] = ()
        """Antecedents of "it" and "them": the objects of the previous clause."""
        self.let_go: set[str] = set()
        """Objects that the goals so far leave at rest, out of the gripper."""
        self._mentioned: dict[str, None] = {}
        self._last_noun_shape: str | None = None

    def body(self, name: str) -> Body:
        """Return the object of that name."""
        return next(body for body in self.bodies if body.name == name)

    def one(self, phrase: NounPhrase, role: Role, *, apart_from: Collection[str] = (), stacking: bool = False) -> str:
        """Return the name of the one object `phrase` means.

        Args:
            phrase: The description.
            role: Role of the object; it resolves some ambiguities.
            apart_from: Objects it cannot be, such as the one that is put on it.
            stacking: Whether the verb is about stacking, where a bare colour means a cube.

        Raises:
            InstructionError: If no object or several objects fit, or the one that fits is unsuitable for the role.
        """
        if phrase.pronoun:
            names = self._named_before(phrase, role, apart_from)
            if len(names) > 1:
                raise self._ambiguous(phrase, [self.body(name) for name in names])
            return names[0]
        if phrase.count is not None:
            raise UnreadableError(f'one object is expected instead of "{phrase.text}"')
        return self._one(phrase, role, apart_from, stacking=stacking)

    def _one(self, phrase: NounPhrase, role: Role, apart_from: Collection[str], *, stacking: bool = False) -> str:
        found = self._suited(phrase, role, apart_from)
        for narrow in self._preferences(phrase, role, stacking):
            preferred = [body for body in found if narrow(body)]
            found = preferred if len(found) > 1 and preferred else found
        if len(found) > 1:
            raise self._ambiguous(phrase, found)
        self._remember(phrase, found)
        return found[0].name

    def every(self, phrase: NounPhrase, role: Role, *, apart_from: Collection[str] = ()) -> list[str]:
        """Return the names of all objects `phrase` means: one unless it is a plural.

        Raises:
            InstructionError: As `one`.
        """
        if phrase.pronoun:
            return list(self._named_before(phrase, role, apart_from))
        if not phrase.speaks_of_all:
            return [self._one(phrase, role, apart_from)]
        found = self._suited(phrase, role, apart_from)
        if phrase.shape_word is None and role is Role.MOVED:
            found = [body for body in found if body.cavity is None] or found
        self._remember(phrase, found)
        return [body.name for body in found]

    def check_count(self, phrases: Sequence[NounPhrase], names: Sequence[str]) -> None:
        """Raise `InstructionError` if `phrases` state another number of objects than `names`, as "both cubes" of three."""
        for phrase in phrases:
            if phrase.count is not None and phrase.count != len(names):
                raise self._ambiguous(phrase, [self.body(name) for name in names])

    def all_movable(self, *, apart_from: Collection[str] = ()) -> list[str]:
        """Return the names of the objects that can be cleared from the table; containers stay.

        Raises:
            InstructionError: If there are none.
        """
        found = [b.name for b in self.bodies if not b.fixed and b.cavity is None and b.name not in apart_from]
        if not found:
            raise InstructionError("nothing on the table can be moved", remedy=f"the scene has: {self.listing()}")
        return found

    def of_same_colour(self, moved: str, phrase: NounPhrase, role: Role) -> str | None:
        """Return the object that fits `phrase` and has the colour of `moved`, or None."""
        colour = self.body(moved).colour
        fitting = [b for b in self.bodies if phrase.fits(b) and b.name != moved and b.colour == colour and suits(b, role)]
        fitting = _likeliest_shape(phrase, fitting)
        if len(fitting) > 1:
            raise self._ambiguous(phrase, fitting)
        return fitting[0].name if fitting else None

    def check_known(self, phrase: NounPhrase) -> None:
        """Raise `InstructionError` if no object of the scene fits the words of `phrase`."""
        if not any(phrase.fits(body) for body in self.bodies):
            raise self._missing(phrase)

    def mention(self, names: Sequence[str], about: Sequence[str]) -> None:
        """Record the objects of a finished clause; `about` is the antecedent of the next "it"."""
        self._mentioned.update(dict.fromkeys(names))
        if about:
            self.antecedents = tuple(about)

    def note_grip(self, goals: Sequence[Goal]) -> None:
        """Record which objects the goals of a finished clause leave in the gripper, and which at rest."""
        for goal in goals:
            if goal.moved is not None and goal.predicate in ("lifted", "held"):
                self.let_go.discard(goal.moved)
            elif goal.moved is not None:
                self.let_go.add(goal.moved)

    def note_noun(self, phrases: Sequence[NounPhrase], role: Role) -> None:
        """Record the shape that phrases name, for a following "one"; the objects are resolved later."""
        for phrase in phrases:
            found = [body for body in self.bodies if phrase.fits(body) and suits(body, role)]
            if found:
                self._remember(phrase, _likeliest_shape(phrase, found))

    def listing(self) -> str:
        """Return the names of all objects, for messages."""
        return ", ".join(body.name for body in self.bodies)

    def phrase_for(self, body: Body) -> str:
        """Return words that mean only this object: "the red cube", or its raw name if words are ambiguous."""
        same = [other for other in self.bodies if (other.colour, other.shape) == (body.colour, body.shape)]
        is_regular = body.name == f"{body.colour}_{body.shape}"
        return f"the {body.colour} {body.shape}" if is_regular and len(same) == 1 else body.name

    def _named_before(self, phrase: NounPhrase, role: Role, apart_from: Collection[str]) -> tuple[str, ...]:
        if not self.antecedents and not phrase.text:
            raise UnreadableError("it does not say which object")
        if not self.antecedents:
            raise InstructionError(
                f'"{phrase.text}" stands for nothing yet', remedy=f"name the object. The scene has: {self.listing()}"
            )
        names = self.antecedents
        if phrase.pronoun == "it" and len(names) > 1:
            raise self._ambiguous(phrase, [self.body(name) for name in names])
        for name in names:
            self._check_role(self.body(name), role, apart_from)
        return names

    def _suited(self, phrase: NounPhrase, role: Role, apart_from: Collection[str]) -> list[Body]:
        """Return the objects that fit the words and the role, by the first meaning of the noun that fits any."""
        if phrase.place:
            raise InstructionError(
                f'"the {phrase.place}" is not a supported object or target',
                remedy=f"name an object of the scene: {self.listing()}",
            )
        if phrase.is_gripper or phrase.is_matching:
            raise UnreadableError(f'"{phrase.text}" is not understood in that place')
        self.check_known(phrase)
        fitting = [body for body in self.bodies if phrase.fits(body)]
        suited = [body for body in fitting if suits(body, role) and body.name not in apart_from]
        if not suited:
            others = [body for body in fitting if body.name not in apart_from]
            self._check_role((others or fitting)[0], role, apart_from)
        return _likeliest_shape(phrase, suited)

    def _preferences(self, phrase: NounPhrase, role: Role, stacking: bool) -> list[Callable[[Body], bool]]:
        """Return the criteria that resolve an ambiguity, strongest first."""
        chain: list[Callable[[Body], bool]] = []
        if not phrase.is_generic:
            chain += [lambda b: b.name in self.antecedents, lambda b: b.name in self._mentioned]
        elif self._last_noun_shape is not None:
            chain.append(lambda b: b.shape == self._last_noun_shape)
        if phrase.shape_word is None:
            chain += [
                lambda b: role is not Role.REACHED or not b.fixed,
                lambda b: role is Role.CONTAINER or b.cavity is None,
            ]
            chain.append(lambda b: role is not Role.SURFACE or b.shape != "ball")
        if role is Role.SURFACE and (phrase.is_bare_colour or phrase.is_generic) and not stacking:
            chain.append(lambda b: b.shape == "box")
        if phrase.is_bare_colour or (phrase.is_generic and stacking):
            chain.append(lambda b: b.shape == "cube")
        return chain

    def _remember(self, phrase: NounPhrase, found: Sequence[Body]) -> None:
        if phrase.shape_word is not None:
            self._last_noun_shape = found[0].shape

    def _check_role(self, body: Body, role: Role, apart_from: Collection[str]) -> None:
        """Raise `InstructionError` if `body` is unsuitable for `role`."""
        the_body = self.phrase_for(body)
        if body.name in apart_from:
            raise InstructionError(
                f"{body.name} is the same object in both places",
                remedy=f"name something other than {the_body} in one of them",
            )
        if suits(body, role):
            return
        if role in (Role.MOVED, Role.TIER) and body.fixed:
            movable = ", ".join(b.name for b in self.bodies if not b.fixed) or "nothing"
            raise InstructionError(
                f"{body.name} is fixed to the table and cannot be moved", remedy=f"what can be moved: {movable}"
            )
        if role is Role.CONTAINER:
            containers = ", ".join(b.name for b in self.bodies if b.cavity is not None) or "none"
            raise InstructionError(
                f"{body.name} is not a container, nothing can be put in it",
                remedy=f'say "on {the_body}", or name a container: {containers}',
            )
        raise InstructionError(f"{body.name} is open at the top, nothing can stand on it", remedy=f'say "in {the_body}"')

    def _ambiguous(self, phrase: NounPhrase, fitting: Sequence[Body]) -> InstructionError:
        names = ", ".join(body.name for body in fitting)
        return InstructionError(
            f'"{phrase.text}" is ambiguous: {names}',
            remedy=f'say which, for example "{self.phrase_for(fitting[0])}"',
            has_examples=True,
        )

    def _missing(self, phrase: NounPhrase) -> InstructionError:
        hint = ""
        nouns = (Kind.COLOUR, Kind.SHAPE, Kind.GENERIC)
        for word in phrase.unknown_words:
            near = nearest_word(word, nouns)
            hint = hint or (f'did you mean "{near}"? It' if near else "")
        if not hint and len(phrase.unknown_words) == len(phrase.bare_text.split()):
            return InstructionError(
                f'"{phrase.bare_text}" is neither a verb nor an object known here',
                remedy=f"this scene has: {self.listing()}",
            )
        unknown = f'; the word "{phrase.unknown_words[0]}" is unknown' if phrase.unknown_words and not hint else ""
        return InstructionError(
            f'no "{phrase.bare_text}" in this scene{unknown}', remedy=f"{hint or 'it'} has: {self.listing()}"
        )


def suits(body: Body, role: Role) -> bool:
    """Return whether an object is suitable for a role."""
    if role is Role.MOVED:
        return not body.fixed
    if role is Role.CONTAINER:
        return body.cavity is not None
    if role is Role.TIER:
        return not body.fixed and body.cavity is None
    return role is not Role.SURFACE or body.cavity is None


def _likeliest_shape(phrase: NounPhrase, bodies: list[Body]) -> list[Body]:
    """Return the bodies of the noun's first shape that occurs among them; all if the noun names no shape."""
    for shape in phrase.shape_preferences():
        of_shape = [body for body in bodies if body.shape == shape]
        if of_shape:
            return of_shape
    return bodies
