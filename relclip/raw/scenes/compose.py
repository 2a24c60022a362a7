"""A whole scene: the stage of a setting, groups side by side on its rows, attachments until it is full."""

from collections.abc import Mapping

import numpy as np

from relclip.raw.scenes import groups, pairs, settings, world
from relclip.raw.scenes.actors import build
from relclip.raw.scenes.attach import attach
from relclip.raw.scenes.chance import Weights, between, happens, pick
from relclip.raw.scenes.cloth import hat
from relclip.raw.scenes.groups import SURFING, Group, sight
from relclip.raw.scenes.hosts import ATTACHED
from relclip.raw.scenes.painters import colour_of
from relclip.raw.scenes.pairs import plan
from relclip.raw.scenes.scene import Scene, Thing, without_hidden
from relclip.raw.scenes.settings import Row
from relclip.raw.scenes.sketch import COLOURS, middle

CROWDED = 0.28  # the part of a group's width that may lie behind another of its row
GROUPS = (7, 9)  # at least and at most
TRIES, TRIES_ACROSS = 60, 14
HATS = 0.12
GLANCES, GLANCE_REACH = 0.6, 0.55  # pictures with a far glance; how much of its way is dashed
IN_FRONT = 2.0  # deeper than any thing is
IDLE, BUSY = ("standing on", "sitting on", "walking on"), ("watching", "using", "eating", "playing")
SIGHTS = ("bird", "kite", "plane", "dog", "cat", "horse")
RARE_SNOW = 0.25  # snow on things where it is not winter
WALKED_IN = ("snow", "room", "wave")
UNTOLD = ("room", "wave")  # one stands on a floor, not "on a room"

Spans = dict[Row, list[tuple[float, float]]]


def compose(
    rng: np.random.Generator, objects: tuple[int, int], boost: Mapping[str, float] | None = None
) -> Scene:
    """Compose one scene with about that many things; `boost` multiplies the weights of
    some predicates and of some classes as attachments or hosts."""
    lifted = dict(boost or {})
    setting = pick(rng, _settings(lifted))
    scene, rows = settings.stage(setting, rng)
    wanted = int(rng.integers(*objects, endpoint=True))
    spans: Spans = {row: [] for row in rows}
    for _ in range(int(rng.integers(*GROUPS, endpoint=True))):
        if len(scene.things) < wanted - 2:
            _place(scene, _group(setting, rng, lifted), spans, rng)
    _hats(scene, wanted, rng)
    lifts = {host: _lift(options, lifted) for host, options in ATTACHED.items()}
    for _ in range(TRIES):
        if len(scene.things) >= wanted:
            break
        _attach_one(scene, rng, lifted, lifts)
    if happens(rng, GLANCES):
        _glance(scene, rng)
    return without_hidden(scene)


def _settings(boost: Weights) -> Weights:
    """Walking in something needs snow or a room."""
    return {"snow": 1.0, "room": 1.0} if "walking in" in boost else world.SETTINGS


def _group(setting: str, rng: np.random.Generator, boost: Weights) -> Group:
    vehicles = 0.9 * boost.get("parked on", 1.0) if setting in world.VEHICLES else 0.0
    kind = pick(rng, {"actor": 5.0, "vehicle": vehicles, "furniture": 0.6})
    if kind == "vehicle":
        name = pick(rng, world.VEHICLES[setting])
        return groups.vehicle(name, pick(rng, world.boosted(pairs.PARKING[name], boost)), rng)
    if kind == "furniture":
        return groups.furniture(pick(rng, world.FURNITURE[setting]), rng)
    return build(plan(setting, rng, boost), rng)


def _place(scene: Scene, group: Group, spans: Spans, rng: np.random.Generator) -> None:
    """Find a row and a place across for a group; one that fits nowhere is left out."""
    low, _, high, _ = group.bounds()
    surfing = any(predicate == SURFING for _, predicate in group.ground)
    rows = [row for row in spans if (scene.things[row.ground].name == "wave") == surfing] or list(spans)
    for _ in range(TRIES_ACROSS):
        row, mirror = rows[int(rng.integers(len(rows)))], happens(rng, 0.5)
        left, width = (-high if mirror else low) * row.scale, (high - low) * row.scale
        start = between(rng, 0.01, max(0.99 - width, 0.011))
        span = (start, start + width)
        if all(_shared(span, other) <= CROWDED * min(width, other[1] - other[0]) for other in spans[row]):
            spans[row].append(span)
            _settle(scene, group, row, complex(start - left, row.y + between(rng, -0.015, 0.015)), mirror)
            return


def _shared(first: tuple[float, float], second: tuple[float, float]) -> float:
    return max(0.0, min(first[1], second[1]) - max(first[0], second[0]))


def _settle(scene: Scene, group: Group, row: Row, at: complex, mirror: bool) -> None:
    """Move the group's parts into the picture and tell its facts."""
    numbers = []
    for part in group.parts:
        sketch = part.sketch.moved(at, row.scale, mirror=mirror)
        numbers.append(scene.add(Thing(part.name, sketch, at.imag, row.scale, part.colour)))
    scene.marks.extend((at.imag, mark.moved(at, row.scale, mirror=mirror)) for mark in group.marks)
    for subject, predicate, thing in group.facts:
        scene.tell(numbers[subject], predicate, numbers[thing])
    for placed, predicate in group.ground:
        if predicate == SURFING:
            riders = [rider for rider, how, board in group.facts if (how, board) == ("riding", placed)]
            for rider in riders:
                scene.tell(numbers[rider], "riding", row.ground)
        else:
            _tell_ground(scene, numbers[placed], predicate, row.ground)


def _tell_ground(scene: Scene, subject: int, predicate: str, ground: int) -> None:
    """A fact with the ground, as its kind allows: one walks in snow and in a room, but on a street."""
    name = scene.things[ground].name
    if predicate == "walking":
        scene.tell(subject, "walking in" if name in WALKED_IN else "walking on", ground)
    elif name not in UNTOLD:
        scene.tell(subject, predicate, ground)


def _hats(scene: Scene, wanted: int, rng: np.random.Generator) -> None:
    """Put hats on some heads that are upright: things without a fact."""
    for thing in list(scene.things):
        shoulder = thing.sketch.anchors.get("shoulder")
        if (
            thing.name not in world.PEOPLE
            or shoulder is None
            or not happens(rng, HATS)
            or len(scene.things) >= wanted - 1
        ):
            continue
        crown = thing.sketch.anchors["crown"][0]
        if abs((crown - shoulder[0]).real) < abs((crown - shoulder[0]).imag):
            colour = colour_of("hat", rng)
            sketch = hat(COLOURS[colour]).moved(crown, thing.scale * 0.9, layer=25)
            scene.add(Thing("hat", sketch, thing.depth, thing.scale, colour))


def _glance(scene: Scene, rng: np.random.Generator) -> None:
    """Let someone who stands or sits there watch something in front, however far."""
    idle = {fact.subject for fact in scene.facts if fact.predicate in IDLE}
    idle -= {fact.subject for fact in scene.facts if fact.predicate in BUSY}
    for number in sorted(idle):
        actor = scene.things[number]
        if actor.name not in world.PEOPLE:
            continue
        targets = [
            other
            for other, thing in enumerate(scene.things)
            if thing.name in SIGHTS and _before(actor, thing)
        ]
        if targets:
            seen = targets[int(rng.integers(len(targets)))]
            eye, way = actor.sketch.anchors["eye"][0], middle(scene.things[seen].sketch)
            dashes = sight(eye / actor.scale, way / actor.scale, GLANCE_REACH)
            scene.marks.append((IN_FRONT, dashes.moved(scale=actor.scale)))
            scene.tell(number, "watching", seen)
            return


def _before(actor: Thing, other: Thing) -> bool:
    """Whether the other is in front of the actor's face and out of reach."""
    eye, shoulder = actor.sketch.anchors["eye"][0], actor.sketch.anchors["shoulder"][0]
    way = middle(other.sketch) - eye
    ahead = way.real if eye.real > shoulder.real else -way.real
    return actor.scale < ahead < 4 * actor.scale and abs(way.imag) < 1.2 * ahead


def _lift(options: Mapping[str, Weights], boost: Weights) -> float:
    """By how much a host is wanted the more for what can be attached to it."""
    return max(boost.get(name, 1.0) for own in options.values() for name in own)


def _attach_one(scene: Scene, rng: np.random.Generator, boost: Weights, lifts: Weights) -> None:
    """Try to attach one thing to one host; `lifts`: of each host's class."""
    hosts = {}
    for number, thing in enumerate(scene.things):
        if thing.name in lifts and (thing.name != "snow" or "ground" in thing.sketch.anchors):
            hosts[number] = world.HOSTS[thing.name] * lifts[thing.name] * boost.get(thing.name, 1.0)
    host = pick(rng, hosts)
    options = ATTACHED[scene.things[host].name]
    totals = {
        name: boost.get(name, 1.0) * sum(world.boosted(own, boost).values()) for name, own in options.items()
    }
    if scene.setting != "snow" and "snow" in totals:
        totals["snow"] *= RARE_SNOW
    name = pick(rng, totals)
    attach(scene, host, name, pick(rng, world.boosted(options[name], boost)), rng)
