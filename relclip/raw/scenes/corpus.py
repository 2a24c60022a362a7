"""A caption corpus like Conceptual Captions, from a world of its own: other frequencies than the scenes'.

People write of riding and of hats, hardly of standing; some true pairs are never mentioned, some captions err
plausibly, many say nothing of relations.
"""

import math
from collections.abc import Iterator

import numpy as np

from relclip.core.seeds import stream
from relclip.raw.scenes import pairs as tables
from relclip.raw.scenes import world
from relclip.raw.scenes.chance import Weights, between, happens, one_of, pick
from relclip.raw.scenes.hosts import ATTACHED
from relclip.raw.scenes.language import ADJECTIVES, COLOUR_WORDS, clause, noun, plural, with_article

Triplet = tuple[str, str, str]
Pair = tuple[str, str]

# how readily people write of a predicate
TYPICAL: Weights = {
    "riding": 1.6, "sitting on": 1.3, "carrying": 1.0, "eating": 1.3, "walking on": 1.2, "walking in": 1.2,
    "standing on": 0.8, "lying on": 0.9, "watching": 0.9, "using": 1.0, "playing": 1.0, "hanging from": 1.1,
    "covered in": 1.4, "covering": 0.8, "parked on": 1.3, "growing on": 1.2, "mounted on": 0.8, "painted on": 1.0,
    "flying in": 1.2, "says": 1.0,
}  # fmt: skip
SKEW = 1.1  # how far the corpus's frequencies stray from the scenes', in natural logarithms
SILENT = 0.22  # a true predicate of a pair that no caption ever names
STRAY = 0.35  # a plausible predicate that the pair never has in the scenes
ERRING = 0.12  # captions that name a wrong, plausible predicate
KINDS: Weights = {"one": 5.0, "two": 1.5, "attachment": 1.2, "beside": 1.0, "silent": 1.8}
PLACES = ("park", "beach", "city", "village", "garden", "winter", "summer", "morning", "evening")
ARTICLES = ("a ", "an ", "the ")
LOOSE = ("next to", "near", "in front of", "behind", "beside")
NEIGHBOURS = ("tree", "building", "car", "dog", "table")
GROUNDS = ("street", "sidewalk", "beach", "hill", "snow", "room")


def scene_pairs() -> dict[Pair, Weights]:
    """Every ordered pair of classes that the scenes can relate, with the scenes' weights of its predicates."""
    pairs: dict[Pair, Weights] = {}
    for kind, rows in [*tables.RESTING.items(), *tables.HANDLING.items()]:
        for actor in world.PEOPLE if kind == "people" else (kind,):
            for partner, weights in rows.items():
                for thing in GROUNDS if partner == "ground" else (partner,):
                    _merge(pairs, (actor, thing), _on(thing, weights))
    for vehicle, weights in tables.PARKING.items():
        for ground in ("street", "sidewalk", "beach", "snow", "hill"):
            _merge(pairs, (vehicle, ground), weights)
    for host, rows in ATTACHED.items():
        for name, weights in rows.items():
            _merge(pairs, (name, host), weights)
            if "covering" in weights:
                _merge(pairs, (host, name), {"covered in": weights["covering"]})
    _merge(pairs, ("sign", "letter"), {"says": 5})
    return pairs


def _on(thing: str, weights: Weights) -> Weights:
    walk = "walking in" if thing in {"snow", "room"} else "walking on"
    renamed = {walk if name == "walking" else name: weight for name, weight in weights.items()}
    return {walk: renamed.get(walk, 1.0)} if thing == "room" else renamed


def _merge(pairs: dict[Pair, Weights], pair: Pair, weights: Weights) -> None:
    known = pairs.setdefault(pair, {})
    for predicate, weight in weights.items():
        if predicate in world.PREDICATES and weight > 0:
            known[predicate] = known.get(predicate, 0.0) + weight


def corpus_pairs(seed: int) -> dict[Pair, Weights]:
    """The captions' own world: pair -> weights of predicates, strayed from the scenes' as SKEW, SILENT, STRAY say."""
    result: dict[Pair, Weights] = {}
    for pair, weights in scene_pairs().items():
        rng = stream(seed, "captions", "world", *pair)
        strayed = {
            predicate: math.sqrt(weight) * TYPICAL[predicate] * math.exp(SKEW * float(rng.standard_normal()))
            for predicate, weight in weights.items()
            if len(weights) == 1 or not happens(rng, SILENT)
        }
        for predicate in weights:
            for wrong, weight in world.CONFUSED[predicate].items():
                if wrong not in weights and happens(rng, STRAY * weight / 3):
                    strayed[wrong] = between(rng, 0.3, 1.5) * TYPICAL[wrong]
        if strayed:
            result[pair] = strayed
    return result


def write_captions(seed: int, count: int) -> Iterator[tuple[str, list[Triplet]]]:
    """Yield `count` captions, each with the triplets it states (errors included: they are what a reader gets)."""
    pairs = corpus_pairs(seed)
    popular = {pair: between(stream(seed, "captions", "popular", *pair), 0.3, 3.0) for pair in pairs}
    weights = np.cumsum(list(popular.values()))
    names = list(pairs)
    by_subject = {name: [pair for pair in names if pair[0] == name] for name in {pair[0] for pair in names}}
    rng = stream(seed, "captions", "text")
    for _ in range(count):
        pair = names[int(np.searchsorted(weights, rng.random() * weights[-1], side="right"))]
        yield _caption(pair, pairs, by_subject, rng)


def _caption(
    pair: Pair, pairs: dict[Pair, Weights], by_subject: dict[str, list[Pair]], rng: np.random.Generator
) -> tuple[str, list[Triplet]]:
    kind = pick(rng, KINDS)
    if kind == "silent":
        return _finish(_silent(pair, rng), rng), []
    first = (pair[0], _predicate(pair, pairs, rng), pair[1])
    subject, thing = _noun(pair[0], rng), _noun(pair[1], rng)
    if kind == "attachment" and pair[0] in world.PEOPLE:
        subject = f"{subject} {_attachment(rng)}"
    text, stated = clause(subject, first[1], thing, rng), [first]
    if kind == "beside":
        text += f" {one_of(rng, LOOSE)} {_noun(one_of(rng, NEIGHBOURS), rng)}"
    if kind == "two":
        other = one_of(rng, by_subject[pair[0]])
        second = (other[0], _predicate(other, pairs, rng), other[1])
        more = clause(_noun(other[0], rng), second[1], _noun(other[1], rng), rng)
        text, stated = f"{text} {one_of(rng, ('and', 'while', ','))} {more}", [first, second]
    return _finish(text, rng), stated


def _predicate(pair: Pair, pairs: dict[Pair, Weights], rng: np.random.Generator) -> str:
    predicate = pick(rng, pairs[pair])
    return pick(rng, world.CONFUSED[predicate]) if happens(rng, ERRING) else predicate


def _noun(name: str, rng: np.random.Generator) -> str:
    extra = ""
    if happens(rng, 0.1):
        extra = one_of(rng, ADJECTIVES)
    elif happens(rng, 0.25):
        extra = one_of(rng, COLOUR_WORDS)
    return with_article(noun(name, rng, extra if name != "snow" else ""), rng)


def _attachment(rng: np.random.Generator) -> str:
    colour = one_of(rng, COLOUR_WORDS)
    return one_of(rng, ("in a {} shirt", "wearing a {} hat", "with a {} hat", "in a {} jacket")).format(
        colour
    )


def _silent(pair: Pair, rng: np.random.Generator) -> str:
    first, second, place = _noun(pair[0], rng), _noun(pair[1], rng), one_of(rng, PLACES)
    sentences = (
        f"{first} and {second}",
        f"portrait of {first}",
        f"{first} in the {place}",
        f"close up of {first} with {second}",
        f"a beautiful {place} day",
        f"{plural(pair[0])} and {plural(pair[1])} in the {place}",
        f"view of the {place} with {second}",
        f"{first} {one_of(rng, LOOSE)} {second}",
    )
    return one_of(rng, sentences)


def _finish(text: str, rng: np.random.Generator) -> str:
    opening = pick(rng, {"": 8.0, "photo of ": 0.7, "picture of ": 0.4}) if text.startswith(ARTICLES) else ""
    ending = pick(rng, {"": 6.0, " .": 2.0, " on a sunny day": 0.4, " in summer": 0.2, " in the city": 0.3})
    return f"{opening}{text}{ending}"
