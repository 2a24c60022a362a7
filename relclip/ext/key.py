"""What finished parts belong to: parts of other inputs are not taken up again."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from relclip.core.annotations import Annotations
from relclip.core.digest import file_digest
from relclip.encoder.encoder import WEIGHTS
from relclip.ext.pairs import Candidates
from relclip.ext.sections import Sections


def inputs_key(params: Sections, annotations: Annotations, candidates: Candidates, model: Path) -> str:
    """Digest of parameters, objects, knowledge base, encoder and torch's version."""
    digest = hashlib.sha256()
    settings = (
        params.ext.model_dump_json(),
        params.clip.object_prompt,
        torch.__version__,
        file_digest(model / WEIGHTS),
    )
    known = annotations
    words = (*known.vocabulary.objects, *known.vocabulary.predicates)
    names: Sequence[str] = (*settings, *known.file, *known.split, *words)
    digest.update("\n".join(names).encode())
    for array in (
        known.image_id,
        known.object_id,
        known.class_id,
        known.boxes,
        known.first,
        candidates.table,
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
