"""labels.parquet: every label that a refined run trained on, and where it came from.

One row a (pair, candidate). `weight` is what was trained on (0 where the pair or the candidate was left out: `kept` is
false), `model` and `clip` are the shares of the pair's candidates that the model and CLIP gave it (null where they were
not asked), `count` says how often the captions say the triplet (0 where the label is an annotation), and `caption_id`
is one of those that do. So a label leads back to a sentence, here the surest picture of a person riding a horse:

    duckdb -c "SELECT l.image_id, l.weight, l.model, l.clip, l.count, c.caption
      FROM 'data/train/visualds_kb/labels.parquet' l
      JOIN read_csv('data/raw/captions.tsv', delim='\t', quote='', header=false, all_varchar=true,
                    names=['caption', 'id']) c ON c.id = l.caption_id
      WHERE l.kept AND l.predicate_id = 13 ORDER BY l.model DESC LIMIT 5"

Predicate and class ids are 1-based places in data/dataset/vocabulary.json (13 is riding). `visualds_semi` lists the
labels of its M2; its last phase trains on the annotation itself. Where `kb.weights` is counts, `clip` is CLIP's share
times that of the captions.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.kb_filter import believed_captions, believed_triplets
from relclip.core.lookup import positions
from relclip.core.params.train import KbLabels
from relclip.core.parquet import EVIDENCE, TRAINED_LABELS, TRIPLET, read_table, write_table
from relclip.model import ImageSet, pair_classes
from relclip.train.labels import Labels
from relclip.train.refine.task import Sources


@dataclass(frozen=True)
class Captions:
    """The sentences that labels come from: a knowledge base, and how much of it a training of this seed believes."""

    kb: Path
    settings: KbLabels
    seed: int

    def triplets_and_ids(self) -> tuple[pa.Table, pa.Table]:
        """Believed triplets with their count; the lowest believed caption id of each; both sorted by the triplet."""
        order = [(name, "ascending") for name in TRIPLET.names]
        triplets, _ = believed_triplets(self.kb, self.settings, self.seed)
        evidence = read_table(self.kb / "evidence.parquet", EVIDENCE)
        if self.settings.captions < 1.0:
            believed = believed_captions(evidence["caption_id"], self.settings.captions, self.seed)
            evidence = evidence.filter(pa.array(believed))
        lowest = evidence.group_by(TRIPLET.names).aggregate([("caption_id", "min")])
        return triplets.sort_by(order), lowest.sort_by(order)


def write_labels(
    path: Path, images: ImageSet, labels: Labels, sources: Sources, captions: Captions | None
) -> None:
    """Write labels.parquet of the candidates `labels`; `captions`: what said them, none of an annotation."""
    pair = labels.pairs
    image = np.searchsorted(images.pair_start, pair, side="right") - 1
    ids = images.object_ids[images.pairs[pair] + images.object_start[image][:, None]]  # (E, 2)
    nothing = pa.nulls(len(pair), pa.float32())
    columns = {
        "image_id": images.image_ids[image],
        "subject_id": ids[:, 0],
        "object_id": ids[:, 1],
        "predicate_id": labels.predicates,
        "weight": sources.weights,
        **_count_and_caption(images, labels, captions),
        "clip": nothing if sources.clip is None else sources.clip,
        "model": nothing if sources.model is None else sources.model,
        "kept": sources.kept,
    }
    write_table(path, pa.table(columns), TRAINED_LABELS)


def _count_and_caption(images: ImageSet, labels: Labels, captions: Captions | None) -> dict[str, pa.Array]:
    """Count and one caption id of the triplet of each label."""
    if captions is None:
        count = len(labels.predicates)
        return {"count": pa.array(np.zeros(count, np.int64)), "caption_id": pa.nulls(count, pa.string())}
    triplets, lowest = captions.triplets_and_ids()
    subject, object_ = (classes[labels.pairs] for classes in pair_classes(images))
    wanted = _triplet_number(subject, labels.predicates, object_)
    return {
        "count": _of_triplets(triplets, "count", wanted).fill_null(0),
        "caption_id": _of_triplets(lowest, "caption_id_min", wanted),
    }


def _of_triplets(table: pa.Table, column: str, wanted: NDArray[np.int64]) -> pa.ChunkedArray:
    """The value of `column` for each wanted key, null where the sorted table lacks it."""
    place = positions(_triplet_number(*(table[name].to_numpy() for name in TRIPLET.names)), wanted)
    return table[column].take(pa.array(place, mask=place < 0))


def _triplet_number(subject: NDArray, predicate: NDArray, object_: NDArray) -> NDArray[np.int64]:
    """One ascending number of the three ids of a triplet, each below 2 ** 16."""
    return (subject.astype(np.int64) << 32) + (predicate.astype(np.int64) << 16) + object_
