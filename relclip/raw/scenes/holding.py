"""What a person holds and how: the gesture, where the thing goes, and how it looks in that use."""

from typing import NamedTuple

import numpy as np

from relclip.raw.scenes import animals, cloth, items, plants
from relclip.raw.scenes.groups import FRONT, Group, Plan, sight
from relclip.raw.scenes.painters import colour_of, look_of, lying, paint
from relclip.raw.scenes.people import ARM, BODY, HELD, person
from relclip.raw.scenes.sketch import BLACK, COLOURS, WHITE, Sketch, middle


class Hold(NamedTuple):
    """The body's gesture, the item's middle from an anchor of the body, its turn in degrees, its layer."""

    gesture: str
    offset: complex
    anchor: str = "hand"
    turn: float = 0
    layer: int = HELD


HOLDS: dict[tuple[str, str], Hold] = {
    ("bag", "carrying"): Hold("low", 0.14j),
    ("umbrella", "carrying"): Hold("low", 0.06j, turn=12),
    ("laptop", "carrying"): Hold("clasp", -0.03 - 0.06j, turn=-6),
    ("phone", "carrying"): Hold("low", 0.05j, layer=ARM + 1),
    ("banana", "carrying"): Hold("low", 0.06j, layer=ARM + 1),
    ("pizza", "carrying"): Hold("tray", -0.1j, layer=ARM + 1),
    ("kite", "carrying"): Hold("clasp", -0.04 - 0.02j, turn=62),
    ("racket", "carrying"): Hold("low", 0.18j, turn=168),
    ("flower", "carrying"): Hold("offer", -0.08j, turn=8),
    ("towel", "carrying"): Hold("offer", -0.07 + 0.13j, layer=ARM + 1),
    ("surfboard", "carrying"): Hold("clasp", -0.03 - 0.05j, turn=-10),
    ("skateboard", "carrying"): Hold("clasp", -0.03 - 0.02j, turn=72),
    ("bike", "carrying"): Hold("shoulder", 0.02 - 0.06j, anchor="shoulder", turn=-8),
    ("dog", "carrying"): Hold("embrace", -0.11j),
    ("cat", "carrying"): Hold("embrace", -0.09j),
    ("bird", "carrying"): Hold("offer", -0.13j),
    ("child", "carrying"): Hold("mouth", -0.04 - 0.02j, anchor="shoulder", layer=-3),
    ("banana", "eating"): Hold("mouth", 0.13 + 0.0j, anchor="mouth", turn=-14, layer=ARM - 1),
    ("pizza", "eating"): Hold("mouth", 0.12 + 0.0j, anchor="mouth", layer=ARM - 1),
    ("phone", "using"): Hold("ear", -0.02j, turn=-14, layer=ARM + 1),
    ("laptop", "using"): Hold("type", 0.06 - 0.06j),
    ("umbrella", "using"): Hold("mouth", -0.24j, layer=BODY - 5),
    ("phone", "watching"): Hold("point", 0.03 - 0.06j, turn=10, layer=ARM + 1),
    ("racket", "playing"): Hold("up", 0.08 - 0.2j, turn=26),
    ("kite", "playing"): Hold("both up", 0.46 - 0.36j, turn=24),
    ("towel", "covered in"): Hold("rest", 0.03 + 0.16j, anchor="shoulder", layer=ARM + 3),
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
    mouth = body.anchors["mouth"][0]
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
