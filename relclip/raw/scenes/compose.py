"""A whole scene: the stage of a setting, groups side by side on its rows, attachments until it is full."""

from collections.abc import Mapping

import numpy as np

from relclip.raw.scenes import groups, settings, world
from relclip.raw.scenes.attach import attach
from relclip.raw.scenes.chance import between, happens, pick
from relclip.raw.scenes.groups import Group, Plan
from relclip.raw.scenes.items import hat
from relclip.raw.scenes.painters import colour_of
from relclip.raw.scenes.palette import COLOURS
from relclip.raw.scenes.scene import Scene, Thing
from relclip.raw.scenes.settings import Row

CROWDED = 0.22  # the part of a group's width that may lie behind another of its row
GROUPS = (4, 5, 6)
TRIES = 60


def compose(rng: np.random.Generator, objects: tuple[int, int], boost: Mapping[str, float] | None = None) -> Scene:
    """Compose one scene with that many things; `boost` multiplies the weights of some predicates."""
    boost = dict(boost or {})
    setting = pick(rng, _setting_weights(boost))
    scene, rows = settings.stage(setting, rng)
    wanted = int(rng.integers(objects[0], objects[1] + 1))
    spans: dict[Row, list[tuple[float, float]]] = {row: [] for row in rows}
    for _ in range(GROUPS[int(rng.integers(len(GROUPS)))]):
        if len(scene.things) < wanted - 2:
            _place(scene, _group(setting, rng, boost), spans, rng)
    _hats(scene, wanted, rng)
    for _ in range(TRIES):
        if len(scene.things) >= wanted:
            break
        _attach_one(scene, rng, boost)
    return scene


def _setting_weights(boost: world.Weights) -> world.Weights:
    """A setting is likelier where the boosted predicates live."""
    if boost.get("walking in", 1.0) > 1:
        return {"snow": 1.0, "room": 1.0, "beach": 0.3}
    return world.SETTINGS


def _group(setting: str, rng: np.random.Generator, boost: world.Weights) -> Group:
    parked = sum(boost.get(name, 1.0) for name in ("parked on",))
    kinds = {"actor": 5.0, "vehicle": 0.9 * parked if setting in world.VEHICLES else 0.0, "furniture": 0.6}
    kind = pick(rng, kinds)
    if kind == "vehicle":
        name = pick(rng, world.VEHICLES[setting])
        return groups.vehicle(name, pick(rng, world.boosted(world.PARKING[name], boost)), rng)
    if kind == "furniture":
        return groups.furniture(pick(rng, world.FURNITURE[setting]), rng)
    return groups.build(_plan(setting, rng, boost), rng)


def _plan(setting: str, rng: np.random.Generator, boost: world.Weights) -> Plan:
    actor = pick(rng, world.ACTORS[setting])
    resting = world.RESTING[world.kind_of(actor)]
    handling = world.HANDLING[world.kind_of(actor)]
    support = pick(rng, _partners(world.SUPPORTS[setting], resting, boost))
    predicate = pick(rng, world.boosted(_ground_names(resting[support]), boost))
    plan = Plan(actor, support, predicate)
    held = _partners({name: world.HELD[setting].get(name, 0.3) for name in handling}, handling, boost)
    if actor == "child":
        held.pop("child", None)
    if not _hands_free(plan) or not happens(rng, 0.72 if support == "ground" else 0.5):
        return plan
    item = pick(rng, held)
    options = world.boosted(handling[item], boost)
    options = {name: weight for name, weight in options.items() if _possible(plan, item, name)}
    return Plan(actor, support, predicate, item, pick(rng, options)) if options else plan


def _ground_names(weights: world.Weights) -> world.Weights:
    return weights


def _partners(popular: world.Weights, table: dict[str, world.Weights], boost: world.Weights) -> world.Weights:
    """Popularity of the partners in the table, times how much of their weight is boosted."""
    result = {}
    for name, weight in popular.items():
        if name in table:
            options = table[name]
            lift = sum(world.boosted(options, boost).values()) / sum(options.values())
            result[name] = weight * lift
    return result


def _hands_free(plan: Plan) -> bool:
    if plan.resting in {"carrying", "watching"}:
        return False
    return not (plan.resting == "riding" and plan.support in {"car", "bus", "bike", "motorcycle", "horse"})


def _possible(plan: Plan, item: str, predicate: str) -> bool:
    """Whether the body can do it in that posture."""
    if plan.resting == "lying on":
        return (item, predicate) in {("phone", "watching"), ("banana", "eating"), ("towel", "covered in"), ("pizza", "eating")} and plan.actor in world.PEOPLE
    if predicate == "watching" and item != "phone":
        return plan.support == "ground" and plan.resting in {"standing on", "sitting on"}
    if plan.actor not in world.PEOPLE:
        return plan.support == "ground" and not (predicate == "carrying" and plan.resting == "sitting on")
    if item == "child":
        return plan.resting in {"standing on", "walking"}
    if plan.resting == "riding":
        return predicate in {"using", "eating", "carrying"} and item in {"umbrella", "phone", "banana", "pizza", "bag", "flower"}
    if plan.resting == "sitting on":
        return item not in {"kite", "racket", "towel"} or predicate == "covered in"
    return predicate != "covered in" or plan.resting in {"standing on", "sitting on"}


def _place(scene: Scene, group: Group, spans: dict[Row, list[tuple[float, float]]], rng: np.random.Generator) -> None:
    """Find a row and a place across for a group; groups that fit nowhere are left out."""
    low, _, high, _ = group.bounds()
    surfing = any(predicate == "surf" for _, predicate in group.ground)
    rows = [row for row in spans if (scene.things[row.ground].name == "wave") == surfing] or list(spans)
    for _ in range(14):
        row = rows[int(rng.integers(len(rows)))]
        mirror = happens(rng, 0.5)
        left, right = (-high, -low) if mirror else (low, high)
        width = (right - left) * row.scale
        if width > 0.9:
            return
        start = between(rng, 0.02, max(0.98 - width, 0.021))
        if all(_shared((start, start + width), span) <= CROWDED * min(width, span[1] - span[0]) for span in spans[row]):
            spans[row].append((start, start + width))
            at = complex(start - left * row.scale, row.y + between(rng, -0.015, 0.015))
            _settle(scene, group, row, at, mirror)
            return


def _shared(first: tuple[float, float], second: tuple[float, float]) -> float:
    return max(0.0, min(first[1], second[1]) - max(first[0], second[0]))


def _settle(scene: Scene, group: Group, row: Row, at: complex, mirror: bool) -> None:
    numbers = []
    for part in group.parts:
        sketch = part.sketch.moved(at, row.scale, mirror=mirror)
        numbers.append(scene.add(Thing(part.name, sketch, at.imag, row.scale, part.colour)))
    scene.marks.extend((at.imag, mark.moved(at, row.scale, mirror=mirror)) for mark in group.marks)
    for subject, predicate, thing in group.facts:
        scene.tell(numbers[subject], predicate, numbers[thing])
    ground = scene.things[row.ground].name
    for subject, predicate in group.ground:
        _tell_ground(scene, group, numbers, subject, predicate, ground, row.ground)


def _tell_ground(
    scene: Scene, group: Group, numbers: list[int], subject: int, predicate: str, ground: str, number: int
) -> None:
    """Facts with the ground, as its kind allows: one walks in snow and in a room, but on a street."""
    if predicate == "surf":
        scene.tell(numbers[subject], "riding", number)
        riders = [s for s, how, thing in group.facts if thing == subject and how == "riding"]
        for rider in riders:
            scene.tell(numbers[rider], "riding", number)
    elif predicate == "walking":
        scene.tell(numbers[subject], "walking in" if ground in {"snow", "room", "wave"} else "walking on", number)
    elif ground not in {"room", "wave"}:
        scene.tell(numbers[subject], predicate, number)


def _hats(scene: Scene, wanted: int, rng: np.random.Generator) -> None:
    """Put hats on some heads: things with no fact."""
    for thing in list(scene.things):
        if thing.name in world.PEOPLE and "crown" in thing.sketch.anchors and len(scene.things) < wanted - 1 and happens(rng, 0.3):
            colour = colour_of("hat", rng)
            scale = thing.scale * (0.95 if thing.name != "child" else 0.85)
            crown = thing.sketch.anchors["crown"][0]
            across = thing.sketch.anchors["shoulder"][0] if "shoulder" in thing.sketch.anchors else crown + 0.2j
            lies = abs((across - crown).real) > abs((across - crown).imag)
            turn = (-90.0 if across.real > crown.real else 90.0) if lies else 0.0
            scene.add(Thing("hat", hat(COLOURS[colour]).moved(crown, scale, turn=turn, layer=25), thing.depth, scale, colour))


def _attach_one(scene: Scene, rng: np.random.Generator, boost: world.Weights) -> None:
    hosts = {}
    for number, thing in enumerate(scene.things):
        table = world.ATTACHED.get(thing.name)
        if table and not (thing.name == "snow" and "ground" not in thing.sketch.anchors):
            lift = max(boost.get(name, 1.0) for weights in table.values() for name in weights)
            hosts[number] = world.HOSTS[thing.name] * lift
    if not hosts:
        return
    host = pick(rng, hosts)
    table = world.ATTACHED[scene.things[host].name]
    totals = {name: sum(world.boosted(weights, boost).values()) for name, weights in table.items()}
    if "snow" in totals and scene.setting != "snow":
        totals["snow"] *= 0.25
    name = pick(rng, totals)
    attach(scene, host, name, pick(rng, world.boosted(table[name], boost)), rng)
