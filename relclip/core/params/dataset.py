"""The section dataset: vocabulary, alignment, split."""

import re
from typing import Literal

from pydantic import Field, model_validator

from relclip.core.params.base import Closed, Seed

#: Whose images of the listed split `train` are validation: none but the listed ones, or the first so many.
LISTED = re.compile(r"flag|first_([1-9]\d*)_(of_train|with_relations)")
ObjectMatch = Literal["exact", "plural", "last_word"]
PredicateMatch = Literal["exact", "lemma"]


class Split(Closed):
    """Which images train, validate and test.

    Two fractions of all images, drawn by a seeded hash of the image id; the rest is train. Or, with `validation` a
    word, as image_data.json lists each image's `split`: `flag` takes it as it is, `first_5000_of_train` (any number)
    makes the first train images validation, in that file's order, `first_5000_with_relations` the first of those of
    which relationships.json lists a relation (docs/method.md, 1).
    """

    validation: float | str = Field(
        description="a fraction of all images, or flag, first_5000_of_train, first_5000_with_relations"
    )
    test: float | None = Field(
        default=None, description="a fraction of all images; null where validation is a word"
    )
    seed: Seed = Field(default=0, description="of the hash that draws the fractions")

    @property
    def listed(self) -> bool:
        """Whether image_data.json says it."""
        return isinstance(self.validation, str)

    @property
    def first_of_train(self) -> int:
        """How many of the listed train images are validation."""
        found = LISTED.fullmatch(str(self.validation))
        return int(found[1] or 0) if found else 0

    @property
    def with_relations(self) -> bool:
        """Whether these must have a relation."""
        return str(self.validation).endswith("with_relations")

    @model_validator(mode="after")
    def _something_is_left(self) -> "Split":
        if isinstance(self.validation, str):
            if not LISTED.fullmatch(self.validation) or self.test is not None:
                raise ValueError(
                    f"dataset.split: validation {self.validation!r}, test {self.test}; give two fractions, or the word "
                    "flag, first_5000_of_train or first_5000_with_relations as validation with test: null"
                )
            return self
        if self.test is None or not 0 <= self.validation <= 1 or not 0 <= self.test <= 1:
            raise ValueError(
                f"dataset.split: validation {self.validation}, test {self.test}; both must be fractions from 0 to 1"
            )
        if self.validation + self.test >= 1.0:
            raise ValueError(
                f"dataset.split: validation {self.validation} + test {self.test} leave no train images;"
                " their sum must be below 1"
            )
        return self


class Dataset(Closed):
    """The vocabulary and the filter. `vg150`, `vg20` and `vg50` are built in; a path is a text file, one name a line.

    `exact` takes names as the alias files leave them, which is how Visual Genome's published counts were made.
    """

    objects: str | list[str] = Field(
        default="vg150",
        description="vg150, found (what the data hold), names, or a text file with a name a line",
    )
    predicates: str | list[str] = Field(
        default="vg20", description="vg20, found, names, or a text file with a name a line"
    )
    object_min_count: int = Field(
        default=10, ge=1, description="of objects: found, how often a name must occur"
    )
    predicate_min_count: int = Field(
        default=10, ge=1, description="of predicates: found, how often a name must occur"
    )
    object_aliases: str | None = Field(
        default=None, description="a file of names that mean the same, one group a line"
    )
    predicate_aliases: str | None = Field(default=None, description="the same for predicates")
    object_match: ObjectMatch = Field(
        default="plural",
        description="how a name becomes a class: as the alias files leave it, by its singular, or by its last word too",
    )
    predicate_match: PredicateMatch = Field(
        default="lemma", description="as the alias files leave it, or by the verb's base form"
    )
    split: Split = Field(
        default=Split(validation=0.1, test=0.4), description="which images train, validate and test"
    )
    duplicates: Literal["drop", "keep"] = Field(
        default="drop", description="whether the same relation of a pair counts twice"
    )
    truth: bool = Field(
        default=False,
        description="whether all true relations are known (scenes), so that an oracle can judge",
    )
