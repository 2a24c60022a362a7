"""Watching: an actor points at something and looks along a dashed line; near things are reached, far ones are not."""

import numpy as np

from relclip.raw.scenes import animals, items
from relclip.raw.scenes.chance import happens, one_of
from relclip.raw.scenes.furniture import FURNITURE
from relclip.raw.scenes.groups import FRONT, Group, Plan, bay, sight
from relclip.raw.scenes.painters import colour_of, look_of, paint
from relclip.raw.scenes.people import person
from relclip.raw.scenes.sketch import COLOURS, Sketch, middle

FAR = 0.85  # of what flies is too far away for the boxes to touch
FLYING = 0.8
PARKED = ("car", "bus", "motorcycle", "bike")
STANDING = ("dog", "cat", "horse", "child", "bag", "bird")


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
    return group.add(
        name, sketch.moved(complex(reach + far - low_x, height - 0.05 - far * 0.6 - high_y + 0.1)), colour
    )


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
    number = group.add(
        "laptop", items.laptop_side(COLOURS[tone]).moved(complex(reach + 0.22, -0.41), layer=FRONT), tone
    )
    group.facts.append((number, "standing on", support))
    return number
