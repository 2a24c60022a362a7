"""Which predicates hold between which classes, as tables of weights, and plans by them: who meets what, and how.

No pair of classes has one sure predicate: the weights of a pair are spread over two to five, so that the picture
decides (docs/scenes.md, "the main fault to avoid").
"""

from dataclasses import replace

import numpy as np

from relclip.raw.scenes import world
from relclip.raw.scenes.chance import Weights, happens, pick, table
from relclip.raw.scenes.groups import Plan

HANDS_FULL = ("car", "bus", "bike", "motorcycle", "horse")  # while riding them
ITEM_ON_GROUND, ITEM_ON_SUPPORT = 0.94, 0.8
LYING_USES = {("phone", "watching"), ("banana", "eating"), ("pizza", "eating"), ("towel", "covered in")}
RIDING_USES = ("umbrella", "phone", "banana", "pizza", "bag", "flower")

# person or animal with what carries it
RESTING = {
    "people": table("""
        ground: walking 6, standing on 2.4, sitting on 1.4, lying on 1.1
        bench: sitting on 3, lying on 2.2, standing on 2
        bed: lying on 3, sitting on 2.8, standing on 2
        table: sitting on 2.4, standing on 2.2, lying on 1
        car: riding 2, sitting on 2, standing on 2, lying on 1.5
        bus: riding 2, standing on 1.2, sitting on 1.2
        horse: riding 4.8, sitting on 2.2, standing on 1.5, watching 2
        motorcycle: riding 4.8, sitting on 2.4, standing on 1.2, watching 1
        bike: riding 4.8, carrying 2.2, watching 1, sitting on 1.4
        surfboard: riding 4.8, carrying 3, standing on 2, lying on 1.6, sitting on 1.2
        skateboard: riding 4.8, carrying 3, standing on 2, sitting on 1.5
        towel: lying on 2, sitting on 2, standing on 1
    """),
    "dog": table("""
        ground: walking 3, standing on 2, sitting on 2, lying on 2
        bench: sitting on 2, lying on 2, standing on 1.5
        bed: lying on 2, sitting on 2, standing on 1.2
        table: standing on 1.5, sitting on 1.5, lying on 1
        car: sitting on 2, standing on 1.5, lying on 1.5
        skateboard: riding 2, sitting on 1.5, standing on 1.5
        surfboard: riding 2, standing on 1.5, lying on 1
        towel: lying on 2, sitting on 2, standing on 1
    """),
    "horse": table("""
        ground: walking 3, standing on 3, lying on 2
    """),
}
RESTING["cat"] = RESTING["dog"]

# person or animal with what it has in hand, at the mouth or before its eyes
HANDLING = {
    "people": table("""
        bag: carrying 3, watching 2.4
        umbrella: using 3, carrying 3
        phone: using 3, carrying 2, watching 2.2
        laptop: using 3, carrying 2.5, watching 2.5
        banana: eating 3, carrying 3
        pizza: eating 3, carrying 3
        flower: carrying 2.4, watching 1.4
        kite: playing 3, carrying 2.4, watching 2
        racket: playing 3, carrying 2.6
        towel: carrying 2, covered in 1.6
        dog: carrying 2, watching 2
        cat: carrying 2, watching 2
        bird: watching 6, carrying 2
        child: carrying 2, watching 2
        plane: watching 4
    """),
    "dog": table("""
        banana: eating 2, carrying 2, watching 1.4
        pizza: eating 2, watching 1.6, carrying 1
        bag: carrying 2, watching 1
        bird: watching 2, carrying 1
        flower: carrying 1, eating 1, watching 0.6
        cat: watching 1
        kite: carrying 1, watching 1
        racket: carrying 1, watching 0.5
    """),
    "horse": table("""
        banana: eating 2, carrying 1, watching 1
        flower: eating 2, carrying 1, watching 1
        bag: carrying 1.2, watching 0.8
        dog: watching 1
    """),
}
HANDLING["cat"] = HANDLING["dog"]

# a vehicle alone; "none" is the absence of any predicate (a car driving past)
PARKING = table("""
    car: parked on 3, none 1.2
    bus: parked on 3, none 1.2
    motorcycle: parked on 3, lying on 2
    bike: parked on 3, lying on 2
    plane: parked on 1
""")


def plan(setting: str, rng: np.random.Generator, boost: Weights) -> Plan:
    """Draw a plan for one actor; `boost` multiplies the weights of predicates."""
    actor = pick(rng, world.ACTORS[setting])
    resting = RESTING[world.kind_of(actor)]
    support = pick(rng, partners(world.SUPPORTS[setting], resting, boost))
    bare = Plan(actor, support, pick(rng, world.boosted(resting[support], boost)))
    if not _hands_free(bare) or not happens(rng, ITEM_ON_GROUND if support == "ground" else ITEM_ON_SUPPORT):
        return bare
    return _with_item(bare, setting, rng, boost)


def partners(popular: Weights, options: dict[str, Weights], boost: Weights) -> Weights:
    """Popularity of the partners that have options, times how much those are boosted."""
    lifts = {
        name: sum(world.boosted(own, boost).values()) / sum(own.values()) for name, own in options.items()
    }
    return {name: weight * lifts[name] for name, weight in popular.items() if name in lifts}


def _with_item(bare: Plan, setting: str, rng: np.random.Generator, boost: Weights) -> Plan:
    handling = HANDLING[world.kind_of(bare.actor)]
    held = partners({name: world.HELD[setting].get(name, 0.2) for name in handling}, handling, boost)
    if bare.actor == "child":
        held.pop("child", None)
    item = pick(rng, held)
    predicate = pick(rng, world.boosted(handling[item], boost))
    full = replace(bare, item=item, handling=predicate)
    if predicate == "watching" and bare.resting == "walking" and item != "phone":
        full = replace(full, resting="standing on")
    return full if possible(full) else bare


def _hands_free(bare: Plan) -> bool:
    return bare.resting not in {"carrying", "watching"} and not (
        bare.resting == "riding" and bare.support in HANDS_FULL
    )


def possible(full: Plan) -> bool:
    """Whether a body in that posture can handle the item so, and be seen to."""
    if full.actor not in world.PEOPLE:
        return (
            full.support == "ground"
            and full.resting != "lying on"
            and (full.handling, full.resting) != ("carrying", "sitting on")
        )
    if full.resting == "lying on":
        return (full.item, full.handling) in LYING_USES
    if full.handling == "watching" and full.item != "phone":
        return full.support == "ground" and full.resting in {"standing on", "sitting on"}
    if full.resting == "riding":
        return full.item in RIDING_USES
    if full.item == "child" or full.handling == "covered in":
        return full.resting in {"standing on", "walking" if full.item == "child" else "sitting on"}
    return full.resting != "sitting on" or full.item not in {"kite", "racket", "towel"}
