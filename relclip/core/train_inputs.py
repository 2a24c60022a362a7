"""Which files a training reads: the one list for the rules, the command's folders and the digests in config.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from relclip.core.command import DATA
from relclip.core.params.train import Train


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
    def of(cls, params: Train, given: Mapping[str, Path | None] | None = None) -> "Inputs":
        """The usual folders of a training, and in their place those that were `given`."""
        folders = {name: folder for name, folder in (given or {}).items() if folder is not None}
        return cls(**{"features": DATA / "features" / params.features, **folders})

    def files(self, params: Train, start: Path | None = None, *, words: bool = True) -> list[Path]:
        """The files that this training reads, whatever its seed.

        `start`: the folder of the run it goes on from; `words`: whether its model reads word vectors.
        """
        files = [
            self.dataset / f"{name}" for name in ("vocabulary.json", "images.parquet", "objects.parquet")
        ]
        files += [
            self.dataset / "relations.parquet",
            self.features / "images.parquet",
            self.features / "maps.npy",
        ]
        files += [self.prompts / name for name in ("objects.npy", "triplets.parquet", "triplets.npy")]
        files += [self.words / "phrases.safetensors"] if words else []
        files += [self.kb / "triplets.parquet"] if params.supervision != "full" else []
        files += [self.kb / "evidence.parquet"] if reads_evidence(params) else []
        files += [self.ext / "scores.parquet"] if params.supervision == "kb+ext" else []
        if start:
            files += [start / "model.safetensors", start / "config.json"]
            files += [self.kb / "evidence.parquet"] if params.supervision != "full" else []
        return list(dict.fromkeys(files))


def reads_evidence(params: Train) -> bool:
    """Whether a training believes a part of the captions, and so counts anew what they say."""
    return params.supervision != "full" and params.kb.captions < 1.0
