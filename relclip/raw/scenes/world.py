"""The world as tables: five settings, what meets what in them, and by which predicate.

No pair of classes has one sure predicate: the weights of a pair are spread over two to four, so that the picture
decides (SCENES.md, "the main fault to avoid").
"""

Weights = dict[str, float]

PREDICATES = (
    "carrying", "covered in", "covering", "eating", "flying in", "growing on", "hanging from", "lying on",
    "mounted on", "painted on", "parked on", "playing", "riding", "says", "sitting on", "standing on", "using",
    "walking in", "walking on", "watching",
)  # fmt: skip

SETTINGS: Weights = {"street": 1.2, "park": 1.0, "beach": 1.0, "snow": 0.9, "room": 1.0}

ACTORS: dict[str, Weights] = {
    "street": {"man": 5, "woman": 5, "child": 3, "dog": 1.6, "cat": 0.6, "horse": 0.5},
    "park": {"man": 4, "woman": 4, "child": 4, "dog": 2, "cat": 0.6, "horse": 1.4},
    "beach": {"man": 5, "woman": 5, "child": 3, "dog": 1.6, "horse": 0.8},
    "snow": {"man": 5, "woman": 5, "child": 3, "dog": 1.6, "horse": 1.2},
    "room": {"man": 5, "woman": 5, "child": 3, "dog": 1.4, "cat": 2},
}
PEOPLE = ("man", "woman", "child")

# how often a partner is met in a setting; a person may have one support and one thing in hand
SUPPORTS: dict[str, Weights] = {
    "street": {"ground": 5, "bench": 2, "car": 1.6, "bus": 0.9, "motorcycle": 2.2, "bike": 1.6, "skateboard": 2.4, "horse": 0.8},
    "park": {"ground": 5, "bench": 3, "table": 1, "bike": 2, "skateboard": 1.4, "horse": 2.4, "towel": 1.2},
    "beach": {"ground": 5, "surfboard": 4.5, "towel": 2.5, "horse": 1.4, "bench": 1, "table": 0.6},
    "snow": {"ground": 6, "bench": 2.4, "horse": 2, "car": 1.6, "bus": 0.5, "motorcycle": 1},
    "room": {"ground": 4, "bed": 4, "table": 1.8, "bench": 1.2, "skateboard": 0.8, "towel": 0.5},
}
HELD: dict[str, Weights] = {
    "street": {"bag": 2, "umbrella": 1.6, "phone": 2, "laptop": 0.8, "banana": 1.2, "pizza": 1.4, "flower": 0.7, "dog": 0.9, "cat": 0.4, "bird": 0.6, "racket": 0.5, "kite": 0.4, "child": 0.8},
    "park": {"kite": 2.4, "racket": 2, "banana": 1.4, "pizza": 1, "laptop": 0.8, "bag": 0.8, "flower": 1, "dog": 1.2, "bird": 1, "umbrella": 0.6, "phone": 0.7, "child": 0.8},
    "beach": {"kite": 2.4, "racket": 1.4, "umbrella": 1.4, "towel": 1.4, "banana": 1.4, "bag": 1.2, "bird": 1, "dog": 1, "phone": 0.8, "child": 0.8},
    "snow": {"bag": 1.4, "umbrella": 1, "dog": 1.4, "phone": 1, "kite": 1, "banana": 0.8, "bird": 1, "child": 0.8},
    "room": {"laptop": 3, "phone": 2, "banana": 2, "pizza": 2, "cat": 1.4, "bag": 0.8, "flower": 0.8, "towel": 1, "racket": 0.8, "dog": 0.8, "child": 0.6, "bird": 0.5, "umbrella": 0.5},
}  # fmt: skip

# person or animal with what carries it
RESTING: dict[str, dict[str, Weights]] = {
    "people": {
        "ground": {"walking": 4, "standing on": 3, "sitting on": 1.6, "lying on": 1.6},
        "bench": {"sitting on": 3, "lying on": 2.2, "standing on": 2},
        "bed": {"lying on": 3, "sitting on": 2.8, "standing on": 2},
        "table": {"sitting on": 2.4, "standing on": 2.2, "lying on": 1},
        "car": {"riding": 2, "sitting on": 2, "standing on": 2, "lying on": 1.5},
        "bus": {"riding": 2, "standing on": 1.2, "sitting on": 1.2},
        "horse": {"riding": 3, "sitting on": 2.2, "standing on": 1.5, "watching": 2},
        "motorcycle": {"riding": 3, "sitting on": 2.4, "standing on": 1.2, "watching": 1},
        "bike": {"riding": 3, "carrying": 2.2, "watching": 1, "sitting on": 1.4},
        "surfboard": {"riding": 3, "carrying": 3, "standing on": 2, "lying on": 1.6, "sitting on": 1.2},
        "skateboard": {"riding": 3, "carrying": 3, "standing on": 2, "sitting on": 1.5},
        "towel": {"lying on": 2, "sitting on": 2, "standing on": 1},
    },
    "dog": {
        "ground": {"walking": 3, "standing on": 2, "sitting on": 2, "lying on": 2},
        "bench": {"sitting on": 2, "lying on": 2, "standing on": 1.5},
        "bed": {"lying on": 2, "sitting on": 2, "standing on": 1.2},
        "table": {"standing on": 1.5, "sitting on": 1.5, "lying on": 1},
        "car": {"sitting on": 2, "standing on": 1.5, "lying on": 1.5},
        "skateboard": {"riding": 2, "sitting on": 1.5, "standing on": 1.5},
        "surfboard": {"riding": 2, "standing on": 1.5, "lying on": 1},
        "towel": {"lying on": 2, "sitting on": 2, "standing on": 1},
    },
    "horse": {"ground": {"walking": 3, "standing on": 3, "lying on": 2}},
}
RESTING["cat"] = RESTING["dog"]

# person or animal with what it has in hand, at the mouth or before its eyes
HANDLING: dict[str, dict[str, Weights]] = {
    "people": {
        "bag": {"carrying": 3, "watching": 1},
        "umbrella": {"using": 3, "carrying": 3},
        "phone": {"using": 3, "carrying": 2, "watching": 2.2},
        "laptop": {"using": 3, "carrying": 2.5, "watching": 2.5},
        "banana": {"eating": 3, "carrying": 3},
        "pizza": {"eating": 3, "carrying": 3},
        "flower": {"carrying": 2.4, "watching": 1.4},
        "kite": {"playing": 3, "carrying": 2.4, "watching": 2},
        "racket": {"playing": 3, "carrying": 2.6},
        "towel": {"carrying": 2, "covered in": 1.6},
        "dog": {"carrying": 2, "watching": 2},
        "cat": {"carrying": 2, "watching": 2},
        "bird": {"watching": 3, "carrying": 1.6},
        "child": {"carrying": 2, "watching": 2},
    },
    "dog": {
        "banana": {"eating": 2, "carrying": 2, "watching": 1.4},
        "pizza": {"eating": 2, "watching": 1.6, "carrying": 1},
        "bag": {"carrying": 2, "watching": 1},
        "bird": {"watching": 2, "carrying": 1},
        "flower": {"carrying": 1, "eating": 1, "watching": 0.6},
        "cat": {"watching": 1},
        "kite": {"carrying": 1, "watching": 1},
        "racket": {"carrying": 1, "watching": 0.5},
    },
    "horse": {
        "banana": {"eating": 2, "carrying": 1, "watching": 1},
        "flower": {"eating": 2, "carrying": 1, "watching": 1},
        "bag": {"carrying": 1.2, "watching": 0.8},
        "dog": {"watching": 1},
    },
}
HANDLING["cat"] = HANDLING["dog"]

# things that stand alone on the ground; "none" is a true absence of any of the predicates (a car driving past)
VEHICLES: dict[str, Weights] = {
    "street": {"car": 2.5, "bus": 1, "motorcycle": 2, "bike": 2, "plane": 0.1},
    "park": {"bike": 2, "car": 0.6, "motorcycle": 0.6},
    "beach": {"bike": 1, "motorcycle": 0.8, "car": 0.8, "plane": 0.5},
    "snow": {"car": 2, "bus": 0.6, "motorcycle": 1, "bike": 0.8, "plane": 0.8},
}
PARKING: dict[str, Weights] = {
    "car": {"parked on": 3, "none": 1.2},
    "bus": {"parked on": 3, "none": 1.2},
    "motorcycle": {"parked on": 3, "lying on": 2},
    "bike": {"parked on": 3, "lying on": 2},
    "plane": {"parked on": 1},
}
FURNITURE: dict[str, Weights] = {
    "street": {"bench": 2},
    "park": {"bench": 2, "table": 1.6},
    "beach": {"bench": 1, "table": 1.2, "towel": 1},
    "snow": {"bench": 2, "table": 0.6},
    "room": {"bed": 2, "table": 2, "bench": 1},
}

# what is put on, hung from, fixed to or painted on a host: host -> subject -> predicates
ATTACHED: dict[str, dict[str, Weights]] = {
    "tree": {
        "leaf": {"growing on": 3, "hanging from": 2},
        "flower": {"growing on": 2, "hanging from": 2},
        "banana": {"growing on": 2, "hanging from": 2},
        "bird": {"sitting on": 2.5, "flying in": 2, "standing on": 1.6},
        "kite": {"hanging from": 2, "flying in": 2},
        "bag": {"hanging from": 2, "mounted on": 0.7},
        "towel": {"hanging from": 2, "covering": 1},
        "clock": {"hanging from": 1, "mounted on": 1.4},
        "sign": {"mounted on": 1.4, "hanging from": 1.2},
        "cat": {"sitting on": 1.2, "lying on": 1, "standing on": 0.8},
        "snow": {"covering": 5},
        "letter": {"painted on": 1, "hanging from": 0.8},
    },
    "building": {
        "clock": {"mounted on": 2, "painted on": 1.4},
        "sign": {"mounted on": 2, "hanging from": 1.6, "painted on": 1},
        "letter": {"painted on": 2, "mounted on": 1.4},
        "flower": {"growing on": 1.4, "painted on": 1.6},
        "leaf": {"growing on": 1, "covering": 1.2, "painted on": 0.8},
        "bird": {"painted on": 1.2, "sitting on": 1.4, "standing on": 1, "flying in": 0.8},
        "bike": {"mounted on": 1, "painted on": 0.8},
        "surfboard": {"mounted on": 0.8, "painted on": 0.6},
        "dog": {"painted on": 0.6},
        "horse": {"painted on": 0.5},
    },
    "pole": {
        "clock": {"mounted on": 2, "hanging from": 2},
        "sign": {"mounted on": 2.4, "hanging from": 2.4},
        "bag": {"hanging from": 1.6},
        "towel": {"hanging from": 1},
        "bird": {"sitting on": 1.6, "standing on": 1.6},
        "flower": {"growing on": 0.8, "hanging from": 1},
        "umbrella": {"hanging from": 0.8, "mounted on": 0.8},
    },
    "roof": {
        "snow": {"covering": 4, "lying on": 2},
        "bird": {"sitting on": 1.6, "standing on": 1.6},
        "cat": {"sitting on": 1, "lying on": 1, "standing on": 0.8},
        "leaf": {"lying on": 1, "covering": 1},
        "flower": {"growing on": 1},
        "sign": {"mounted on": 1.2, "lying on": 0.6},
    },
    "mountain": {
        "snow": {"covering": 4},
        "tree": {"growing on": 2, "lying on": 0.8},
        "bird": {"flying in": 1.6, "sitting on": 1},
        "kite": {"flying in": 1.2},
        "plane": {"flying in": 1.6},
    },
    "bench": {
        "bag": {"lying on": 1, "standing on": 1.2, "hanging from": 1},
        "towel": {"covering": 1.4, "lying on": 1.2, "hanging from": 1.2},
        "snow": {"covering": 2.4, "lying on": 1.6},
        "leaf": {"lying on": 1, "covering": 0.9},
        "cat": {"lying on": 1, "sitting on": 1, "standing on": 0.8},
        "bird": {"sitting on": 1.2, "standing on": 1.2},
        "umbrella": {"lying on": 1, "hanging from": 1},
        "racket": {"lying on": 0.8},
        "laptop": {"lying on": 0.8, "standing on": 0.8},
        "banana": {"lying on": 0.8},
    },
    "bed": {
        "towel": {"covering": 1.8, "lying on": 1.6, "hanging from": 1.2},
        "laptop": {"lying on": 1.2, "standing on": 1.2},
        "cat": {"lying on": 1.4, "sitting on": 1.2, "standing on": 1},
        "bag": {"lying on": 1, "standing on": 1, "hanging from": 1},
        "phone": {"lying on": 0.8},
        "flower": {"lying on": 0.6, "covering": 0.8},
        "racket": {"lying on": 0.8},
    },
    "table": {
        "pizza": {"lying on": 1.4},
        "banana": {"lying on": 1.2},
        "towel": {"covering": 1.6, "lying on": 1.2, "hanging from": 1.2},
        "laptop": {"standing on": 1.2, "lying on": 1.2},
        "bag": {"standing on": 1, "lying on": 1, "hanging from": 1},
        "flower": {"lying on": 0.8, "standing on": 0.8},
        "cat": {"sitting on": 1, "lying on": 1, "standing on": 0.8},
        "bird": {"standing on": 0.8, "sitting on": 0.8},
        "phone": {"lying on": 0.8},
        "umbrella": {"covering": 1, "lying on": 0.8},
        "clock": {"standing on": 0.8, "lying on": 0.6},
    },
    "car": {
        "snow": {"covering": 2.4, "lying on": 1.2},
        "surfboard": {"mounted on": 1.4, "lying on": 1, "painted on": 0.5},
        "bike": {"mounted on": 1.2, "lying on": 0.8},
        "bird": {"standing on": 1, "sitting on": 1, "painted on": 0.5},
        "cat": {"lying on": 1, "sitting on": 1},
        "flower": {"painted on": 1, "lying on": 0.8, "covering": 0.6},
        "letter": {"painted on": 1.2},
        "leaf": {"lying on": 0.8, "covering": 0.8},
    },
    "bus": {
        "letter": {"painted on": 2, "mounted on": 0.8},
        "sign": {"mounted on": 1.2, "painted on": 0.8},
        "flower": {"painted on": 1.2, "lying on": 0.4},
        "snow": {"covering": 1.6, "lying on": 0.8},
        "surfboard": {"mounted on": 1, "lying on": 0.8},
        "bike": {"mounted on": 1, "painted on": 0.6},
        "bird": {"painted on": 0.8, "standing on": 0.8, "sitting on": 0.6},
        "dog": {"painted on": 0.6},
    },
    "horse": {
        "bird": {"sitting on": 1, "standing on": 1},
        "towel": {"covering": 1.4, "lying on": 0.8},
        "bag": {"hanging from": 1},
    },
    "hill": {
        "flower": {"growing on": 3, "lying on": 1.6, "covering": 1.2},
        "leaf": {"lying on": 1.6, "covering": 1.4, "growing on": 0.8},
        "bag": {"lying on": 0.8, "standing on": 0.8},
        "kite": {"lying on": 0.8},
        "bird": {"standing on": 1, "sitting on": 0.8},
        "snow": {"covering": 0.8, "lying on": 0.8},
    },
    "street": {
        "leaf": {"lying on": 1.6, "covering": 1.2},
        "letter": {"painted on": 2},
        "flower": {"growing on": 0.6, "lying on": 0.8, "painted on": 0.8},
        "bag": {"lying on": 1, "standing on": 0.8},
        "bird": {"standing on": 1, "sitting on": 0.8, "painted on": 0.5},
        "banana": {"lying on": 0.8, "painted on": 0.4},
        "umbrella": {"lying on": 0.8},
        "snow": {"covering": 0.8, "lying on": 0.8},
    },
    "sidewalk": {
        "leaf": {"lying on": 1.6, "covering": 1.2},
        "flower": {"growing on": 1.2, "lying on": 1},
        "bag": {"lying on": 1, "standing on": 1},
        "bird": {"standing on": 1, "sitting on": 0.8},
        "banana": {"lying on": 0.8},
        "letter": {"painted on": 0.8},
    },
    "beach": {
        "towel": {"lying on": 1.2, "covering": 1.2},
        "surfboard": {"lying on": 1.6, "standing on": 1.4},
        "umbrella": {"lying on": 1, "standing on": 1.6},
        "bird": {"standing on": 1.4, "sitting on": 1, "flying in": 0.8},
        "kite": {"lying on": 1, "flying in": 1.2},
        "racket": {"lying on": 1},
        "leaf": {"lying on": 0.8},
        "bag": {"lying on": 0.8, "standing on": 0.8},
        "flower": {"growing on": 0.6, "lying on": 0.6},
    },
    "snow": {
        "bag": {"lying on": 1, "standing on": 1},
        "bird": {"standing on": 1.4, "sitting on": 1, "flying in": 1},
        "kite": {"lying on": 1, "flying in": 1},
        "leaf": {"lying on": 1, "covering": 0.7},
        "umbrella": {"lying on": 1, "standing on": 0.8},
        "flower": {"growing on": 0.8, "lying on": 0.8},
        "skateboard": {"lying on": 0.6},
    },
    "room": {
        "clock": {"mounted on": 1.6, "hanging from": 1.4},
        "sign": {"mounted on": 1, "hanging from": 1},
        "bird": {"flying in": 1.6, "painted on": 0.8},
        "kite": {"hanging from": 1, "flying in": 0.8, "painted on": 0.4},
        "plane": {"hanging from": 1, "flying in": 0.8, "painted on": 0.4},
        "letter": {"painted on": 1.2, "hanging from": 0.6},
        "flower": {"painted on": 0.8, "hanging from": 0.8},
        "racket": {"mounted on": 1, "hanging from": 0.6},
        "surfboard": {"mounted on": 0.8},
        "bag": {"hanging from": 0.8},
        "skateboard": {"mounted on": 0.8, "lying on": 0},
    },
    "wave": {"bird": {"flying in": 1.4, "sitting on": 1}, "surfboard": {"lying on": 0.8}},
    "sign": {
        "letter": {"painted on": 5},
        "bird": {"sitting on": 0.4, "standing on": 0.4},
        "flower": {"painted on": 0.6},
    },
    "window": {"towel": {"hanging from": 0.5}, "flower": {"hanging from": 0.4, "growing on": 0.4}},
    "laptop": {"letter": {"painted on": 1}},
    "man": {"bird": {"sitting on": 0.2, "standing on": 0.2}},
}
# which hosts get something: a host's weight when one more attachment is wanted
HOSTS: Weights = {
    "tree": 2.4, "building": 2.4, "pole": 2.6, "roof": 2.2, "mountain": 1.2, "bench": 1.4, "bed": 1.4, "table": 2,
    "car": 1.2, "bus": 1.4, "horse": 0.4, "hill": 1, "street": 0.9, "sidewalk": 0.8, "beach": 1, "snow": 0.8,
    "room": 2.4, "wave": 0.4, "sign": 2.2, "window": 0.3, "laptop": 0.0, "man": 0.0,
}  # fmt: skip

# a fact told from the other side is true as well
INVERSE = {"covering": "covered in"}
# how likely an annotator is to name a fact, against the average
SALIENCE: Weights = {
    "riding": 1.5, "eating": 1.4, "sitting on": 1.2, "carrying": 1.3, "standing on": 0.9, "walking on": 0.9,
    "lying on": 0.9, "watching": 0.8, "parked on": 1.1, "painted on": 0.8, "growing on": 0.8, "covering": 0.7,
    "covered in": 1.0, "flying in": 1.0, "hanging from": 1.1, "mounted on": 1.0, "playing": 1.4, "using": 1.3,
    "says": 0.9, "walking in": 0.9,
}  # fmt: skip
# what a hasty annotator or an erring caption puts instead
CONFUSED: dict[str, Weights] = {
    "carrying": {"using": 1, "playing": 0.6, "eating": 0.4, "riding": 0.4},
    "covered in": {"growing on": 1, "standing on": 0.6},
    "covering": {"lying on": 2, "growing on": 0.5, "hanging from": 0.5},
    "eating": {"carrying": 2, "watching": 1},
    "flying in": {"hanging from": 1, "sitting on": 1},
    "growing on": {"hanging from": 1.5, "painted on": 0.6, "covering": 0.6, "lying on": 0.6},
    "hanging from": {"mounted on": 2, "growing on": 0.6, "flying in": 0.5, "covering": 0.4},
    "lying on": {"sitting on": 2, "standing on": 1, "covering": 0.6},
    "mounted on": {"hanging from": 2, "painted on": 1, "standing on": 0.5},
    "painted on": {"mounted on": 1.5, "growing on": 0.7, "says": 0.3},
    "parked on": {"standing on": 1, "lying on": 1, "riding": 0.5},
    "playing": {"carrying": 2, "using": 1.5, "watching": 0.7},
    "riding": {"sitting on": 2, "standing on": 2, "carrying": 0.6},
    "says": {"carrying": 0.5, "covered in": 0.6},
    "sitting on": {"lying on": 1, "standing on": 1, "riding": 0.8},
    "standing on": {"walking on": 1, "sitting on": 1, "riding": 1},
    "using": {"carrying": 1.5, "watching": 1.5, "playing": 0.8},
    "walking in": {"standing on": 1, "lying on": 0.5},
    "walking on": {"standing on": 2, "lying on": 0.4, "riding": 0.4},
    "watching": {"using": 0.8, "carrying": 0.8, "eating": 0.4},
}


def kind_of(name: str) -> str:
    """The row of RESTING and HANDLING for an actor's class."""
    return "people" if name in PEOPLE else name


def boosted(weights: Weights, boost: Weights) -> Weights:
    """Weights of predicates multiplied by a boost (1 where none is given)."""
    return {predicate: weight * boost.get(predicate, 1.0) for predicate, weight in weights.items()}
