"""Which files a training reads: the one list for the rules, the command's folders and the digests in config.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from relclip.core.command import DATA
from relclip.core.params.train import Train
from relclip.core.trained import CONFIG, WEIGHTS


@dataclass(frozen=True)
class Inputs:
    """Folders of the stages before; `kb` and `ext` are read only where the supervision needs them."""

    dataset: Path = DATA / "dataset"
    features: Path = DATA / "features" / "clip"
    prompts: Path = DATA / "clip" / "prompts"
    words: Path = DATA / "words"
    kb: Path = DATA / "kb"
    ext: Path = DATA / "ext"

    @classmethod
    def of(cls, params: Train, folders: Mapping[str, Path | None] | None = None) -> "Inputs":
        """The usual folders of a training, and in their place those of `folders`."""
        named = {name: folder for name, folder in (folders or {}).items() if folder is not None}
        return cls(**{"features": DATA / "features" / params.features, **named})

    def files(self, params: Train, start: Path | None = None, *, words: bool = True) -> list[Path]:
        """The files that this training reads, whatever its seed.

        `start`: the folder of the run it goes on from; `words`: whether its model reads word vectors.
        """
        files = [self.dataset / "vocabulary.json"]
        files += [self.dataset / f"{name}.parquet" for name in ("images", "objects", "relations")]
        files += [self.features / name for name in ("images.parquet", "maps.npy")]
        files += [self.prompts / name for name in ("objects.npy", "triplets.parquet", "triplets.npy")]
        files += [self.words / "phrases.safetensors"] if words else []
        files += [self.kb / "triplets.parquet"] if params.supervision != "full" else []
        # which caption says what: for labels.parquet, for fewer captions
        recounted = start or params.kb.captions < 1.0
        files += [self.kb / "evidence.parquet"] if params.supervision != "full" and recounted else []
        files += [self.ext / "scores.parquet"] if params.supervision == "kb+ext" else []
        files += [start / WEIGHTS, start / CONFIG] if start else []
        return files
