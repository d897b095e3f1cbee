"""Parser of the clauses of a sentence: verb, objects and places, without the scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vla_isaac.language import Kind, lexicon
from vla_isaac.tasks.language.clause import FRAMES_WITHOUT_PLACE, Chunk, Clause, LocationPhrase
from vla_isaac.tasks.language.modifiers import join_modifiers
from vla_isaac.tasks.language.noun_phrases import NounPhrase, group_noun_phrases, it
from vla_isaac.tasks.language.tokens import Token, UnreadableError, nearest_word, verbs_known

_TAIL = (Kind.RELATION, Kind.DIRECTION, Kind.UPRIGHT)


def clauses_of(tokens: Sequence[Token], inherited_frame: str = "put") -> list[Clause]:
    """Return the clauses of one step; each inherits omitted parts from the previous one.

    Raises:
        UnreadableError: If the words do not form clauses.
    """
    clauses: list[Clause] = []
    for chunks in _with_places_last(_split_clauses(join_modifiers(group_noun_phrases(tokens)))):
        goes_on = bool(clauses) and _is_tail(chunks[0])
        complete = _repeat_objects(clauses[-1], chunks) if goes_on else chunks
        clause = _parse_clause(complete, clauses[-1].frame if clauses else inherited_frame)
        if clause is not None:
            clause.goes_on = goes_on
            clauses.append(clause)
    return clauses


def _split_clauses(chunks: Sequence[Chunk]) -> list[list[Chunk]]:
    clauses: list[list[Chunk]] = [[]]
    for i, chunk in enumerate(chunks):
        if _kind(chunk) is Kind.AND and _begins_clause(clauses[-1], chunks[i + 1 :]):
            clauses.append([])
        else:
            clauses[-1].append(chunk)
    return clauses


def _begins_clause(current: Sequence[Chunk], rest: Sequence[Chunk]) -> bool:
    """Return whether the "and" before `rest` joins clauses; otherwise it joins the objects of a list."""
    if not isinstance(rest[0], NounPhrase):
        return True
    after_list = next((chunk for chunk in rest if not isinstance(chunk, NounPhrase) and chunk.kind is not Kind.AND), None)
    preceding = rest[rest.index(after_list) - 1] if after_list is not None else None
    if after_list is None or not isinstance(preceding, NounPhrase):
        return False
    if after_list.kind in (Kind.COPULA, Kind.VERB):
        return True
    return _is_tail(after_list) and any(_is_tail(chunk) for chunk in current)


def _with_places_last(parts: Sequence[list[Chunk]]) -> list[list[Chunk]]:
    """Return the clauses with a place that comes first at their end: "on the box, place the cube".

    Raises:
        UnreadableError: If the clause after the place has a place of its own.
    """
    ordered: list[list[Chunk]] = []
    waiting: list[Chunk] = []
    may_wait = True
    for part in parts:
        place, rest = _leading_place(part)
        if place and not rest and may_wait:
            waiting += place
            continue
        has_place_first = bool(place and rest) and _kind(rest[0]) is Kind.VERB
        clause, place = (rest, [*waiting, *place]) if has_place_first else (part, waiting)
        if place and any(_is_tail(chunk) for chunk in clause):
            raise UnreadableError(f'"{" ".join(chunk.text for chunk in place)}" is one place too many')
        if not place and len(ordered) == 1 and _is_tail(clause[0]) and all(map(_is_listed, ordered[0])):
            ordered[0] += clause  # "the red cube, on the blue box"
        else:
            ordered.append([*clause, *_each_apart(place)])
        waiting, may_wait = [], bool(place)
    return [*ordered, waiting] if waiting else ordered


def _leading_place(part: Sequence[Chunk]) -> tuple[list[Chunk], list[Chunk]]:
    """Return the relations with their objects, or the directions, at the front of a clause, and the rest."""
    rest, end = list(part), 0
    while rest and (_is_tail(rest[0]) or _kind(rest[0]) is Kind.PARTICLE):
        rest.pop(0)
        _take_list(rest)
        end = len(part) - len(rest)
    return list(part[:end]), rest


def _each_apart(place: Sequence[Chunk]) -> list[Chunk]:
    """Return places with "and" before each: they say where the object is to go, not which one it is."""
    apart: list[Chunk] = []
    for chunk in place:
        apart += [Token(Kind.AND, "and", "and"), chunk] if _is_tail(chunk) else [chunk]
    return apart


def _is_listed(chunk: Chunk) -> bool:
    return isinstance(chunk, NounPhrase) or chunk.kind is Kind.AND


def _repeat_objects(before: Clause, chunks: list[Chunk]) -> list[Chunk]:
    """Give "and to the left of the bowl" the objects of the previous clause."""
    repeated: list[Chunk] = []
    for phrase in before.objects:
        repeated += [Token(Kind.AND, "and", "and"), phrase] if repeated else [phrase]
    return repeated + chunks


def _parse_clause(chunks: Sequence[Chunk], inherited_frame: str) -> Clause | None:
    """Return the clause, or None for a lone form of address such as "Robot, ..."."""
    rest = list(chunks)
    _check_verb(chunks)
    subject = _described_subject(_take_list(rest), rest)
    if rest and _kind(rest[0]) is Kind.COPULA and subject:
        rest.pop(0)
    clause = Clause(inherited_frame)
    if rest and _kind(rest[0]) is Kind.VERB:
        clause.frame, clause.has_verb = _token(rest.pop(0)).value, True
    if not rest and not clause.has_verb and all(p.is_gripper for p in subject):
        return None
    _take_particles(rest, clause)
    objects = _take_list(rest) if clause.has_verb else ()
    clause.objects = _objects(subject, objects, clause)
    clause.is_subject_first = bool(subject) and not objects
    if rest and not clause.has_verb and isinstance(rest[0], NounPhrase):
        raise _no_verb(chunks)
    _take_tail(rest, clause)
    is_placed = clause.locations or clause.directions or clause.upright
    if not clause.has_verb and not is_placed and inherited_frame not in FRAMES_WITHOUT_PLACE:
        raise _no_verb(chunks)
    return clause


def _described_subject(subject: tuple[NounPhrase, ...], rest: list[Chunk]) -> tuple[NounPhrase, ...]:
    """Return the subject with the place before its verb: "the cube next to the bowl" of "... is to be lifted"."""
    relation, landmark, verb = (*rest[:3], None, None, None)[:3]
    if not isinstance(relation, Token) or not isinstance(landmark, NounPhrase) or not isinstance(verb, Token):
        return subject
    where = LocationPhrase(relation.value, relation.text, (landmark,))
    is_place = relation.kind is Kind.RELATION and where.can_describe and verb.kind in (Kind.VERB, Kind.COPULA)
    if not is_place or len(subject) != 1 or not subject[0].can_be_described:
        return subject
    del rest[:2]
    return (subject[0].at(where.as_description),)


def _objects(subject: tuple[NounPhrase, ...], objects: tuple[NounPhrase, ...], clause: Clause) -> tuple[NounPhrase, ...]:
    """Return the object of the action: X in "the robot lifts X" and in "X is to be lifted"."""
    if not objects:
        is_agent = clause.has_verb and all(p.is_gripper for p in subject)
        return () if is_agent else _share_noun(subject)
    if subject and not all(p.is_gripper for p in subject):
        raise UnreadableError(f'the place of "{subject[0].text}" before the verb is not understood{_word_hint(subject)}')
    return _share_noun(objects)


def _take_list(rest: list[Chunk]) -> tuple[NounPhrase, ...]:
    """Remove and return "A", "A and B" or "A, B and C" from the front."""
    phrases: list[NounPhrase] = []
    while rest and isinstance(rest[0], NounPhrase):
        phrases.append(rest[0])
        rest.pop(0)
        if len(rest) > 1 and _kind(rest[0]) is Kind.AND and isinstance(rest[1], NounPhrase):
            rest.pop(0)
        else:
            break
    return tuple(phrases)


def _take_particles(rest: list[Chunk], clause: Clause) -> None:
    while rest and _kind(rest[0]) is Kind.PARTICLE:
        clause.particles.append(_token(rest.pop(0)).value)


def _take_tail(rest: list[Chunk], clause: Clause) -> None:
    """Consume relations, directions, "upright" and particles; anything else is not understood."""
    while rest:
        chunk = rest.pop(0)
        kind = _kind(chunk)
        follows_and = kind is Kind.AND and bool(rest) and _is_tail(rest[0])
        if follows_and:
            chunk = rest.pop(0)
            kind = _kind(chunk)
        if kind is Kind.RELATION:
            apart = follows_and or bool(clause.directions)
            clause.locations.append(replace(_take_location(_token(chunk), rest), stands_apart=apart))
        elif kind is Kind.DIRECTION:
            clause.directions.append(_token(chunk).value)
        elif kind is Kind.UPRIGHT:
            clause.upright = True
        elif kind is Kind.PARTICLE:
            clause.particles.append(_token(chunk).value)
        elif kind is not Kind.COPULA or not rest or not _is_tail(rest[0]):
            hint = _word_hint([chunk, *clause.objects, *rest])
            raise UnreadableError(f'"{chunk.text}" is not understood where it stands{hint}')


def _take_location(relation: Token, rest: list[Chunk]) -> LocationPhrase:
    targets = _take_list(rest)
    if not targets and relation.text in lexicon().reader.relations_without_object:
        targets = (it(),)
    if not targets:
        raise UnreadableError(f'"{relation.text}" is not followed by the name of an object')
    return LocationPhrase(relation.value, relation.text, _share_noun(targets))


def _share_noun(phrases: tuple[NounPhrase, ...]) -> tuple[NounPhrase, ...]:
    """Give "red" the noun in "the red and green cubes"; each is then one cube."""
    last = phrases[-1] if phrases else None
    if last is None or last.shape_word is None:
        return phrases
    return tuple(p.with_noun_of(last) if p.is_bare_colour else p for p in phrases)


def _check_verb(chunks: Sequence[Chunk]) -> None:
    """Raise `UnreadableError` for unknown words where a verb is expected, as "juggle" in "lift A and juggle the B"."""
    starts = [0, *(i + 1 for i, chunk in enumerate(chunks) if _kind(chunk) is Kind.AND)]
    for start in starts:
        first, following = [*chunks[start : start + 2], None, None][:2]
        is_unknown = isinstance(first, NounPhrase) and len(first.unknown_words) == len(first.tokens)
        if first is not None and is_unknown and (following is None or isinstance(following, NounPhrase)):
            raise _no_verb([first])


def _no_verb(chunks: Sequence[Chunk]) -> UnreadableError:
    hint = _word_hint(chunks, (Kind.VERB,))
    return UnreadableError("it has no verb that the reader knows" + hint, remedy="" if "?" in hint else verbs_known())


_ANY_KIND = (Kind.COLOUR, Kind.SHAPE, Kind.GENERIC, Kind.RELATION, Kind.DIRECTION, Kind.VERB, Kind.UPRIGHT)


def _word_hint(chunks: Sequence[Chunk], likely_kinds: tuple[Kind, ...] = _ANY_KIND) -> str:
    """Return a hint that names the unknown word and the probably intended one, or nothing."""
    for chunk in chunks:
        for word in chunk.unknown_words if isinstance(chunk, NounPhrase) else ():
            near = nearest_word(word, likely_kinds)
            return f'; the word "{word}" is unknown' + (f', did you mean "{near}"?' if near else "")
    return ""


def _is_tail(chunk: Chunk) -> bool:
    return _kind(chunk) in _TAIL


def _kind(chunk: Chunk) -> Kind | None:
    return chunk.kind if isinstance(chunk, Token) else None


def _token(chunk: Chunk) -> Token:
    if isinstance(chunk, Token):
        return chunk
    raise UnreadableError(f'"{chunk.text}" is not understood where it stands')
