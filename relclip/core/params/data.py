"""Sections of the stages that make the data: raw, dataset, kb, words."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from relclip.core.params.base import Closed, Fraction, Seed


def _pair(value: Any) -> Any:
    """YAML has no tuples: a list of two stands for one."""
    return tuple(value) if isinstance(value, list) else value


class Scenes(Closed):
    """The procedural data set (SCENES.md): pictures with relations, a caption corpus, CLIP's pre-training pictures."""

    seed: Seed = 0
    images: int = Field(default=3200, ge=3)
    captions: int = Field(default=30000, ge=1)
    pretrain_images: int = Field(default=4000, ge=1)
    image_size: int = Field(default=320, ge=64)
    objects_per_image: Annotated[tuple[int, int], BeforeValidator(_pair)] = (18, 24)
    annotated: float = Field(default=0.4, gt=0.0, le=1.0)

    @model_validator(mode="after")
    def _fewest_before_most(self) -> "Scenes":
        fewest, most = self.objects_per_image
        if not 1 <= fewest <= most:
            raise ValueError(
                f"raw.scenes.objects_per_image is [{fewest}, {most}];"
                " the first must be at least 1, the second not below it"
            )
        return self


class Raw(Closed):
    """Where the pictures, annotations and captions come from."""

    source: Literal["scenes", "folder"] = "scenes"
    folder: str | None = None
    captions: list[str] = []
    scenes: Scenes = Scenes()

    @model_validator(mode="after")
    def _folder_needs_a_path(self) -> "Raw":
        if self.source == "folder" and not self.folder:
            raise ValueError(
                "raw.source is 'folder', so raw.folder must name a folder in Visual Genome's formats"
            )
        return self


class Split(Closed):
    """Fractions of all images, drawn by a seeded hash of the image id; the rest is train."""

    validation: float = Fraction
    test: float = Fraction
    seed: Seed = 0

    @model_validator(mode="after")
    def _something_is_left(self) -> "Split":
        if self.validation + self.test >= 1.0:
            raise ValueError(
                f"dataset.split: validation {self.validation} + test {self.test} leave no train images;"
                " their sum must be below 1"
            )
        return self


class Dataset(Closed):
    """The vocabulary and the filter. `vg150` and `vg20` are built in; a path is a text file, one name a line.

    `exact` takes names as the alias files leave them, which is how Visual Genome's published counts were made.
    """

    objects: str = "vg150"
    predicates: str = "vg20"
    object_aliases: str | None = None
    predicate_aliases: str | None = None
    object_match: Literal["exact", "plural", "last_word"] = "plural"
    predicate_match: Literal["exact", "lemma"] = "lemma"
    split: Split = Split(validation=0.1, test=0.4)
    duplicates: Literal["drop", "keep"] = "drop"
    truth: bool = False


class Kb(Closed):
    """Captions to triplets."""

    chunk: int = Field(default=200_000, ge=1)
    workers: int = Field(default=2, ge=1)
    min_count: int = Field(default=1, ge=1)


class Words(Closed):
    """Word vectors for RelCLIP eq. 7: trained on the captions, or read from a file in word2vec's text format."""

    source: str = "captions"
    dimension: int = Field(default=100, ge=2)
    window: int = Field(default=5, ge=1)
    epochs: int = Field(default=5, ge=1)
    min_count: int = Field(default=2, ge=1)
    centre: bool = True
    seed: Seed = 0
