"""Animals: one quadruped with four postures, drawn in profile facing right, and a bird."""

from dataclasses import dataclass

from relclip.raw.scenes.people import ARM, BODY
from relclip.raw.scenes.sketch import BLACK, WHITE, Colour, Sketch, blend, limb


@dataclass(frozen=True)
class Build:
    """Proportions of a quadruped, in heights of a person."""

    length: float
    depth: float
    leg: float
    neck: float
    head: float
    tail: float
    ears: str = "pointed"
    mane: bool = False


BUILDS = {
    "dog": Build(length=0.46, depth=0.105, leg=0.22, neck=0.12, head=0.10, tail=0.20, ears="hanging"),
    "cat": Build(length=0.34, depth=0.09, leg=0.15, neck=0.05, head=0.095, tail=0.30),
    "horse": Build(length=0.78, depth=0.165, leg=0.42, neck=0.34, head=0.125, tail=0.34, mane=True),
}
# legs: front near, front far, hind near, hind far: degrees, 0 hangs down, 90 points forward
GAITS = {
    "standing": ((3, 3), (-5, -5), (3, 3), (-5, -5)),
    "walking": ((30, 2), (-22, -34), (26, -4), (-26, -30)),
    "galloping": ((70, 20), (40, -50), (-30, -60), (-55, -20)),
}


def quadruped(kind: str, colour: Colour, posture: str, head: str = "level") -> Sketch:
    """Draw a dog, cat or horse: standing, walking, galloping, sitting or lying; head level, up or down.

    The origin is the ground below its middle. Anchors: points mouth (hand too), eye, crown; segments top, hook;
    rectangles face, cover.
    """
    build = BUILDS[kind]
    sketch = Sketch()
    rise = {"lying": build.depth, "sitting": build.leg * 0.95}.get(posture, build.leg + build.depth * 0.7)
    rump, chest = complex(-build.length / 2, -rise), complex(build.length / 2, -rise)
    if posture == "sitting":
        rump = complex(-build.length * 0.24, -build.depth)
        chest = complex(build.length * 0.16, -build.leg - build.depth * 1.2)
    _legs(sketch, build, colour, posture, rump=rump, chest=chest)
    sketch.line(colour, build.depth * 2, rump, chest, layer=BODY)
    _tail(sketch, build, colour, rump, kind=kind, posture=posture)
    _head(sketch, build, colour, chest, head=head, kind=kind)
    sketch.anchor("top", rump - 1j * build.depth * 0.8, chest - 1j * build.depth * 0.8)
    sketch.anchor("face", rump - 1j * build.depth * 0.7, chest + 1j * build.depth * 0.6)
    sketch.anchor("cover", rump - 1j * build.depth * 1.05, chest + 1j * build.depth * 0.9)
    sketch.anchor("hook", rump + 0.05 + 0j, rump + 0.1 + 0j)
    return sketch


def bird(colour: Colour, posture: str) -> Sketch:
    """Draw a bird flying (origin its middle), standing on long legs or sitting (origin below it)."""
    sketch = Sketch()
    dark, middle = blend(colour, BLACK, 0.35), {"standing": -0.23j, "sitting": -0.1j}.get(posture, 0j)
    sketch.polygon(dark, middle - 0.12, middle - 0.27 - 0.02j, middle - 0.25 + 0.06j, layer=BODY)
    sketch.oval(colour, middle, 0.16, 0.1, layer=BODY)
    sketch.disc(colour, middle + 0.15 - 0.09j, 0.075, layer=BODY + 1)
    eye, mouth = middle + 0.17 - 0.105j, middle + 0.3 - 0.07j
    sketch.polygon((250, 170, 30), middle + 0.21 - 0.11j, mouth, middle + 0.21 - 0.05j, layer=BODY)
    sketch.disc(WHITE, eye, 0.026, layer=BODY + 2)
    sketch.disc(BLACK, middle + 0.178 - 0.105j, 0.015, layer=BODY + 2)
    if posture == "flying":
        far_wing = (middle - 0.08 - 0.04j, middle - 0.2 - 0.34j, middle + 0.09 - 0.05j)
        near_wing = (middle - 0.06 - 0.03j, middle + 0.02 - 0.36j, middle + 0.1 - 0.03j)
        sketch.polygon(dark, *far_wing, layer=BODY - 1)
        sketch.polygon(blend(colour, WHITE, 0.25), *near_wing, layer=BODY + 2)
    else:
        wing = (middle - 0.2 + 0.01j, middle - 0.02 - 0.06j, middle + 0.07 + 0.03j)
        sketch.polygon(dark, *wing, layer=BODY + 1)
    if posture == "standing":
        for x in (-0.03, 0.05):
            leg = (middle + x + 0.08j, complex(x, -0.01), complex(x + 0.05, -0.01))
            sketch.line((226, 120, 20), 0.022, *leg, layer=BODY - 1)
    return sketch.anchor("eye", eye).anchor("mouth", mouth).anchor("hand", mouth)


def _legs(
    sketch: Sketch, build: Build, colour: Colour, posture: str, *, rump: complex, chest: complex
) -> None:
    width, dark = build.depth * 0.55, blend(colour, BLACK, 0.3)
    if posture == "lying":
        for x in (chest.real, rump.real + 0.02):
            foot = complex(x + build.leg * 0.8, -width / 2)
            sketch.line(colour, width, complex(x, -width), foot, layer=ARM)
        return
    if posture == "sitting":
        for x, shade in ((0.0, dark), (0.05, colour)):
            sketch.line(shade, width, chest + x - 0.02, complex(chest.real + x, -width / 2), layer=BODY - 1)
        foot = complex(rump.real + build.length * 0.3, -width * 0.6)
        sketch.line(colour, width * 1.3, rump + 0.02, foot, layer=BODY + 1)
        return
    starts = (chest - 0.03, chest - 0.03, rump + 0.02, rump + 0.02)
    shades = (colour, dark, colour, dark)
    for (thigh, shin), start, shade in zip(GAITS[posture], starts, shades, strict=True):
        knee = start + limb(thigh, build.leg * 0.55 + build.depth * 0.3)
        foot = knee + limb(shin, build.leg * 0.55)
        foot = complex(foot.real, min(foot.imag, -width / 2))
        sketch.line(shade, width, start, knee, foot, layer=BODY if shade == colour else BODY - 1)


def _tail(sketch: Sketch, build: Build, colour: Colour, rump: complex, *, kind: str, posture: str) -> None:
    dark = blend(colour, BLACK, 0.4)
    root = rump - build.depth * 0.9
    if kind == "horse":
        bend = root - 0.10 + 0.05j
        end = bend + (0.02 + 0.05j if posture == "lying" else -0.02 + build.tail * 0.8j)
        sketch.line(dark, 0.07, root, bend, end, layer=BODY - 1)
    elif kind == "cat":
        sketch.line(colour, 0.045, root, root - 0.08 - 0.02j, root - 0.10 - build.tail * 0.7j, layer=BODY - 1)
    else:
        sketch.line(colour, 0.05, root + 0.02, root - 0.08 - build.tail * 0.6j, layer=BODY - 1)


def _head(sketch: Sketch, build: Build, colour: Colour, chest: complex, *, head: str, kind: str) -> None:
    angle = {"up": 150.0, "level": 132.0, "down": 50.0 if kind == "horse" else 62.0}[head]
    centre = chest + limb(angle, build.neck + build.depth * 0.75)
    sketch.line(colour, build.depth * 1.15, chest, centre, layer=BODY)
    length, way = {"up": (1.5, 1 - 0.25j), "level": (1.45, 1 + 0.25j), "down": (1.4, 0.75 + 0.75j)}[head]
    muzzle = centre + build.head * length * way
    if kind == "cat":
        muzzle = centre + (muzzle - centre) * 0.55
    sketch.disc(colour, centre, build.head, layer=BODY + 1)
    sketch.line(blend(colour, WHITE, 0.18), build.head * 1.1, centre, muzzle, layer=BODY + 1)
    sketch.disc(BLACK, muzzle + build.head * 0.4, build.head * 0.24, layer=BODY + 2)
    _ears(sketch, build, colour, centre)
    if build.mane:
        mane = (centre - build.head, chest - build.depth * 0.8 - 0.12j)
        sketch.line(blend(colour, BLACK, 0.55), build.depth * 0.5, *mane, layer=BODY + 1)
    eye = centre + build.head * (0.25 - 0.3j)
    sketch.disc(WHITE, eye, build.head * 0.3, layer=BODY + 2)
    sketch.disc(BLACK, eye + build.head * 0.1, build.head * 0.17, layer=BODY + 2)
    mouth = muzzle + build.head * (0.3 + 0.5j)
    for name, point in (("eye", eye), ("mouth", mouth), ("hand", mouth), ("crown", centre - 1j * build.head)):
        sketch.anchor(name, point)


def _ears(sketch: Sketch, build: Build, colour: Colour, centre: complex) -> None:
    size, dark = build.head, blend(colour, BLACK, 0.4)
    if build.ears == "hanging":
        sketch.oval(dark, centre - size * 0.55 + size * 0.3j, size * 0.35, size * 0.8, layer=BODY + 2)
        return
    for x in (-0.7, 0.0):
        corners = (x - 0.05 - 0.6j, x + 0.3 - 1.75j, x + 0.65 - 0.7j)
        sketch.polygon(dark, *(centre + size * corner for corner in corners), layer=BODY + 1)
