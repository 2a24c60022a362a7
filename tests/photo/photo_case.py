"""A finished `data` folder with untrained models, and what the stages themselves say of its test pictures."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
import yaml
from tiny_clip import make_dataset, make_kb, make_raw, tiny_params

from relclip.clip.small import build, model_config
from relclip.core import command
from relclip.core.annotations import load_annotations
from relclip.core.atomic import write_json
from relclip.core.digest import file_digest
from relclip.core.parquet import EVIDENCE, PREDICTED_OBJECTS, write_table
from relclip.core.vocabulary import load_vocabulary
from relclip.detector import network
from relclip.detector.files import save_detector
from relclip.detector.pictures import Pictures
from relclip.detector.proposals import detect, prepare_model, propose, table
from relclip.encoder.encoder import save_encoder
from relclip.encoder.tokenizer import WordTokenizer
from relclip.features.stage import run as make_features
from relclip.model import ModelConfig, RelCLIP, save_model
from relclip.predict.request import Inputs, Request
from relclip.predict.sgdet_stage import predict_sgdet
from relclip.predict.stage import predict_run
from relclip.raw.scenes.write import ORIGIN

RUN, CPU = "relclip_kb_ext", torch.device("cpu")
SAID = {(2, 2, 1): ["c1", "c2"], (2, 1, 1): ["c1"], (1, 1, 2): ["c9"]}
SENTENCES = {"c1": "a man rides a <b>board</b>", "c2": "a man riding a board", "c9": "a board carries a man"}


def call(main, *words):
    sys.argv = ["relclip", *map(str, words)]
    try:
        command.run(main)
    except SystemExit as end:
        return end.code
    return 0


def params():
    return tiny_params(detector={"image_size": 64, "per_image": 8, "score": 0.0, "nms": 0.5})


def write_data(root: Path) -> Path:
    """root/params.yaml and root/data: raw, dataset, kb, clip, detector, train, features."""
    made, data = params(), root / "data"
    root.mkdir(exist_ok=True)
    (root / "params.yaml").write_text(yaml.safe_dump(made.model_dump(mode="json"), sort_keys=False))
    make_raw(data / "raw")
    ORIGIN.save(data / "raw")
    captions = "".join(f"{text}\t{name}\n" for name, text in SENTENCES.items())
    (data / "raw" / "captions.tsv").write_text(captions)
    make_dataset(data / "dataset")
    make_kb(data / "kb", tuple(SAID))
    rows = [(*key, name) for key, names in SAID.items() for name in names]
    columns = dict(zip(EVIDENCE.names, map(list, zip(*rows, strict=True)), strict=True))
    write_table(data / "kb" / "evidence.parquet", pa.table(columns), EVIDENCE)
    write_models(data, made)
    make_features(
        made.features,
        raw=data / "raw",
        dataset=data / "dataset",
        model=data / "clip" / "model",
        output=data / "features" / "clip",
        threads=1,
    )
    return data


def write_models(data: Path, made) -> None:
    vocabulary = load_vocabulary(data / "dataset" / "vocabulary.json")
    tokenizer = WordTokenizer(["board", "feeding", "man", "riding"], 6)
    config = model_config(made.clip.pretrain, tokenizer)
    (data / "clip" / "model").mkdir(parents=True)
    save_encoder(data / "clip" / "model", build(config, 0), config, tokenizer)
    write_json(data / "clip" / "model" / "statistics.json", {"source": "pretrain", "counts": {"trained": 7}})
    sizes = {"backbone": "small", "image_size": made.detector.image_size, "classes": len(vocabulary.objects)}
    finder = network.DetectorConfig(**sizes)
    about = {"detector": made.detector.model_dump()}
    save_detector(data / "detector", network.build(finder, 1), finder, vocabulary, about)
    torch.manual_seed(0)
    shape = {"channels": made.clip.pretrain.width, "text_dimension": 4, "dimension": 16, "heads": 2}
    relation = RelCLIP(
        ModelConfig(object_classes=3, predicates=2, roi_size=2, dropout=0.0, **shape),
    )
    with torch.no_grad():
        relation.predicate_classifier.weight *= 8
        relation.object_classifier.weight *= 8
    names = {"objects": list(vocabulary.objects), "predicates": list(vocabulary.predicates)}
    known = {"dataset/images.parquet": file_digest(data / "dataset" / "images.parquet")}
    train = {"supervision": "kb+ext", "features": "clip"}
    save_model(
        relation, data / "train" / RUN, {"run": RUN, "vocabulary": names, "train": train, "inputs": known}
    )


def by_the_stages(data: Path, output: Path) -> Path:
    """Run the stages' own code: output/{predcls,sgcls,sgdet}/{objects,relations}.parquet of the test pictures."""
    made, annotations = params(), load_annotations(data / "dataset")
    finder = network.DetectorConfig(backbone="small", image_size=64, classes=3)
    model = prepare_model(network.build(finder, 1), made.detector)
    numbers = np.flatnonzero(annotations.split == "test").tolist()
    pictures = Pictures([data / "raw" / file for file in annotations.file], 64)
    found = [propose(one, made.detector) for one in detect(model, pictures, numbers, CPU)]
    write_table(output / "proposals.parquet", table(annotations.image_id[numbers], found), PREDICTED_OBJECTS)
    inputs = Inputs(data / "train" / RUN, data / "dataset", data / "features" / "clip")
    request = Request(RUN, RUN, made.predict)
    predict_run(request, inputs, output)
    most = made.detector.class_nms
    predict_sgdet(request, inputs, output / "proposals.parquet", output / "sgdet", class_iou=most)
    return output


def rows_of(folder: Path, image: int):
    """One image's objects in the order of their ids, and {(subject, object, predicate): score} by their places."""
    objects = pq.read_table(folder / "objects.parquet", filters=[("image_id", "=", image)]).to_pylist()
    objects.sort(key=lambda row: row["object_id"])
    place = {row["object_id"]: number for number, row in enumerate(objects)}
    relations = pq.read_table(folder / "relations.parquet", filters=[("image_id", "=", image)]).to_pylist()
    found = {
        (place[row["subject_id"]], place[row["object_id"]], row["predicate_id"]): row["score"]
        for row in relations
    }
    return objects, found
