"""The section raw: where images, annotations and captions come from."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from relclip.core.params.base import Closed, Seed


def _pair(value: Any) -> Any:
    """YAML has no tuples: a list of two stands for one."""
    return tuple(value) if isinstance(value, list) else value


class Scenes(Closed):
    """The procedural data set (docs/scenes.md): images, captions, what CLIP is pre-trained on."""

    seed: Seed = Field(default=0, description="of all images and captions")
    images: int = Field(default=3200, ge=3, description="images of train, validation and test together")
    captions: int = Field(
        default=30000,
        ge=1,
        description="sentences about other scenes, for the knowledge base and word vectors",
    )
    pretrain_images: int = Field(
        default=4000, ge=1, description="further images, which CLIP is pre-trained on"
    )
    image_size: int = Field(default=320, ge=64, description="longest side, pixels")
    objects_per_image: Annotated[tuple[int, int], BeforeValidator(_pair)] = Field(
        default=(18, 24), description="fewest and most objects in an image"
    )
    annotated: float = Field(
        default=0.4, gt=0.0, le=1.0, description="share of the true relations that the annotation holds"
    )

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
    """Visual Genome by download (docs/method.md, 1)."""

    route: Literal["json", "h5"] = Field(
        default="json", description="its official JSON files, or the preprocessed VG-SGG file of most peers"
    )
    captions: list[Literal["train", "validation"]] = Field(
        default=["train"], description="parts of Conceptual Captions to fetch"
    )
    folder: str = Field(
        default="data/downloads",
        description="keeps what was fetched and unpacked; a file put there by hand is taken",
    )
    mirrors: dict[VgFile, list[str]] = Field(
        default={}, description="addresses in place of the listed ones, by file"
    )
    have: dict[VgFile, str] = Field(
        default={},
        description="where a file is already; a folder of images for images.zip, the unpacked file for a .json.zip",
    )
    parallel: int = Field(default=2, ge=1, le=16, description="files that come at a time")
    per_host: int = Field(default=2, ge=1, le=4, description="of them from one host")
    retries: int = Field(default=5, ge=0, description="failures in passing that are borne, of a mirror")
    backoff: float = Field(
        default=1.0,
        ge=0.0,
        description="seconds after the first failure, twice as long after each further one",
    )


#: How a folder's annotation is laid out: a reader in relclip/raw/formats/ each, but for the pipeline's own format.
Format = Literal["visual_genome", "coco", "psg", "gqa", "open_images"]
#: The begin of a folder's name that is a data set on the Hugging Face Hub: hf://datasets/<owner>/<name>@<revision>.
HUB = "hf://datasets/"


class Raw(Closed):
    """Where the images, annotations and captions come from."""

    source: Literal["scenes", "folder", "vg"] = Field(
        default="scenes", description="drawn scenes, a folder of yours, or Visual Genome by download"
    )
    folder: str | None = Field(
        default=None, description="of source folder: a path, or hf://datasets/OWNER/NAME[@REVISION]"
    )
    format: Format = Field(
        default="visual_genome", description="how the folder's annotation is laid out (relclip import --help)"
    )
    captions: list[str] = Field(default=[], description="further caption files, text or Parquet (folder, vg)")
    scenes: Scenes = Field(default=Scenes(), description="the procedural data set (docs/scenes.md)")
    vg: VisualGenome = Field(
        default=VisualGenome(), description="Visual Genome by download (docs/method.md, 1)"
    )

    @property
    def captioned(self) -> bool:
        """Whether any caption comes in; without, there is nothing to mine and no distant supervision."""
        own = {"scenes": True, "vg": bool(self.vg.captions)}
        return own.get(self.source, False) or bool(self.captions)

    @property
    def pretrains(self) -> bool:
        """Whether images and texts to pre-train an encoder on come in."""
        return self.source == "scenes"

    @model_validator(mode="after")
    def _folder_needs_a_path(self) -> "Raw":
        if self.source == "folder" and not self.folder:
            raise ValueError(
                "raw.source is 'folder', so raw.folder must name a folder in a format of raw.format"
            )
        return self
