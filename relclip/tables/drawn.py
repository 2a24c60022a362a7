"""A figure that was drawn: its files, what it is called, what it shows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Drawn:
    """`<name><suffix>` and `<name>-dark<suffix>` in the folder of figures; `text` says what it shows (its alt text)."""

    name: str
    title: str
    text: str
    suffix: str = ".svg"

    @property
    def light(self) -> str:
        """File name for a light page."""
        return f"{self.name}{self.suffix}"

    @property
    def dark(self) -> str:
        """File name for a dark page."""
        return f"{self.name}-dark{self.suffix}"
