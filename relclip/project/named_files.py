"""Whether the files that params.yaml names are there, said before anything runs."""

import os
from pathlib import Path

from relclip.core.errors import InputError, no_file
from relclip.core.params.whole import Params


def check_files(params: Params) -> None:
    """Raise InputError where a name that may be of a download is of a file, and that is not there or not readable.

    No download has a folder or an ending in its name.
    """
    for key, name, allowed in (
        (
            "clip.weights",
            params.clip.source == "open_clip" and params.clip.weights,
            "weights as .safetensors, or a pretrained tag of open_clip",
        ),
        (
            "labels.weights",
            params.labels.make and params.labels.weights,
            "a .safetensors file of labels.model",
        ),
        (
            "words.source",
            params.word_vectors and params.words.source,
            "captions, vectors in word2vec's format, or a name of gensim's downloads",
        ),
    ):
        path = Path(name or ".")
        if name and ("/" in name or path.suffix) and not (path.is_file() and os.access(path, os.R_OK)):
            why = "cannot be read" if path.is_file() else no_file(path)
            raise InputError(f"{key} is '{name}', which {why}; give {allowed}")
