"""What EXT is made of: its section of params.yaml, the encoder's prompts, the inputs that shards share; its tables."""

from dataclasses import dataclass
from pathlib import Path

from relclip.core.params.base import Closed
from relclip.core.params.clip import Clip
from relclip.core.params.ext import Ext
from relclip.core.shard import Shard

#: Tables of scores: by the classes that are known, by those that zero-shot gave.
SCORES = ("scores", "sgcls_scores")
#: What shards of one whole have in common; those of the detector's boxes know no KB.
INPUTS = "the data set, the knowledge base, the encoder, the sections clip and ext"
INPUTS_DETECTED = "the data set, the proposals, the encoder, the sections clip and ext"


class Sections(Closed):
    """What this stage reads of params.yaml."""

    ext: Ext
    clip: Clip


@dataclass(frozen=True)
class Job:
    """What a command of EXT is told: its settings, the folders that all of them read, its own, its share."""

    params: Sections
    raw: Path
    dataset: Path
    model: Path
    output: Path
    threads: int | None = None
    shard: Shard | None = None  # none: all images
