"""What CLIP reads during pre-training: one text for each identity in a batch, a phrase or a filled-in prompt."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from relclip.clip.regions import Codes, Regions


def identities(regions: Regions) -> Codes:
    """(R,) number of what each region says: equal hints, or equal phrases without hints, are one identity.

    Two regions of one identity are positives of each other; ClipLoss would call them negatives.
    """
    hints = np.stack([regions.subject, regions.predicate, regions.object], axis=1)
    phrase = np.unique(np.array(regions.phrases), return_inverse=True)[1]
    phrase = np.where(regions.subject >= 0, -1, phrase)
    return np.unique(np.column_stack([hints, phrase]), axis=0, return_inverse=True)[1].reshape(-1)


def prompt(regions: Regions, region: int, object_prompt: str, triplet_prompt: str) -> str:
    """The prompt of `clip.*_prompt` filled with a region's hints; its phrase where it has none."""
    hints = regions.hints(region)
    if "predicate" in hints:
        return triplet_prompt.format(**hints)
    return object_prompt.format(object=hints["subject"]) if hints else regions.phrases[region]


def batch_texts(
    phrases: Sequence[str],
    prompts: Sequence[str],
    identity: Codes,
    prompted: float,
    random: np.random.Generator,
) -> tuple[list[str], NDArray[np.int64]]:
    """Texts of a batch and which of them each of its B regions shows: (U texts, (B,) index), one text an identity.

    The text is the prompt with probability `prompted`, else the phrase of the identity's first region in the batch.
    """
    _, first, index = np.unique(identity, return_index=True, return_inverse=True)
    use_prompt = random.random(len(first)) < prompted
    texts = [prompts[row] if prompt else phrases[row] for row, prompt in zip(first, use_prompt, strict=True)]
    return texts, index.reshape(-1)
