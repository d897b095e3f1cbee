"""Sentences with what they ask for, drawn without a simulator: what `models.mini.reading` learns to read from.

Two in five are the training templates of the families, the others are put together here from tables; all are varied as
people vary them. A part asks for nothing that can be done: small talk, unknown things and colours, half sentences. Nothing
is used that a held-out template gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.goals import DIRECTIONS, SIDES
from vla_isaac.models.asked import ANY, COLOUR_NAMES, NUM_GOALS, RELATIONS, UNSAID, WIDTH
from vla_isaac.models.text import split
from vla_isaac.scene.objects import CONTAINERS, SHAPES
from vla_isaac.tasks.families import family_names, pick
from vla_isaac.tasks.paraphrases import COLOUR_WORDS, DIRECTION_WORDS, NOUNS, PLAIN_SHARE, SIDE_WORDS, paraphrases
from vla_isaac.training.wording import NONSENSE, RARE_COLOURS, RARE_NOUNS, is_held_out, vary, words_of_training

WORDS: dict[str, tuple[str, ...]] = {
    "v": ("put", "place", "set", "lay", "position", "move", "leave", "rest", "drop", "deposit", "shift", "bring", "get",
          "arrange", "situate", "stand", "park", "transfer", "release", "carry", "take", "lower"),
    "v_in": ("put", "place", "drop", "set", "move", "toss", "throw", "store", "stick", "pop", "deposit", "lower", "dump",
             "tuck", "slip", "insert", "transfer", "release", "leave", "keep", "load", "lay", "position", "let go of",
             "bring"),
    "v_on": ("put", "place", "set", "stack", "lay", "rest", "drop", "move", "balance", "pile", "leave", "deposit",
             "position", "perch", "lower", "seat", "stand", "park", "plant", "mount", "arrange", "situate", "settle",
             "transfer", "release", "bring", "add", "let go of", "install"),
    "done": ("put", "placed", "set", "laid", "positioned", "moved", "left", "located", "standing", "sitting", "brought"),
    "done_in": ("put", "placed", "dropped", "stored", "moved", "kept", "deposited", "tossed", "lying", "sitting"),
    "done_on": ("put", "placed", "stacked", "set", "resting", "sitting", "standing", "moved", "laid", "balanced", "piled"),
    "lead": ("pick up", "take", "grab", "lift", "grasp", "get", "raise", "seize", "lift up", "fetch", "get hold of",
             "collect"),
    "ask": (
        "please", "can you", "could you", "would you", "will you", "could you please", "can you please", "would you kindly",
        "i want you to", "i need you to", "i would like you to", "i'd like you to", "you should", "you must", "try to",
        "you need to", "you have to", "your task is to", "your job is to", "let us", "let's", "robot", "hey robot", "go and",
        "go ahead and", "would you mind to", "it is time to", "you are to", "make sure to", "remember to", "be so kind and",
        "the robot should", "the robot has to", "the arm should", "use the gripper to", "use your hand to", "use the arm to",
    ),
    "must": ("should be", "must be", "needs to be", "has to be", "is to be", "ought to be", "shall be", "can be", "gets",
             "wants to be", "should get", "should end up", "is supposed to be"),
    "goes": ("goes", "belongs", "should go", "must go", "has to go", "needs to go", "should be", "must be", "has to be",
             "sits",
             "ought to be", "should sit", "should end up", "is to go", "should stand", "must end up", "needs to be"),
    "want": ("i want", "i need", "i would like", "i'd like", "i wish", "i want to see", "i would like to have", "we want",
             "we need", "i'd love to see", "i would love", "let me see", "i would prefer", "get me"),
    "be": ("be", "go", "be put", "be placed", "end up", "sit", "stand", "be moved", "rest", "be set"),
    "ensure": ("make sure", "ensure", "see to it that", "ensure that", "make sure that", "take care that", "see that",
               "arrange that", "arrange things so that", "it would be great if", "it would be nice if"),
    "ends": ("is", "ends up", "sits", "goes", "stands", "gets", "lands", "rests", "comes", "is put", "is placed", "were"),
    "have": ("have", "get", "i want to have", "i need to have", "let us have"),
    "on": ("on", "onto", "on top of", "upon", "atop", "on to", "on the top of", "over onto", "right on", "right on top of"),
    "in": ("in", "into", "inside", "inside of", "in to", "within", "down into", "right in", "right into", "down in"),
    "left_of": ("to the left of", "on the left of", "left of", "at the left of", "on the left side of",
                "to the left side of",
                "just left of", "left from", "at the left side of", "on the left hand side of"),
    "right_of": ("to the right of", "on the right of", "right of", "at the right of", "on the right side of",
                 "to the right side of", "just right of", "right from", "at the right side of", "on the right hand side of"),
    "in_front_of": ("in front of", "just in front of", "to the front of", "right in front of", "directly in front of",
                    "at the front of"),
    "behind": ("behind", "just behind", "right behind", "at the back of", "to the back of", "directly behind", "in back of",
               "to the rear of"),
    "left": ("to the left", "left", "leftwards", "to your left", "towards the left", "over to the left", "to the left side",
             "further left", "a bit to the left", "leftward"),
    "right": ("to the right", "right", "rightwards", "to your right", "towards the right", "over to the right",
              "to the right side", "further right", "a bit to the right", "rightward"),
    "forward": ("forward", "forwards", "away from you", "ahead", "away", "straight ahead", "further away", "a bit forward",
                "away from the robot", "farther away from you"),
    "back": ("towards you", "back", "backwards", "toward you", "towards yourself", "backward", "back towards you",
             "closer to you", "a bit back", "towards the robot"),
    "slide": ("push", "slide", "shove", "nudge", "drag", "sweep", "move", "scoot", "pull", "press", "bump", "knock", "poke",
              "glide", "propel"),
    "slid": ("pushed", "slid", "shoved", "nudged", "dragged", "swept", "scooted", "pulled", "moved by pushing"),
    "slide_on": ("push", "slide", "shove", "nudge", "drag", "sweep", "scoot"),
    "lift": ("lift", "raise", "pick up", "hoist", "elevate", "lift up", "raise up", "hold up", "heave", "take up"),
    "lifted": ("lifted", "raised", "picked up", "hoisted", "elevated", "lifted up", "held up", "taken up"),
    "air": ("up", "off the table", "into the air", "from the table", "in the air", "up high", "up from the table", "high up",
            "off the ground", "a bit", "up in the air", "off the surface", "above the table", "upwards", "up off the table"),
    "go": ("go to", "reach", "reach for", "approach", "move to", "go over to", "move over to", "reach out to",
           "get close to",
           "come to", "head to", "head for", "go near", "hover over", "hover above", "move towards", "go towards",
           "move near",
           "drive to", "travel to", "get near", "come near", "reach out for", "move close to", "aim for", "go up to",
           "stretch out to", "position yourself at", "navigate to", "reach towards"),
    "hand": ("the gripper", "your gripper", "the hand", "your hand", "the arm", "your arm", "the end effector",
             "your fingers",
             "the robot", "the robot arm", "the fingers", "yourself", "the claw"),
    "steer": ("move", "bring", "guide", "take", "put", "send", "drive", "steer", "place", "get", "lower", "position",
              "point"),
    "to": ("to", "towards", "over to", "near", "close to", "next to", "over", "above", "at", "toward", "up to", "by",
           "beside",
           "near to", "right above", "in reach of", "closer to"),
    "every": ("all the {nouns}", "all {nouns}", "every {noun}", "each {noun}", "all of the {nouns}", "each of the {nouns}",
              "every single {noun}", "the {nouns} all", "all the {nouns} there are", "any {noun}",
              "every one of the {nouns}",
              "each and every {noun}", "the {nouns}", "all the {nouns} you see", "all of these {nouns}"),
    "build": ("build", "make", "construct", "create", "form", "erect", "assemble", "set up"),
    "tower": ("a tower", "a stack", "a pile", "a column", "the tower", "a tower of three", "a small tower",
              "a stack of three"),
    "match": ("matching {bin}s", "{bin}s of the same colour", "{bin}s with the same colour", "corresponding {bin}s",
              "{bin}s of their colour", "{bin}s of their colours", "{bin}s that match", "right {bin}s",
              "same coloured {bin}s",
              "{bin}s of matching colour", "{bin}s that have their colour", "{bin}s that fit their colour",
              "fitting {bin}s"),
    "sort": ("sort", "put", "place", "drop", "distribute", "move", "organise", "arrange", "separate", "store", "file"),
    "carry": ("carry", "bring", "take", "transfer", "move", "deliver", "transport", "convey", "pass", "get", "haul", "ship"),
    "carried": ("carried", "brought", "taken", "transferred", "moved", "delivered", "transported"),
    "over": ("to", "over to", "across to", "all the way to"),
    "nextly": ("then", "and then", "after that", "afterwards", "next", "and after that", "and next", "finally",
               "and finally",
               "once that is done", "when you are done", "later", "subsequently"),
    "thing": ("song", "story", "poem", "film", "car", "house", "letter", "computer", "joke", "game", "dog", "dinner",
              "window",
              "door", "phone", "radio", "picture", "book", "river", "city", "moon", "number", "coffee", "news", "garden"),
    "someone": ("my mother", "your friend", "the teacher", "a doctor", "the king", "my neighbour", "our boss", "she", "he",
                "they", "we", "everybody", "somebody", "the cat", "people", "i", "you"),
    "doing": ("like", "love", "hate", "see", "read", "write", "sing", "buy", "sell", "cook", "drive", "watch", "remember",
              "forget", "eat", "drink", "paint", "clean", "open", "close", "call", "explain", "count", "describe", "find"),
    "asking": ("what is", "who is", "where is", "when is", "why is", "how is", "tell me about", "do you know", "how much is",
               "what about", "i wonder about", "is there", "can you explain"),
    "quality": ("nice", "cold", "warm", "late", "early", "happy", "sad", "tired", "expensive", "beautiful", "far", "loud"),
}  # fmt: skip
"""Words for each slot of the tables; ``_on`` and ``_in`` are those of a relation."""

ABOUT_PLACING = (
    "{v} the {a} {p} the {b}",
    "{v} the {a} {p} the {b}",
    "{v} the {a} down {p} the {b}",
    "{ask} {v} the {a} {p} the {b}",
    "{lead} the {a} and {v} it {p} the {b}",
    "{lead} the {a} and {v} it down {p} the {b}",
    "{lead} the {a}, then {v} it {p} the {b}",
    "{lead} the {a} {air} and {v} it {p} the {b}",
    "{ask} {lead} the {a} and {v} it {p} the {b}",
    "{ask} {v} the {a} that is on the table {p} the {b}",
    "the {a} {must} {done} {p} the {b}",
    "the {a} {must} {done} {p} the {b}",
    "the {a} {goes} {p} the {b}",
    "the {a} {goes} {p} the {b}",
    "{want} the {a} {p} the {b}",
    "{want} the {a} {done} {p} the {b}",
    "{want} the {a} to {be} {p} the {b}",
    "{want} you to {v} the {a} {p} the {b}",
    "{p} the {b}, {v} the {a}",
    "{p} the {b} {goes} the {a}",
    "{p} the {b} is where the {a} {goes}",
    "{p} the {b} is where {want} the {a}",
    "the place of the {a} is {p} the {b}",
    "the {a}: {v} it {p} the {b}",
    "the {a}, {ask} {v} it {p} the {b}",
    "{ensure} the {a} {ends} {p} the {b}",
    "{have} the {a} {done} {p} the {b}",
    "have the {a} {be} {p} the {b}",
    "let the {a} {be} {p} the {b}",
    "find the {a} and {v} it {p} the {b}",
    "{lead} the {a}, move it over the {b} and {v} it {p} it",
    "with the gripper, {v} the {a} {p} the {b}",
    "would it be possible to {v} the {a} {p} the {b}",
    "it is the {a} that {goes} {p} the {b}",
    "{v} {p} the {b} the {a}",
    "a good place for the {a} is {p} the {b}",
    "{a} {p} {b}",
    "{v} {a} {p} {b}",
    "the {a} {p} the {b}, please",
    "there is a {a}; {v} it {p} the {b}",
    "do you see the {a}? {v} it {p} the {b}",
)
"""Orders to put ``a`` somewhere at ``b``."""

ABOUT_CARRYING = (
    "{carry} the {a} {over} the {b}",
    "{carry} the {a} {over} the {b}",
    "{ask} {carry} the {a} {over} the {b}",
    "{lead} the {a} and {carry} it {over} the {b}",
    "{lead} the {a} and {v} it where the {b} is",
    "{want} the {a} {carried} {over} the {b}",
    "the {a} {must} {carried} {over} the {b}",
    "the {a} {goes} to the {b}",
    "the {b} is the place for the {a}",
    "the {b} is where the {a} {goes}",
    "the {b} is where {want} the {a}",
    "use the {b} for the {a}",
    "{lead} the {a} and release it over the {b}",
    "{lead} the {a}, {carry} it {over} the {b} and let go of it",
)
"""Orders to bring ``a`` to ``b``; whether it ends in it or on it, only the shape of ``b`` tells."""

ABOUT_HOLDING = (
    "fill the {b} with the {a}",
    "load the {b} with the {a}",
    "{ask} fill the {b} with the {a}",
    "the {b} {must} filled with the {a}",
    "the {b} should contain the {a}",
    "the {b} should hold the {a}",
    "{want} the {b} to contain the {a}",
    "{want} the {b} to hold the {a}",
    "let the {b} hold the {a}",
    "use the {b} to store the {a}",
    "use the {b} as the container of the {a}",
    "make the {b} contain the {a}",
    "let the {a} fall into the {b}",
    "let the {a} drop in the {b}",
    "the inside of the {b} is where the {a} {goes}",
    "{v} the {a} in there, in the {b}",
)
"""Orders to put ``a`` into ``b``."""

ABOUT_CARRYING_ON_TOP = (
    "top the {b} with the {a}",
    "cover the {b} with the {a}",
    "crown the {b} with the {a}",
    "the {b} should support the {a}",
    "the {b} should carry the {a}",
    "{want} the {b} to carry the {a}",
    "{want} the {b} under the {a}",
    "let the {b} support the {a}",
    "use the {b} as a stand for the {a}",
    "use the {b} as a base for the {a}",
    "use the {b} as the base and {v} the {a} on it",
    "make the {b} support the {a}",
    "the top of the {b} is where the {a} {goes}",
    "{v} the {a} on the top surface of the {b}",
    "{build} {tower} of two with the {b} at the bottom and the {a} at the top",
    "{build} {tower} of two with the {a} {p} the {b}",
    "{build} {tower} out of the {a} and the {b} with the {a} on top",
    "{build} {tower} with the {a} {p} the {b}",
)
"""Orders to put ``a`` onto ``b``."""

ABOUT_PUSHING = (
    "{slide} the {a} {where}",
    "{slide} the {a} {where}",
    "{slide} the {a} along the table {where}",
    "{slide} the {a} across the table {where}",
    "{ask} {slide_on} the {a} {where}",
    "{ask} {slide_on} the {a} {where}",
    "give the {a} a push {where}",
    "give the {a} a shove {where}",
    "give the {a} a nudge {where}",
    "{ask} give the {a} a push {where}",
    "the {a} {must} {slid} {where}",
    "the {a} {must} {slid} {where}",
    "{want} the {a} {slid} {where}",
    "{want} the {a} to be {slid} {where}",
    "{want} you to {slide_on} the {a} {where}",
    "{have} the {a} {slid} {where}",
    "{ensure} the {a} is {slid} {where}",
    "without lifting it, {slide} the {a} {where}",
    "{slide} the {a} {where} without lifting it",
    "make the {a} slide {where}",
    "let the {a} slide {where}",
    "with the gripper, {slide_on} the {a} {where}",
    "keep pushing the {a} {where}",
    "start pushing the {a} {where}",
    "the {a}: {slide_on} it {where}",
    "{slide_on} {a} {where}",
    "a push {where} is what the {a} needs",
    "{slide_on} {where} the {a}",
    "use a finger to {slide_on} the {a} {where}",
    "find the {a} and {slide_on} it {where}",
)
"""Orders to slide ``a`` to a side or in a direction."""

ABOUT_LIFTING = (
    "{lift} the {a}",
    "{lift} the {a}",
    "{lift} the {a} {air}",
    "{ask} {lift} the {a}",
    "{ask} {lift} the {a} {air}",
    "pick the {a} {air}",
    "hold the {a} {air}",
    "{lead} the {a} and {lift} it",
    "{lead} the {a} and hold it {air}",
    "{lead} the {a} and {lift} it {air}",
    "the {a} {must} {lifted}",
    "the {a} {must} {lifted} {air}",
    "{want} the {a} {lifted}",
    "{want} the {a} to be {lifted} {air}",
    "{want} the {a} {air}",
    "{want} you to {lift} the {a}",
    "{have} the {a} {lifted}",
    "{ensure} the {a} is {lifted}",
    "get the {a} {air}",
    "bring the {a} {air}",
    "take the {a} {air}",
    "the {a}: {lift} it",
    "up with the {a}",
    "let the {a} be {lifted}",
    "{lift} {a}",
    "close the gripper around the {a} and {lift} it",
    "with the gripper, {lift} the {a}",
    "find the {a} and {lift} it",
    "it is the {a} that {must} {lifted}",
    "the {a} should leave the table",
    "make the {a} go {air}",
)
"""Orders to pick ``a`` up."""

ABOUT_REACHING = (
    "{go} the {a}",
    "{go} the {a}",
    "{ask} {go} the {a}",
    "{ask} {go} the {a}",
    "{steer} {hand} {to} the {a}",
    "{steer} {hand} {to} the {a}",
    "{ask} {steer} {hand} {to} the {a}",
    "{hand} should {go} the {a}",
    "{hand} {must} {to} the {a}",
    "{want} {hand} {to} the {a}",
    "{want} {hand} to {go} the {a}",
    "{want} you to {go} the {a}",
    "{ensure} {hand} {ends} {to} the {a}",
    "let {hand} {go} the {a}",
    "have {hand} {go} the {a}",
    "{go} the {a} without touching it",
    "{go} the {a} with {hand}",
    "{go} where the {a} is",
    "bring {hand} to where the {a} is",
    "extend {hand} {to} the {a}",
    "stretch {hand} out {to} the {a}",
    "find the {a} and {go} it",
    "the {a}: {go} it",
    "the {a} {must} reached",
    "the {a} {must} approached",
    "{go} {a}",
    "get {hand} as close as you can to the {a}",
)
"""Orders to bring the gripper to ``a``."""

ABOUT_CLEARING = (
    "{v} {every} {p} the {b}",
    "{v} {every} {p} the {b}",
    "{ask} {v} {every} {p} the {b}",
    "{lead} {every} and {v} them {p} the {b}",
    "{ask} {lead} {every} and {v} them {p} the {b}",
    "{every} {must} {done} {p} the {b}",
    "{every} {goes} {p} the {b}",
    "{want} {every} {p} the {b}",
    "{want} {every} to {be} {p} the {b}",
    "{ensure} {every} {ends} {p} the {b}",
    "{p} the {b} {goes} {every}",
    "{p} the {b}, {v} {every}",
    "collect {every} {p} the {b}",
    "gather {every} {p} the {b}",
    "tidy {every} away {p} the {b}",
    "clear away {every} {p} the {b}",
    "clean up {every} {p} the {b}",
    "fill the {b} with {every}",
    "fill the {b} with the {nouns}",
    "load the {b} with {every}",
    "use the {b} for {every}",
    "the {b} is for {every}",
    "the {b} should contain {every}",
    "the {b} should hold all the {nouns}",
    "one after the other, {v} {every} {p} the {b}",
    "one by one {v} the {nouns} {p} the {b}",
    "{v} the {nouns} one by one {p} the {b}",
    "{v} the {nouns}, all of them, {p} the {b}",
    "no {noun} should be left outside the {b}",
    "leave no {noun} outside the {b}",
    "move every last {noun} {p} the {b}",
    "{v} all {nouns} on the table {p} the {b}",
    "empty the table of {nouns}, {v} them {p} the {b}",
    "{lead} {every} from the table and {v} all of them {p} the {b}",
    "let {every} {be} {p} the {b}",
)
"""Orders to put all of a shape into ``b``."""

ABOUT_SORTING = (
    "sort the {a} and the {b} by colour",
    "sort the {a} and the {b} by their colours",
    "{ask} sort the {a} and the {b} by colour",
    "{sort} the {a} and the {b} according to colour",
    "{sort} the {a} and the {b} into the {match}",
    "{sort} the {a} and the {b} in the {match}",
    "{ask} {sort} the {a} and the {b} into the {match}",
    "the {a} and the {b} {goes} in the {match}",
    "the {a} and the {b} {must} sorted by colour",
    "the {a} and the {b} {must} sorted into the {match}",
    "{want} the {a} and the {b} in the {match}",
    "{want} the {a} and the {b} sorted by colour",
    "{sort} both the {a} and the {b} into the {match}",
    "{lead} the {a} and the {b} and {v} each into the {bin} of its colour",
    "{v} the {a} and the {b} each into the {bin} of the same colour",
    "{sort} the {a} and the {b}, each into its {bin}",
    "{v} the {a} in the {bin} of its colour and the {b} in the {bin} of its colour",
    "{v} the {a} {p} the {x} and the {b} {p} the {y}",
    "{v} the {a} {p} the {x} and {v} the {b} {p} the {y}",
    "{ask} {v} the {a} {p} the {x} and the {b} {p} the {y}",
    "the {a} {goes} {p} the {x}, the {b} {goes} {p} the {y}",
    "the {a} {must} {done} {p} the {x} and the {b} {p} the {y}",
    "{want} the {a} {p} the {x} and the {b} {p} the {y}",
    "{p} the {x} {goes} the {a} and {p} the {y} {goes} the {b}",
    "{lead} the {a} and {v} it {p} the {x}, {lead} the {b} and {v} it {p} the {y}",
    "the {x} is for the {a} and the {y} is for the {b}",
    "{ensure} the {a} {ends} {p} the {x} and the {b} {p} the {y}",
    "both go in the {match}: the {a} and the {b}",
    "use the {match} for the {a} and the {b}",
    "match the {a} and the {b} with the {bin}s by colour",
)
"""Orders to put ``a`` and ``b`` into the bins ``x`` and ``y`` of their colours."""

ABOUT_TOWERS = (
    "{v} the {a} {p} the {b} and the {b} {p} the {c}",
    "{v} the {b} {p} the {c} and the {a} {p} the {b}",
    "{v} the {a} {p} the {b} and {v} the {b} {p} the {c}",
    "{v} the {b} {p} the {c} and {v} the {a} {p} the {b}",
    "{v} the {b} {p} the {c}, {nextly} {v} the {a} {p} the {b}",
    "{v} the {b} {p} the {c}, {nextly} {v} the {a} {p} it",
    "{v} the {b} {p} the {c}, {nextly} the {a} {p} the {b}",
    "{v} the {b} {p} the {c} {nextly} the {a} {p} that",
    "{v} the {b} {p} the {c} with the {a} on top",
    "{v} the {b} {p} the {c} and the {a} on top of that",
    "{v} the {b} {p} the {c} and the {a} on the very top",
    "first {v} the {b} {p} the {c}, {nextly} {v} the {a} {p} the {b}",
    "first the {b} {p} the {c}, {nextly} the {a} {p} the {b}",
    "begin with the {b} {p} the {c}, {nextly} {v} the {a} {p} the {b}",
    "{lead} the {b} and {v} it {p} the {c}, {nextly} {lead} the {a} and {v} it {p} the {b}",
    "{lead} the {b}, {v} it {p} the {c} and {v} the {a} {p} the {b}",
    "{ask} {v} the {a} {p} the {b} and the {b} {p} the {c}",
    "{ask} {v} the {b} {p} the {c} and the {a} {p} the {b}",
    "{v} the {a} {p} the {b} {p} the {c}",
    "{ask} {v} the {a} {p} the {b} {p} the {c}",
    "{v} the {a} {p} the {b}, which {goes} {p} the {c}",
    "{v} the {a} {p} the {b} that is {p} the {c}",
    "the {a} {goes} {p} the {b} and the {b} {goes} {p} the {c}",
    "the {b} {goes} {p} the {c} and the {a} {goes} {p} the {b}",
    "the {b} {goes} {p} the {c}, the {a} {p} the {b}",
    "the {a} {must} {done} {p} the {b} and the {b} {p} the {c}",
    "the {b} {must} {done} {p} the {c} and the {a} {p} the {b}",
    "{want} the {a} {p} the {b} and the {b} {p} the {c}",
    "{want} the {b} {p} the {c} and the {a} {p} the {b}",
    "{want} the {a} to {be} {p} the {b} and the {b} {p} the {c}",
    "{p} the {c} {goes} the {b} and {p} the {b} {goes} the {a}",
    "{p} the {b} {goes} the {a}, and {p} the {c} {goes} the {b}",
    "{p} the {c}, {v} the {b}, and {p} the {b}, {v} the {a}",
    "{build} {tower} with the {a} {p} the {b} and the {b} {p} the {c}",
    "{build} {tower} with the {b} {p} the {c} and the {a} {p} the {b}",
    "{build} {tower} with the {a} {p} the {b} {p} the {c}",
    "{ask} {build} {tower} with the {a} {p} the {b} and the {b} {p} the {c}",
    "{ask} {build} {tower} with the {b} {p} the {c} and the {a} {p} the {b}",
    "{build} {tower}: the {a} {p} the {b}, the {b} {p} the {c}",
    "{build} {tower}: the {b} {p} the {c}, the {a} {p} the {b}",
    "{build} {tower} with the {c} at the bottom, the {b} in the middle and the {a} at the top",
    "{build} {tower} with the {a} on top, the {b} in the middle and the {c} at the bottom",
    "{build} {tower} with the {a} at the top, then the {b}, then the {c}",
    "{build} {tower} with the {c} below the {b} and the {b} below the {a}",
    "{build} {tower} with the {b} between the {c} below and the {a} above",
    "{build} {tower} from the {c}, the {b} and the {a}, from bottom to top",
    "{build} {tower} from the {a}, the {b} and the {c}, from top to bottom",
    "{build} {tower} of the {c}, the {b} and the {a}, in this order from the bottom up",
    "{build} {tower} by putting the {b} {p} the {c} and the {a} {p} the {b}",
    "{build} {tower} by putting the {a} {p} the {b} and the {b} {p} the {c}",
    "{build} {tower} whose base is the {c}, with the {b} and the {a} above it",
    "{tower} with the {a} {p} the {b} and the {b} {p} the {c}, please",
    "with the {c} as the base, {v} the {b} {p} it and the {a} {p} the {b}",
    "{want} {tower} with the {a} {p} the {b} and the {b} {p} the {c}",
    "{want} {tower} with the {c} at the bottom, the {b} in the middle and the {a} on top",
    "from bottom to top: the {c}, the {b}, the {a}",
    "from top to bottom: the {a}, the {b}, the {c}",
    "the {c} is at the bottom, the {b} in the middle and the {a} on top; {build} it",
    "{ensure} the {a} {ends} {p} the {b} and the {b} {p} the {c}",
    "{ensure} the {b} {ends} {p} the {c} and the {a} {p} the {b}",
    "let the {b} {be} {p} the {c} and the {a} {p} the {b}",
    "let the {a} {be} {p} the {b} and the {b} {p} the {c}",
    "{v} the {a}, the {b} and the {c} in a tower, with the {a} on top and the {c} at the bottom",
)
"""Orders to build a tower of ``a`` on ``b`` on ``c``."""

ABOUT_TWO = (
    "{v} the {a} {p} the {b} and the {x} {p} the {y}",
    "{v} the {a} {p} the {b} and the {x} {p} the {y}",
    "{ask} {v} the {a} {p} the {b} and the {x} {p} the {y}",
    "{v} the {a} {p} the {b}, {nextly} the {x} {p} the {y}",
    "{v} the {a} {p} the {b}, the {x} {p} the {y}",
    "the {a} {goes} {p} the {b} and the {x} {p} the {y}",
    "the {a} {goes} {p} the {b} and the {x} {goes} {p} the {y}",
    "{want} the {a} {p} the {b} and the {x} {p} the {y}",
    "the {a} {must} {done} {p} the {b} and the {x} {p} the {y}",
    "first the {a} {p} the {b}, {nextly} the {x} {p} the {y}",
)
"""Orders to put ``a`` at ``b`` and ``x`` at ``y`` in the same way."""

CLAUSES = {
    "place": ("{v} the {a} {p} the {b}", "{v} the {a} {p} the {b}", "{v} the {a} {p} the {b}",
              "{lead} the {a} and {v} it {p} the {b}", "the {a} {goes} {p} the {b}"),
    "push": ("{slide_on} the {a} {where}", "{slide_on} the {a} {where}", "give the {a} a push {where}"),
    "lift": ("{lift} the {a}", "{lift} the {a} {air}"),
    "reach": ("{go} the {a}", "move {hand} {to} the {a}"),
}  # fmt: skip
"""Short orders that are joined to two."""

JOINTS = (
    "{first}, then {second}",
    "{first} and then {second}",
    "{first} and {second}",
    "{first}. Then {second}",
    "{first}. {second}",
    "{first}, {second}",
    "{first}; after that {second}",
    "{first} and after that {second}",
    "{first}, afterwards {second}",
    "{first}, next {second}",
    "{first}, and finally {second}",
    "first {first}, then {second}",
    "first {first} and then {second}",
    "first {first}; second, {second}",
    "begin: {first}, then {second}",
    "please {first} and then {second}",
    "could you {first} and then {second}",
    "i want you to {first} and then to {second}",
    "after that is done: {first}, then {second}",
    "when you have done this: {first}, also {second}",
)
"""How two orders become one sentence."""

FOREIGN_COLOURS = (
    "beige", "mauve", "khaki", "transparent", "striped", "spotted", "wooden", "plastic", "metal", "shiny", "tiny", "huge",
    "big", "small", "heavy", "rainbow", "indigo", "plaid", "glass", "dirty", "round", "tartan", "bronze", "copper",
    "mustard",
    "peach", "coral", "burgundy", "colourless", "invisible", "broken", "square", "soft", "neon", "chequered", "tan", "wet",
)  # fmt: skip
"""What is said of things and is none of our colours."""

FOREIGN_NOUNS = (
    "banana", "apple", "cup", "mug", "bottle", "book", "pen", "pencil", "spoon", "fork", "knife", "plate", "phone", "car",
    "shoe", "hat", "lamp", "chair", "dog", "cat", "bird", "tree", "flower", "key", "keyboard", "mouse", "screen", "cable",
    "screw", "hammer", "nail", "pyramid", "cone", "star", "ring", "triangle", "prism", "egg", "lemon", "carrot", "potato",
    "sponge", "towel", "sock", "glove", "coin", "card", "paper", "scissors", "toy", "duck", "bear", "doll", "drawer",
    "shelf",
    "pot", "pan", "kettle", "glass", "bread", "cheese", "cake", "cookie", "sandwich", "pizza", "rope", "string", "wheel",
    "battery", "remote", "camera", "watch", "bag", "wallet", "door", "window", "pillow", "blanket", "brush", "comb", "soap",
    "thing", "object", "item", "one", "stuff", "elephant", "mango", "orange juice", "helmet", "guitar", "drum", "vase",
)  # fmt: skip
"""What is none of our shapes."""

OTHERWISE = (
    "put the {a} next to the {b}",
    "{v} the {a} beside the {b}",
    "{v} the {a} near the {b}",
    "{v} the {a} under the {b}",
    "{v} the {a} below the {b}",
    "{v} the {a} between the {b} and the {x}",
    "{v} the {a} around the {b}",
    "do not {v} the {a} {p} the {b}",
    "don't {v} the {a} {p} the {b}",
    "never {v} the {a} {p} the {b}",
    "you must not {v} the {a} {p} the {b}",
    "do not touch the {a}",
    "don't lift the {a}",
    "do not push the {a} to the left",
    "stop pushing the {a}",
    "where is the {a}",
    "what colour is the {b}",
    "is the {a} {p} the {b}",
    "what is {p} the {b}",
    "why is the {a} {p} the {b}",
    "who put the {a} {p} the {b}",
    "do you see the {a}",
    "do you like the {a}",
    "how heavy is the {a}",
    "how many things are in the {x}",
    "which is bigger, the {a} or the {b}",
    "i like the {a}",
    "the {a} is nice",
    "throw the {a} at the {b}",
    "throw the {a} away",
    "paint the {a}",
    "break the {a}",
    "eat the {a}",
    "rotate the {a}",
    "turn the {a} over",
    "turn the {a} around",
    "spin the {a}",
    "open the {x}",
    "close the {x}",
    "empty the {x}",
    "count the {a}",
    "describe the {a}",
    "swap the {a} and the {b}",
    "hide the {a}",
    "wash the {a}",
    "look at the {a}",
    "squeeze the {a}",
    "{v} the {a} {p} the {b}, the {c} {p} the {x} and the {a} {p} the {y}",
    "lift the {a}, lift the {b} and lift the {c}",
    "put the {a} in the {x} and the {c} in the {y} and push the {b} to the left",
)
"""Orders and questions about known things that are none of our relations, or too many."""

INCOMPLETE = (
    "{v} the {a}",
    "{v} the {a}",
    "put the {a}",
    "place the {a}",
    "stack the {a}",
    "push the {a}",
    "slide the {a}",
    "{v} the {a} {p}",
    "{v} the {a} {p} the",
    "{lead} the {a} and {v} it",
    "{lead} the {a} and {v} it {p}",
    "{v} {p} the {b}",
    "{v} it {p} the {b}",
    "{p} the {b}",
    "the {a}",
    "the {a} and the {b}",
    "{a}",
    "{a} {b}",
    "the {a} {goes}",
    "the {a} {must}",
    "{want} the {a} to",
    "push",
    "lift",
    "put",
    "put it there",
    "lift it",
    "go",
    "reach for",
    "go to the",
    "pick up",
    "pick up the",
    "move the gripper",
    "move the hand to",
    "push to the left",
    "to the left of the {b}",
    "sort",
    "sort the {a}",
    "build a tower",
    "build a tower with the {a}",
    "build a tower with the {a} and the {b}",
    "put all",
    "put all the",
    "put everything away",
    "{ask}",
    "{ask} {v}",
    "{ask} {v} the {a}",
    "{v} {p}",
)
"""Half sentences."""

ABOUT_NOTHING = (
    "{asking} the {thing}",
    "{asking} the {quality} {thing}",
    "{asking} {someone}",
    "{someone} {doing} the {thing}",
    "{ask} {doing} the {thing}",
    "{ask} {doing} a {thing} for {someone}",
    "{doing} the {thing}",
    "{doing} me a {thing}",
    "the {thing} is {quality}",
    "{someone} will {doing} the {thing} and the {thing}",
    "i am {quality} today",
    "it is {quality} in the {thing}",
    "{want} a {thing}",
    "{want} a {quality} {thing}",
    "{doing} {someone} {p} the {thing}",
    "put the {thing} {p} the {thing}",
    "lift the {thing}",
    "go to the {thing}",
    "push the {thing} to the left",
)
"""Talk, as templates."""

SMALL_TALK = (
    "how are you", "how are you today", "good morning", "good night", "good bye", "see you later", "thanks a lot",
    "well done",
    "that was great", "what is your name", "where do you come from", "are you a robot", "can you hear me", "can you help me",
    "help", "help me", "i am hungry", "i am bored", "tell me a joke", "tell me a story", "what is two plus two", "sure",
    "maybe",
    "what can you do", "what are you doing", "go away", "go home", "come here", "shut down", "restart", "cancel",
    "never mind",
    "undo that", "again", "do it again", "faster", "slower", "be careful", "look out", "oops", "hm", "ah", "okay", "ok",
    "hi",
    "hey", "hey robot", "robot", "please", "please please", "thank you", "thanks", "nothing", "do nothing",
    "stay where you are",
    "do not move", "freeze", "relax", "dance", "dance for me", "wave", "wave your hand", "smile", "play some music", "next",
    "what day is today", "is it raining", "it is raining outside", "my name is john", "i love you", "you are funny", "why",
    "why not", "who won the game", "the sky is blue", "roses are red", "grass is green", "snow is white", "read the news",
    "call my mother", "send an email", "write a letter", "cook dinner", "wash the dishes", "clean the kitchen",
    "feed the dog",
    "make some coffee", "drive to the city", "to be or not to be", "lorem ipsum dolor sit amet", "asdf", "asdf jkl",
    "qwerty",
    "test", "testing one two three", "foo bar", "hello world", "the quick brown fox jumps over the lazy dog", "left",
    "right",
    "up", "down", "red", "blue", "cube", "the box", "colours", "all the things", "think outside the box",
    "do you like cubes",
    "it is a nice day for a walk", "the meeting starts at nine", "we should talk about the budget", "close your eyes",
    "open the window", "turn off the light", "what is the meaning of life", "sing me a song please", "do whatever you want",
    "surprise me", "do something nice", "do something else", "tidy up", "clean up", "start", "begin", "go on", "continue",
)  # fmt: skip
"""What people say that asks for nothing here."""

MAX_WORDS = 40
"""Words of a sentence at most; two steps with all their politeness take that many."""

SENSELESS_SHARE = 0.25
SUPPORTS = ("box", "cube")
_HANDY = ("cube", "cube", "cube", "ball", "cylinder")  # what is moved; cubes most often
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Saying:
    """A sentence and what it asks for."""

    sentence: str
    labels: AnyArray
    """Classes of `models.asked`, int64 (NUM_GOALS, WIDTH); all `UNSAID` without sense."""

    makes_sense: bool
    """Whether it asks for something that these classes can say."""


@dataclass(frozen=True)
class Thing:
    """An object as sentences know it."""

    colour: str
    """Empty where the sentence speaks of all of a shape."""

    shape: str


@dataclass(frozen=True)
class Wish:
    """One goal: a relation of a thing that is moved, perhaps with another."""

    relation: str
    moved: Thing
    other: Thing | None = None

    @property
    def row(self) -> list[int]:
        """Its classes, `WIDTH` numbers."""
        colour = COLOUR_NAMES.index(self.moved.colour) if self.moved.colour else ANY
        row = [RELATIONS.index(self.relation), colour, SHAPES.index(self.moved.shape)]
        if self.other is None:
            return [*row, UNSAID, UNSAID]
        return [*row, COLOUR_NAMES.index(self.other.colour), SHAPES.index(self.other.shape)]


@dataclass(frozen=True)
class Draft:
    """A sentence whose things have no names yet."""

    template: str
    wishes: tuple[Wish, ...]
    things: Mapping[str, Thing] = field(default_factory=dict)
    """What stands at each slot."""


def draw(rng: np.random.Generator) -> Saying:
    """Return a sentence that no held-out template gives."""
    while True:
        senseless = rng.random() < SENSELESS_SHARE
        saying = _without_sense(rng) if senseless else _with_sense(rng)
        if saying is not None and len(split(saying.sentence)) <= MAX_WORDS:
            return saying


def batch(seed: int, count: int) -> list[Saying]:
    """Return `count` sentences, the same for the same seed."""
    rng = np.random.default_rng(seed)
    return [draw(rng) for _ in range(count)]


def labels_of(wishes: Sequence[Wish]) -> AnyArray:
    """Return the classes of wishes, int64 (NUM_GOALS, WIDTH).

    Of two things on top of each other the upper comes first, as the family `tower` has it, in whatever order they are said.
    """
    if len(wishes) == 2 and all(w.relation == "on" for w in wishes) and wishes[1].other == wishes[0].moved:
        wishes = wishes[::-1]
    labels = np.full((NUM_GOALS, WIDTH), UNSAID, dtype=np.int64)
    labels[:, 0] = 0
    for row, wish in enumerate(wishes):
        labels[row] = wish.row
    return labels


def texts() -> list[str]:
    """Return every text an order can be made of, for a vocabulary; unknown things and small talk are not among them."""
    moving = (ABOUT_PLACING, ABOUT_CARRYING, ABOUT_HOLDING, ABOUT_CARRYING_ON_TOP, ABOUT_PUSHING, ABOUT_LIFTING)
    others = (ABOUT_REACHING, ABOUT_CLEARING, ABOUT_SORTING, ABOUT_TOWERS, ABOUT_TWO, JOINTS)
    own = [t for table in (*moving, *others, OTHERWISE, INCOMPLETE, *CLAUSES.values(), *WORDS.values()) for t in table]
    plural = [f"{noun}s" for noun in _all_nouns()]
    return [*words_of_training(), *(_SLOT.sub(" ", t) for t in own), *plural]


# ------------------------------------------------------------------ with sense


def _with_sense(rng: np.random.Generator) -> Saying | None:
    draft = _drafted(rng)
    sentence = _varied(_filled(draft, rng), rng)
    return None if sentence is None else Saying(sentence, labels_of(draft.wishes), True)


def _varied(sentence: str, rng: np.random.Generator) -> str | None:
    """Return the sentence as others would say it, None if any family holds it out."""
    if _is_held_out(sentence):
        return None
    spoken = vary(sentence, rng)
    return None if _is_held_out(spoken) else spoken


def _is_held_out(sentence: str) -> bool:
    return any(is_held_out(sentence, family) for family in _families())


def _drafted(rng: np.random.Generator) -> Draft:
    chance = rng.random()
    if chance < 0.40:
        return _of_family(rng)
    if chance < 0.72:
        return _of_tables(rng)
    return _of_two(rng)


def _of_family(rng: np.random.Generator) -> Draft:
    family = pick(rng, (*_families(), "tower", "sort"))
    return replace(_WISHES[family](rng), template=pick(rng, paraphrases(family).training))


def _of_tables(rng: np.random.Generator) -> Draft:
    return pick(rng, _TABLES)(rng)


def _one(*, on: Sequence[str], relation: str) -> Callable[[np.random.Generator], Draft]:
    def drawn(rng: np.random.Generator) -> Draft:
        a, b = _two_things(rng, _HANDY, on)
        return Draft("", (Wish(relation, a, b),), {"a": a, "b": b})

    return drawn


def _alone(relation: str) -> Callable[[np.random.Generator], Draft]:
    def drawn(rng: np.random.Generator) -> Draft:
        a = _thing(rng, _HANDY if rng.random() < 0.9 else SHAPES)
        return Draft("", (Wish(relation, a),), {"a": a})

    return drawn


def _beside(rng: np.random.Generator) -> Draft:
    a, b = _two_things(rng, _HANDY if rng.random() < 0.9 else SHAPES, SHAPES)
    return Draft("", (Wish(pick(rng, SIDES), a, b),), {"a": a, "b": b})


def _pushed(rng: np.random.Generator) -> Draft:
    draft = _beside(rng)
    wish = draft.wishes[0]
    if rng.random() < 0.5:
        return replace(draft, wishes=(replace(wish, relation=f"push_{wish.relation}"),))
    a = wish.moved
    return Draft("", (Wish(f"push_{pick(rng, DIRECTIONS)}", a),), {"a": a})


def _cleared(rng: np.random.Generator) -> Draft:
    b = _thing(rng, ("bin", "bin", "bowl"))
    return Draft("", (Wish("in", Thing("", "cube"), b),), {"b": b})


def _sorted(rng: np.random.Generator) -> Draft:
    container = pick(rng, ("bin", "bin", "bin", "bowl"))
    a, b = _two_things(rng, _HANDY, _HANDY)
    x, y = Thing(a.colour, container), Thing(b.colour, container)
    return Draft("", (Wish("in", a, x), Wish("in", b, y)), {"a": a, "b": b, "x": x, "y": y})


def _sorted_family(rng: np.random.Generator) -> Draft:
    while True:  # colours must differ, or the bins would be one
        draft = _sorted(rng)
        if draft.things["a"].colour != draft.things["b"].colour and draft.things["x"].shape == "bin":
            return draft


def _towered(rng: np.random.Generator) -> Draft:
    shape = ("cube",) if rng.random() < 0.7 else SUPPORTS
    while True:
        a, b, c = _thing(rng, ("cube",) if len(shape) == 1 else _HANDY), _thing(rng, shape), _thing(rng, shape)
        if len({a, b, c}) == 3:
            return Draft("", (Wish("on", a, b), Wish("on", b, c)), {"a": a, "b": b, "c": c})


_stacked = _one(on=SUPPORTS, relation="on")
_held = _one(on=CONTAINERS, relation="in")

_WISHES: dict[str, Callable[[np.random.Generator], Draft]] = {
    "clear": _cleared,
    "lift": _alone("lifted"),
    "move_beside": _beside,
    "place_in": _held,
    "place_on": _stacked,
    "push_to": _pushed,
    "reach": _alone("near_gripper"),
    "sort": _sorted_family,
    "stack": _stacked,
    "tower": _towered,
}


def _table_of_placing(rng: np.random.Generator) -> Draft:
    draft = pick(rng, (_stacked, _held, _beside, _beside))(rng)
    return replace(draft, template=_worded(pick(rng, ABOUT_PLACING), draft.wishes[0].relation, rng))


def _table_of_carrying(rng: np.random.Generator) -> Draft:
    draft = pick(rng, (_stacked, _held))(rng)
    relation = draft.wishes[0].relation
    own = ABOUT_HOLDING if relation == "in" else ABOUT_CARRYING_ON_TOP
    return replace(draft, template=_worded(pick(rng, ABOUT_CARRYING if rng.random() < 0.5 else own), relation, rng))


def _table_of_pushing(rng: np.random.Generator) -> Draft:
    draft = _pushed(rng)
    wish = draft.wishes[0]
    if wish.other is None and rng.random() < 0.15:  # "move it to the left" is a push: nothing is there to put it beside
        template = pick(rng, ("{ask} move the {a} {where}", "move the {a} {where}", "shift the {a} {where}"))
        return replace(draft, template=_worded(template, wish.relation, rng))
    return replace(draft, template=_worded(pick(rng, ABOUT_PUSHING), wish.relation, rng))


def _table_of(
    table: Sequence[str], wishes: Callable[[np.random.Generator], Draft]
) -> Callable[[np.random.Generator], Draft]:
    def drawn(rng: np.random.Generator) -> Draft:
        draft = wishes(rng)
        return replace(draft, template=_worded(pick(rng, table), draft.wishes[0].relation, rng))

    return drawn


def _table_of_clearing(rng: np.random.Generator) -> Draft:
    draft = _cleared(rng)
    shape = pick(rng, _HANDY)
    noun = pick(rng, (shape, *NOUNS[shape]))
    template = _worded(pick(rng, ABOUT_CLEARING), "in", rng).replace("{nouns}", f"{noun}s").replace("{noun}", noun)
    return Draft(template, (replace(draft.wishes[0], moved=Thing("", shape)),), draft.things)


def _table_of_sorting(rng: np.random.Generator) -> Draft:
    draft = _sorted_family(rng)
    container = draft.things["x"].shape
    return replace(draft, template=_worded(pick(rng, ABOUT_SORTING), "in", rng).replace("{bin}", container))


_table_of_towers = _table_of(ABOUT_TOWERS, _towered)
_TABLES = (
    _table_of_placing,
    _table_of_placing,
    _table_of_placing,
    _table_of_carrying,
    _table_of_carrying,
    _table_of_pushing,
    _table_of_pushing,
    _table_of(ABOUT_LIFTING, _alone("lifted")),
    _table_of(ABOUT_REACHING, _alone("near_gripper")),
    _table_of_clearing,
    _table_of_sorting,
    _table_of_towers,
    _table_of_towers,
    _table_of_towers,
)


def _of_two(rng: np.random.Generator) -> Draft:
    """Return two wishes in one sentence; the second may speak of the first's thing as "it"."""
    if rng.random() < 0.25:
        draft = _two_in_one(rng)
        return replace(draft, template=_worded(draft.template, draft.wishes[0].relation, rng))
    first, second = _clause(rng), _clause(rng)
    things = {**first.things, **{_AFTER[slot]: thing for slot, thing in second.things.items()}}
    wishes = [*first.wishes, *second.wishes]
    template = second.template.replace("{a}", "{x}").replace("{b}", "{y}")
    chance, moved = rng.random(), wishes[0].moved
    if chance < 0.25 and wishes[1].relation == "on" and moved.shape in SUPPORTS and moved != wishes[1].moved:
        wishes[1] = replace(wishes[1], other=moved)
        template = template.replace("the {y}", "it")
        things.pop("y")
    elif chance < 0.4 and wishes[0].relation != "lifted" and wishes[1].other != moved:
        wishes[1] = replace(wishes[1], moved=moved)
        template = template.replace("the {x}", "it")
        things.pop("x")
    joint = pick(rng, JOINTS)
    return Draft(joint.replace("{first}", first.template).replace("{second}", template), tuple(wishes), things)


_AFTER = {"a": "x", "b": "y"}


def _clause(rng: np.random.Generator) -> Draft:
    """Return one short order."""
    chance = rng.random()
    if chance < 0.7:
        draft = pick(rng, (_stacked, _stacked, _held, _held, _beside))(rng)
        kind = "place"
    else:
        kind, wishes = pick(rng, _OTHER_CLAUSES)
        draft = wishes(rng)
    return replace(draft, template=_worded(pick(rng, CLAUSES[kind]), draft.wishes[0].relation, rng))


_OTHER_CLAUSES = (("push", _pushed), ("lift", _alone("lifted")), ("reach", _alone("near_gripper")))


def _two_in_one(rng: np.random.Generator) -> Draft:
    """Return two placings with one verb: "put A on B and C on D"; A and C may share the place."""
    wishes = pick(rng, (_stacked, _held, _held, _beside))
    while True:
        first, second = wishes(rng), wishes(rng)
        a, b = first.wishes[0], replace(second.wishes[0], relation=first.wishes[0].relation)
        if b.moved not in (a.moved, a.other) and a.moved != b.other:
            things = {**first.things, "x": second.things["a"], "y": second.things["b"]}
            return Draft(pick(rng, ABOUT_TWO), (a, b), things)


# ------------------------------------------------------------------ words


def _worded(template: str, relation: str, rng: np.random.Generator) -> str:
    """Return the template with its verbs and prepositions; things stay slots."""
    side = relation.removeprefix("push_")
    preposition = side if side in ("on", "in", *SIDES) else "on"

    def chosen(match: re.Match[str]) -> str:
        slot = match[1]
        if slot == "p":
            return pick(rng, WORDS[preposition])
        if slot == "where":
            return _where(relation, rng)
        table = WORDS.get(f"{slot}_{relation}") or WORDS.get(slot)
        return match[0] if table is None else pick(rng, table)

    return _SLOT.sub(chosen, _SLOT.sub(chosen, template))


def _where(relation: str, rng: np.random.Generator) -> str:
    side = relation.removeprefix("push_")
    if side in SIDES:
        return f"{pick(rng, SIDE_WORDS[side] if rng.random() < 0.6 else WORDS[side])} the {{b}}"
    return pick(rng, DIRECTION_WORDS[side] if rng.random() < 0.6 else WORDS[side])


def _filled(draft: Draft, rng: np.random.Generator, names: Mapping[str, str] | None = None) -> str:
    """Return the sentence; a thing said twice mostly has the same name twice, `names` are taken first."""
    known = dict(names or {})
    relation = draft.wishes[0].relation if draft.wishes else ""

    def named(match: re.Match[str]) -> str:
        slot = match[1]
        if slot not in known or (slot not in (names or {}) and rng.random() < 0.15):
            known[slot] = spoken(draft.things[slot], rng)
        return known[slot]

    where = _where(relation, rng) if "{where}" in draft.template else ""
    return _SLOT.sub(named, draft.template.replace("{where}", where))


def spoken(thing: Thing, rng: np.random.Generator) -> str:
    """Return words for a thing: half of the time its plain name, else perhaps a synonym."""
    if rng.random() < PLAIN_SHARE:
        return f"{thing.colour} {thing.shape}"
    rare = rng.random() < 0.3
    colours = (thing.colour, *COLOUR_WORDS.get(thing.colour, ()), *(RARE_COLOURS.get(thing.colour, ()) if rare else ()))
    nouns = (thing.shape, *NOUNS.get(thing.shape, ()), *(RARE_NOUNS.get(thing.shape, ()) if rare else ()))
    return f"{pick(rng, colours)} {pick(rng, nouns)}"


def _thing(rng: np.random.Generator, shapes: Sequence[str]) -> Thing:
    return Thing(pick(rng, COLOUR_NAMES), pick(rng, shapes))


def _two_things(rng: np.random.Generator, moved: Sequence[str], others: Sequence[str]) -> tuple[Thing, Thing]:
    while True:
        a, b = _thing(rng, moved), _thing(rng, others)
        if a != b:
            return a, b


# ------------------------------------------------------------------ without sense


def _without_sense(rng: np.random.Generator) -> Saying | None:
    sentence = pick(rng, _SENSELESS)(rng)
    return Saying(sentence, np.full((NUM_GOALS, WIDTH), UNSAID, dtype=np.int64), False)


def _small_talk(rng: np.random.Generator) -> str:
    return vary(pick(rng, (*NONSENSE, *SMALL_TALK)), rng)


def _about_nothing(rng: np.random.Generator) -> str:
    """Return talk put together from words, most of which no order has."""
    return vary(_worded(pick(rng, ABOUT_NOTHING), "on", rng), rng)


def _with_a_flaw(rng: np.random.Generator) -> str:
    """Return a sensible sentence in which one thing is called what nobody knows, or not told."""
    draft = _drafted(rng)
    slots = [slot for slot in draft.things if f"{{{slot}}}" in draft.template]
    if not slots:
        return made_up(rng)
    slot = pick(rng, slots)
    return vary(_filled(draft, rng, {slot: _flawed(spoken(draft.things[slot], rng), rng)}), rng)


def _flawed(name: str, rng: np.random.Generator) -> str:
    colour, noun = name.split()
    chance = rng.random()
    if chance < 0.5:
        return f"{made_up(rng)} {noun}"
    if chance < 0.63:
        return f"{pick(rng, FOREIGN_COLOURS)} {noun}"
    if chance < 0.75:
        return f"{colour} {pick(rng, FOREIGN_NOUNS)}"
    if chance < 0.82:
        return f"{colour} {made_up(rng)}"
    if chance < 0.9:
        return pick(rng, FOREIGN_NOUNS)
    return noun if chance < 0.97 else colour


def _otherwise(rng: np.random.Generator) -> str:
    """Return an order or a question about known things that no class can say."""
    template = _worded(pick(rng, OTHERWISE), "on", rng)
    return vary(_with_things(template, rng), rng)


def _incomplete(rng: np.random.Generator) -> str:
    return vary(_with_things(_worded(pick(rng, INCOMPLETE), pick(rng, ("on", "in", *SIDES)), rng), rng), rng)


def _with_things(template: str, rng: np.random.Generator) -> str:
    shapes = {"a": _HANDY, "c": _HANDY, "b": (*SUPPORTS, *CONTAINERS), "x": CONTAINERS, "y": CONTAINERS}
    return _SLOT.sub(lambda m: spoken(_thing(rng, shapes.get(m[1], SHAPES)), rng), template)


def _salad(rng: np.random.Generator) -> str:
    """Return known words in no order at all."""
    words = _known_words()
    return " ".join(pick(rng, words) for _ in range(int(rng.integers(1, 13))))


def _babble(rng: np.random.Generator) -> str:
    return " ".join(made_up(rng) for _ in range(int(rng.integers(1, 8))))


_SENSELESS: tuple[Callable[[np.random.Generator], str], ...] = (
    *(_small_talk,) * 3,
    *(_about_nothing,) * 2,
    *(_with_a_flaw,) * 13,
    *(_otherwise,) * 3,
    *(_incomplete,) * 3,
    *(_salad,) * 2,
    _babble,
)


def made_up(rng: np.random.Generator) -> str:
    """Return a word that nobody knows, made of syllables."""
    while True:
        parts = [pick(rng, _ONSETS) + pick(rng, _VOWELS) for _ in range(int(rng.integers(1, 4)))]
        word = "".join(parts) + pick(rng, _CODAS)
        if len(word) > 2 and word not in _known():
            return word


_ONSETS = ("", *"bcdfghjklmnpqrstvwxyz", "bl", "br", "cl", "cr", "dr", "fl", "gl", "gr", "pl", "pr", "qu", "sc", "sh", "sk",
           "sl", "sn", "sp", "st", "th", "tr", "wh", "zw")  # fmt: skip
_VOWELS = (*"aeiou", *"aeiou", "ai", "ea", "ee", "oo", "ou", "ie")
_CODAS = ("", *"bdgklmnprstxz", "ck", "sh", "nt", "rd", "le", "er", "y", "ish", "ow")


@cache
def _families() -> tuple[str, ...]:
    return tuple(family_names())


@cache
def _known_words() -> tuple[str, ...]:
    return tuple(sorted({word for text in texts() for word in split(text)}))


@cache
def _known() -> frozenset[str]:
    return frozenset(_known_words())


def _all_nouns() -> list[str]:
    return [w for s in SHAPES for w in (s, *NOUNS.get(s, ()), *RARE_NOUNS.get(s, ()))]
