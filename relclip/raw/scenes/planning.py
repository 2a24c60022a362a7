"""Plans: who meets what in a setting and by which predicate, as the tables say and the body allows."""

import numpy as np

from relclip.raw.scenes import pairs, world
from relclip.raw.scenes.chance import happens, pick
from relclip.raw.scenes.groups import Plan
from relclip.raw.scenes.tables import Weights

HANDS_FULL = ("car", "bus", "bike", "motorcycle", "horse")  # while riding them
ITEM_ON_GROUND, ITEM_ON_SUPPORT = 0.94, 0.8
LYING_USES = {("phone", "watching"), ("banana", "eating"), ("pizza", "eating"), ("towel", "covered in")}
RIDING_USES = ("umbrella", "phone", "banana", "pizza", "bag", "flower")


def plan(setting: str, rng: np.random.Generator, boost: Weights) -> Plan:
    """Draw a plan for one actor; `boost` multiplies the weights of predicates."""
    actor = pick(rng, world.ACTORS[setting])
    resting = pairs.RESTING[world.kind_of(actor)]
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
    handling = pairs.HANDLING[world.kind_of(bare.actor)]
    held = partners({name: world.HELD[setting].get(name, 0.2) for name in handling}, handling, boost)
    if bare.actor == "child":
        held.pop("child", None)
    item = pick(rng, held)
    predicate = pick(rng, world.boosted(handling[item], boost))
    resting = (
        "standing on"
        if predicate == "watching" and bare.resting == "walking" and item != "phone"
        else bare.resting
    )
    full = Plan(bare.actor, bare.support, resting, item, predicate)
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
