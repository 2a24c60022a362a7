"""The world as tables: five settings, who and what is met in them, what annotators heed and confuse."""

from relclip.raw.scenes.chance import Weights, table, weights

PEOPLE = ("man", "woman", "child")

SETTINGS = weights("street 1.2, park 1, beach 1, snow 0.9, room 1")
ACTORS = table("""
    street: man 5, woman 5, child 3, dog 1.6, cat 0.6, horse 0.5
    park: man 4, woman 4, child 4, dog 2, cat 0.6, horse 1.4
    beach: man 5, woman 5, child 3, dog 1.6, horse 0.8
    snow: man 5, woman 5, child 3, dog 1.6, horse 1.2
    room: man 5, woman 5, child 3, dog 1.4, cat 2
""")
# how often a partner is met in a setting; a person may have one support and one thing in hand
SUPPORTS = table("""
    street: ground 9, bench 2, car 1.6, bus 0.9, motorcycle 2.2, bike 1.6, skateboard 2.4, horse 0.8
    park: ground 9, bench 3, table 1, bike 2, skateboard 1.4, horse 2.4, towel 1.2
    beach: ground 9, surfboard 4.5, towel 2.5, horse 1.4, bench 1, table 0.6
    snow: ground 9, bench 2.4, horse 2, car 1.6, bus 0.5, motorcycle 1
    room: ground 6, bed 4, table 1.8, bench 1.2, skateboard 0.8, towel 0.5
""")
HELD = table("""
    street: bag 2, umbrella 2, phone 2.6, laptop 1.2, banana 1.8, pizza 1.8, flower 0.7, dog 0.9, cat 0.4,
        bird 2.6, racket 0.5, kite 0.4, child 0.8, plane 1.6
    park: kite 3.4, racket 3, banana 2, pizza 1.6, laptop 1.2, bag 0.8, flower 1, dog 1.2, bird 2.6, umbrella
        1, phone 1.2, child 0.8, plane 1.6
    beach: kite 3.4, racket 2, umbrella 1.6, towel 1.4, banana 2, bag 1.2, bird 2.6, dog 1, phone 1.2, child
        0.8, plane 1.6, pizza 1
    snow: bag 1.4, umbrella 1.4, dog 1.4, phone 1.6, kite 1, banana 1.4, bird 2.6, child 0.8, plane 1.6, pizza 1
    room: laptop 3.4, phone 2.4, banana 2, pizza 2, cat 1.4, bag 0.8, flower 0.8, towel 1, racket 0.8, dog
        0.8, child 0.6, bird 0.8, umbrella 0.5
""")
VEHICLES = table("""
    street: car 2.5, bus 1, motorcycle 2, bike 2, plane 0.1
    park: bike 2, car 0.6, motorcycle 0.6
    beach: bike 1, motorcycle 0.8, car 0.8, plane 1.6
    snow: car 2, bus 0.6, motorcycle 1, bike 0.8, plane 0.8
""")
FURNITURE = table("""
    street: bench 2
    park: bench 2, table 1.6
    beach: bench 1, table 1.2, towel 0.4
    snow: bench 2, table 0.6
    room: bed 2, table 2, bench 1
""")
# which hosts get something: a host's weight when one more attachment is wanted
HOSTS = weights("""
    tree 2.4, building 2.4, pole 2.6, roof 2.2, mountain 1.2, bench 1.4, bed 1.4, table 2, car 1.2, bus 1.4,
        horse 0.4, hill 1, street 0.9, sidewalk 0.8, beach 1, snow 0.8, room 2.4, wave 0.4, sign 2.2, window
        0.3, laptop 0.6
""")

# a fact told from the other side is true as well
INVERSE = {"covering": "covered in"}
# how likely an annotator is to name a fact, against the average
SALIENCE = weights("""
    riding 1.5, eating 1.4, sitting on 1.2, carrying 1.3, standing on 0.9, walking on 0.9, lying on 0.9,
        watching 0.8, parked on 1.1, painted on 0.8, growing on 0.8, covering 0.7, covered in 1, flying in
        1, hanging from 1.1, mounted on 1, playing 1.4, using 1.3, says 0.9, walking in 0.9
""")
PREDICATES = tuple(sorted(SALIENCE))
# what a hasty annotator or an erring caption puts instead
CONFUSED = table("""
    carrying: using 1, playing 0.6, eating 0.4, riding 0.4
    covered in: growing on 1, standing on 0.6
    covering: lying on 2, growing on 0.5, hanging from 0.5
    eating: carrying 2, watching 1
    flying in: hanging from 1, sitting on 1
    growing on: hanging from 1.5, painted on 0.6, covering 0.6, lying on 0.6
    hanging from: mounted on 2, growing on 0.6, flying in 0.5, covering 0.4
    lying on: sitting on 2, standing on 1, covering 0.6
    mounted on: hanging from 2, painted on 1, standing on 0.5
    painted on: mounted on 1.5, growing on 0.7, says 0.3
    parked on: standing on 1, lying on 1, riding 0.5
    playing: carrying 2, using 1.5, watching 0.7
    riding: sitting on 2, standing on 2, carrying 0.6
    says: carrying 0.5, covered in 0.6
    sitting on: lying on 1, standing on 1, riding 0.8
    standing on: walking on 1, sitting on 1, riding 1
    using: carrying 1.5, watching 1.5, playing 0.8
    walking in: standing on 1, lying on 0.5
    walking on: standing on 2, lying on 0.4, riding 0.4
    watching: using 0.8, carrying 0.8, eating 0.4
""")


def kind_of(name: str) -> str:
    """The row of RESTING and HANDLING for an actor's class."""
    return "people" if name in PEOPLE else name


def boosted(own: Weights, boost: Weights) -> Weights:
    """Weights of predicates multiplied by a boost (1 where none is given)."""
    return {predicate: weight * boost.get(predicate, 1.0) for predicate, weight in own.items()}
