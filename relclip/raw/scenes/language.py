"""Words for classes and predicates: synonyms, verb forms, passives, as captions and annotators use them."""

from dataclasses import dataclass

import numpy as np

from relclip.raw.scenes.chance import happens, one_of, pick

SYNONYMS: dict[str, dict[str, float]] = {
    "man": {"man": 8, "guy": 1, "gentleman": 0.4},
    "woman": {"woman": 8, "lady": 1},
    "child": {"child": 6, "kid": 1.4, "boy": 0.6, "girl": 0.6},
    "motorcycle": {"motorcycle": 6, "motorbike": 2},
    "bike": {"bike": 6, "bicycle": 2},
    "plane": {"plane": 6, "airplane": 1.2, "aeroplane": 0.5},
    "surfboard": {"surfboard": 7, "board": 1},
    "skateboard": {"skateboard": 7, "board": 1},
    "phone": {"phone": 6, "cell phone": 1, "smartphone": 0.6},
    "laptop": {"laptop": 6, "computer": 0.8},
    "sidewalk": {"sidewalk": 6, "pavement": 1},
    "street": {"street": 6, "road": 1.5},
    "bag": {"bag": 6, "handbag": 1, "purse": 0.6},
    "car": {"car": 8, "vehicle": 0.5},
    "horse": {"horse": 9, "pony": 0.5},
    "dog": {"dog": 9, "puppy": 0.8},
    "cat": {"cat": 9, "kitten": 0.8},
    "towel": {"towel": 6, "cloth": 0.6},
    "wave": {"wave": 6, "sea": 0.6},
    "letter": {"letter": 6, "word": 0.6},
}
PLURALS = {
    "leaf": "leaves",
    "man": "men",
    "woman": "women",
    "child": "children",
    "bench": "benches",
    "bus": "buses",
    "beach": "beaches",
}
COLOUR_WORDS = ("red", "blue", "green", "yellow", "white", "black", "brown", "orange", "pink", "purple")
ADJECTIVES = ("young", "old", "little", "happy", "beautiful", "small", "big", "tall")


@dataclass(frozen=True)
class Verb:
    """A predicate in use: the participle, present, past, and the passive's head where it has one."""

    participle: tuple[str, ...]
    present: tuple[str, ...]
    past: str
    passive: str = ""


VERBS: dict[str, Verb] = {
    "carrying": Verb(("carrying",), ("carries",), "carried", "carried by"),
    "covered in": Verb(
        ("covered in", "covered with"), ("is covered in", "is covered with"), "was covered in"
    ),
    "covering": Verb(("covering",), ("covers",), "covered", "covered by"),
    "eating": Verb(("eating",), ("eats",), "ate", "eaten by"),
    "flying in": Verb(("flying in",), ("flies in",), "flew in"),
    "growing on": Verb(("growing on",), ("grows on",), "grew on"),
    "hanging from": Verb(("hanging from",), ("hangs from",), "hung from"),
    "lying on": Verb(("lying on", "laying on"), ("lies on",), "lay on"),
    "mounted on": Verb(("mounted on",), ("is mounted on",), "was mounted on"),
    "painted on": Verb(("painted on",), ("is painted on",), "was painted on"),
    "parked on": Verb(("parked on",), ("is parked on",), "was parked on"),
    "playing": Verb(("playing",), ("plays",), "played", "played by"),
    "riding": Verb(("riding",), ("rides",), "rode", "ridden by"),
    "says": Verb(("saying",), ("says",), "said"),
    "sitting on": Verb(("sitting on", "seated on"), ("sits on",), "sat on"),
    "standing on": Verb(("standing on",), ("stands on",), "stood on"),
    "using": Verb(("using",), ("uses",), "used", "used by"),
    "walking in": Verb(("walking in",), ("walks in",), "walked in"),
    "walking on": Verb(("walking on",), ("walks on",), "walked on"),
    "watching": Verb(("watching",), ("watches",), "watched", "watched by"),
}
MASS = {"snow"}


def noun(name: str, rng: np.random.Generator, colour: str = "") -> str:
    """A class as a bare noun phrase: perhaps a synonym, perhaps a colour before it."""
    word = pick(rng, SYNONYMS[name]) if name in SYNONYMS else name
    return f"{colour} {word}" if colour else word


def with_article(phrase: str, rng: np.random.Generator, definite: float = 0.25) -> str:
    """Put `a`, `an` or `the` before a noun phrase, or nothing before a mass noun."""
    if phrase.rsplit(maxsplit=1)[-1] in MASS:
        return phrase
    if happens(rng, definite):
        return f"the {phrase}"
    return f"an {phrase}" if phrase[0] in "aeiou" else f"a {phrase}"


def clause(subject: str, predicate: str, thing: str, rng: np.random.Generator) -> str:
    """One fact in words: participle, present, past, passive or a relative clause; the nouns have their articles."""
    verb = VERBS[predicate]
    forms = {
        "participle": 5.0,
        "is": 1.6,
        "present": 1.6,
        "past": 0.5,
        "passive": 1.3 if verb.passive else 0.0,
        "relative": 0.4,
    }
    form = pick(rng, forms)
    participle = one_of(rng, verb.participle)
    if form == "passive":
        return f"{thing} {one_of(rng, ('', 'being '))}{verb.passive} {subject}"
    if form == "present" or predicate == "says":
        return f"{subject} {one_of(rng, verb.present)} {thing}"
    if form == "past":
        return f"{subject} {verb.past} {thing}"
    if form == "relative":
        return f"{thing} {one_of(rng, ('that ', ''))}{subject} is {participle}"
    return f"{subject} {'is ' if form == 'is' else ''}{participle} {thing}"


def plural(name: str) -> str:
    """The plural of a class name."""
    return PLURALS.get(name, f"{name}s")
