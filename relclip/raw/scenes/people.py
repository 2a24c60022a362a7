"""People: a skeleton of five postures and arms that reach for a point, drawn in profile facing right."""

import cmath
import math
from dataclasses import dataclass

from relclip.raw.scenes.sketch import BLACK, WHITE, Colour, Sketch, blend, limb

THIGH, SHIN, TORSO, UPPER_ARM, FOREARM = 0.22, 0.22, 0.30, 0.17, 0.17
BODY, HELD, ARM = 10, 14, 18  # layers: what is held lies between the body and the near arm

# lean of the torso, then thigh and shin of the near and the far leg: degrees, 0 hangs down, 90 points forward
POSTURES: dict[str, tuple[float, tuple[float, float], tuple[float, float]]] = {
    "standing": (0, (5, 3), (-6, -4)),
    "walking": (5, (34, 14), (-26, -48)),
    "running": (12, (62, 0), (-42, -88)),
    "sitting": (-4, (88, 4), (76, -4)),
    "sitting low": (-8, (118, 52), (100, 60)),
    "riding": (12, (52, -8), (40, -12)),
    "pedalling": (24, (74, -4), (30, -24)),
    "crouching": (10, (62, -8), (-34, -14)),
    "lying": (0, (4, 2), (34, -30)),
}
# where the near and the far hand go, from the shoulder
GESTURES: dict[str, tuple[complex, complex]] = {
    "rest": (0.06 + 0.33j, -0.05 + 0.33j),
    "swing": (0.17 + 0.27j, -0.17 + 0.27j),
    "clasp": (0.10 + 0.23j, -0.08 + 0.32j),
    "low": (0.09 + 0.32j, -0.10 + 0.30j),
    "offer": (0.27 + 0.10j, -0.06 + 0.32j),
    "embrace": (0.20 + 0.16j, 0.25 + 0.12j),
    "type": (0.29 + 0.16j, 0.25 + 0.14j),
    "mouth": (0.16 - 0.05j, -0.06 + 0.32j),
    "ear": (0.05 - 0.13j, -0.06 + 0.32j),
    "tray": (0.24 - 0.12j, -0.08 + 0.30j),
    "up": (0.10 - 0.31j, -0.10 + 0.30j),
    "both up": (0.07 - 0.33j, -0.05 - 0.33j),
    "point": (0.33 + 0.05j, -0.07 + 0.32j),
    "balance": (0.30 - 0.06j, -0.32 - 0.02j),
    "reins": (0.27 + 0.14j, 0.24 + 0.15j),
    "shoulder": (0.12 - 0.10j, -0.06 + 0.32j),
    "head": (-0.12 - 0.16j, -0.16 - 0.12j),
    "lap": (0.20 + 0.26j, 0.16 + 0.27j),
    "hips": (-0.02 + 0.27j, -0.14 + 0.26j),
}


@dataclass(frozen=True)
class Look:
    """Who it is and what they wear."""

    kind: str
    skin: Colour
    hair: Colour
    top: Colour
    bottom: Colour


def person(look: Look, posture: str, gesture: str, shut_eye: bool = False) -> Sketch:
    """Draw a person whose support point (feet, seat or back) is the origin.

    Anchors: hand, hip, shoulder, mouth, eye, crown (each a point, twice).
    """
    lean, near, far = POSTURES[posture]
    hip = 0j
    shoulder = hip + limb(180 - lean, TORSO)
    sketch = Sketch()
    for angles, shade in ((far, 0.25), (near, 0.0)):
        _leg(sketch, look, hip, angles, shade)
    near_reach, far_reach = GESTURES[gesture]
    hand, far_hand = shoulder + near_reach, shoulder + far_reach
    _arm(sketch, look, shoulder, far_hand, layer=BODY - 2, shade=0.25)
    _torso(sketch, look, hip, shoulder, posture)
    _head(sketch, look, shoulder + limb(180 - lean * 0.5, 0.15), shut_eye)
    _arm(sketch, look, shoulder, hand, layer=ARM, shade=0.0)
    for name, point in (("hip", hip), ("shoulder", shoulder), ("hand", hand)):
        sketch.anchor(name, point)
    return _supported(sketch, posture).moved(scale=0.74 if look.kind == "child" else 1.0)


def bust(look: Look) -> Sketch:
    """Draw head and shoulders, as seen through a window; the origin is the bottom."""
    sketch = Sketch()
    shoulder = -0.08 + 0j
    sketch.polygon(look.top, -0.18 + 0j, -0.15 - 0.09j, -0.02 - 0.11j, 0.04 + 0j, layer=BODY)
    _head(sketch, look, shoulder - 0.18j, False)
    for name in ("eye", "mouth"):
        sketch.anchor(name, shoulder - 0.18j)
    return sketch.moved(0.08 + 0j)


def _leg(sketch: Sketch, look: Look, hip: complex, angles: tuple[float, float], shade: float) -> None:
    knee = hip + limb(angles[0], THIGH)
    foot = knee + limb(angles[1], SHIN)
    colour = blend(look.skin if look.kind == "woman" else look.bottom, BLACK, shade)
    sketch.line(colour, 0.085, hip, knee, foot, layer=BODY - 1)
    toe = foot + limb(angles[1] + 80, 0.07)
    sketch.line(blend((70, 40, 30), BLACK, shade), 0.06, foot, toe, layer=BODY - 1)


def _arm(sketch: Sketch, look: Look, shoulder: complex, hand: complex, *, layer: int, shade: float) -> None:
    elbow = _elbow(shoulder, hand)
    sketch.line(blend(look.top, BLACK, shade + 0.12), 0.075, shoulder, elbow, layer=layer)
    sketch.line(blend(look.skin, BLACK, shade), 0.06, elbow, hand, layer=layer)
    sketch.disc(blend(look.skin, BLACK, shade), hand, 0.042, layer=layer)


def _elbow(shoulder: complex, hand: complex) -> complex:
    """The joint of two bones that reach from shoulder to hand, bent downwards and back."""
    reach = abs(hand - shoulder)
    if reach >= UPPER_ARM + FOREARM:
        return (shoulder + hand) / 2
    rise = math.sqrt(max(UPPER_ARM**2 - (reach / 2) ** 2, 0.0))
    across = (hand - shoulder) / max(reach, 1e-6) * 1j
    bend = across if across.imag >= 0 else -across
    return (shoulder + hand) / 2 + bend * rise


def _torso(sketch: Sketch, look: Look, hip: complex, shoulder: complex, posture: str) -> None:
    wide, waist = 0.115, 0.085
    corners = (hip - waist, shoulder - wide + 0.02j, shoulder - 0.04 - 0.03j, shoulder + 0.04 - 0.03j)
    sketch.polygon(look.top, *corners, shoulder + wide + 0.02j, hip + waist, layer=BODY)
    sketch.oval(look.bottom, hip, waist, 0.06, layer=BODY)
    if look.kind == "woman":
        _skirt(sketch, look, hip, posture)


def _skirt(sketch: Sketch, look: Look, hip: complex, posture: str) -> None:
    _, near, far = POSTURES[posture]
    ends = [hip + limb(angles[0], THIGH * 1.02) for angles in (near, far)]
    if posture in {"standing", "walking", "running", "lying", "crouching"}:
        front = max(e.real for e in ends) + 0.05
        back = min(e.real for e in ends) - 0.05
        corners = (complex(max(front, 0.13), 0.20), complex(min(back, -0.13), 0.20))
        sketch.polygon(look.bottom, hip - 0.09 - 0.05j, hip + 0.09 - 0.05j, *corners, layer=BODY)
    else:
        sketch.line(look.bottom, 0.13, hip, hip + (ends[0] - hip) * 0.9, layer=BODY)


def _head(sketch: Sketch, look: Look, centre: complex, shut_eye: bool) -> None:
    radius = 0.14 if look.kind == "child" else 0.115
    if look.kind == "woman":
        sketch.oval(look.hair, centre - 0.05 + 0.06j, radius * 0.95, radius * 1.5, layer=BODY - 1)
    sketch.disc(look.skin, centre, radius, layer=BODY + 1)
    nose = (radius * 0.9 - 0.03j, radius + 0.035 + 0.02j, radius * 0.9 + 0.03j)
    sketch.polygon(look.skin, *(centre + point for point in nose), layer=BODY + 1)
    crown = [centre + cmath.rect(radius * 1.06, math.radians(angle)) for angle in range(150, 331, 20)]
    sketch.polygon(look.hair, *crown, centre - 0.01 - 0.05j, layer=BODY + 2)
    eye = centre + radius * 0.5 - 0.01j
    if shut_eye:
        sketch.line(BLACK, 0.014, eye - 0.03, eye + 0.03, layer=BODY + 2)
    else:
        sketch.disc(WHITE, eye, 0.032, layer=BODY + 2).disc(BLACK, eye + 0.012, 0.018, layer=BODY + 2)
    lips = (centre + radius * 0.45 + 0.058j, centre + radius * 0.8 + 0.05j)
    sketch.line((150, 50, 50), 0.016, *lips, layer=BODY + 2)
    sketch.anchor("crown", centre - radius * 0.8j).anchor("eye", eye)
    sketch.anchor("mouth", centre + radius * 0.85 + 0.05j)


def _supported(sketch: Sketch, posture: str) -> Sketch:
    """Move the sketch so that the point which carries the weight is the origin."""
    if posture == "lying":
        flat = sketch.moved(turn=-90)
        low_x, _, high_x, high_y = flat.bounds()
        return flat.moved(complex(-(low_x + high_x) / 2, -high_y))
    if posture in {"sitting", "riding", "pedalling"}:
        return sketch.moved(-0.05j)
    return sketch.moved(complex(0, -sketch.bounds()[3]))
