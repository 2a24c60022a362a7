"""Colours by name: what is drawn in one of them can be named so in a caption."""

from relclip.raw.scenes.sketch import Colour

COLOURS: dict[str, Colour] = {
    "red": (214, 40, 40),
    "blue": (38, 84, 214),
    "green": (36, 150, 66),
    "yellow": (250, 208, 44),
    "orange": (245, 132, 30),
    "purple": (132, 60, 170),
    "pink": (246, 140, 180),
    "white": (248, 248, 248),
    "black": (34, 34, 38),
    "brown": (130, 82, 44),
    "gray": (140, 144, 150),
}
SKINS: tuple[Colour, ...] = ((250, 214, 184), (230, 184, 146), (190, 134, 92), (124, 82, 54))
HAIRS: tuple[Colour, ...] = ((40, 28, 22), (92, 56, 28), (206, 160, 74), (150, 62, 30))

WHITE, BLACK, GRAY = COLOURS["white"], COLOURS["black"], COLOURS["gray"]
YELLOW, RED, GREEN, BROWN = COLOURS["yellow"], COLOURS["red"], COLOURS["green"], COLOURS["brown"]
SNOW: Colour = (252, 253, 255)
SNOW_SHADE: Colour = (206, 220, 238)
WOOD: Colour = (150, 98, 52)
DARK_WOOD: Colour = (104, 66, 36)
STEEL: Colour = (96, 102, 112)
GLASS: Colour = (176, 216, 240)
TYRE: Colour = (30, 30, 34)
LEAF: Colour = (56, 140, 52)
ROPE: Colour = (70, 52, 40)
