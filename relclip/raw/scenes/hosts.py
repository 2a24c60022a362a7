"""What is put on, hung from, fixed to or painted on a host: host -> subject -> weights of predicates."""

from relclip.raw.scenes.chance import table

ATTACHED = {
    "tree": table("""
        leaf: growing on 3, hanging from 2
        flower: growing on 2, hanging from 2
        banana: growing on 2, hanging from 2
        bird: sitting on 2.5, flying in 2, standing on 1.6
        kite: hanging from 2, flying in 2
        bag: hanging from 2, mounted on 0.7
        towel: hanging from 2, mounted on 0.6
        clock: hanging from 1, mounted on 1.4
        sign: mounted on 1.4, hanging from 1.2
        cat: sitting on 1.2, lying on 0.7, standing on 0.8
        snow: covering 5
        letter: painted on 1, hanging from 0.8
    """),
    "building": table("""
        clock: mounted on 2, painted on 1.4
        sign: mounted on 2, hanging from 1.6, painted on 1
        letter: painted on 2, mounted on 1.4
        flower: growing on 1.4, painted on 1.6
        leaf: growing on 1, covering 1.2, painted on 0.8
        bird: painted on 1.2, sitting on 1.4, standing on 1, flying in 0.8
        bike: mounted on 1, painted on 0.8
        surfboard: mounted on 0.8, painted on 0.6
        dog: painted on 0.6
        horse: painted on 0.5
    """),
    "pole": table("""
        clock: mounted on 2, hanging from 2
        sign: mounted on 2.4, hanging from 2.4
        bag: hanging from 1.6
        towel: hanging from 1
        bird: sitting on 1.6, standing on 1.6
        flower: growing on 0.8, hanging from 1
        umbrella: hanging from 0.8, mounted on 0.8
    """),
    "roof": table("""
        snow: covering 4, lying on 1.3
        bird: sitting on 1.6, standing on 1.6
        cat: sitting on 1, lying on 0.7, standing on 0.8
        leaf: lying on 0.7, covering 1
        flower: growing on 1
        sign: mounted on 1.2, lying on 0.4
    """),
    "mountain": table("""
        snow: covering 4
        tree: growing on 2
        bird: flying in 1.6
        kite: flying in 1.2
        plane: flying in 1.6
    """),
    "bench": table("""
        bag: lying on 0.7, standing on 1.2, hanging from 1
        towel: covering 1.4, lying on 0.8, hanging from 1.2
        snow: covering 2.4, lying on 1
        leaf: lying on 0.7, covering 0.9
        cat: lying on 0.7, sitting on 1, standing on 0.8
        bird: sitting on 1.2, standing on 1.2
        umbrella: lying on 0.7, hanging from 1
        racket: lying on 0.5
        laptop: lying on 0.5, standing on 0.8
        banana: lying on 0.5
    """),
    "bed": table("""
        towel: covering 1.8, lying on 1, hanging from 1.2
        laptop: lying on 0.8, standing on 1.2
        cat: lying on 0.9, sitting on 1.2, standing on 1
        bag: lying on 0.7, standing on 1, hanging from 1
        phone: lying on 0.5
        flower: lying on 0.4, covering 0.8
        racket: lying on 0.5
    """),
    "table": table("""
        pizza: lying on 0.9
        banana: lying on 0.8
        towel: covering 1.6, lying on 0.8, hanging from 1.2
        laptop: standing on 1.2, lying on 0.8
        bag: standing on 1, lying on 0.7, hanging from 1
        flower: lying on 0.5, standing on 0.8
        cat: sitting on 1, lying on 0.7, standing on 0.8
        bird: standing on 0.8, sitting on 0.8
        phone: lying on 0.5
        umbrella: covering 1, lying on 0.5
        clock: standing on 0.8, lying on 0.4
    """),
    "car": table("""
        snow: covering 2, lying on 1.2
        surfboard: mounted on 1.4, lying on 0.7, painted on 0.5
        bike: mounted on 1.2, lying on 0.5
        bird: standing on 1, sitting on 1, painted on 0.5
        cat: lying on 0.7, sitting on 1
        flower: painted on 1, lying on 0.5, covering 0.6
        letter: painted on 1.2
        leaf: lying on 0.5, covering 0.8
    """),
    "bus": table("""
        letter: painted on 2, mounted on 0.8
        sign: mounted on 1.2, painted on 0.8
        flower: painted on 1.2, lying on 0.3
        snow: covering 1.6, lying on 0.5
        surfboard: mounted on 1, lying on 0.5
        bike: mounted on 1, painted on 0.6
        bird: painted on 0.8, standing on 0.8, sitting on 0.6
        dog: painted on 0.6
    """),
    "horse": table("""
        bird: sitting on 1, standing on 1
        towel: covering 1.4, lying on 0.5
        bag: hanging from 1
    """),
    "hill": table("""
        flower: growing on 3, lying on 1, covering 1.2
        leaf: lying on 1, covering 1.4, growing on 0.8
        bag: lying on 0.5, standing on 0.8
        kite: lying on 0.5
        bird: standing on 1, sitting on 0.8
        snow: covering 0.8, lying on 0.5
    """),
    "street": table("""
        leaf: lying on 1, covering 1.2
        letter: painted on 2
        flower: growing on 0.6, lying on 0.5, painted on 0.8
        bag: lying on 0.7, standing on 0.8
        bird: standing on 1, sitting on 0.8, painted on 0.5
        banana: lying on 0.5, painted on 0.4
        umbrella: lying on 0.5
        snow: covering 0.8, lying on 0.5
    """),
    "sidewalk": table("""
        leaf: lying on 1, covering 1.2
        flower: growing on 1.2, lying on 0.7
        bag: lying on 0.7, standing on 1
        bird: standing on 1, sitting on 0.8
        banana: lying on 0.5
        letter: painted on 0.8
    """),
    "beach": table("""
        plane: flying in 1
        towel: lying on 0.8, covering 1.2
        surfboard: lying on 1, standing on 1.4
        umbrella: lying on 0.7, standing on 1.6
        bird: standing on 1.4, sitting on 1, flying in 0.8
        kite: lying on 0.7, flying in 1.2
        racket: lying on 0.7
        leaf: lying on 0.5
        bag: lying on 0.5, standing on 0.8
        flower: growing on 0.6, lying on 0.4
    """),
    "snow": table("""
        plane: flying in 1
        bag: lying on 0.7, standing on 1
        bird: standing on 1.4, sitting on 1, flying in 1
        kite: lying on 0.7, flying in 1
        leaf: lying on 0.7, covering 0.7
        umbrella: lying on 0.7, standing on 0.8
        flower: growing on 0.8, lying on 0.5
        skateboard: lying on 0.4
    """),
    "room": table("""
        clock: mounted on 1.6, hanging from 1.4
        sign: mounted on 1, hanging from 1
        bird: flying in 1.6, painted on 0.8
        kite: hanging from 1, flying in 0.8, painted on 0.4
        plane: hanging from 1, flying in 0.8, painted on 0.4
        letter: painted on 1.2, hanging from 0.6
        flower: painted on 0.8, hanging from 0.8
        racket: mounted on 1, hanging from 0.6
        surfboard: mounted on 0.8
        bag: hanging from 0.8
        skateboard: mounted on 0.8
    """),
    "wave": table("""
        bird: flying in 1.4, sitting on 1
        surfboard: lying on 0.5
    """),
    "sign": table("""
        letter: painted on 3, mounted on 1.4, hanging from 1.4
        bird: sitting on 0.4, standing on 0.4
        flower: painted on 0.6
    """),
    "window": table("""
        towel: hanging from 0.4, covering 0.4
        flower: hanging from 0.4, growing on 0.4
    """),
    "laptop": table("""
        letter: painted on 1
    """),
}
