"""The five settings: sky, grounds, rows on which groups stand, and the backdrop with places for attachments."""

from dataclasses import dataclass

import numpy as np

from relclip.raw.scenes import backdrops, items
from relclip.raw.scenes.chance import between, happens, one_of
from relclip.raw.scenes.scene import Scene, Thing
from relclip.raw.scenes.sketch import Colour, Sketch

WALLS: tuple[Colour, ...] = (
    (196, 120, 92),
    (214, 186, 142),
    (160, 168, 184),
    (178, 132, 150),
    (226, 206, 170),
)
ROOM_WALLS: tuple[Colour, ...] = ((232, 214, 196), (206, 222, 214), (214, 212, 234), (240, 228, 186))
SKIES: dict[str, Colour] = {
    "street": (198, 216, 232),
    "park": (170, 212, 242),
    "beach": (160, 214, 246),
    "snow": (190, 206, 226),
    "room": (255, 255, 255),
}
BACK, FRONT = 0.25, 0.305  # a person's height in the two rows, pictures


@dataclass(frozen=True)
class Row:
    """A line on which groups stand: height in the picture, a person's height there, and the thing below."""

    y: float
    scale: float
    ground: int


def stage(setting: str, rng: np.random.Generator) -> tuple[Scene, list[Row]]:
    """Make an empty scene of a setting: grounds and backdrop, and its two rows."""
    scene = Scene(setting)
    stages = {"street": _street, "park": _park, "beach": _beach, "snow": _snow, "room": _room}
    return scene, stages[setting](scene, rng)


def _ground(
    scene: Scene, name: str, sketch: Sketch, depth: float, rows: tuple[float, float], *, scale: float
) -> int:
    sketch.anchor("ground", complex(0.06, rows[0]), complex(0.94, rows[1]))
    return scene.add(Thing(name, sketch, depth, scale))


def _fixed(
    scene: Scene, name: str, sketch: Sketch, at: complex, scale: float, *, depth: float | None = None
) -> int:
    return scene.add(Thing(name, sketch.moved(at, scale), at.imag if depth is None else depth, scale))


def _street(scene: Scene, rng: np.random.Generator) -> list[Row]:
    sidewalk = _ground(scene, "sidewalk", backdrops.sidewalk(0.56, 0.71), 0.05, (0.6, 0.68), scale=BACK)
    street = _ground(scene, "street", backdrops.street(0.71), 0.06, (0.76, 0.97), scale=FRONT)
    first = between(rng, 0.18, 0.3)
    _building(scene, first, rng)
    if happens(rng, 0.6):
        _building(scene, first + between(rng, 0.42, 0.5), rng)
        _pole(scene, first + between(rng, 0.2, 0.26), rng)
    else:
        _tree(scene, first + between(rng, 0.36, 0.42), rng)
        _pole(scene, first + between(rng, 0.58, 0.66), rng)
    return [Row(0.69, BACK, sidewalk), Row(0.955, FRONT, street)]


def _park(scene: Scene, rng: np.random.Generator) -> list[Row]:
    _mountain(scene, rng, 0.58)
    hill = _ground(scene, "hill", backdrops.hill(0.52, rng), 0.05, (0.64, 0.73), scale=BACK)
    sidewalk = _ground(scene, "sidewalk", backdrops.sidewalk(0.8, 1.0), 0.06, (0.84, 0.98), scale=FRONT)
    first = between(rng, 0.14, 0.24)
    _tree(scene, first, rng)
    _pole(scene, first + between(rng, 0.24, 0.32), rng)
    if happens(rng, 0.7):
        _tree(scene, first + between(rng, 0.56, 0.62), rng)
    else:
        _building(scene, first + 0.56, rng)
    return [Row(0.75, BACK, hill), Row(0.965, FRONT, sidewalk)]


def _beach(scene: Scene, rng: np.random.Generator) -> list[Row]:
    _mountain(scene, rng, 0.5)
    wave = _ground(scene, "wave", backdrops.sea(0.48, 0.7), 0.04, (0.55, 0.62), scale=BACK)
    beach = _ground(scene, "beach", backdrops.beach(0.69, rng), 0.05, (0.75, 0.97), scale=FRONT)
    first = between(rng, 0.12, 0.3)
    _tree(scene, first, rng, 0.72)
    _pole(scene, first + between(rng, 0.3, 0.5), rng, 0.72)
    return [Row(0.67, BACK * 0.95, wave), Row(0.8, BACK, beach), Row(0.965, FRONT, beach)]


def _snow(scene: Scene, rng: np.random.Generator) -> list[Row]:
    _mountain(scene, rng, 0.58)
    snow = _ground(scene, "snow", backdrops.snow_ground(0.55, rng), 0.05, (0.62, 0.97), scale=FRONT)
    first = between(rng, 0.2, 0.3)
    _house(scene, first, rng)
    _tree(scene, first + between(rng, 0.36, 0.42), rng)
    if happens(rng, 0.6):
        _pole(scene, first + between(rng, 0.56, 0.62), rng)
    return [Row(0.72, BACK, snow), Row(0.96, FRONT, snow)]


def _room(scene: Scene, rng: np.random.Generator) -> list[Row]:
    sketch = backdrops.room(one_of(rng, ROOM_WALLS), 0.56)
    sketch.anchor("face", 0.1 + 0.1j, 0.9 + 0.4j).anchor("hook", 0.06 + 0.005j, 0.94 + 0.005j)
    sketch.anchor("area", 0.06 + 0.06j, 0.94 + 0.42j)
    room = scene.add(Thing("room", sketch, 0.01, 0.3))
    for x in (between(rng, 0.12, 0.3), between(rng, 0.65, 0.88)):
        _window(scene, room, complex(x, between(rng, 0.2, 0.28)), scale=0.42, frame=(250, 250, 250))
    return [Row(0.74, BACK, room), Row(0.96, FRONT, room)]


def _building(scene: Scene, x: float, rng: np.random.Generator) -> None:
    width, height = between(rng, 1.15, 1.4), between(rng, 1.5, 1.75)
    place = complex(x, 0.58)
    building = _fixed(scene, "building", backdrops.building(one_of(rng, WALLS), width, height), place, 0.3)
    for column in (-0.3, 0.3):
        for row in (0.36, 0.9):
            if happens(rng, 0.35):
                _window(scene, building, place + complex(column * width, -height + row) * 0.3, scale=0.27)
    if happens(rng, 0.45):
        _roof(scene, building, place - 1j * height * 0.3, width)


def _window(scene: Scene, wall: int, at: complex, *, scale: float, frame: Colour = (240, 240, 236)) -> None:
    scene.things[wall].taken.setdefault("face", []).extend((at.real, at.imag))
    _fixed(scene, "window", items.window(frame), at, scale, depth=scene.things[wall].depth + 0.0001)


def _roof(scene: Scene, building: int, top: complex, width: float) -> None:
    del scene.things[building].sketch.anchors["top"]
    _fixed(scene, "roof", backdrops.roof((150, 62, 50), width, 0.36), top, 0.3, depth=0.5802)


def _house(scene: Scene, x: float, rng: np.random.Generator) -> None:
    width, height = between(rng, 1.1, 1.3), 1.05
    place = complex(x, 0.6)
    building = _fixed(scene, "building", backdrops.building(one_of(rng, WALLS), width, height), place, 0.3)
    _window(scene, building, place + complex(-0.3 * width, -0.62) * 0.3, scale=0.3)
    _roof(scene, building, place - 1j * height * 0.3, width)


def _tree(scene: Scene, x: float, rng: np.random.Generator, y: float = 0.62) -> None:
    sketch = backdrops.tree(backdrops.crown_colour(float(rng.random())))
    scene.add(Thing("tree", sketch.moved(complex(x, y), 0.31, mirror=happens(rng, 0.5)), y, 0.31, "green"))


def _pole(scene: Scene, x: float, rng: np.random.Generator, y: float = 0.63) -> None:
    sketch = backdrops.pole((92, 96, 104)).moved(complex(x, y), 0.33, mirror=happens(rng, 0.5))
    scene.add(Thing("pole", sketch, y, 0.33))


def _mountain(scene: Scene, rng: np.random.Generator, foot: float) -> None:
    colour = one_of(rng, ((134, 128, 142), (120, 132, 120), (150, 128, 112)))
    sketch = backdrops.mountain(colour, between(rng, 1.9, 2.3), between(rng, 1.1, 1.35))
    _fixed(scene, "mountain", sketch, complex(between(rng, 0.45, 0.72), foot), 0.3, depth=0.02)
