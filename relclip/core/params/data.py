"""Sections of the stages that make the data: raw, dataset, kb, words."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from relclip.core.params.base import Closed, Seed


def _pair(value: Any) -> Any:
    """YAML has no tuples: a list of two stands for one."""
    return tuple(value) if isinstance(value, list) else value


class Scenes(Closed):
    """The procedural data set (docs/scenes.md): pictures, captions, what CLIP is pre-trained on."""

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


#: The files that Visual Genome and Conceptual Captions come in; relclip/raw/vg/files.json says from where.
VgFile = Literal[
    "images.zip",
    "images2.zip",
    "image_data.json.zip",
    "objects.json.zip",
    "relationships.json.zip",
    "object_alias.txt",
    "relationship_alias.txt",
    "VG-SGG-with-attri.h5",
    "VG-SGG-dicts-with-attri.json",
    "image_data.json",
    "GCC-training.tsv",
    "GCC-1.1.0-Validation.tsv",
]


class VisualGenome(Closed):
    """Visual Genome by download (docs/method.md, 1).

    `route`: its official JSON files, or the preprocessed VG-SGG h5 file that most peers use. `captions`: the parts of
    Conceptual Captions to fetch. `folder` keeps what was fetched and unpacked; a file put there by hand is taken.
    `mirrors`: addresses in place of the listed ones, by file. `have`: where a file is already; for images.zip and
    images2.zip a folder of pictures will do, for a .json.zip the unpacked file. At most `parallel` files come at a
    time, `per_host` from one host. Of a mirror `retries` failures in passing are borne, `backoff` seconds after the
    first, twice as long after each further one.
    """

    route: Literal["json", "h5"] = "json"
    captions: list[Literal["train", "validation"]] = ["train"]
    folder: str = "data/downloads"
    mirrors: dict[VgFile, list[str]] = {}
    have: dict[VgFile, str] = {}
    parallel: int = Field(default=2, ge=1, le=16)
    per_host: int = Field(default=2, ge=1, le=4)
    retries: int = Field(default=5, ge=0)
    backoff: float = Field(default=1.0, ge=0.0)


class Raw(Closed):
    """Where the pictures, annotations and captions come from. `captions`: further caption files (folder, vg)."""

    source: Literal["scenes", "folder", "vg"] = "scenes"
    folder: str | None = None
    captions: list[str] = []
    scenes: Scenes = Scenes()
    vg: VisualGenome = VisualGenome()

    @model_validator(mode="after")
    def _folder_needs_a_path(self) -> "Raw":
        if self.source == "folder" and not self.folder:
            raise ValueError(
                "raw.source is 'folder', so raw.folder must name a folder in Visual Genome's formats"
            )
        return self


#: Whose images of the listed split `train` are validation: none but the listed ones, or the first so many.
LISTED = re.compile(r"flag|first_([1-9]\d*)_of_train")


class Split(Closed):
    """Which images train, validate and test.

    Two fractions of all images, drawn by a seeded hash of the image id; the rest is train. Or, with `validation` a
    word, as image_data.json lists each image's `split`: `flag` takes it as it is, `first_5000_of_train` (any number)
    makes the first train images validation, in that file's order (docs/method.md, 1).
    """

    validation: float | str
    test: float | None = None
    seed: Seed = 0

    @property
    def listed(self) -> bool:
        """Whether image_data.json says it."""
        return isinstance(self.validation, str)

    @property
    def first_of_train(self) -> int:
        """How many of the listed train images are validation."""
        found = LISTED.fullmatch(str(self.validation))
        return int(found[1] or 0) if found else 0

    @model_validator(mode="after")
    def _something_is_left(self) -> "Split":
        if isinstance(self.validation, str):
            if not LISTED.fullmatch(self.validation) or self.test is not None:
                raise ValueError(
                    f"dataset.split: validation {self.validation!r}, test {self.test}; give two fractions, or the word "
                    "flag or first_5000_of_train as validation and no test"
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
    """The vocabulary and the filter. `vg150` and `vg20` are built in; a path is a text file, one name a line.

    `found`: all names that the data hold, of objects `object_min_count` times, of predicates `predicate_min_count`.
    `exact` takes names as the alias files leave them, which is how Visual Genome's published counts were made.
    """

    objects: str | list[str] = "vg150"
    predicates: str | list[str] = "vg20"
    object_min_count: int = Field(default=10, ge=1)
    predicate_min_count: int = Field(default=10, ge=1)
    object_aliases: str | None = None
    predicate_aliases: str | None = None
    object_match: Literal["exact", "plural", "last_word"] = "plural"
    predicate_match: Literal["exact", "lemma"] = "lemma"
    split: Split = Split(validation=0.1, test=0.4)
    duplicates: Literal["drop", "keep"] = "drop"
    truth: bool = False


class Kb(Closed):
    """Captions to triplets. `shards`: jobs that mine a share of the captions each, merged to the bytes of one run."""

    chunk: int = Field(default=200_000, ge=1)
    workers: int = Field(default=2, ge=1)
    min_count: int = Field(default=1, ge=1)
    shards: int = Field(default=1, ge=1, le=10_000)


class Words(Closed):
    """Word vectors for RelCLIP eq. 7: trained on the `captions`, read from a file in word2vec's format, or downloaded.

    Downloads are gensim's, by its names: word2vec-google-news-300 (1.7 GB), glove-wiki-gigaword-300 and others.
    """

    source: str = "captions"
    dimension: int = Field(default=100, ge=2)
    window: int = Field(default=5, ge=1)
    epochs: int = Field(default=5, ge=1)
    min_count: int = Field(default=2, ge=1)
    centre: bool = True
    seed: Seed = 0
