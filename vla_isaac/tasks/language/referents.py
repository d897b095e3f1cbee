"""Reference resolution: the object or objects of the scene that a noun phrase means in its role."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from vla_isaac.core.errors import InstructionError
from vla_isaac.core.goals import Goal
from vla_isaac.core.types import Body
from vla_isaac.tasks.language.described import Context, described
from vla_isaac.tasks.language.noun_phrases import NounPhrase
from vla_isaac.tasks.language.references import Layout, contains
from vla_isaac.tasks.language.roles import Role, ambiguous, check_role, likeliest_shape, listing, missing, phrase_for, suits
from vla_isaac.tasks.language.tokens import UnreadableError


class Referents:
    """Resolves noun phrases over the objects of a scene and records the mentioned objects.

    A description that fits several objects is disambiguated, in this order, by the role, by earlier mentions, and by
    the usual object of the verb; if not exactly one is left, it raises an error.
    """

    def __init__(self, bodies: Sequence[Body], layout: Layout | None = None) -> None:
        self.bodies = tuple(bodies)
        self._layouts = [layout or Layout()]  # at the start and, from the second step on, after the steps before
        self._done: list[Goal] = []
        self._announced: set[str] = set()
        self.antecedents: tuple[str, ...] = ()
        """Antecedents of "it" and "them": the objects of the previous clause."""
        self.let_go: set[str] = set()
        """Objects that the goals so far leave at rest, out of the gripper."""
        self.ended_described: NounPhrase | None = None
        """The phrase that the previous clause ended with, if a place in it describes its object."""
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
                raise ambiguous(phrase, [self.body(name) for name in names], self.bodies)
            return names[0]
        if phrase.count is not None:
            raise UnreadableError(f'one object is expected instead of "{phrase.text}"')
        return self._one(phrase, role, apart_from, stacking=stacking)

    def _one(self, phrase: NounPhrase, role: Role, apart_from: Collection[str], *, stacking: bool = False) -> str:
        if phrase.is_described:
            found = [described(phrase, role, apart_from, self._context(apart_from))]
            self._remember(phrase, found)
            return found[0].name
        found = self._likeliest(phrase, role, apart_from, stacking=stacking)
        if len(found) > 1:
            raise ambiguous(phrase, found, self.bodies)
        self._remember(phrase, found)
        return found[0].name

    def _likeliest(
        self, phrase: NounPhrase, role: Role, apart_from: Collection[str], *, stacking: bool = False
    ) -> list[Body]:
        found = self._suited(phrase, role, apart_from)
        for narrow in self._preferences(phrase, role, stacking):
            preferred = [body for body in found if narrow(body)]
            found = preferred if len(found) > 1 and preferred else found
        return found

    def _context(self, apart_from: Collection[str]) -> Context:
        named = {*self._mentioned, *self._announced, *apart_from}
        return Context(self.bodies, self._layouts, named, self._last_noun_shape, self._landmark)

    def _landmark(self, phrase: NounPhrase) -> Body:
        """Return the object of a phrase within a description; "the green one" must then fit one object only."""
        fitting = [body for body in self.bodies if phrase.fits(body)]
        if (phrase.is_generic or phrase.is_bare_colour) and not phrase.is_described and len(fitting) > 1:
            raise ambiguous(phrase, fitting, self.bodies)
        return self.body(self.one(phrase, Role.LANDMARK))

    def is_clear(self, phrase: NounPhrase, role: Role) -> bool:
        """Return whether `phrase` means one object without a further description."""
        if phrase.is_described or not phrase.can_be_described:
            return True
        fits_any = any(phrase.fits(body) and suits(body, role) for body in self.bodies)
        return not fits_any or len(self._likeliest(phrase, role, ())) == 1

    def lies_at(self, inner: NounPhrase, outer: NounPhrase) -> bool:
        """Return whether the object of `inner` lies on or in that of `outer` at the start."""
        names = [self.one(phrase, Role.LANDMARK) for phrase in (inner, outer)]
        return names[0] != names[1] and contains(self.body(names[1]), self.body(names[0]), self._layouts[0])

    def begin_step(self) -> None:
        """Note that the goals so far may be reached before the next ones."""
        if self._done:
            self._layouts = [self._layouts[0], self._layouts[-1].after(self._done)]
            self._done = []

    def announce(self, phrases: Sequence[NounPhrase]) -> None:
        """Record the objects that phrases of the next clause name by words alone, which "the other" does not mean."""
        self._announced = set()
        for phrase in phrases:
            fitting = [body.name for body in self.bodies if not phrase.is_described and phrase.fits(body)]
            self._announced.update(fitting if len(fitting) == 1 and phrase.can_be_described else ())

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
                raise ambiguous(phrase, [self.body(name) for name in names], self.bodies)

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
        if phrase.is_described:
            raise UnreadableError(f'"{phrase.text}" is not understood in that place')
        colour = self.body(moved).colour
        fitting = [b for b in self.bodies if phrase.fits(b) and b.name != moved and b.colour == colour and suits(b, role)]
        fitting = likeliest_shape(phrase, fitting)
        if len(fitting) > 1:
            raise ambiguous(phrase, fitting, self.bodies)
        return fitting[0].name if fitting else None

    def check_known(self, phrase: NounPhrase) -> None:
        """Raise `InstructionError` if no object of the scene fits the words of `phrase`."""
        if not any(phrase.fits(body) for body in self.bodies):
            raise missing(phrase, self.bodies)

    def mention(self, names: Sequence[str], about: Sequence[str]) -> None:
        """Record the objects of a finished clause; `about` is the antecedent of the next "it"."""
        self._mentioned.update(dict.fromkeys(names))
        if about:
            self.antecedents = tuple(about)

    def note_grip(self, goals: Sequence[Goal]) -> None:
        """Record which objects the goals of a finished clause leave in the gripper, and which at rest."""
        self._done += goals
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
                self._remember(phrase, likeliest_shape(phrase, found))

    def listing(self) -> str:
        """Return the names of all objects, for messages."""
        return listing(self.bodies)

    def phrase_for(self, body: Body) -> str:
        """Return words that mean only this object: "the red cube", or its raw name if words are ambiguous."""
        return phrase_for(body, self.bodies)

    def _named_before(self, phrase: NounPhrase, role: Role, apart_from: Collection[str]) -> tuple[str, ...]:
        if not self.antecedents and not phrase.text:
            raise UnreadableError("it does not say which object")
        if not self.antecedents:
            raise InstructionError(
                f'"{phrase.text}" stands for nothing yet', remedy=f"name the object. The scene has: {self.listing()}"
            )
        names = self.antecedents
        if phrase.pronoun == "it" and len(names) > 1:
            raise ambiguous(phrase, [self.body(name) for name in names], self.bodies)
        for name in names:
            check_role(self.body(name), role, apart_from, self.bodies)
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
            check_role((others or fitting)[0], role, apart_from, self.bodies)
        return likeliest_shape(phrase, suited)

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
