"""The words the instruction reader knows: one table per kind, and the lexicon that joins them.

To teach it a synonym, add it to the row it belongs to; inflected forms (puts, putting) are made here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache


class Kind(Enum):
    """What a word does in a sentence."""

    VERB = auto()
    RELATION = auto()
    DIRECTION = auto()
    UPRIGHT = auto()
    PARTICLE = auto()
    COPULA = auto()
    AND = auto()
    THEN = auto()
    FILLER = auto()
    REFUSED = auto()
    DETERMINER = auto()
    QUANTIFIER = auto()
    COUNT = auto()
    COLOUR = auto()
    SHAPE = auto()
    GENERIC = auto()
    PRONOUN = auto()
    MATCHING = auto()
    PLACE = auto()
    GRIPPER = auto()
    ADJECTIVE = auto()
    NAME = auto()
    PART = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Entry:
    """What the lexicon says of one word or phrase."""

    kind: Kind
    """What it does."""

    value: str = ""
    """Its canonical form: the verb's frame, the relation, the colour, the number."""

    plural: bool = False
    """For nouns: whether it speaks of several."""


VERBS: dict[str, tuple[str, ...]] = {
    "put": (
        "put", "place", "set", "lay", "position", "deposit", "drop", "insert", "carry", "transport", "deliver", "transfer",
        "load", "dump", "store", "stow", "locate", "relocate", "make", "leave", "toss", "throw",
        "bring", "pick and place", "pick up and place", "pick up and put", "pick and put", "grab and place", "grab and put",
    ),
    "stack": (
        "stack", "pile", "stack up", "pile up", "build a tower", "build a stack", "make a tower", "make a stack",
        "build a tower with", "build a tower of", "build a tower from", "build a stack with", "build a stack of",
        "make a tower with", "make a tower of", "make a stack with", "make a stack of", "build a pile with", "build",
    ),
    "move": ("move", "shift"),
    "push": ("push", "slide", "shove", "nudge", "drag", "roll", "sweep"),
    "pull": ("pull",),
    "lift": ("lift", "raise", "hoist", "elevate", "pick", "pick up", "lift up", "hold up"),
    "hold": (
        "grab", "grasp", "hold", "grip", "seize", "clutch", "grab hold of", "take hold of", "hold on to", "hold onto",
        "keep holding", "take", "get", "fetch",
    ),
    "go": ("go",),
    "approach": ("reach", "reach for", "reach out for", "reach out to", "approach", "hover"),
    "touch": ("touch", "reach out and touch", "tap", "make contact with", "contact"),
    "sort": ("sort", "organise", "organize", "sort out", "match"),
    "clear": ("clear", "clean", "tidy", "clear up", "clear off", "clean up", "tidy up", "clear away", "tidy away"),
    "stand": ("stand", "stand up"),
    "turn": ("turn", "flip", "rotate", "tip"),
}  # fmt: skip
"""Frame → its verbs; what a frame means is in `frames`."""

IRREGULAR: dict[str, tuple[str, ...]] = {
    "put": ("put",), "set": ("set",), "lay": ("laid",), "leave": (), "stand": ("stood",), "make": ("made",),
    "hold": ("held",), "take": ("taken", "took"), "get": ("got",), "bring": ("brought",), "go": ("gone",),
    "slide": ("slid",), "sweep": ("swept",), "build": ("built",), "carry": ("carried",), "tidy": ("tidied",),
}  # fmt: skip
"""Verb → its past forms, where adding -ed is wrong."""

RELATIONS: dict[str, tuple[str, ...]] = {
    "on": (
        "on", "onto", "on to", "upon", "atop", "on top of", "onto the top of", "on the top of", "atop of", "directly on",
        "on top", "directly on top of", "back on", "back onto", "back on top of",
    ),
    "in": ("in", "into", "in to", "inside", "inside of", "within", "to the inside of", "back in", "back into"),
    "near": (
        "near", "next to", "right next to", "just next to", "near to", "beside", "close to", "alongside", "adjacent to",
        "by", "by the side of", "at the side of", "against", "up against", "in the vicinity of", "up to", "nearby",
        "closer to",
    ),
    "left_of": (
        "left of", "to the left of", "on the left of", "at the left of", "at the left side of", "to the left side of",
        "on the left side of", "to the left hand side of", "on the left hand side of", "just left of", "leftwards of",
    ),
    "right_of": (
        "right of", "to the right of", "on the right of", "at the right of", "at the right side of",
        "to the right side of", "on the right side of", "to the right hand side of", "on the right hand side of",
        "just right of", "rightwards of",
    ),
    "in_front_of": ("in front of", "to the front of", "at the front of", "just in front of"),
    "behind": ("behind", "just behind", "in back of", "to the back of", "at the back of", "to behind"),
    "to": ("to", "toward", "towards", "over to", "over towards", "back to"),
    "above": ("above", "over"),
}  # fmt: skip
"""Relation → its wordings; sides are as the robot sees them."""

DIRECTIONS: dict[str, tuple[str, ...]] = {
    "left": ("left", "to the left", "to your left", "leftward", "leftwards", "to the left side", "towards the left"),
    "right": ("right", "to the right", "to your right", "rightward", "rightwards", "to the right side", "towards the right"),
    "forward": (
        "forward", "forwards", "ahead", "straight ahead", "straight forward", "to the front", "away", "away from you",
        "away from yourself", "away from the robot", "away from the base", "away from the robot base", "farther away",
        "further away",
    ),
    "back": (
        "back", "backward", "backwards", "to the back", "towards you", "toward you", "towards yourself", "toward yourself",
        "to you", "to yourself", "towards the robot", "toward the robot", "towards the base", "toward the base",
        "towards the robot base", "toward the robot base", "closer to you", "closer to yourself", "closer to the robot",
        "back towards you", "back toward you", "back towards the robot", "back toward the robot",
    ),
}  # fmt: skip
"""Direction → its wordings, as the robot sees them: "you" is the robot, left is +y of its base, back is towards its base."""

COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("crimson", "scarlet", "ruby", "reddish"),
    "green": ("lime", "emerald", "olive", "greenish"),
    "blue": ("navy", "azure", "cobalt", "sapphire", "bluish"),
    "yellow": ("golden", "gold", "lemon", "yellowish"),
    "orange": ("amber", "tangerine"),
    "purple": ("violet", "lilac", "lavender"),
    "pink": ("rose", "magenta"),
    "cyan": ("turquoise", "teal", "aqua"),
    "brown": ("tan", "chocolate"),
    "white": ("ivory",),
    "grey": ("gray", "silver"),
    "black": ("ebony",),
}
"""Colour of an object → other words for it."""

SHAPES: dict[str, tuple[str, ...]] = {
    "cube": ("cube",),
    "block": ("cube",),
    "brick": ("cube",),
    "die": ("cube",),
    "dice": ("cube",),
    "box": ("box", "bin"),
    "platform": ("box",),
    "pedestal": ("box",),
    "crate": ("bin", "box", "bowl"),
    "bin": ("bin",),
    "container": ("bin", "bowl"),
    "basket": ("bin", "bowl"),
    "tray": ("bin", "bowl"),
    "tub": ("bin", "bowl"),
    "bucket": ("bin", "bowl"),
    "bowl": ("bowl",),
    "dish": ("bowl",),
    "cup": ("bowl",),
    "ball": ("ball",),
    "sphere": ("ball",),
    "orb": ("ball",),
    "cylinder": ("cylinder",),
    "can": ("cylinder",),
    "tube": ("cylinder",),
}
"""Noun → the shapes it may mean, the likeliest first; the first one that the scene has in a fitting role counts."""

IRREGULAR_PLURALS = {"dice": "dice", "die": "dies"}

GENERIC: dict[str, bool] = {
    "one": False, "object": False, "thing": False, "item": False, "toy": False,
    "ones": True, "objects": True, "things": True, "items": True, "toys": True, "stuff": True,
}  # fmt: skip
"""Noun for anything → whether it is plural."""

DETERMINERS = ("the", "a", "an", "that", "this", "these", "those", "your")
PRONOUNS = {"it": "it", "itself": "it", "them": "them", "they": "them", "both of them": "them", "all of them": "them"}
QUANTIFIERS = ("all", "all of", "each", "each of", "every", "everything", "every one of", "each one of")
COUNTS = {"both": "2", "both of": "2", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6"}
PLACES = ("table", "tabletop", "table top", "desk", "floor", "ground", "worktop", "work surface", "workspace")
GRIPPER_WORDS = (
    "gripper",
    "hand",
    "arm",
    "robot",
    "robot arm",
    "robot hand",
    "end effector",
    "effector",
    "fingers",
    "panda",
)
ADJECTIVES = (
    "small", "little", "big", "large", "tiny", "wooden", "plastic", "coloured", "empty", "open", "light", "dark", "bright",
    "pale", "solid", "own", "respective", "single", "flat", "round", "square",
)  # fmt: skip
"""Words about an object that the scene does not record; they are passed over."""

MATCHING = (
    "matching", "corresponding", "correct", "its", "their", "appropriate", "same coloured", "same colour", "colour matched",
    "of the same colour", "with the same colour", "in the same colour", "of same colour", "of its colour",
    "of its own colour", "of their colour", "of their own colour", "of the matching colour", "of matching colour",
    "with the matching colour", "with matching colour", "of the corresponding colour",
    "matching in colour", "that matches", "that matches its colour", "that match", "that match their colour",
    "that has the same colour", "that have the same colour", "by colour", "by their colour", "by its colour",
    "according to colour", "according to their colour", "based on colour", "based on their colour",
)  # fmt: skip
"""Wordings for "whose colour is that of the thing moved"."""

UPRIGHT = ("upright", "right side up", "on end", "on its end", "back upright")
PARTICLES: dict[str, tuple[str, ...]] = {
    "up": ("up",),
    "down": ("down",),
    "off": (
        "from the table", "off the table", "off of the table", "up from the table", "up off the table", "from the tabletop",
        "from the desk", "off the desk", "from the ground", "off the ground", "from the floor",
    ),
}  # fmt: skip
"""Loose word → its wordings; "off" is leaving the table."""

COPULAS = (
    "is", "are", "be", "being", "belongs", "belong", "is going", "ends up", "end up", "sits", "sit", "is to be", "to be",
)  # fmt: skip
CONJUNCTIONS = ("and", ",", "&", "and also", "as well as", "plus")
SEQUENCE = (
    "then", "and then", "and after that", "after that", "after this", "and afterwards", "afterwards", "afterward", "next",
    "and next", "finally", "and finally", "lastly", "and lastly", "subsequently", "secondly", "thirdly", "once done",
    "when done", "once that is done", "when that is done", ".", ";", "!", "?",
)  # fmt: skip

FILLERS = (
    ":", "please", "kindly", "just", "now", "right now", "simply", "carefully", "gently", "slowly", "quickly", "softly",
    "smoothly", "safely", "precisely", "exactly", "firmly", "directly", "immediately", "straight", "slightly", "a bit",
    "a little", "a little bit", "all the way", "properly", "neatly", "quietly", "with care", "be careful", "also", "too",
    "as well", "hey", "hi", "hello", "dear", "ok", "okay", "so", "well", "thanks", "thank you", "thank you very much",
    "for me", "you", "can you", "could you", "would you", "will you", "can you please", "could you please",
    "would you please", "i want you to", "i want", "i want to", "i would like", "i would like you to", "i would like to",
    "id like", "id like you to", "i need", "i need you to", "we want", "we need", "we need to", "lets", "let us", "help me",
    "help me to", "the robot should", "the robot must", "the robot has to", "the robot will", "the robot needs to",
    "robot please", "should", "must", "shall", "will", "has to", "have to", "need to", "needs to", "ought to", "try to",
    "try", "start by", "begin by", "go ahead", "go ahead and", "proceed to", "your task is to", "the task is to",
    "your job is to", "the goal is to", "your goal is to", "make sure", "make sure that", "ensure", "ensure that",
    "see to it that", "first", "firstly", "first of all", "to begin with", "to start", "if possible", "if you can",
    "with the gripper", "with your gripper", "using the gripper", "using your gripper", "with your hand", "with the robot",
    "with the arm", "with the robot arm", "using the arm", "using the robot arm", "use the gripper to",
    "use your gripper to", "use the arm to", "use the robot arm to", "use the robot to", "use your hand to",
)  # fmt: skip
"""Politeness and manner; they change nothing."""

REFUSED: dict[str, tuple[str, ...]] = {
    "an instruction says what to do, not what to avoid": (
        "not", "dont", "do not", "never", "without", "except", "except for", "all but", "but", "avoid", "avoiding", "cannot",
        "nothing", "none", "no", "neither", "nor", "only", "unless", "instead", "instead of", "rather than", "other than",
    ),
    "sides and directions are as the robot sees them, not as you do": (
        "my", "me", "towards me", "toward me", "away from me", "to my left", "to my right", "my left", "my right",
    ),
    "an instruction is one fixed course of action": (
        "or", "either", "if", "while", "until", "when", "whenever", "once", "before", "after", "because", "again", "repeat",
    ),
    "no goal can be stated with that word": (
        "under", "underneath", "below", "beneath", "between", "around", "through", "across", "along", "beyond", "off", "out",
        "out of", "from", "away from", "at", "with", "as", "of", "than", "outside", "for", "like", "do", "does",
        "which", "who", "whose", "what", "where", "how", "why", "other", "another", "others", "rest", "remaining", "front",
        "side", "top", "bottom", "middle", "corner", "edge", "center", "centre", "leftmost", "rightmost", "nearest",
        "closest", "farthest", "largest", "biggest", "smallest", "half", "respectively", "there", "here", "any",
        "some", "several", "many", "few", "most", "unstack", "remove",
    ),
}  # fmt: skip
"""Why → words that are understood well enough to know that the reader must not guess."""


def spoken(name: str) -> str:
    """Return an object's name as one says it: ``red_cube`` is "red cube"."""
    return name.replace("_", " ")


def colour_of_word(word: str) -> str:
    """Return the colour a word stands for, or the word itself."""
    entry = lexicon().get(word)
    return entry.value if entry is not None and entry.kind is Kind.COLOUR else word


@cache
def lexicon() -> Mapping[str, Entry]:
    """Return every known word and phrase, in lower case and British spelling, with what it does."""
    entries: dict[str, Entry] = {}
    for reason, words in REFUSED.items():
        _enter(entries, Kind.REFUSED, words, reason)
    for kind, plain in _PLAIN_TABLES.items():
        _enter(entries, kind, plain)
    for kind, grouped in _GROUPED_TABLES.items():
        for value, words in grouped.items():
            _enter(entries, kind, words, value)
    for colour, others in COLOURS.items():
        _enter(entries, Kind.COLOUR, (colour, *others), colour)
    for kind, single in ((Kind.PRONOUN, PRONOUNS), (Kind.COUNT, COUNTS)):
        entries.update({word: Entry(kind, value) for word, value in single.items()})
    entries.update({word: Entry(Kind.GENERIC, word, plural) for word, plural in GENERIC.items()})
    for noun in SHAPES:
        entries[_plural(noun)] = Entry(Kind.SHAPE, noun, plural=True)
    entries.update({noun: Entry(Kind.SHAPE, noun) for noun in SHAPES})
    for frame, verbs in VERBS.items():
        for verb in verbs:
            for form in _verb_forms(verb):
                entries.setdefault(form, Entry(Kind.VERB, frame))
    return entries


@cache
def longest_phrase() -> int:
    """Return the number of words in the longest phrase of the lexicon."""
    return max(len(phrase.split()) for phrase in lexicon())


_PLAIN_TABLES: dict[Kind, tuple[str, ...]] = {
    Kind.UPRIGHT: UPRIGHT,
    Kind.COPULA: COPULAS,
    Kind.AND: CONJUNCTIONS,
    Kind.THEN: SEQUENCE,
    Kind.FILLER: FILLERS,
    Kind.DETERMINER: DETERMINERS,
    Kind.QUANTIFIER: QUANTIFIERS,
    Kind.MATCHING: MATCHING,
    Kind.PLACE: PLACES,
    Kind.GRIPPER: GRIPPER_WORDS,
    Kind.ADJECTIVE: ADJECTIVES,
}

_GROUPED_TABLES = {Kind.RELATION: RELATIONS, Kind.DIRECTION: DIRECTIONS, Kind.PARTICLE: PARTICLES}


def _enter(entries: dict[str, Entry], kind: Kind, words: Iterable[str], value: str = "") -> None:
    entries.update({word: Entry(kind, value or word) for word in words})


def _plural(noun: str) -> str:
    return IRREGULAR_PLURALS.get(noun, noun + ("es" if noun.endswith(("x", "sh")) else "s"))


def _verb_forms(verb: str) -> list[str]:
    """Return a verb, its third person, gerund and past forms; of a phrasal verb the first word is inflected."""
    word, *rest = verb.split()
    stem = word[:-1] if word.endswith("e") else word
    if re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", word):
        stem = word + word[-1]
    third = (
        word[:-1] + "ies" if re.search(r"[^aeiou]y$", word) else word + ("es" if word.endswith(("sh", "ch", "o")) else "s")
    )
    pasts = IRREGULAR.get(word, (stem + "ed",))
    return [" ".join((form, *rest)) for form in (word, third, stem + "ing", *pasts)]
