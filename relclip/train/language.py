"""What the labels say: CLIP embeddings of prompts and word embeddings of phrases, as tables on the device."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from relclip.compute.seal import check_seal
from relclip.core.errors import ContractError
from relclip.core.parquet import PROMPTS, read_table
from relclip.core.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Prompts:
    """T(.) of RelCLIP section 3.2 for every label that can occur."""

    objects: Tensor  # (O + 1, D) t_i, row 0 zeros
    triplets: Tensor  # (T, D)
    row: NDArray[np.int32]  # (O + 1, R + 1, O + 1) row of `triplets`, -1 where that triplet was not encoded

    def rows(self, subject: NDArray, predicate: NDArray, object_: NDArray) -> NDArray[np.int64]:
        """Rows of `triplets` of these labels. Raises ContractError where one was not encoded."""
        rows = self.row[subject, predicate, object_].astype(np.int64)
        if (rows < 0).any():
            bad = int(np.argmax(rows < 0))
            raise ContractError(
                f"prompts/triplets.parquet has no prompt for classes {subject[bad]}, {object_[bad]} and predicate "
                f"{predicate[bad]}; run `python -m relclip.clip.prompts` again on this data set and KB"
            )
        return rows


@dataclass(frozen=True, eq=False)
class Phrases:
    """e of RelCLIP eq. 7: word embeddings of phrases, L2-normalised; zeros where no word is known."""

    subject_predicate: Tensor  # (O + 1, R + 1, E)
    predicate_object: Tensor  # (R + 1, O + 1, E)
    predicate: Tensor  # (R + 1, E)


def load_prompts(folder: Path, vocabulary: Vocabulary, device: torch.device) -> Prompts:
    """Read objects.npy, triplets.npy and triplets.parquet. Raises ContractError where they do not fit together."""
    objects, triplets = _array(folder / "objects.npy"), _array(folder / "triplets.npy")
    table = read_table(folder / "triplets.parquet", PROMPTS)
    classes, predicates = len(vocabulary.objects), len(vocabulary.predicates)
    if len(objects) != classes + 1 or objects.shape[1] != triplets.shape[1]:
        raise ContractError(
            f"{folder}: objects.npy {objects.shape} and triplets.npy {triplets.shape} do not fit {classes} classes"
        )
    subject, predicate, object_, row = (table[name].to_numpy() for name in PROMPTS.names)
    outside = [ids.min(initial=0) < 0 or ids.max(initial=0) > top for ids, top in (
        (subject, classes), (predicate, predicates), (object_, classes), (row, len(triplets) - 1))]  # fmt: skip
    if any(outside):
        raise ContractError(f"{folder / 'triplets.parquet'} names ids outside the vocabulary or triplets.npy")
    rows = np.full((classes + 1, predicates + 1, classes + 1), -1, np.int32)
    rows[subject, predicate, object_] = row
    return Prompts(torch.from_numpy(objects).to(device), torch.from_numpy(triplets).to(device), rows)


def load_phrases(folder: Path, vocabulary: Vocabulary, device: torch.device) -> Phrases:
    """Read phrases.safetensors. Raises ContractError where it does not fit the vocabulary."""
    path = folder / "phrases.safetensors"
    try:
        check_seal(path)
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ContractError(f"{path} is missing or broken ({error}); run the `words` stage") from None
    classes, predicates = len(vocabulary.objects) + 1, len(vocabulary.predicates) + 1
    leading = {
        "subject_predicate": (classes, predicates),
        "predicate_object": (predicates, classes),
        "predicate": (predicates,),
    }
    for name, shape in leading.items():
        if name not in tensors or tuple(tensors[name].shape[:-1]) != shape:
            met = tuple(tensors[name].shape) if name in tensors else "nothing"
            raise ContractError(
                f"{path}: '{name}' is {met}, expected {(*shape, 'D')}; run the `words` stage again"
            )
    return Phrases(*(tensors[name].float().to(device) for name in leading))


def _array(path: Path) -> NDArray[np.float32]:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ContractError(
            f"{path} is missing or broken ({error}); run `python -m relclip.clip.prompts`"
        ) from None
    if array.ndim != 2 or array.dtype != np.float32 or not np.isfinite(array).all():
        raise ContractError(f"{path} holds {array.dtype} {array.shape}; expected finite float32 (rows, D)")
    return array
