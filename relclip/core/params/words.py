"""The section words: word vectors for RCL's sampling."""

from pydantic import Field

from relclip.core.params.base import Closed, Seed


class Words(Closed):
    """Word vectors for RelCLIP eq. 7: trained on the `captions`, read from a file in word2vec's format, or downloaded.

    Downloads are gensim's, by its names: word2vec-google-news-300 (1.7 GB), glove-wiki-gigaword-300 and others.
    """

    source: str = Field(
        default="captions",
        description="captions, a file in word2vec's format, or a name of gensim's downloads",
    )
    dimension: int = Field(default=100, ge=2, description="of vectors trained on the captions")
    window: int = Field(default=5, ge=1, description="words to each side that a word is predicted from")
    epochs: int = Field(default=5, ge=1, description="passes over the captions")
    min_count: int = Field(default=2, ge=1, description="how often a word must occur")
    centre: bool = Field(default=True, description="whether the mean vector is taken off")
    seed: Seed = Field(default=0, description="of the training")
