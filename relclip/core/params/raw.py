"""The section raw: where pictures, annotations and captions come from."""

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


#: How a folder's annotation is laid out: a reader in relclip/raw/formats/ each, but for the pipeline's own format.
Format = Literal["visual_genome", "coco", "psg", "gqa", "open_images"]
#: The begin of a folder's name that is a data set on the Hugging Face Hub: hf://datasets/<owner>/<name>@<revision>.
HUB = "hf://datasets/"


class Raw(Closed):
    """Where the pictures, annotations and captions come from.

    `folder`: of yours, or hf://datasets/OWNER/NAME[@REVISION] of the Hugging Face Hub; `format`: how its annotation is
    laid out (`relclip import --help`). `captions`: further caption files (folder, vg).
    """

    source: Literal["scenes", "folder", "vg"] = "scenes"
    folder: str | None = None
    format: Format = "visual_genome"
    captions: list[str] = []
    scenes: Scenes = Scenes()
    vg: VisualGenome = VisualGenome()

    @property
    def captioned(self) -> bool:
        """Whether any caption comes in; without, there is nothing to mine and no distant supervision."""
        own = {"scenes": True, "vg": bool(self.vg.captions)}
        return own.get(self.source, False) or bool(self.captions)

    @model_validator(mode="after")
    def _folder_needs_a_path(self) -> "Raw":
        if self.source == "folder" and not self.folder:
            raise ValueError(
                "raw.source is 'folder', so raw.folder must name a folder in a format of raw.format"
            )
        return self
