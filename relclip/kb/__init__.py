"""Captions -> (subject, predicate, object) with counts and the sentences they come from (METHOD section 3).

>>> from relclip.core.vocabulary import Vocabulary
>>> from relclip.kb import Miner, mine_caption
>>> vocabulary = Vocabulary(("horse", "man", "shirt"), ("riding", "sitting on"))
>>> mine_caption("a man in a red shirt riding a horse", vocabulary)
[('man', 'riding', 'horse')]
>>> mine_caption("the horse the man is sitting on", vocabulary)
[('man', 'sitting on', 'horse')]
"""

from relclip.kb.align import Miner, mine_caption
from relclip.kb.merging import merge_shards
from relclip.kb.mining import mine
from relclip.kb.shards import Shard

__all__ = ["Miner", "Shard", "merge_shards", "mine", "mine_caption"]
