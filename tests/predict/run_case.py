"""A run with random weights predicted on the tiny data set, and the same in plain loops, one image at a time."""

import pyarrow.parquet as pq
import torch
from untrained import untrained

from relclip.core.params.predict import Predict
from relclip.model import ImageSet, Regions, collate, load_model
from relclip.predict.request import Inputs, Request
from relclip.predict.stage import predict_run

ALL = 10**6
CPU = torch.device("cpu")


def request(rank_by="softmax", **changed):
    return Request("some", "some", Predict(**changed), rank_by)


def predict(tiny, root, asked, **changed):
    model = untrained(root / "model", **changed)
    predict_run(asked, Inputs(model, tiny / "dataset", tiny / "features", tiny / "kb"), root / "out")
    return root / "out"


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def read(folder):
    return [pq.read_table(folder / f"{name}.parquet") for name in ("objects", "relations")]


def by_key(relations):
    columns = relations.to_pydict()
    keys = zip(
        *(columns[name] for name in ("image_id", "subject_id", "object_id", "predicate_id")), strict=True
    )
    return dict(zip(keys, columns["score"], strict=True))


def one_at_a_time(tiny, model, task, rank_by):
    """{(image, subject, object, predicate): score}, {(image, object): (class, score)} in plain loops."""
    network = load_model(model, CPU)
    images = ImageSet.load(tiny / "dataset", tiny / "features", "val", "test")
    regions = Regions(images, network.config.roi_size, CPU)
    rows, labels = {}, {}
    for number in range(len(images)):
        with torch.no_grad():
            output = network(collate(regions, [number]), "given" if task == "predcls" else "predicted")
        image, ids = int(images.image_ids[number]), images.object_ids[images.objects_of(number)].tolist()
        for place, key in enumerate(ids):
            chances = torch.softmax(output.object_logits[place], 0)[1:].tolist()
            best = max(range(len(chances)), key=lambda n: chances[n])
            labels[image, key] = (best + 1, chances[best])
            if task == "predcls":
                labels[image, key] = (int(images.class_ids[images.objects_of(number)][place]), 1.0)
        for (i, j), logits in zip(
            images.pairs[images.pairs_of(number)], output.predicate_logits, strict=True
        ):
            ranked = {"softmax": torch.softmax(logits, 0), "sigmoid": torch.sigmoid(logits), "logit": logits}[
                rank_by
            ]
            for predicate in range(1, len(ranked)):
                rows[image, ids[i], ids[j], predicate] = float(ranked[predicate])
    return rows, labels
