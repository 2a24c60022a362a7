"""Groups: an actor with what carries it and what it handles, drawn together in local units (ground at height 0)."""

from dataclasses import dataclass, field

import numpy as np

from relclip.raw.scenes import animals, items
from relclip.raw.scenes.chance import between, happens, one_of
from relclip.raw.scenes.furniture import FURNITURE
from relclip.raw.scenes.painters import colour_of, look_of, lying, paint
from relclip.raw.scenes.palette import BLACK, COLOURS, WHITE
from relclip.raw.scenes.people import ARM, BODY, HELD, Look, bust, person
from relclip.raw.scenes.sketch import Sketch, along, blend
from relclip.raw.scenes.world import PEOPLE

MARK = (250, 250, 250)
FRONT = 30  # a layer before any actor


@dataclass
class Part:
    """One object of a group; without a name it is a mark that belongs to no object."""

    name: str
    sketch: Sketch
    colour: str = ""


@dataclass
class Group:
    """Parts, true facts between them by number, and facts of parts with the ground under the group."""

    parts: list[Part] = field(default_factory=list)
    facts: list[tuple[int, str, int]] = field(default_factory=list)
    ground: list[tuple[int, str]] = field(default_factory=list)
    marks: list[Sketch] = field(default_factory=list)

    def add(self, name: str, sketch: Sketch, colour: str = "") -> int:
        """Add a part; return its number."""
        self.parts.append(Part(name, sketch, colour))
        return len(self.parts) - 1

    def bounds(self) -> tuple[float, float, float, float]:
        """The box around all parts, local units."""
        boxes = [part.sketch.bounds() for part in self.parts]
        return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


@dataclass(frozen=True)
class Plan:
    """Who does what: an actor, what carries it and how, what it handles and how."""

    actor: str
    support: str = "ground"
    resting: str = "standing on"
    item: str = ""
    handling: str = ""


# gesture, the anchor that holds, offset of the item's middle from it, turn in degrees, layer
HOLDS: dict[tuple[str, str], tuple[str, str, complex, float, int]] = {
    ("bag", "carrying"): ("low", "hand", 0.17j, 0, HELD),
    ("umbrella", "carrying"): ("low", "hand", 0.06j, 12, HELD),
    ("laptop", "carrying"): ("clasp", "hand", -0.03 - 0.06j, -6, HELD),
    ("phone", "carrying"): ("low", "hand", 0.05j, 0, ARM + 1),
    ("banana", "carrying"): ("low", "hand", 0.06j, 0, ARM + 1),
    ("pizza", "carrying"): ("tray", "hand", -0.1j, 0, ARM + 1),
    ("kite", "carrying"): ("clasp", "hand", -0.04 - 0.02j, 62, HELD),
    ("racket", "carrying"): ("low", "hand", 0.18j, 168, HELD),
    ("flower", "carrying"): ("offer", "hand", -0.08j, 8, HELD),
    ("towel", "carrying"): ("offer", "hand", -0.07 + 0.13j, 0, ARM + 1),
    ("surfboard", "carrying"): ("clasp", "hand", -0.03 - 0.05j, -10, HELD),
    ("skateboard", "carrying"): ("clasp", "hand", -0.03 - 0.02j, 72, HELD),
    ("bike", "carrying"): ("shoulder", "shoulder", 0.02 - 0.06j, -8, HELD),
    ("dog", "carrying"): ("embrace", "hand", 0.0 - 0.11j, 0, HELD),
    ("cat", "carrying"): ("embrace", "hand", 0.0 - 0.09j, 0, HELD),
    ("bird", "carrying"): ("offer", "hand", -0.13j, 0, HELD),
    ("banana", "eating"): ("mouth", "mouth", 0.09 - 0.02j, -62, ARM + 1),
    ("pizza", "eating"): ("mouth", "mouth", 0.12 + 0.0j, 0, ARM + 1),
    ("phone", "using"): ("ear", "hand", 0.0 - 0.02j, -14, ARM + 1),
    ("laptop", "using"): ("type", "hand", 0.06 - 0.06j, 0, HELD),
    ("umbrella", "using"): ("mouth", "hand", -0.24j, 0, BODY - 5),
    ("phone", "watching"): ("point", "hand", 0.03 - 0.06j, 10, ARM + 1),
    ("racket", "playing"): ("up", "hand", 0.08 - 0.2j, 26, HELD),
    ("kite", "playing"): ("both up", "hand", 0.5 - 0.42j, 24, HELD),
    ("towel", "covered in"): ("rest", "shoulder", 0.0 + 0.22j, 0, ARM + 3),
}
RIDING_POSTURE = {"horse": "riding", "motorcycle": "riding", "bike": "pedalling", "surfboard": "crouching", "skateboard": "crouching"}
LOW_SUPPORTS = ("ground", "towel", "surfboard", "skateboard")


def build(plan: Plan, rng: np.random.Generator) -> Group:
    """Draw the group of a plan."""
    if plan.actor in PEOPLE:
        return _people_group(plan, rng)
    return _animal_group(plan, rng)


def _people_group(plan: Plan, rng: np.random.Generator) -> Group:
    look, colour = look_of(plan.actor, rng)
    group = Group()
    if plan.resting == "watching" or plan.handling == "watching" and plan.item != "phone":
        return _watch(group, plan, look, colour, rng)
    if plan.resting == "riding" and plan.support in {"car", "bus"}:
        return _ride_inside(group, plan, look, colour, rng)
    posture, gesture = _posture(plan), _gesture(plan, rng)
    body = person(look, posture, gesture, shut_eye=posture == "lying" and not plan.item)
    if plan.support != "ground" and plan.resting == "carrying":
        actor = group.add(plan.actor, body, colour)
        _hold(group, actor, plan.support, "carrying", rng)
        group.ground.append((actor, one_of(rng, ("walking", "standing on"))))
        return group
    actor = _rest(group, plan, body, colour, rng)
    if plan.item:
        _hold(group, actor, plan.item, plan.handling, rng)
    return group


def _posture(plan: Plan) -> str:
    if plan.resting == "carrying":
        return "walking"
    if plan.handling == "playing" and plan.resting in {"standing on", "walking"}:
        return "running"
    if plan.resting == "riding":
        return RIDING_POSTURE[plan.support]
    if plan.resting == "sitting on":
        return "sitting low" if plan.support in LOW_SUPPORTS else "sitting"
    return {"walking": "walking", "lying on": "lying", "hanging from": "hanging"}.get(plan.resting, "standing")


def _gesture(plan: Plan, rng: np.random.Generator) -> str:
    if plan.resting == "carrying":
        return HOLDS[plan.support, "carrying"][0]
    if plan.item == "child":
        return "mouth"
    if plan.item:
        return HOLDS[plan.item, plan.handling][0]
    if plan.resting == "riding":
        return "balance" if plan.support in {"surfboard", "skateboard"} else "reins"
    choices = {
        "walking": ("swing",),
        "lying on": ("head", "rest"),
        "sitting on": ("lap", "hips"),
        "standing on": ("rest", "hips") if plan.support in {"ground", "towel"} else ("balance", "rest", "hips"),
    }
    return one_of(rng, choices.get(plan.resting, ("rest",)))


def _support(plan: Plan, rng: np.random.Generator) -> tuple[Sketch, str]:
    """The sketch of what carries the actor, and its colour."""
    colour = colour_of(plan.support, rng)
    shade = COLOURS[colour]
    if plan.support == "horse":
        return animals.quadruped("horse", shade, "galloping" if plan.resting == "riding" else "standing", "up"), colour
    if plan.support == "towel":
        return items.towel_spread(shade), colour
    if plan.support == "surfboard":
        turn = -9 if plan.resting == "riding" else 0
        return items.surfboard(shade).moved(flatten=1.0 if turn else 0.8).moved(-0.09j, turn=turn), colour
    if plan.support in FURNITURE:
        return FURNITURE[plan.support](shade), colour
    return items.ITEMS[plan.support](shade), colour


def _rest(group: Group, plan: Plan, body: Sketch, colour: str, rng: np.random.Generator) -> int:
    """Put the actor on its support (or the ground); return the actor's number."""
    if plan.support == "ground":
        actor = group.add(plan.actor, body, colour)
        group.ground.append((actor, plan.resting))
        return actor
    base, base_colour = _support(plan, rng)
    top = base.anchors["top"]
    spot = 0.5 if plan.resting in {"lying on", "riding"} else between(rng, 0.3, 0.7)
    at = along(top, spot)
    if plan.support == "horse" and plan.resting == "riding":
        at += 0.03j
    support = group.add(plan.support, base, base_colour)
    actor = group.add(plan.actor, body.moved(at), colour)
    group.facts.append((actor, plan.resting, support))
    _ground_of_support(group, plan, support)
    if plan.resting == "riding":
        group.marks.append(_speed(base))
    return actor


def _ground_of_support(group: Group, plan: Plan, support: int) -> None:
    if plan.support in {"car", "bus", "motorcycle", "bike"} and plan.resting != "riding":
        group.ground.append((support, "parked on"))
        group.marks.append(bay(group.parts[support].sketch))
    elif plan.support == "horse" and plan.resting != "riding":
        group.ground.append((support, "standing on"))
    elif plan.support in {"towel", "surfboard"} and plan.resting != "riding":
        group.ground.append((support, "lying on"))
    elif plan.support == "surfboard":
        group.ground.append((support, "surf"))


def _hold(group: Group, actor: int, item: str, handling: str, rng: np.random.Generator) -> int:
    """Put an item where the predicate wants it: hand, mouth, ear, shoulders."""
    body = group.parts[actor].sketch
    colour = colour_of(item, rng)
    if item == "child":
        look, colour = look_of("child", rng)
        at = body.anchors["shoulder"][0] - 0.04 - 0.02j
        child = person(look, "sitting", "both up").moved(at, layer=-3)
        held = group.add("child", child, colour)
        group.facts.append((actor, "carrying", held))
        return held
    _, anchor, offset, turn, layer = HOLDS[item, handling]
    sketch = _held_sketch(item, handling, colour, rng)
    at = body.anchors[anchor][0] + offset
    held = group.add(item, sketch.moved(at, turn=turn, layer=layer), colour)
    group.facts.append((actor, handling, held))
    if handling == "covered in":
        group.facts.append((held, "covering", actor))
    if handling == "playing":
        _play(group, held, item, body, at)
    if handling == "watching":
        group.marks.append(sight(body.anchors["eye"][0], at))
    return held


def _held_sketch(item: str, handling: str, colour: str, rng: np.random.Generator) -> Sketch:
    """The item as it looks in this use, its middle at the origin."""
    shade = COLOURS[colour]
    if item == "umbrella" and handling == "using":
        return items.umbrella_open(shade).moved(0.24j)
    if item == "laptop" and handling == "using":
        return items.laptop_side(shade).moved(0.12j)
    if item == "pizza":
        return items.pizza(shade).moved(flatten=0.4) if handling == "carrying" else items.slice_of_pizza(shade)
    if item == "towel" and handling == "covered in":
        return items.towel(shade).moved(-0.25j, scale=1.15)
    sketch = paint(item, colour, rng, "lying" if item in animals.BUILDS else "standing")
    low_x, low_y, high_x, high_y = sketch.bounds()
    return sketch.moved(-complex(low_x + high_x, low_y + high_y) / 2)


def _play(group: Group, held: int, item: str, body: Sketch, at: complex) -> None:
    if item == "kite":
        string = Sketch().line(BLACK, 0.012, body.anchors["hand"][0], (body.anchors["hand"][0] + at) / 2 + 0.05j, at, layer=HELD - 1)
        group.parts[held].sketch.add(string)
    else:
        ball = at + 0.28 - 0.12j
        mark = Sketch().disc((214, 240, 60), ball, 0.05, layer=FRONT)
        mark.line(MARK, 0.014, ball + 0.07 - 0.03j, ball + 0.18 - 0.07j, layer=FRONT)
        group.marks.append(mark)


def _watch(group: Group, plan: Plan, look: Look, colour: str, rng: np.random.Generator) -> Group:
    """The actor points at something before it and looks along a dashed line."""
    watched = plan.item or plan.support
    body = person(look, "standing" if plan.resting != "sitting on" else "sitting low", "point")
    actor = group.add(plan.actor, body, colour)
    group.ground.append((actor, "sitting on" if plan.resting == "sitting on" else "standing on"))
    seen, middle = _place_watched(group, watched, body, rng)
    group.facts.append((actor, "watching", seen))
    group.marks.append(sight(body.anchors["eye"][0], middle))
    return group


def _place_watched(group: Group, name: str, body: Sketch, rng: np.random.Generator) -> tuple[int, complex]:
    """Put the watched thing so that the pointing hand reaches its box; return its number and where the eye rests."""
    reach = body.anchors["hand"][0].real - 0.03
    if name == "child":
        look, colour = look_of("child", rng)
        sketch = person(look, one_of(rng, ("standing", "sitting low")), "rest")
    elif name == "laptop":
        return _watch_on_table(group, reach, rng)
    else:
        colour = colour_of(name, rng)
        sketch = _watched_sketch(name, colour, rng)
    low_x, low_y, high_x, high_y = sketch.bounds()
    flying = name in {"kite", "bird"} and happens(rng, 0.6)
    rise = body.anchors["eye"][0].imag - 0.05 - high_y if flying else 0.0
    placed = sketch.moved(complex(reach - low_x, rise))
    number = group.add(name, placed, colour)
    _ground_of_watched(group, number, name, flying)
    return number, placed_middle(placed)


def placed_middle(sketch: Sketch) -> complex:
    """The middle of a sketch's box."""
    low_x, low_y, high_x, high_y = sketch.bounds()
    return complex(low_x + high_x, low_y + high_y) / 2


def _watched_sketch(name: str, colour: str, rng: np.random.Generator) -> Sketch:
    if name == "bird":
        return paint(name, colour, rng, one_of(rng, ("flying", "standing"))).on_its_base()
    if name in animals.BUILDS:
        return paint(name, colour, rng, one_of(rng, ("standing", "walking"))).moved(mirror=happens(rng, 0.5))
    if name in FURNITURE:
        return FURNITURE[name](COLOURS[colour])
    return paint(name, colour, rng).on_its_base()


def _watch_on_table(group: Group, reach: float, rng: np.random.Generator) -> tuple[int, complex]:
    colour = colour_of("table", rng)
    table = FURNITURE["table"](COLOURS[colour]).moved(complex(reach + 0.5, 0))
    support = group.add("table", table, colour)
    tone = colour_of("laptop", rng)
    laptop = items.laptop_side(COLOURS[tone]).moved(mirror=True).moved(complex(reach + 0.2, -0.42), mirror=True, layer=FRONT)
    number = group.add("laptop", laptop, tone)
    group.facts.append((number, "standing on", support))
    return number, placed_middle(laptop)


def _ground_of_watched(group: Group, number: int, name: str, flying: bool) -> None:
    if flying:
        return
    if name in {"car", "bus", "motorcycle", "bike"}:
        group.ground.append((number, "parked on"))
        group.marks.append(bay(group.parts[number].sketch))
    elif name in {"dog", "cat", "horse", "child", "bird", "bag"}:
        group.ground.append((number, "standing on"))


def _ride_inside(group: Group, plan: Plan, look: Look, colour: str, rng: np.random.Generator) -> Group:
    tone = colour_of(plan.support, rng)
    vehicle = FURNITURE[plan.support](COLOURS[tone])
    support = group.add(plan.support, vehicle, tone)
    at = along(vehicle.anchors["window"], one_of(rng, (0.0, 0.5, 1.0)))
    head = bust(look).moved(at, scale=0.62 if plan.support == "car" else 0.72)
    actor = group.add(plan.actor, head, colour)
    group.facts.append((actor, "riding", support))
    group.marks.append(_speed(vehicle))
    return group


def _animal_group(plan: Plan, rng: np.random.Generator) -> Group:
    group, colour = Group(), colour_of(plan.actor, rng)
    posture = {"walking": "walking", "sitting on": "sitting", "lying on": "lying"}.get(plan.resting, "standing")
    head = {"eating": "down", "carrying": "up"}.get(plan.handling, "level")
    if plan.handling == "eating":
        posture = "standing"
    body = animals.quadruped(plan.actor, COLOURS[colour], posture, head)
    if plan.handling == "eating" and plan.resting != "walking":
        plan = Plan(plan.actor, plan.support, "standing on", plan.item, plan.handling)
    actor = _rest(group, plan, body, colour, rng)
    if plan.item:
        _animal_handles(group, actor, plan, rng)
    return group


def _animal_handles(group: Group, actor: int, plan: Plan, rng: np.random.Generator) -> None:
    body, colour = group.parts[actor].sketch, colour_of(plan.item, rng)
    mouth = body.anchors["mouth"][0]
    if plan.handling == "carrying":
        sketch = paint(plan.item, colour, rng, "sitting").below_its_top().moved(mouth - 0.03j + 0.02, layer=ARM)
    elif plan.handling == "eating":
        sketch = lying(plan.item, paint(plan.item, colour, rng)).moved(complex(mouth.real + 0.06, max(mouth.imag + 0.1, -0.02)), layer=ARM)
    else:
        sketch = paint(plan.item, colour, rng, "standing").on_its_base()
        low_x, _, _, _ = sketch.bounds()
        _, _, front, _ = body.bounds()
        sketch = sketch.moved(complex(front - 0.03 - low_x, 0.0))
        group.marks.append(sight(body.anchors["eye"][0], placed_middle(sketch)))
    held = group.add(plan.item, sketch, colour)
    group.facts.append((actor, plan.handling, held))
    if plan.handling == "watching":
        _ground_of_watched(group, held, plan.item, False)


def vehicle(name: str, how: str, rng: np.random.Generator) -> Group:
    """A vehicle alone: parked in a marked bay, fallen over, or driving past with someone at the wheel."""
    group, colour = Group(), colour_of(name, rng)
    shade = COLOURS[colour]
    sketch = FURNITURE[name](shade) if name in FURNITURE else items.ITEMS[name](shade).on_its_base()
    if how == "lying on":
        sketch = sketch.moved(flatten=0.5, turn=0).moved(turn=-14).on_its_base()
    number = group.add(name, sketch, colour)
    if how == "parked on":
        group.marks.append(bay(sketch))
    elif how == "none":
        group.marks.append(_speed(sketch))
    if how != "none":
        group.ground.append((number, how))
    return group


def furniture(name: str, rng: np.random.Generator) -> Group:
    """A piece of furniture alone."""
    group, colour = Group(), colour_of(name, rng)
    sketch = items.towel_spread(COLOURS[colour]) if name == "towel" else FURNITURE[name](COLOURS[colour])
    number = group.add(name, sketch, colour)
    if name == "towel":
        group.ground.append((number, "lying on"))
    return group


def bay(sketch: Sketch) -> Sketch:
    """The white lines of a parking bay around what stands there."""
    low_x, _, high_x, _ = sketch.bounds()
    corners = (low_x - 0.02 - 0.14j, low_x - 0.1 + 0.07j, high_x + 0.02 + 0.07j, high_x + 0.1 - 0.14j)
    return Sketch().line(WHITE, 0.03, *corners, layer=-5)


def _speed(sketch: Sketch) -> Sketch:
    """Three lines behind something that moves."""
    low_x, low_y, _, high_y = sketch.bounds()
    marks = Sketch()
    for part, length in ((0.3, 0.18), (0.55, 0.26), (0.8, 0.18)):
        y = low_y + (high_y - low_y) * part
        marks.line(blend(WHITE, BLACK, 0.08), 0.02, complex(low_x - 0.05 - length, y), complex(low_x - 0.05, y), layer=FRONT)
    return marks


def sight(eye: complex, target: complex) -> Sketch:
    """Dashes from an eye to what it looks at."""
    marks, way = Sketch(), target - eye
    for start in (0.2, 0.42, 0.64):
        marks.line((240, 60, 60), 0.018, eye + way * start, eye + way * (start + 0.11), layer=FRONT)
    return marks
