"""What a person holds and how: the gesture, where the thing goes, and how it looks in that use."""

from typing import NamedTuple

import numpy as np

from relclip.raw.scenes import animals, cloth, items, plants
from relclip.raw.scenes.groups import FRONT, Group, Plan, sight
from relclip.raw.scenes.painters import colour_of, look_of, lying, paint
from relclip.raw.scenes.people import ARM, BODY, HELD, person
from relclip.raw.scenes.sketch import BLACK, COLOURS, WHITE, Sketch, middle


class Hold(NamedTuple):
    """The body's gesture, the anchor, the item's middle from there, its turn in degrees, its layer."""

    gesture: str
    anchor: str
    offset: complex
    turn: float
    layer: int


HOLDS: dict[tuple[str, str], Hold] = {
    ("bag", "carrying"): Hold("low", "hand", 0.14j, 0, HELD),
    ("umbrella", "carrying"): Hold("low", "hand", 0.06j, 12, HELD),
    ("laptop", "carrying"): Hold("clasp", "hand", -0.03 - 0.06j, -6, HELD),
    ("phone", "carrying"): Hold("low", "hand", 0.05j, 0, ARM + 1),
    ("banana", "carrying"): Hold("low", "hand", 0.06j, 0, ARM + 1),
    ("pizza", "carrying"): Hold("tray", "hand", -0.1j, 0, ARM + 1),
    ("kite", "carrying"): Hold("clasp", "hand", -0.04 - 0.02j, 62, HELD),
    ("racket", "carrying"): Hold("low", "hand", 0.18j, 168, HELD),
    ("flower", "carrying"): Hold("offer", "hand", -0.08j, 8, HELD),
    ("towel", "carrying"): Hold("offer", "hand", -0.07 + 0.13j, 0, ARM + 1),
    ("surfboard", "carrying"): Hold("clasp", "hand", -0.03 - 0.05j, -10, HELD),
    ("skateboard", "carrying"): Hold("clasp", "hand", -0.03 - 0.02j, 72, HELD),
    ("bike", "carrying"): Hold("shoulder", "shoulder", 0.02 - 0.06j, -8, HELD),
    ("dog", "carrying"): Hold("embrace", "hand", -0.11j, 0, HELD),
    ("cat", "carrying"): Hold("embrace", "hand", -0.09j, 0, HELD),
    ("bird", "carrying"): Hold("offer", "hand", -0.13j, 0, HELD),
    ("child", "carrying"): Hold("mouth", "shoulder", -0.04 - 0.02j, 0, -3),
    ("banana", "eating"): Hold("mouth", "mouth", 0.13 + 0.0j, -14, ARM - 1),
    ("pizza", "eating"): Hold("mouth", "mouth", 0.12 + 0.0j, 0, ARM - 1),
    ("phone", "using"): Hold("ear", "hand", -0.02j, -14, ARM + 1),
    ("laptop", "using"): Hold("type", "hand", 0.06 - 0.06j, 0, HELD),
    ("umbrella", "using"): Hold("mouth", "hand", -0.24j, 0, BODY - 5),
    ("phone", "watching"): Hold("point", "hand", 0.03 - 0.06j, 10, ARM + 1),
    ("racket", "playing"): Hold("up", "hand", 0.08 - 0.2j, 26, HELD),
    ("kite", "playing"): Hold("both up", "hand", 0.46 - 0.36j, 24, HELD),
    ("towel", "covered in"): Hold("rest", "shoulder", 0.03 + 0.16j, 0, ARM + 3),
}


def hold(group: Group, actor: int, item: str, handling: str, rng: np.random.Generator) -> None:
    """Put an item into the group where the predicate wants it: hand, mouth, ear, shoulders."""
    body, how = group.parts[actor].sketch, HOLDS[item, handling]
    sketch, colour = _child(rng) if item == "child" else _in_use(item, handling, rng)
    at = body.anchors[how.anchor][0] + how.offset
    turn = how.turn + (-90 if handling == "covered in" and _is_lying(body) else 0)
    if turn != how.turn:
        at = body.anchors["hip"][0] - 0.2
    held = group.add(item, sketch.moved(at, turn=turn, layer=how.layer), colour)
    group.facts.append((actor, handling, held))
    if handling == "covered in":
        group.facts.append((held, "covering", actor))
    if handling == "playing":
        _play(group, held, body.anchors["hand"][0], at)
    if handling == "watching":
        group.marks.append(sight(body.anchors["eye"][0], at))


def animal_handles(group: Group, actor: int, plan: Plan, rng: np.random.Generator) -> None:
    """Put an item into the animal's mouth, below it, or before its eyes."""
    body, colour = group.parts[actor].sketch, colour_of(plan.item, rng)
    mouth, low_x = body.anchors["mouth"][0], 0.0
    sketch = paint(plan.item, colour, rng, "sitting" if plan.handling == "carrying" else "standing")
    if plan.handling == "carrying":
        sketch = sketch.below_its_top().moved(mouth - 0.03j + 0.02, layer=ARM)
    elif plan.handling == "eating":
        low = max(mouth.imag + 0.1, -0.02) if plan.support == "ground" else mouth.imag + 0.08
        sketch = lying(plan.item, sketch).moved(complex(mouth.real + 0.05, low), layer=ARM)
    else:
        low_x, _, _, _ = sketch.bounds()
        sketch = sketch.on_its_base().moved(complex(body.bounds()[2] - 0.03 - low_x, 0.0))
        group.marks.append(sight(body.anchors["eye"][0], middle(sketch)))
    held = group.add(plan.item, sketch, colour)
    group.facts.append((actor, plan.handling, held))


def _is_lying(body: Sketch) -> bool:
    low_x, low_y, high_x, high_y = body.bounds()
    return high_x - low_x > high_y - low_y


def _child(rng: np.random.Generator) -> tuple[Sketch, str]:
    """A child as it sits on someone's shoulders."""
    look, colour = look_of("child", rng)
    return person(look, "sitting", "both up"), colour


def _in_use(item: str, handling: str, rng: np.random.Generator) -> tuple[Sketch, str]:
    """The item as it looks in this use, its middle at the origin, and its colour."""
    colour = colour_of(item, rng)
    shade = COLOURS[colour]
    special = {
        ("umbrella", "using"): lambda: items.umbrella_open(shade).moved(0.24j),
        ("laptop", "using"): lambda: items.laptop_side(shade).moved(0.12j),
        ("pizza", "carrying"): lambda: plants.pizza(shade).moved(flatten=0.4),
        ("pizza", "eating"): lambda: plants.slice_of_pizza(shade),
        ("banana", "eating"): lambda: plants.banana_peeled(shade),
        ("towel", "covered in"): lambda: cloth.towel_wrapped(shade),
    }
    if (item, handling) in special:
        return special[item, handling](), colour
    sketch = paint(item, colour, rng, "lying" if item in animals.BUILDS else "standing")
    return sketch.moved(-middle(sketch)), colour


def _play(group: Group, held: int, hand: complex, at: complex) -> None:
    """A kite's string to the hand (part of the kite), or a ball that comes flying to the racket."""
    if group.parts[held].name == "kite":
        string = Sketch().line(BLACK, 0.016, hand, (hand + at) / 2 + 0.05j, at, layer=HELD - 1)
        group.parts[held].sketch.add(string)
        return
    ball = at + 0.26 - 0.1j
    mark = Sketch().disc((206, 236, 50), ball, 0.055, layer=FRONT)
    group.marks.append(mark.line(WHITE, 0.018, ball + 0.08 - 0.03j, ball + 0.2 - 0.08j, layer=FRONT))
