"""What the encoder is made from: its own section, and the words of all prompts and classes."""

from relclip.core.params.base import Closed
from relclip.core.params.clip import Clip
from relclip.core.params.dataset import Dataset
from relclip.core.params.ext import Ext


class Sections(Closed):
    """What this stage reads of params.yaml."""

    clip: Clip
    dataset: Dataset
    ext: Ext
