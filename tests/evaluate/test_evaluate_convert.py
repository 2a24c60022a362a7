"""Dumps of the peers: both formats of torch.save, the peers' units, what is kept, and what is refused unrun."""

import io
import os
import pickle
import struct
import sys
import types
import zipfile

import numpy as np
import pytest
import torch
from evaluate_reference import CLASSES, PREDICATES, random_case, reference_metrics

from relclip.core.errors import ContractError, InputError, RelclipError
from relclip.core.params.evaluate import Evaluate
from relclip.core.parquet import OBJECTS, PREDICTED_RELATIONS, read_table
from relclip.core.vocabulary import Vocabulary
from relclip.evaluate import __main__ as public
from relclip.evaluate import evaluate
from relclip.evaluate.boxlists import PeerPrediction
from relclip.evaluate.convert import can_reach, convert, load_image_ids
from relclip.evaluate.torch_file import torch_file

NAMES = Vocabulary(
    tuple(f"c{n}" for n in range(1, CLASSES + 1)), tuple(f"p{n}" for n in range(1, PREDICATES + 1))
)
PEER = "maskrcnn_benchmark.structures.bounding_box"


@pytest.fixture
def peer(monkeypatch):
    """The peer's class, importable only while its dump is written."""
    parts = PEER.split(".")
    for end in range(1, len(parts) + 1):
        monkeypatch.setitem(sys.modules, ".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))

    class BoxList:
        def __init__(self, boxes, size, mode="xyxy"):
            self.bbox = torch.as_tensor(boxes, dtype=torch.float32).reshape(-1, 4)
            self.size, self.mode = size, mode
            self.extra_fields, self.triplet_extra_fields = {}, []

    BoxList.__module__, BoxList.__qualname__ = PEER, "BoxList"
    sys.modules[PEER].BoxList = BoxList
    return BoxList


def dumped(peer, case, mode="xyxy", scale=(1, 1)):
    """A case as the peer writes it. Predictions may stand at `scale` times width and height, boxes as `xywh`."""
    truths, predictions = [], []
    for scene in case.values():
        rows = {key: number for number, key in enumerate(scene["objects"])}
        truth = peer([box for _, box in scene["objects"].values()], (90, 90))
        truth.extra_fields["labels"] = torch.tensor([label for label, _ in scene["objects"].values()])
        truth.extra_fields["relation_tuple"] = torch.LongTensor(
            [(rows[s], rows[o], p) for s, p, o in scene["relations"]]
        )
        truths.append(truth)
        rows = {key: number for number, key in enumerate(scene["predicted"])}
        boxes = np.tile(scale, 2) * np.array([box for *_, box in scene["predicted"].values()]).reshape(-1, 4)
        if mode == "xywh":
            boxes[:, 2:] += 1 - boxes[:, :2]
        found = peer(boxes, (90 * scale[0], 90 * scale[1]), mode)
        labels = [label for label, *_ in scene["predicted"].values()]
        found.extra_fields["pred_labels"] = torch.tensor(labels, dtype=torch.int64)
        found.extra_fields["pred_scores"] = torch.tensor([s for _, s, _ in scene["predicted"].values()])
        pairs = list(dict.fromkeys((s, o) for s, o, *_ in scene["rows"]))
        place = {pair: number for number, pair in enumerate(pairs)}
        scores = torch.zeros(len(pairs), PREDICATES + 1)
        scores[:, 0] = 7.0
        for s, o, p, score in scene["rows"]:
            scores[place[s, o], p] = score
        found.extra_fields["rel_pair_idxs"] = torch.LongTensor([(rows[s], rows[o]) for s, o in pairs])
        found.extra_fields["pred_rel_scores"] = scores
        found.extra_fields["unused"] = {"a": [1, -300, 70000, 1 << 40, 0.5, None, True]}
        predictions.append(found)
    return {"groundtruths": truths, "predictions": predictions}


def full(case):
    """Every predicate of each pair scored (a peer's matrix has no gaps), ids as rows, images numbered from 1."""
    numbered = {}
    for number, scene in enumerate(case.values(), 1):
        rows = {key: place for place, key in enumerate(scene["objects"])}
        found = {key: place for place, key in enumerate(scene["predicted"])}
        scores = {row[:3]: row[3] for row in scene["rows"]}
        pairs = dict.fromkeys((s, o) for s, o, *_ in scene["rows"])
        numbered[number] = {
            "objects": {rows[key]: value for key, value in scene["objects"].items()},
            "relations": [(rows[s], p, rows[o]) for s, p, o in scene["relations"]],
            "predicted": {found[key]: value for key, value in scene["predicted"].items()},
            "rows": [
                (found[s], found[o], p, scores.get((s, o, p), 0.0))
                for s, o in pairs
                for p in range(1, PREDICATES + 1)
            ],
        }
    return numbered


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize(("mode", "scale"), [("xyxy", (1, 1)), ("xywh", (1, 1)), ("xyxy", (2, 4))])
def test_a_dump_is_judged_like_the_case_itself(tmp_path, peer, new, mode, scale):
    case = full(random_case(np.random.default_rng(11), images=12))
    torch.save(dumped(peer, case, mode, scale), tmp_path / "d", _use_new_zipfile_serialization=new)
    sys.modules.pop(PEER)
    done = convert(tmp_path / "d", NAMES, tmp_path / "out")
    assert done.images == 12
    for task in ("predcls", "sgcls", "sgdet"):
        switches = Evaluate(bootstrap=0, dedup=False)
        report = evaluate(tmp_path / "out/groundtruth", tmp_path / "out/predictions", task, switches=switches)
        # a score of 0 is no prediction of a dump: Open Images' lists end earlier than the case's
        found, expected = (
            {name: value for name, value in of.items() if "_at_" in name}
            for of in (report.content["metrics"], reference_metrics(case, task, switches))
        )
        assert found == pytest.approx(expected, abs=1e-12)


def test_command_and_visual_info(tmp_path, peer, monkeypatch, capsys):
    case = full(random_case(np.random.default_rng(12), images=3))
    torch.save(dumped(peer, case), tmp_path / "eval_results.pytorch")
    NAMES.save(tmp_path / "vocabulary.json")
    (tmp_path / "visual_info.json").write_text(
        '[{"img_file": "/a/77.jpg"}, {"img_file": "C:\\\\a\\\\5.jpg"}, {"img_file": "/a/6.jpg"}]'
    )
    words = [
        "convert",
        "--dump",
        tmp_path / "eval_results.pytorch",
        "--vocabulary",
        tmp_path / "vocabulary.json",
    ]
    words += ["--image-ids", tmp_path / "visual_info.json", "--output", tmp_path / "out"]
    monkeypatch.setattr(sys, "argv", ["relclip evaluate", *map(str, words)])
    public.main()
    assert "3 images" in capsys.readouterr().out
    ids = read_table(tmp_path / "out/predictions/relations.parquet", PREDICTED_RELATIONS)["image_id"]
    assert ids.to_pylist() == sorted(ids.to_pylist())
    assert set(ids.to_pylist()) <= {5, 6, 77}
    monkeypatch.setattr(sys, "argv", ["relclip evaluate", *map(str, words)])
    public.main()  # its own files are replaced, those of others are not
    (tmp_path / "out/thesis.tex").touch()
    monkeypatch.setattr(sys, "argv", ["relclip evaluate", *map(str, words)])
    with pytest.raises(InputError, match=r"holds thesis.tex, which would be replaced"):
        public.main()
    assert (tmp_path / "out/thesis.tex").exists()
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.parquet")) == [
        "images.parquet", "objects.parquet", "objects.parquet", "relations.parquet", "relations.parquet",
    ]  # fmt: skip


def test_image_ids_must_fit(tmp_path):
    path = tmp_path / "ids"
    path.write_text("4\n2\n9\n")
    assert load_image_ids(path, 3) == [4, 2, 9]
    with pytest.raises(ContractError, match="3 different ids in 3; the dump has 4 images"):
        load_image_ids(path, 4)
    path.write_text("4 x")
    with pytest.raises(ContractError, match="no list of image ids"):
        load_image_ids(path, 2)


@pytest.mark.parametrize("seed", range(4))
def test_rows_left_out_change_nothing(seed):
    """Places in the list of what is kept equal the places in the whole list, as far as they count."""
    random = np.random.default_rng(seed)
    count, pairs, places = 7, np.array([(i, j) for i in range(7) for j in range(7) if i != j]), 10
    corner = random.integers(0, 20, (count, 2))
    found = PeerPrediction(
        np.concatenate([corner, corner + 8], axis=1).astype(float),
        np.ones(count, int),
        random.choice([0.0, 0.2, 0.9], count),
        pairs,
        np.round(random.random((len(pairs), 5)), 1 + seed % 2).astype(np.float32),
    )
    kept = can_reach(found, places)
    assert kept.sum() < kept.size
    shared = np.all(np.abs(corner[pairs[:, 0]] - corner[pairs[:, 1]]) < 8, axis=1)
    product = found.scores[pairs[:, 0]] * found.scores[pairs[:, 1]]
    for weight in (np.ones(len(pairs)), product):
        for rows in (shared, np.ones(len(pairs), bool)):
            scores = np.where(rows[:, None], found.relation_scores * weight[:, None], -1)
            best = np.where(found.relation_scores == found.relation_scores.max(1, keepdims=True), scores, -1)
            assert kept[scores > np.sort(scores, axis=None)[-places]].all()
            assert kept[(best > np.sort(best.max(axis=1))[-places])].all()


class Evil:
    def __init__(self, call, *words):
        self.how = call, words

    def __reduce__(self):
        return self.how


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize(
    ("evil", "name"),
    [
        (lambda mark: Evil(os.system, f"touch {mark}"), "posix.system"),
        (lambda mark: Evil(eval, f"open({str(mark)!r}, 'w')"), "__builtin__.eval"),
        (lambda mark: Evil(exec, "1"), "__builtin__.exec"),
        (lambda mark: Evil(torch.storage._load_from_bytes, b"x"), "torch.storage._load_from_bytes"),
        (lambda mark: np.float64(1), "numpy"),
    ],
    ids=["system", "eval", "exec", "load", "numpy"],
)
def test_a_foreign_name_is_refused_by_name_and_not_run(tmp_path, new, evil, name):
    mark = tmp_path / "mark"
    torch.save(
        {"groundtruths": [evil(mark)], "predictions": []}, tmp_path / "d", _use_new_zipfile_serialization=new
    )
    with pytest.raises(InputError, match=f"{tmp_path / 'd'}: it asks for {name}.* nothing was run"):
        convert(tmp_path / "d", NAMES, tmp_path / "out")
    assert not mark.exists()
    assert not (tmp_path / "out").exists()


def zipped(path, pickled, method=zipfile.ZIP_STORED, **members):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("archive/data.pkl", pickled)
        for name, content in members.items():
            archive.writestr(f"archive/{name}", content)


def tensor(size=b"K\x04\x85", stride=b"K\x01\x85", offset=b"K\x00", length=b"K\x04", key=b"X\x01\0\0\x000"):
    storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\n" + key + b"X\x03\0\0\0cpu" + length + b"tQ"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + size + stride + b"\x89}t" + b"R"


def loaded(path):
    with torch_file(path) as value:
        return value.array() if hasattr(value, "array") else value


@pytest.mark.parametrize(
    ("pickled", "sentence"),
    [
        (tensor(length=b"K\x40"), "shorter than announced"),
        (tensor(size=b"K\x05\x85"), "reaches beyond its memory"),
        (tensor(offset=b"K\x01"), "reaches beyond its memory"),
        (tensor(stride=b"J\xff\xff\xff\xff\x85"), "shape that cannot be"),
        (tensor(size=b"J\xff\xff\xff\x7f\x85", stride=b"K\x00\x85"), "repeats its numbers"),
        (tensor(size=b"X\x01\0\0\0a\x85"), "shape that cannot be"),
        (tensor(key=b"X\x01\0\0\x009"), "cannot be read at byte"),
        (b"NR", "cannot be read"),
        (b"K\x01b", "cannot be read"),
        (b"ccollections\nOrderedDict\nK\x01\x85R", "a call of collections.OrderedDict"),
        (b"ctorch\nFloatStorage\n)R", "a call of torch.FloatStorage"),
        (b"ctorch\nFloatStorage\n)\x81", "an object of torch.FloatStorage"),
        (b"ctorch\nFloatStorage\n}X\x01\0\0\0aNsb", "attributes of something that is no BoxList"),
        (b"]q\xff" + b"j\xff\xff\xff\x7f", "cannot be read"),
        (b"r\xff\xff\xff\xff", "cannot be read"),
        (b"\x8e" + struct.pack("<Q", 1 << 60), "cannot be read"),  # BINBYTES8: torch does not write it
        (b"})Ns", "a key that is neither a short text"),
        (b")K\x01a", "an item for something that is no list"),
        (b"X\xff\xff\xff\xffabc", "the file ends too early"),
        (b"(" * 5, "cannot be read"),
    ],
)
def test_made_up_pickles_are_damage(tmp_path, pickled, sentence):
    path = tmp_path / "d"
    zipped(path, b"\x80\x02" + pickled + b".", **{"data/0": np.arange(4, dtype="<f4").tobytes()})
    with pytest.raises(InputError, match=sentence):
        loaded(path)


def test_a_deeply_nested_value_is_no_crash(tmp_path):
    zipped(tmp_path / "d", b"\x80\x02)" + b"\x85" * 50_000 + b".")
    with pytest.raises(InputError, match="it must hold the lists"):
        convert(tmp_path / "d", NAMES, tmp_path / "out")
    zipped(tmp_path / "d", b"\x80\x02})" + b"\x85" * 50_000 + b"Ns.")
    with pytest.raises(InputError, match="a key that is neither"):
        loaded(tmp_path / "d")


def test_tensors_equal_those_of_torch(tmp_path):
    base = torch.arange(24.0).reshape(4, 6)
    given = [base, base.T, base[1:3, ::2], base[:0], base.half(), (base > 3), base.long(), base.int()[2]]
    for new in (True, False):
        torch.save(given, tmp_path / "d", _use_new_zipfile_serialization=new)
        with torch_file(tmp_path / "d") as found:
            for one, other in zip(found, given, strict=True):
                assert np.array_equal(one.array(), other.numpy())
            torch.save(
                [one.bfloat16() for one in given[:4]], tmp_path / "halves", _use_new_zipfile_serialization=new
            )
        with torch_file(tmp_path / "halves") as found:  # numbers that numpy does not have
            for one, other in zip(found, given, strict=False):
                assert np.array_equal(one.array(), other.bfloat16().float().numpy())


def test_files_that_are_no_dump(tmp_path, peer):
    path = tmp_path / "d"
    with pytest.raises(InputError, match="does not exist"):
        loaded(path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe is no file but a pipe"):
        loaded(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a folder; give"):
        loaded(tmp_path)
    bomb = io.BytesIO()
    zipped(bomb, b"\x80\x02N." + b"\0" * 1000, zipfile.ZIP_DEFLATED)
    for content, sentence in [
        (b"", "is empty"),
        (b"hello", "no file of torch.save"),
        (b"\0" * 257 + b"ustar" + b"\0" * 250, "a tar file of torch"),
        (pickle.dumps({"groundtruths": []}, protocol=2), "a pickle, but not one of torch.save"),
        (b"PK\x03\x04 and no more", "not a whole zip"),
        (bomb.getvalue(), "is compressed"),
    ]:
        path.write_bytes(content)
        with pytest.raises(InputError, match=sentence):
            loaded(path)
    for new in (True, False):
        torch.save({"groundtruths": [torch.zeros(500)]}, path, _use_new_zipfile_serialization=new)
        path.write_bytes(path.read_bytes()[:-300])
        with pytest.raises(InputError, match=r"whole zip|ends before its last tensor"):
            loaded(path)


@pytest.mark.parametrize(
    ("whose", "field", "value", "sentence"),
    [
        ("predictions", "pred_labels", torch.tensor([0]), "prediction 0: pred_labels has 0; allowed is 1 to 4; are"),
        ("predictions", "pred_labels", torch.tensor([5]), "prediction 0: pred_labels has 5; allowed is 1 to 4; are"),
        ("predictions", "pred_rel_scores", torch.zeros(1, 51), r"has the shape \(1, 51\); expected \(1, 4\); are they"),
        ("predictions", "pred_rel_scores", torch.zeros(0, 4), r"has the shape \(0, 4\); expected \(1, 4\); are they"),
        ("predictions", "pred_rel_scores", torch.zeros(0), r"has the shape \(0,\); expected \(1, 4\); are they"),
        ("predictions", "pred_scores", torch.tensor([float("nan")]), "must hold finite numbers"),
        ("predictions", "rel_pair_idxs", torch.tensor([[0, 1]]), "rel_pair_idxs has 1; allowed is 0 to 0"),
        ("predictions", "rel_pair_idxs", torch.tensor([[-1, 0]]), "rel_pair_idxs has -1; allowed is 0 to 0"),
        ("predictions", "pred_rel_scores", torch.full((1, 4), float("inf")), "pred_rel_scores must hold finite"),
        ("predictions", "pred_scores", None, "prediction 0: there is no tensor pred_scores; it has bbox, pred_labels"),
        ("groundtruths", "labels", torch.tensor([1.5]), "labels must hold whole numbers, not float32"),
        ("groundtruths", "labels", torch.tensor([0]), "ground truth 0: labels has 0; allowed is 1 to 4"),
        ("groundtruths", "labels", torch.tensor([5]), "ground truth 0: labels has 5; allowed is 1 to 4"),
        ("groundtruths", "relation_tuple", torch.tensor([[0, 0, 4]]), "relation_tuple has 4; allowed is 1 to 3"),
        ("groundtruths", "relation_tuple", torch.tensor([[0, 0, 0]]), "relation_tuple has 0; allowed is 1 to 3"),
        ("groundtruths", "relation_tuple", torch.tensor([[0, 1, 1]]), "relation_tuple has 1; allowed is 0 to 0"),
        ("groundtruths", "relation_tuple", torch.tensor([[-1, 0, 1]]), "relation_tuple has -1; allowed is 0 to 0"),
    ],
)  # fmt: skip
def test_fields_that_do_not_fit(tmp_path, peer, whose, field, value, sentence):  # noqa: PLR0917
    content = {
        "groundtruths": [peer([[0, 0, 9, 9]], (50, 50))],
        "predictions": [peer([[0, 0, 9, 9]], (50, 50))],
    }
    content["groundtruths"][0].extra_fields = {
        "labels": torch.tensor([1]),
        "relation_tuple": torch.tensor([[0, 0, 1]]),
    }
    content["predictions"][0].extra_fields = {
        "pred_labels": torch.tensor([1]),
        "pred_scores": torch.tensor([1.0]),
        "rel_pair_idxs": torch.tensor([[0, 0]]),
        "pred_rel_scores": torch.zeros(1, 4),
    }
    content[whose][0].extra_fields[field] = value
    torch.save(content, tmp_path / "d")
    with pytest.raises(InputError, match=sentence):
        convert(tmp_path / "d", NAMES, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_boxes_and_sizes_are_refused(tmp_path, peer):
    for boxes, size, mode, sentence in [
        ([[9, 0, 0, 9]], (50, 50), "xyxy", "x2 < x1"),
        ([[0, 9, 9, 0]], (50, 50), "xyxy", "y2 < y1"),
        ([[0, 0, 9, 9]], (50, 50), "cxcywh", "mode cxcywh; known"),
        *(
            ([[0, 0, 9, 9]], size, "xyxy", "no pair of width and height")
            for size in ((0, 50), (50, 0), (1 << 31, 50), (50, 50, 50), (50, "50"), (50, "x", 50), 50)
        ),
    ]:
        one = peer(boxes, size, mode)
        torch.save({"groundtruths": [one], "predictions": [one]}, tmp_path / "d")
        with pytest.raises(InputError, match=sentence):
            convert(tmp_path / "d", NAMES, tmp_path / "out")


def test_a_peers_width_counts_both_edges(tmp_path, peer):
    one = peer([[3, 4, 1, 5], [3, 4, 1.5, 0.25]], (50, 50), "xywh")
    one.extra_fields |= {"labels": torch.tensor([1, 1]), "relation_tuple": torch.zeros(0, 3).long()}
    one.extra_fields |= {"pred_labels": torch.tensor([1, 1]), "pred_scores": torch.ones(2)}
    scores = {"rel_pair_idxs": torch.zeros(0, 2).long(), "pred_rel_scores": torch.zeros(0, PREDICATES + 1)}
    one.extra_fields |= scores
    torch.save({"groundtruths": [one], "predictions": [one]}, tmp_path / "d")
    convert(tmp_path / "d", NAMES, tmp_path / "out")
    rows = read_table(tmp_path / "out/groundtruth/objects.parquet", OBJECTS).to_pylist()
    boxes = [[row[side] for side in ("x1", "y1", "x2", "y2")] for row in rows]
    assert boxes == [[3, 4, 3, 8], [3, 4, 3.5, 4]]


def test_flipped_bytes_end_in_one_sentence_or_in_files(tmp_path, peer):
    """Whatever a byte becomes: a sentence of ours, or a folder; nothing else is ever raised."""
    random = np.random.default_rng(0)
    torch.save(
        dumped(peer, full(random_case(random, images=1))),
        tmp_path / "d",
        _use_new_zipfile_serialization=False,
    )
    whole, refused = (tmp_path / "d").read_bytes(), 0
    for _ in range(120):
        content = bytearray(whole)
        for place in random.integers(0, len(whole), int(random.integers(1, 4))):
            content[place] = random.integers(256)
        (tmp_path / "d").write_bytes(content)
        try:
            convert(tmp_path / "d", NAMES, tmp_path / "out")
        except RelclipError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 40
