"""What EXT reads of params.yaml: its own section, and the encoder's prompts."""

from relclip.core.params.base import Closed
from relclip.core.params.clip import Clip
from relclip.core.params.ext import Ext


class Sections(Closed):
    """What this stage reads of params.yaml."""

    ext: Ext
    clip: Clip
