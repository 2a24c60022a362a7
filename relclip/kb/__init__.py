"""Captions -> (subject, predicate, object) with counts and the sentences they come from (docs/method.md, 3).

One sentence, many, or files:

>>> from relclip.kb import mine_caption, mine_captions
>>> mine_caption("a man in a red shirt riding a horse")
[('man', 'riding', 'horse')]
>>> from collections import Counter
>>> captions = ["snow covered mountains", "a mountain covered with snow", "blue sky"]
>>> Counter(fact for facts in mine_captions(captions) for fact in facts)
Counter({('mountain', 'covered in', 'snow'): 2})

>>> import tempfile
>>> from pathlib import Path
>>> from relclip.kb import STANDARD, Shard, merge_shards, mine
>>> folder = Path(tempfile.mkdtemp())
>>> _ = (folder / "captions.tsv").write_text("two dogs lying on a bed\\tfirst\\n")
>>> for number in (1, 2):
...     _ = mine([folder / "captions.tsv"], STANDARD, folder / str(number), shard=Shard(number, 2))
>>> merge_shards([folder / "1", folder / "2"], folder / "kb")["predicates"]["lying on"]["top"]
[{'subject': 'dog', 'object': 'bed', 'count': 1}]
"""

from relclip.core.shard import Shard
from relclip.kb.align import STANDARD, Language, Miner, mine_caption, mine_captions
from relclip.kb.folders import merge_shards
from relclip.kb.mining import mine
from relclip.kb.quality import judge

__all__ = [
    "STANDARD",
    "Language",
    "Miner",
    "Shard",
    "judge",
    "merge_shards",
    "mine",
    "mine_caption",
    "mine_captions",
]
