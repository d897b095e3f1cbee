"""`doubt_about`: the word of a sentence that a learned policy did not recognise, found by asking it with that word changed.

The network gives one confidence for a sentence and a picture. A word is named if changing it alone lifts the confidence
over the threshold, and a colour or a noun only if the policy does not recognise that object in a plain sentence either.
Where no change of one word does, the only object of the sentence that it does not recognise by itself is named, or the
only word with which no goal can be stated. Nothing is said about what the network means by a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vla_isaac.language import Kind, lexicon
from vla_isaac.models.goal_query import COLOUR_NAMES
from vla_isaac.scene.objects import SHAPES

MOST_NAMED = 3
"""Alternatives that are named."""

MOST_ASKED = 80
"""Sentences that the policy is asked; a cause that needs more is not found."""

_VERBS, _RELATIONS = ("lift", "push", "put"), ("on", "in")  # of each kind that a policy is trained on
_INSTEAD = {Kind.COLOUR: COLOUR_NAMES, Kind.SHAPE: SHAPES, Kind.RELATION: _RELATIONS}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@dataclass(frozen=True)
class Doubt:
    """Why a sentence was not recognised."""

    word: str = ""
    """The word that was not recognised; empty if no single word explains it."""

    alternatives: tuple[str, ...] = ()
    """Words with which, in its place, the sentence is recognised, surest first."""

    is_one_too_many: bool = False
    """Whether the sentence is recognised without the word."""

    untrained: tuple[str, ...] = ()
    """Words of the sentence that are not in the policy's vocabulary."""

    recognised: tuple[str, ...] = ()
    """Objects of the sentence that it recognises."""

    @property
    def text(self) -> str:
        """The reason as text."""
        if self.word:
            untrained = ", a word that it was not trained on," if self.word.lower() in self.untrained else ""
            names = {Kind.COLOUR: "the colour ", Kind.SHAPE: "the noun ", Kind.RELATION: "the relation "}
            name = next((name for kind, name in names.items() if kind is _kind(self.word)), "")
            return f'{name}"{self.word}"{untrained} is what it does not recognise here'
        parts = ["no single word explains it"]
        if self.recognised:
            parts.append(f"it recognises {_quoted(self.recognised, 'and')}, not what is asked")
        if self.untrained:
            parts.append(f"it was not trained on the words {_quoted(self.untrained, 'and')}")
        return "; ".join(parts)

    @property
    def remedy(self) -> str:
        """The next thing to try."""
        if self.word and self.alternatives:
            first = f"it recognises the sentence with {_quoted(self.alternatives[:MOST_NAMED], 'or')} instead"
        elif self.is_one_too_many:
            first = "it recognises the sentence without that word"
        elif self.word and self.recognised:
            first = f"it recognises {_quoted(self.recognised, 'and')}; ask for one action with them"
        else:
            first = "ask for one action with objects of the scene, by colour and shape"
        return f"{first}; or choose the expert, which reads more: --policy scripted"


def doubt_about(
    sentence: str, ask: Callable[[str], float], threshold: float, is_trained: Callable[[str], bool] = lambda _: True
) -> Doubt:
    """Return the word that keeps a sentence from being recognised.

    Args:
        sentence: The sentence, whose confidence is below `threshold`.
        ask: Returns the confidence of another sentence in the same picture; called about `MOST_ASKED` times at most.
        threshold: The confidence required.
        is_trained: Whether a word is in the policy's vocabulary.
    """
    found = list(_WORD.finditer(sentence))
    untrained = tuple(dict.fromkeys(m[0].lower() for m in found if not is_trained(m[0].lower())))

    def is_recognised(span: str) -> bool:
        return ask(f"go to the {span}") >= threshold

    grounded = {m[0].lower(): span for m, span in _objects(found) if is_recognised(span)}
    recognised = tuple(dict.fromkeys(grounded.values()))
    if _is_question(sentence, found):
        return Doubt(untrained=untrained, recognised=recognised)
    asked = 0
    for at in sorted(range(len(found)), key=lambda i: _order(found[i][0], untrained)):
        word, others = found[at][0], _others([m[0] for m in found], at, untrained)
        if word.lower() in grounded or asked > MOST_ASKED:
            continue
        tried = {other: ask(_replaced(sentence, found[at], other)) for other in others}
        asked += len(tried)
        fitting = sorted((other for other in tried if tried[other] >= threshold), key=lambda other: -tried[other])
        if fitting:
            alternatives = _of_one_kind(fitting, len(recognised))
            return Doubt(word, alternatives, not alternatives, untrained)
    return Doubt(_unexplained(found, recognised, is_recognised), untrained=untrained, recognised=recognised)


def _unexplained(found: Sequence[re.Match[str]], recognised: Sequence[str], is_recognised: Callable[[str], bool]) -> str:
    """Return the noun or colour of the only object that is not recognised, or the only word without a goal; else nothing."""
    objects = dict.fromkeys(span for _, span in _objects(found))
    unknown = [span for span in objects if span not in recognised]
    if not recognised or len(unknown) > 1:
        return ""
    if unknown:
        colour, noun = unknown[0].split()
        return noun if any(is_recognised(f"{colour} {other}") for other in SHAPES if other != noun) else colour
    stateless = [match[0] for match in found if _kind(match[0]) is Kind.REFUSED]
    return stateless[0] if len(stateless) == 1 else ""


def _objects(found: Sequence[re.Match[str]]) -> list[tuple[re.Match[str], str]]:
    """Return the colours and nouns that stand together, each with the words of its object."""
    pairs = [(a, b) for a, b in pairwise(found) if (_kind(a[0]), _kind(b[0])) == (Kind.COLOUR, Kind.SHAPE)]
    return [(match, f"{a[0]} {b[0]}".lower()) for a, b in pairs for match in (a, b)]


def _replaced(sentence: str, match: re.Match[str], other: str) -> str:
    return " ".join((sentence[: match.start()] + other + sentence[match.end() :]).split())


def _order(word: str, untrained: Sequence[str]) -> int:
    """Return the rank of a word: not trained on, not supported by the reader, colour, noun, relation, any other."""
    kinds = (Kind.REFUSED, Kind.COLOUR, Kind.SHAPE, Kind.RELATION)
    kind = _kind(word) or Kind.REFUSED
    return 0 if word.lower() in untrained else 1 + kinds.index(kind) if kind in kinds else 1 + len(kinds)


def _others(words: Sequence[str], at: int, untrained: Sequence[str]) -> list[str]:
    """Return the words to try in place of a word: of its kind, or of that which its neighbours suggest."""
    word = words[at].lower()
    kind = _kind(word) or Kind.REFUSED
    if kind is Kind.REFUSED or word in untrained:
        if at > 0 and _kind(words[at - 1]) is Kind.COLOUR:
            return list(SHAPES)
        if at + 1 < len(words) and _kind(words[at + 1]) is Kind.SHAPE:
            return list(COLOUR_NAMES)
        return ["", *_VERBS, *_RELATIONS]
    return [other for other in _INSTEAD.get(kind, ()) if other != word]


def _is_question(sentence: str, found: Sequence[re.Match[str]]) -> bool:
    """Return whether a sentence asks what or where something is; no other word makes an instruction of it."""
    return bool(found) and sentence.rstrip().endswith("?") and _kind(found[0][0]) is Kind.REFUSED


def _of_one_kind(fitting: Sequence[str], objects: int) -> tuple[str, ...]:
    """Return the alternatives of the kind of the first; of a sentence with two objects the relations between them.

    None if the sentence is recognised without the word.
    """
    relations = tuple(word for word in fitting if _kind(word) is Kind.RELATION)
    if relations and objects > 1:
        return relations
    return () if "" in fitting else tuple(word for word in fitting if _kind(word) is _kind(fitting[0]))


def _kind(word: str) -> Kind | None:
    entry = lexicon().entries.get(re.sub("['’]", "", word.lower()))
    kind = entry.kind if entry else None
    return Kind.REFUSED if kind in (Kind.CHOICE, Kind.EXCLUSION, Kind.RELATIVE) else kind


def _quoted(words: Sequence[str], last: str) -> str:
    quoted = [f'"{word}"' for word in words]
    return f" {last} ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))
