"""What a composed picture is: things with sketches, and every true fact between them."""

from dataclasses import dataclass, field

from relclip.raw.scenes.sketch import Sketch


@dataclass
class Thing:
    """One drawn object. `sketch` is in pictures (0..1); `scale` is a person's height there; `depth` grows to the front;
    `level` counts the hosts below an attachment."""

    name: str
    sketch: Sketch
    depth: float
    scale: float
    colour: str = ""
    level: int = 0
    taken: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Fact:
    """Numbers of the subject's and the object's thing, and a predicate that is true of them."""

    subject: int
    predicate: str
    object: int


@dataclass
class Scene:
    """Things in the order they were made, marks that belong to no object (drawn only), and all true facts."""

    setting: str
    things: list[Thing] = field(default_factory=list)
    marks: list[tuple[float, Sketch]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def add(self, thing: Thing) -> int:
        """Add a thing; return its number."""
        self.things.append(thing)
        return len(self.things) - 1

    def tell(self, subject: int, predicate: str, thing: int) -> None:
        """Add a fact once."""
        fact = Fact(subject, predicate, thing)
        if fact not in self.facts:
            self.facts.append(fact)
