"""Actors: people and animals on the ground, on furniture, on vehicles, on each other; and what they watch."""

from dataclasses import replace

import numpy as np

from relclip.raw.scenes import animals, cloth, items
from relclip.raw.scenes.chance import between, happens, one_of
from relclip.raw.scenes.furniture import FURNITURE
from relclip.raw.scenes.groups import FRONT, SURFING, Group, Plan, bay, sight, speed
from relclip.raw.scenes.holding import HOLDS, animal_handles, hold
from relclip.raw.scenes.painters import colour_of, look_of, paint
from relclip.raw.scenes.people import bust, person
from relclip.raw.scenes.sketch import COLOURS, Sketch, along, middle
from relclip.raw.scenes.world import PEOPLE

FAR = 0.85  # of what flies is too far away for the boxes to touch
FLYING = 0.8
PARKED = ("car", "bus", "motorcycle", "bike")
STANDING = ("dog", "cat", "horse", "child", "bag", "bird")
ASTRIDE = {
    "horse": "riding",
    "motorcycle": "riding",
    "bike": "pedalling",
    "surfboard": "crouching",
    "skateboard": "crouching",
}
LOW_SUPPORTS = ("ground", "towel", "surfboard", "skateboard")


def watch(plan: Plan, rng: np.random.Generator) -> Group:
    """Draw someone who watches the plan's item, or what else would carry them."""
    group, sitting = Group(), plan.resting == "sitting on"
    look, colour = look_of(plan.actor, rng)
    body = person(look, "sitting low" if sitting else "standing", "point")
    actor = group.add(plan.actor, body, colour)
    group.ground.append((actor, "sitting on" if sitting else "standing on"))
    seen = _place(group, plan.item or plan.support, body, rng)
    group.facts.append((actor, "watching", seen))
    group.marks.append(sight(body.anchors["eye"][0], middle(group.parts[seen].sketch)))
    return group


def _place(group: Group, name: str, body: Sketch, rng: np.random.Generator) -> int:
    """Put the watched thing before the actor, so that the pointing hand reaches its box unless it flies far off."""
    reach = body.anchors["hand"][0].real - 0.03
    if name == "laptop":
        return _laptop_on_table(group, reach, rng)
    if name == "plane" or (name in {"kite", "bird"} and happens(rng, FLYING)):
        return _in_the_air(group, name, reach, body.anchors["eye"][0].imag, rng)
    if name == "child":
        look, colour = look_of("child", rng)
        sketch = person(look, one_of(rng, ("standing", "sitting low")), "rest")
    else:
        colour = colour_of(name, rng)
        sketch = _on_the_ground(name, colour, rng)
    placed = sketch.moved(complex(reach - sketch.bounds()[0], 0.0))
    number = group.add(name, placed, colour)
    if name in PARKED:
        group.ground.append((number, "parked on"))
        group.marks.append(bay(placed))
    elif name in STANDING:
        group.ground.append((number, "standing on"))
    return number


def _in_the_air(group: Group, name: str, reach: float, height: float, rng: np.random.Generator) -> int:
    colour = colour_of(name, rng)
    sketch = paint(name, colour, rng, "flying").moved(
        scale=0.75 if name == "plane" else 1.0, mirror=happens(rng, 0.5)
    )
    far = 0.24 if happens(rng, FAR) else 0.0
    low_x, _, _, high_y = sketch.bounds()
    at = complex(reach + far - low_x, height - 0.05 - far * 0.6 - high_y + 0.1)
    return group.add(name, sketch.moved(at), colour)


def _on_the_ground(name: str, colour: str, rng: np.random.Generator) -> Sketch:
    if name in animals.BUILDS:
        return paint(name, colour, rng, one_of(rng, ("standing", "walking"))).moved(mirror=happens(rng, 0.5))
    if name in FURNITURE:
        return FURNITURE[name](COLOURS[colour])
    return paint(name, colour, rng).on_its_base()


def _laptop_on_table(group: Group, reach: float, rng: np.random.Generator) -> int:
    colour, tone = colour_of("table", rng), colour_of("laptop", rng)
    table = FURNITURE["table"](COLOURS[colour]).moved(complex(reach + 0.5, 0))
    support = group.add("table", table, colour)
    laptop = items.laptop_side(COLOURS[tone]).moved(complex(reach + 0.22, -0.41), layer=FRONT)
    number = group.add("laptop", laptop, tone)
    group.facts.append((number, "standing on", support))
    return number


def build(plan: Plan, rng: np.random.Generator) -> Group:
    """Draw the group of a plan."""
    if plan.actor not in PEOPLE:
        return _animal(plan, rng)
    if plan.resting == "watching" or (plan.handling == "watching" and plan.item != "phone"):
        return watch(plan, rng)
    if plan.resting == "riding" and plan.support in {"car", "bus"}:
        return _passenger(plan, rng)
    return _person(plan, rng)


def _person(plan: Plan, rng: np.random.Generator) -> Group:
    group = Group()
    look, colour = look_of(plan.actor, rng)
    posture = _posture(plan, rng)
    body = person(look, posture, _gesture(plan, rng), shut_eye=posture == "lying" and not plan.item)
    if plan.resting == "carrying":
        actor = group.add(plan.actor, body, colour)
        hold(group, actor, plan.support, "carrying", rng)
        group.ground.append((actor, posture if posture == "walking" else "standing on"))
        return group
    actor = _rest(group, plan, body, colour, rng)
    if plan.item:
        hold(group, actor, plan.item, plan.handling, rng)
    return group


def _passenger(plan: Plan, rng: np.random.Generator) -> Group:
    """Someone at a window of a car or bus that drives."""
    group = Group()
    look, colour = look_of(plan.actor, rng)
    tone = colour_of(plan.support, rng)
    body = FURNITURE[plan.support](COLOURS[tone])
    support = group.add(plan.support, body, tone)
    at = along(body.anchors["window"], one_of(rng, (0.0, 0.5, 1.0)))
    actor = group.add(plan.actor, bust(look).moved(at, scale=0.62 if plan.support == "car" else 0.78), colour)
    group.facts.append((actor, "riding", support))
    group.marks.append(speed(body))
    return group


def _animal(plan: Plan, rng: np.random.Generator) -> Group:
    group, colour = Group(), colour_of(plan.actor, rng)
    if plan.handling == "eating" and plan.resting != "walking":
        plan = replace(plan, resting="standing on")
    postures = {"walking": "walking", "sitting on": "sitting", "lying on": "lying"}
    head = {"eating": "down", "carrying": "up"}.get(plan.handling, "level")
    body = animals.quadruped(plan.actor, COLOURS[colour], postures.get(plan.resting, "standing"), head)
    actor = _rest(group, plan, body, colour, rng)
    if plan.item:
        animal_handles(group, actor, plan, rng)
    return group


def _posture(plan: Plan, rng: np.random.Generator) -> str:
    if plan.resting == "carrying":
        return one_of(rng, ("walking", "standing"))
    if plan.handling == "playing" and plan.resting in {"standing on", "walking"}:
        return "running"
    if plan.resting == "riding":
        return ASTRIDE[plan.support]
    if plan.resting == "sitting on":
        return "sitting low" if plan.support in LOW_SUPPORTS else "sitting"
    return {"walking": "walking", "lying on": "lying"}.get(plan.resting, "standing")


def _gesture(plan: Plan, rng: np.random.Generator) -> str:
    if plan.resting == "carrying":
        return HOLDS[plan.support, "carrying"].gesture
    if plan.item:
        return HOLDS[plan.item, plan.handling].gesture
    if plan.resting == "riding":
        return "balance" if plan.support in {"surfboard", "skateboard"} else "reins"
    level = plan.support in {"ground", "towel"}
    choices = {
        "walking": ("swing",),
        "lying on": ("head", "rest"),
        "sitting on": ("lap", "hips"),
        "standing on": ("rest", "hips") if level else ("balance", "rest", "hips"),
    }
    return one_of(rng, choices[plan.resting])


def _rest(group: Group, plan: Plan, body: Sketch, colour: str, rng: np.random.Generator) -> int:
    """Put the actor on its support (or the ground); return the actor's number."""
    if plan.support == "ground":
        actor = group.add(plan.actor, body, colour)
        group.ground.append((actor, plan.resting))
        return actor
    base, base_colour = _support(plan, rng)
    spot = 0.5 if plan.resting in {"lying on", "riding"} else between(rng, 0.3, 0.7)
    sunk = 0.03j if plan.support == "horse" and plan.resting == "riding" else 0j
    support = group.add(plan.support, base, base_colour)
    actor = group.add(plan.actor, body.moved(along(base.anchors["top"], spot) + sunk), colour)
    group.facts.append((actor, plan.resting, support))
    if plan.resting == "riding":
        group.marks.append(speed(base))
    _support_on_ground(group, plan, support)
    return actor


def _support(plan: Plan, rng: np.random.Generator) -> tuple[Sketch, str]:
    """The sketch of what carries the actor, and its colour."""
    colour, riding = colour_of(plan.support, rng), plan.resting == "riding"
    shade = COLOURS[colour]
    if plan.support == "horse":
        return animals.quadruped("horse", shade, "galloping" if riding else "standing", "up"), colour
    if plan.support == "towel":
        return cloth.towel_spread(shade), colour
    if plan.support == "surfboard":
        board = items.surfboard(shade).moved(flatten=1.0 if riding else 0.8)
        return board.moved(-0.09j, turn=-9 if riding else 0), colour
    return (FURNITURE.get(plan.support) or items.ITEMS[plan.support])(shade), colour


def _support_on_ground(group: Group, plan: Plan, support: int) -> None:
    if plan.resting == "riding":
        if plan.support == "surfboard":
            group.ground.append((support, SURFING))
    elif plan.support in PARKED:
        group.ground.append((support, "parked on"))
        group.marks.append(bay(group.parts[support].sketch))
    elif plan.support == "horse":
        group.ground.append((support, "standing on"))
    elif plan.support in {"towel", "surfboard"}:
        group.ground.append((support, "lying on"))
