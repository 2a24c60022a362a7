"""What CLIP reads during pre-training: one text for each identity in a batch, and texts that tell the picture wrong."""

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


class Reader:
    """Texts of batches of regions, as phrases or as filled-in prompts."""

    def __init__(self, regions: Regions, trained: Codes, object_prompt: str, triplet_prompt: str) -> None:
        """`trained` are the regions whose facts are known to the reader."""
        self._regions = regions
        self._identity = identities(regions)
        self._object_prompt, self._triplet_prompt = object_prompt, triplet_prompt
        self._rivals = known_predicates(regions, trained)

    def read(
        self, rows: Codes, prompted: float, negatives: int, random: np.random.Generator
    ) -> tuple[list[str], NDArray[np.int64]]:
        """Texts of a batch and which of them each of its B regions shows: (U + V texts, (B,) index below U).

        One text an identity: its prompt with probability `prompted`, else the phrase of its first region in the batch.
        The V texts are shown by nobody: for each relation up to `negatives` times the same text with another predicate
        that its two classes (or else its object's class) are known with.
        """
        _, first, index = np.unique(self._identity[rows], return_index=True, return_inverse=True)
        use_prompt = random.random(len(first)) < prompted
        shown = [self._text(int(rows[place]), use) for place, use in zip(first, use_prompt, strict=True)]
        taken = {self._fact(int(rows[place])) for place in first}
        wrong = []
        for place, text in zip(first, shown, strict=True) if negatives else ():
            wrong += self._wrong(int(rows[place]), text, negatives, taken, random)
        return shown + wrong, index.reshape(-1)

    def _text(self, region: int, use_prompt: bool) -> str:
        hints = self._regions.hints(region)
        if not (use_prompt and hints):
            return self._regions.phrases[region]
        return (
            self._triplet_prompt.format(**hints)
            if "predicate" in hints
            else self._object_prompt.format(object=hints["subject"])
        )

    def _fact(self, region: int) -> tuple[int, int, int]:
        regions = self._regions
        return int(regions.subject[region]), int(regions.predicate[region]), int(regions.object[region])

    def _wrong(
        self,
        region: int,
        text: str,
        count: int,
        taken: set[tuple[int, int, int]],
        random: np.random.Generator,
    ) -> list[str]:
        """Up to `count` texts with another predicate; `taken` facts are in the batch already, and grow by these."""
        subject, predicate, object_ = self._fact(region)
        if predicate < 0 or (name := self._regions.names[predicate]) not in text:
            return []
        rivals = self._rivals.get((subject, object_), ())
        free = [rival for rival in rivals if (subject, rival, object_) not in taken]
        if len(free) < count:
            more = self._rivals.get((-1, object_), ())
            free += [rival for rival in more if rival not in free and (subject, rival, object_) not in taken]
        chosen = (
            free[:count] if len(free) <= count else [free[k] for k in random.permutation(len(free))[:count]]
        )
        taken.update((subject, rival, object_) for rival in chosen)
        return [text.replace(name, self._regions.names[rival], 1) for rival in chosen]


def known_predicates(regions: Regions, trained: Codes) -> dict[tuple[int, int], list[int]]:
    """Predicates of (subject class, object class) in `trained`, and of (-1, object class) with any subject at all."""
    relations = trained[regions.predicate[trained] >= 0]
    known: dict[tuple[int, int], set[int]] = {}
    facts = np.column_stack([regions.subject, regions.object, regions.predicate])[relations]
    for subject, object_, predicate in np.unique(facts, axis=0).tolist():
        for key in ((subject, object_), (-1, object_)):
            known.setdefault(key, set()).add(predicate)
    return {key: sorted(predicates) for key, predicates in known.items()}
