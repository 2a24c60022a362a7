"""Which files a training reads."""

from dataclasses import dataclass
from pathlib import Path

from relclip.core.params.train import Train
from relclip.model import model_class


@dataclass(frozen=True)
class Inputs:
    """Folders of the stages before; `kb` and `ext` are read only where the supervision needs them."""

    dataset: Path
    features: Path
    prompts: Path
    words: Path
    kb: Path
    ext: Path

    def files(self, params: Train, start: Path | None = None) -> list[Path]:
        """The files that this training reads, whatever its seed; `start`: the folder of the run it goes on from."""
        files = [
            self.dataset / f"{name}" for name in ("vocabulary.json", "images.parquet", "objects.parquet")
        ]
        files += [
            self.dataset / "relations.parquet",
            self.features / "images.parquet",
            self.features / "maps.npy",
        ]
        files += [self.prompts / name for name in ("objects.npy", "triplets.parquet", "triplets.npy")]
        files += [self.words / "phrases.safetensors"] if needs_words(params) else []
        files += [self.kb / "triplets.parquet"] if params.supervision != "full" else []
        files += [self.kb / "evidence.parquet"] if reads_evidence(params) else []
        files += [self.ext / "scores.parquet"] if params.supervision == "kb+ext" else []
        if start:
            files += [start / "model.safetensors", start / "config.json"]
            files += [self.kb / "evidence.parquet"] if params.supervision != "full" else []
        return list(dict.fromkeys(files))


def contrast_level(params: Train) -> str:
    """The level of RCL that a training has; a model without a contrast has none, whatever `rcl` says."""
    return params.rcl.level if model_class(params.model).has_contrast else "none"


def reads_evidence(params: Train) -> bool:
    """Whether a training believes a part of the captions, and so counts anew what they say."""
    return params.supervision != "full" and params.kb.captions < 1.0


def needs_words(params: Train) -> bool:
    """Whether a training reads word vectors at all."""
    return contrast_level(params) != "none" and params.sampling.enabled
