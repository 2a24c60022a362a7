"""The encoder: a small CLIP pre-trained on region phrases, or any open_clip model; prompt embeddings."""

from relclip.core.params.base import Closed
from relclip.core.params.clip import Clip
from relclip.core.params.dataset import Dataset
from relclip.core.params.ext import Ext


class Sections(Closed):
    """What this stage reads of params.yaml: its own section, and the words of all prompts and classes."""

    clip: Clip
    dataset: Dataset
    ext: Ext
