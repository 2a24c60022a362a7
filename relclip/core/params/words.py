"""The section words: word vectors for RCL's sampling."""

from pydantic import Field

from relclip.core.params.base import Closed, Seed


class Words(Closed):
    """Word vectors for RelCLIP eq. 7: trained on the `captions`, read from a file in word2vec's format, or downloaded.

    Downloads are gensim's, by its names: word2vec-google-news-300 (1.7 GB), glove-wiki-gigaword-300 and others.
    """

    source: str = "captions"
    dimension: int = Field(default=100, ge=2)
    window: int = Field(default=5, ge=1)
    epochs: int = Field(default=5, ge=1)
    min_count: int = Field(default=2, ge=1)
    centre: bool = True
    seed: Seed = 0
