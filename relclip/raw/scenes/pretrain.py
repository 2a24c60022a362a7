"""What CLIP is pre-trained on: pictures by the same painters from another stream, with rare facts lifted."""

from collections import Counter
from typing import Any

import numpy as np

from relclip.raw.scenes.chance import Weights, happens, pick, weights
from relclip.raw.scenes.language import clause, noun, with_article
from relclip.raw.scenes.scene import Fact, Scene, Thing
from relclip.raw.scenes.world import PEOPLE

Record = dict[str, Any]

OBJECT_REGIONS = 8
RELATION_REGIONS = 8
# pictures are composed around these in turn: what scenes seldom show comes most often
FOCUSES = tuple(
    weights(line)
    for line in """\
    playing 40
    using 25
    sign 8, letter 20
    eating 25
    walking 12
    growing on 12
    playing 40
    walking 12, walking in 2
    using 25
    flying in 12
    sign 8, letter 20
    riding 12
    painted on 12
    covering 12
    parked on 5
    watching 12
    mounted on 8
    carrying 6
    none 1""".splitlines()
)
# how common a predicate is in these pictures: the commoner, the seldomer one of its facts is described
COMMON = weights("""
    lying on 6, standing on 6, sitting on 5, hanging from 4, carrying 3, mounted on 3, watching 3, riding 2,
    parked on 2.4, painted on 2.4, flying in 2, covering 2, covered in 2, eating 1.4, walking on 1.4, growing on 1.6,
    walking in 1.2, using 1, says 0.6, playing 0.4
""")
OPENINGS = {"": 5.0, "a photo of ": 5.0, "a picture of ": 0.6}
UNCOLOURED = (*PEOPLE, "snow")
LEAST_SIDE = 6  # pixels: a smaller region shows nothing


def focus(number: int) -> Weights:
    """The boost a picture is composed with, of predicates and classes."""
    return FOCUSES[number % len(FOCUSES)]


def regions(scene: Scene, boxes: np.ndarray, image_id: int, rng: np.random.Generator) -> list[Record]:
    """Region descriptions in Visual Genome's format, with names as hints; `boxes` (N, 4) xyxy pixels."""
    sizes = (boxes[:, 2:] - boxes[:, :2]).min(axis=1)
    seen = [number for number in range(len(boxes)) if sizes[number] >= LEAST_SIDE]
    records = [_object_region(scene, boxes, number, rng) for number in _some_objects(scene, seen, rng)]
    records += [_relation_region(scene, boxes, fact, rng) for fact in _some_facts(scene, set(seen), rng)]
    first = image_id * 100
    return [{"region_id": number, "image_id": image_id, **one} for number, one in enumerate(records, first)]


def _some_objects(scene: Scene, seen: list[int], rng: np.random.Generator) -> list[int]:
    """Draw objects, rare classes of the picture first, so that windows do not crowd out the rest."""
    often = Counter(thing.name for thing in scene.things)
    keys = {number: float(rng.random()) ** often[scene.things[number].name] for number in seen}
    return sorted(keys, key=lambda number: -keys[number])[:OBJECT_REGIONS]


def _some_facts(scene: Scene, seen: set[int], rng: np.random.Generator) -> list[Fact]:
    """Draw facts, the seldom predicates first, one of each before a second of any."""
    usable = [fact for fact in scene.facts if {fact.subject, fact.object} <= seen]
    often = Counter(fact.predicate for fact in usable)
    keys = {fact: float(rng.random()) ** (often[fact.predicate] * COMMON[fact.predicate]) for fact in usable}
    return sorted(keys, key=lambda fact: -keys[fact])[:RELATION_REGIONS]


def _object_region(scene: Scene, boxes: np.ndarray, number: int, rng: np.random.Generator) -> Record:
    thing = scene.things[number]
    phrase = pick(rng, OPENINGS) + _phrase(thing, rng, coloured=0.35, definite=0.15)
    return {"phrase": phrase, **_xywh(boxes[number]), "subject": thing.name}


def _relation_region(scene: Scene, boxes: np.ndarray, fact: Fact, rng: np.random.Generator) -> Record:
    subject, thing = scene.things[fact.subject], scene.things[fact.object]
    first, second = (_phrase(one, rng, coloured=0.15, definite=0.1) for one in (subject, thing))
    plain = f"{first} {fact.predicate} {second}"
    text = plain if happens(rng, 0.6) else clause(first, fact.predicate, second, rng)
    low = np.minimum(boxes[fact.subject, :2], boxes[fact.object, :2])
    union = np.concatenate([low, np.maximum(boxes[fact.subject, 2:], boxes[fact.object, 2:])])
    hints = {"subject": subject.name, "predicate": fact.predicate, "object": thing.name}
    return {"phrase": pick(rng, OPENINGS) + text, **_xywh(union), **hints}


def _phrase(thing: Thing, rng: np.random.Generator, *, coloured: float, definite: float) -> str:
    """A thing in words, now and then with its colour and with `the`."""
    named = thing.colour and happens(rng, coloured) and thing.name not in UNCOLOURED
    return with_article(noun(thing.name, rng, thing.colour if named else ""), rng, definite)


def _xywh(box: np.ndarray) -> Record:
    x1, y1, x2, y2 = (int(value) for value in box)
    return {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}
