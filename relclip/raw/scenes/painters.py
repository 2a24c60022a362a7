"""One way to ask for any class by name: its sketch in a drawn colour, and that colour's name."""

import numpy as np

from relclip.raw.scenes import animals, items
from relclip.raw.scenes.chance import happens, one_of
from relclip.raw.scenes.furniture import FURNITURE
from relclip.raw.scenes.items import LETTERS
from relclip.raw.scenes.people import Look
from relclip.raw.scenes.sketch import COLOURS, HAIRS, SKINS, Sketch

BRIGHT = ("red", "blue", "green", "yellow", "orange", "purple", "pink", "white", "black")
BELOW = ("blue", "black", "brown", "purple", "green", "gray", "red")  # trousers and skirts
STRONG = ("red", "blue", "green", "yellow", "orange", "purple", "pink")
COLOURS_OF: dict[str, tuple[str, ...]] = {
    "banana": ("yellow",),
    "pizza": ("yellow",),
    "laptop": ("gray", "white"),
    "phone": ("black", "gray", "red"),
    "flower": ("red", "pink", "purple", "yellow", "white", "orange"),
    "leaf": ("green", "orange", "red", "brown"),
    "clock": ("black", "brown", "red", "blue"),
    "sign": ("green", "blue", "red", "yellow"),
    "letter": ("white", "black", "red", "yellow"),
    "dog": ("brown", "black", "orange"),
    "cat": ("gray", "black", "orange"),
    "horse": ("brown", "black", "gray"),
    "bird": ("blue", "red", "yellow", "black", "orange"),
    "bench": ("brown", "green", "red"),
    "table": ("brown", "red", "blue"),
    "bed": ("blue", "red", "green", "purple", "pink"),
    "bus": ("red", "yellow", "blue", "green"),
    "car": ("red", "blue", "green", "yellow", "black"),
    "window": ("white", "brown"),
    "plane": ("red", "blue", "green"),
}


def colour_of(name: str, rng: np.random.Generator) -> str:
    """Draw the name of a colour that suits the class."""
    return one_of(rng, COLOURS_OF.get(name, STRONG))


def look_of(name: str, rng: np.random.Generator) -> tuple[Look, str]:
    """Draw how a person looks; return it with the shirt's colour."""
    top = one_of(rng, BRIGHT)
    bottom = one_of(rng, [colour for colour in BELOW if colour != top])
    skin, hair = one_of(rng, SKINS), one_of(rng, HAIRS)
    return Look(kind=name, skin=skin, hair=hair, top=COLOURS[top], bottom=COLOURS[bottom]), top


def word(rng: np.random.Generator) -> str:
    """Draw one to three letters."""
    return "".join(one_of(rng, LETTERS) for _ in range(1 + happens(rng, 0.7) + happens(rng, 0.3)))


def paint(name: str, colour: str, rng: np.random.Generator, posture: str = "standing") -> Sketch:
    """Draw any thing or animal upright in local units; `posture` is used by animals."""
    shade = COLOURS[colour]
    if name in animals.BUILDS:
        return animals.quadruped(name, shade, posture)
    if name == "bird":
        return animals.bird(shade, posture)
    if name == "letter":
        return items.letters(shade, word(rng))
    if name in FURNITURE:
        return FURNITURE[name](shade)
    return items.ITEMS[name](shade)


def lying(name: str, sketch: Sketch) -> Sketch:
    """The sketch put flat on its side, its lowest point at height 0."""
    turn, flatten = items.LYING.get(name, (90.0, 1.0))
    return sketch.moved(turn=turn).moved(flatten=flatten).on_its_base()
