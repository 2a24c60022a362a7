"""Visual Genome in small, from a web server to data/dataset, by both annotation routes."""

import hashlib
import json
import shutil
from collections import Counter

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
from vg_site import CORRUPT, Site, make_archives

from relclip.core.errors import InputError
from relclip.core.params.dataset import Dataset, Split
from relclip.core.params.raw import VisualGenome
from relclip.core.vocabulary import load_names
from relclip.dataset.build import make_dataset
from relclip.raw.convert import OUTSIDE, numbered_pictures
from relclip.raw.folder import PLACES
from relclip.raw.vg import files
from relclip.raw.vg import h5 as h5_route
from relclip.raw.vg.collect import collect
from relclip.raw.vg.official import split_by_position
from relclip.raw.vg.stage import take_visual_genome

SPLIT = Split(validation="first_2_of_train")


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """The files of both routes, made once."""
    root = tmp_path_factory.mktemp("vg")
    make_archives(root / "scenes", root / "site")
    return root / "site"


@pytest.fixture
def site(archives, monkeypatch, tmp_path):
    """A server of them; the sizes and digests of the real files are not theirs."""
    listed = json.loads(files.LIST.read_text())
    for entry in listed:
        entry |= {"size": None, "sha256": None}
    monkeypatch.setattr(files, "LIST", tmp_path / "files.json")
    files.LIST.write_text(json.dumps(listed))
    made = Site(archives)
    yield made
    made.close()


def settings(site, folder, **more):
    names = [path.name for path in site.folder.iterdir()]
    return VisualGenome(
        **{"folder": str(folder), "mirrors": site.mirrors(names), "backoff": 0.01, "retries": 1} | more
    )


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def dataset(raw, output, **changes):
    params = Dataset(
        **{
            "object_match": "exact",
            "predicate_match": "exact",
            "object_aliases": str(raw / "object_alias.txt"),
            "split": SPLIT,
        }
        | changes
    )
    account = make_dataset(params, raw, output)
    tables = {
        name: pq.read_table(output / f"{name}.parquet").to_pylist()
        for name in ("images", "objects", "relations")
    }
    return account, tables


def test_both_routes_agree_row_for_row(site, tmp_path):
    made = {}
    for route in ("json", "h5"):
        counts = take_visual_genome(
            settings(site, tmp_path / route, route=route), [], tmp_path / f"raw_{route}"
        )
        assert counts["images unpacked"] == 9 and counts["images linked"] == counts["images listed"] == 8
        assert counts["captions"] == 40
        made[route] = dataset(tmp_path / f"raw_{route}", tmp_path / f"dataset_{route}")
    account, tables = made["json"]
    assert tables == made["h5"][1]
    assert len(tables["relations"]) > 5 and len(tables["objects"]) > 20
    splits = [row["split"] for row in tables["images"]]  # by position: 5 of 8 are train, 2 of these validate
    assert splits == ["val"] * 2 + ["train"] * 3 + ["test"] * 3
    assert CORRUPT not in {row["image_id"] for row in tables["images"]}
    assert all((row["width"], row["height"]) == (512, 512) for row in tables["images"])
    expected = account.summary()["expected"]
    assert expected["images listed"] == {"found": 8, "expected": 108_073}
    kept = sum(
        row["found"]
        for what, row in expected.items()
        if what in account.summary()["splits"]["relations per predicate"]
    )
    tested = {row["image_id"] for row in tables["images"] if row["split"] == "test"}
    assert kept == sum(row["image_id"] not in tested for row in tables["relations"])
    assert "WARNING" in account.table() and "unseen in train" in account.table()
    assert list(made["h5"][0].summary()["expected"]) == [
        "images listed",
        "images listed as train",
        "images with an object",
    ]


def test_both_routes_agree_on_the_fifty_predicates(site, tmp_path):
    """As preset vg50 reads them: its vocabulary, the alias file, validation the first of those with a relation."""
    made = {}
    for route in ("json", "h5"):
        raw = tmp_path / f"raw_{route}"
        take_visual_genome(settings(site, tmp_path / route, route=route), [], raw)
        aliases = str(raw / "relationship_alias.txt")
        split = Split(validation="first_2_with_relations")
        made[route] = dataset(
            raw, tmp_path / f"dataset_{route}", predicates="vg50", predicate_aliases=aliases, split=split
        )[1]
    assert made["json"] == made["h5"]
    names = load_names("vg50")
    said = {names[row["predicate_id"] - 1] for row in made["h5"]["relations"]}
    assert said & set(load_names("vg20")) and max(row["predicate_id"] for row in made["h5"]["relations"]) > 20
    assert [row["split"] for row in made["h5"]["images"]].count("val") == 2


def test_boxes_are_those_of_the_peers_loader():
    """Against the plain arithmetic of the usual loaders, on a picture whose sides are no part of 1,024."""
    chance = np.random.default_rng(0)
    boxes = chance.integers([300, 300, 1, 1], 600, (30, 4))
    arrays = {
        "boxes_1024": boxes,
        "labels": np.ones(30, np.int64),
        "img_to_first_box": [0],
        "img_to_last_box": [29],
    }
    listed = {"image_id": 5, "width": 1, "height": 1}
    entry = h5_route._objects(arrays, 0, listed | h5_route._size(listed, lambda _: (427, 640)), ["man"])
    plain = boxes.astype(float)
    plain[:, :2] = plain[:, :2] - plain[:, 2:] / 2
    plain[:, 2:] = plain[:, :2] + plain[:, 2:]
    plain *= 640 / 1024
    met = [
        [thing["x"], thing["y"], thing["x"] + thing["w"], thing["y"] + thing["h"]]
        for thing in entry["objects"]
    ]
    np.testing.assert_allclose(met, plain, atol=1e-9)


def test_the_published_split_by_position_and_by_flag(site, archives, tmp_path):
    sizes = Counter(
        entry["split"] for entry in split_by_position({"image_id": number} for number in range(108_073))
    )
    assert sizes == {"train": 75_651, "test": 32_422}
    shutil.copy(archives / "VG-SGG-with-attri.h5", tmp_path)
    change("split", np.array([0, 1, 1, 0, 2, 2, 0, 0]))(tmp_path / "VG-SGG-with-attri.h5")
    have = {"VG-SGG-with-attri.h5": str(tmp_path / "VG-SGG-with-attri.h5")}
    take_visual_genome(settings(site, tmp_path / "to", route="h5", have=have), [], tmp_path / "raw")
    make_dataset(Dataset(split=Split(validation="flag")), tmp_path / "raw", tmp_path / "out")
    said = pq.read_table(tmp_path / "out/images.parquet")["split"].to_pylist()
    assert said == ["train", "val", "val", "train", "test", "test", "train", "train"]


def test_after_any_interruption_the_result_is_the_same_to_the_byte(site, tmp_path):
    take_visual_genome(settings(site, tmp_path / "clean"), [], tmp_path / "raw_clean")
    site.faults |= {
        "images.zip": ["drop 90000", "404", "drop 30000", "hang_up"],
        "images2.zip": ["429 0", "500", "drop 70000", "changed", "no_range"],
        "objects.json.zip": ["lie_short", "404", ""],
        "image_data.json.zip": ["page", "403", ""],
        "GCC-training.tsv": ["drop 100", "drop 0", "redirect file:///etc/passwd"],
    }
    failures = 0
    for _ in range(8):
        try:
            take_visual_genome(settings(site, tmp_path / "to"), [], tmp_path / "raw")
            break
        except InputError as error:
            failures += 1
            assert "not complete" in str(error) and not (tmp_path / "raw").exists()
    assert failures and digests(tmp_path / "raw") == digests(tmp_path / "raw_clean")
    assert not any(site.faults.values())
    assert not [path for path in (tmp_path / "to").rglob("*") if ".part" in path.name]


def test_files_at_hand_are_not_fetched(site, archives, tmp_path):
    take_visual_genome(settings(site, tmp_path / "first"), [], tmp_path / "raw")
    asked = len(site.asked)
    have = {
        "images.zip": str(tmp_path / "first/unpacked/images"),
        "images2.zip": str(archives / "images2.zip"),
    }
    have |= {f"{name}.json.zip": str(tmp_path / f"raw/{name}.json") for name in ("objects", "relationships")}
    by_hand = tmp_path / "second"
    by_hand.mkdir()
    for name in ("image_data.json.zip", "object_alias.txt", "relationship_alias.txt", "GCC-training.tsv"):
        shutil.copy(archives / name, by_hand / name)
    take_visual_genome(settings(site, by_hand, have=have), [], tmp_path / "again")
    assert len(site.asked) == asked
    first, again = digests(tmp_path / "raw"), digests(tmp_path / "again")
    assert first.pop("source.json") and again.pop("source.json") and first == again


def test_pictures_are_found_where_archives_and_people_put_them(tmp_path):
    here, disk = tmp_path / "here", tmp_path / "disk"
    for path in (
        here / "1.jpg",
        here / "VG_100K/2.jpg",
        disk / "3.jpg",
        tmp_path / "secret.jpg",
        here / "VG_100K/1.jpg",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(path.parent.name.encode())
    (here / "VG_100K_2").symlink_to(disk)  # a folder on a larger disk
    (here / "4.jpg").symlink_to(tmp_path / "secret.jpg")
    (here / "x5.jpg").write_bytes(b"")
    found = numbered_pictures([here, *(here / place for place in PLACES), tmp_path / "none"])
    assert found.pop(4) == OUTSIDE
    assert {number: path.read_bytes() for number, path in found.items()} == {
        1: b"here",
        2: b"VG_100K",
        3: b"disk",
    }


def test_pictures_of_another_data_set_are_refused(site, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other/77.jpg").write_bytes(b"")
    have = dict.fromkeys(("images.zip", "images2.zip"), str(tmp_path / "other"))
    with pytest.raises(InputError, match="none of the 8 pictures"):
        take_visual_genome(settings(site, tmp_path / "to", have=have), [], tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("images.zip", None, "which is no such thing; name a file or a folder"),
        ("objects.json.zip", b"<html>", "is no whole zip archive"),
        ("object_alias.txt", b"", "is empty"),
        ("GCC-training.tsv", b"\x1f\x8b", "is no text"),
    ],
)
def test_have_is_checked_before_anything_is_fetched(site, tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        collect(settings(site, tmp_path / "to", have={name: str(path)}))
    (tmp_path / "to").mkdir(exist_ok=True)
    (tmp_path / "to" / name).write_bytes(b"PK nonsense")
    with pytest.raises(
        InputError, match="remove it, and it is fetched anew" if "zip" in name else "is no text"
    ):
        collect(settings(site, tmp_path / "to"))
    assert site.asked == []


def test_a_small_disk_is_met_before_the_download(site, tmp_path, monkeypatch):
    monkeypatch.undo()  # the real sizes
    with monkeypatch.context() as patch, pytest.raises(InputError, match=r"needs 30\.5 GB .* 1\.0 GB free"):
        patch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, 10**9))
        collect(settings(site, tmp_path / "to"))


def change_names(path):
    path.with_name("VG-SGG-dicts-with-attri.json").write_text('{"idx_to_label": {"1": "man"}}')


def change(name, value=None):
    """What replaces a table of the h5 file: nothing, an array, or a link into another file."""

    def make(path):
        with h5py.File(path, "r+") as file:
            del file[name]
            if value is not None:
                file[name] = value

    return make


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (change("labels"), "lacks the table 'labels'"),
        (change("labels", h5py.ExternalLink("/etc/passwd", "/")), "lacks the table 'labels'"),
        (change("boxes_1024", np.ones((9, 4))), "no table of whole numbers"),
        (change("split", np.zeros(3, np.int32)), "has 3 pictures and image_data.json 8"),
        (change("split", np.full(8, 7)), "'split' must have 8 rows of 0 to 2"),
        (change("img_to_last_box", np.full(8, 10**6)), "img_to_last_box"),
        (change("img_to_first_box", np.zeros(8, np.int32)), "its pictures share rows of img_to_first_box"),
        (change("relationships", np.full((5, 2), -5)), "'predicates' must have 5 rows|'relationships'"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "cannot be read"),
        (change_names, "'idx_to_predicate' must map"),
    ],
)
def test_an_h5_file_from_strangers(site, archives, tmp_path, spoil, said):
    have = {}
    for name in ("VG-SGG-with-attri.h5", "VG-SGG-dicts-with-attri.json"):
        shutil.copy(archives / name, tmp_path / name)
        have[name] = str(tmp_path / name)
    spoil(tmp_path / "VG-SGG-with-attri.h5")
    with pytest.raises(InputError, match=said):
        take_visual_genome(settings(site, tmp_path / "to", route="h5", have=have), [], tmp_path / "raw")
    assert not (tmp_path / "raw").exists()
