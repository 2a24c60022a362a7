"""From a scene's truth to what people wrote down: incomplete, now and then wrong, in words of their own.

Records are Visual Genome's: boxes x, y, w, h in pixels, `names` lists, ids unique over the data set.
"""

from typing import Any

import numpy as np

from relclip.raw.scenes.chance import happens, one_of, pick
from relclip.raw.scenes.language import VERBS, plural
from relclip.raw.scenes.scene import Fact, Scene
from relclip.raw.scenes.world import CONFUSED, SALIENCE

Record = dict[str, Any]

WRONG = 0.03  # a fact written down with a plausible wrong predicate
TWICE = 0.015  # a relation written down twice
ODD_NAME = 0.06  # an object named by a plural, a capital, or with an article's remains
ODD_PREDICATE = 0.1
ODD_BOX = 0.002  # a box partly outside the picture, or empty
IDS_AN_IMAGE = 1000


def object_records(
    scene: Scene, boxes: np.ndarray, image_id: int, size: int, rng: np.random.Generator
) -> list[Record]:
    """One record per thing, in the scene's order; `boxes` (N, 4) xyxy pixels."""
    records = []
    for number, (thing, box) in enumerate(zip(scene.things, boxes.tolist(), strict=True)):
        x, y, w, h = box[0], box[1], box[2] - box[0], box[3] - box[1]
        if happens(rng, ODD_BOX):
            x, y, w, h = one_of(rng, ((x, y, w, 0), (x, y, size - x + 12, h), (-9, y, w + 9, h)))
        name = _odd_name(thing.name, rng) if happens(rng, ODD_NAME) else thing.name
        records.append(
            {
                "object_id": image_id * IDS_AN_IMAGE + number,
                **{"x": x, "y": y, "w": w, "h": h},
                "names": [name],
                "synsets": [f"{thing.name}.n.01"],
                "merged_object_ids": [],
            }
        )
    return records


def annotated(scene: Scene, share: float, rng: np.random.Generator) -> list[Fact]:
    """The facts an annotator names: each with a chance of `share` times its salience, some of them wrongly or twice."""
    named: list[Fact] = []
    for fact in scene.facts:
        if not happens(rng, min(share * SALIENCE[fact.predicate], 1.0)):
            continue
        if happens(rng, WRONG):
            fact = Fact(fact.subject, pick(rng, CONFUSED[fact.predicate]), fact.object)  # noqa: PLW2901
        named.append(fact)
        if happens(rng, TWICE):
            named.append(fact)
    return named


def relationship_records(
    facts: list[Fact], objects: list[Record], first_id: int, rng: np.random.Generator | None
) -> list[Record]:
    """One record per fact; with a generator, some predicates are worded otherwise."""
    records = []
    for number, fact in enumerate(facts):
        words = fact.predicate
        if rng is not None and happens(rng, ODD_PREDICATE):
            words = _odd_predicate(words, rng)
        records.append(
            {
                "relationship_id": first_id + number,
                "predicate": words,
                "synsets": [],
                "subject": _end(objects[fact.subject]),
                "object": _end(objects[fact.object]),
            }
        )
    return records


def _end(record: Record) -> Record:
    kept = {key: record[key] for key in ("object_id", "x", "y", "w", "h", "synsets")}
    return {**kept, "name": record["names"][0]}


def _odd_name(name: str, rng: np.random.Generator) -> str:
    # "men" is a class of its own in Visual Genome's vocabulary
    several = name if name == "man" else plural(name)
    return one_of(rng, (several, name.capitalize(), name.upper(), f"{name} "))


def _odd_predicate(predicate: str, rng: np.random.Generator) -> str:
    verb = VERBS[predicate]
    continuous = f"is {verb.participle[0]}" if predicate != "says" else "says"
    return one_of(rng, (verb.present[0], continuous, predicate.upper(), predicate.capitalize()))
