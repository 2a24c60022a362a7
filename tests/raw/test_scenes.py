"""The procedural data set: same bytes for the same seed, Visual Genome's formats, every predicate, unsure pairs."""

import hashlib
import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from relclip.core.params.raw import Scenes
from relclip.core.seeds import stream
from relclip.core.vocabulary import load_names
from relclip.raw.scenes import make_scenes
from relclip.raw.scenes.annotate import annotated
from relclip.raw.scenes.compose import compose
from relclip.raw.scenes.scene import Scene
from relclip.raw.scenes.world import CONFUSED, PREDICATES
from relclip.raw.scenes.write import boxes, draw

SMALL = Scenes(images=9, pretrain_images=5, captions=60, image_size=96)
SIZE = 160


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [compose(stream(3, "scene", number), (18, 24)) for number in range(200)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes") / "raw"
    make_scenes(SMALL, folder)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_bytes_on_one_process_and_on_two(folder, tmp_path):
    make_scenes(SMALL, tmp_path / "again", workers=2)
    assert digests(tmp_path / "again") == digests(folder)
    assert len(digests(folder)) == 9 + 5 + 8


def test_another_seed_gives_other_pictures_and_captions(folder, tmp_path):
    make_scenes(SMALL.model_copy(update={"seed": 1}), tmp_path / "other")
    other, own = digests(tmp_path / "other"), digests(folder)
    assert all(other[name] != own[name] for name in own if name.endswith(("jpg", "tsv")))


def test_a_longer_data_set_begins_with_the_shorter_one(folder, tmp_path):
    make_scenes(SMALL.model_copy(update={"images": 11}), tmp_path / "longer")
    longer, own = digests(tmp_path / "longer"), digests(folder)
    assert all(longer[name] == own[name] for name in own if name.endswith("jpg"))


def test_files_have_visual_genomes_keys(folder):
    images, objects, relationships = (
        json.loads((folder / f"{name}.json").read_text())
        for name in ("image_data", "objects", "relationships")
    )
    assert set(images[0]) == {"image_id", "url", "width", "height", "coco_id", "flickr_id"}
    assert all((folder / image["url"]).is_file() for image in images)
    record = objects[0]["objects"][0]
    assert set(record) == {"object_id", "x", "y", "w", "h", "names", "synsets", "merged_object_ids"}
    assert all(isinstance(record[key], int) for key in "xywh")
    identities = [record["object_id"] for image in objects for record in image["objects"]]
    assert len(set(identities)) == len(identities)
    relation = next(image for image in relationships if image["relationships"])["relationships"][0]
    assert set(relation) == {"relationship_id", "predicate", "synsets", "subject", "object"}
    assert set(relation["subject"]) == {"object_id", "x", "y", "w", "h", "name", "synsets"}
    assert relation["subject"]["object_id"] in identities


def test_truth_speaks_of_the_same_objects_in_the_vocabulary(folder):
    truth = json.loads((folder / "truth" / "relationships.json").read_text())
    objects = {
        record["object_id"]: record
        for i in json.loads((folder / "objects.json").read_text())
        for record in i["objects"]
    }
    for relation in (relation for image in truth for relation in image["relationships"]):
        assert relation["predicate"] in PREDICATES
        end = relation["object"]
        assert [end[key] for key in "xywh"] == [objects[end["object_id"]][key] for key in "xywh"]


def test_names_are_visual_genomes(scenes):
    assert load_names("vg20") == PREDICATES
    assert {thing.name for scene in scenes for thing in scene.things} <= set(load_names("vg150"))


def test_every_predicate_occurs_and_the_tail_is_long(scenes):
    counts = Counter(fact.predicate for scene in scenes for fact in scene.facts)
    assert set(counts) == set(PREDICATES)
    assert max(counts.values()) > 8 * min(counts.values())


def test_classes_alone_seldom_decide_the_predicate(scenes):
    pairs = defaultdict(Counter)
    for scene in scenes:
        for fact in scene.facts:
            pairs[scene.things[fact.subject].name, scene.things[fact.object].name][fact.predicate] += 1
    common = [counts for counts in pairs.values() if counts.total() >= 5]
    decided = sum(max(counts.values()) for counts in common) / sum(counts.total() for counts in common)
    assert decided < 0.7
    assert len(pairs["man", "bench"]) >= 3
    assert {"carrying", "riding"} <= set(pairs["woman", "surfboard"] | pairs["man", "surfboard"])


def test_objects_and_overlaps_are_as_many_as_asked(scenes):
    counts = [len(scene.things) for scene in scenes]
    assert min(counts) >= 16 and max(counts) <= 25
    overlapping = []
    for scene in scenes[:60]:
        b = boxes(scene, 320)
        shared = np.minimum(b[:, None, 2:], b[None, :, 2:]) - np.maximum(b[:, None, :2], b[None, :, :2])
        overlapping.append((shared > 0).all(-1).sum() - len(b))
    assert 80 < np.mean(overlapping) < 170


@pytest.mark.parametrize("number", [0, 1, 2])
def test_boxes_are_what_is_drawn(scenes, number):
    scene, sky = scenes[number], (255, 0, 255)
    for thing, box in zip(scene.things, boxes(scene, SIZE), strict=True):
        picture = np.asarray(draw(Scene(scene.setting, [thing]), SIZE, sky))
        rows, columns = np.nonzero((picture != sky).any(-1))
        painted = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert np.abs(box - painted).max() <= 2, thing.name


def test_the_annotator_names_a_part_of_the_truth_with_little_noise(scenes):
    named = [(scene, annotated(scene, 0.4, stream(0, number))) for number, scene in enumerate(scenes)]
    total = sum(len(facts) for _, facts in named)
    wrong = [(scene, fact) for scene, facts in named for fact in facts if fact not in scene.facts]
    assert 0.35 < total / sum(len(scene.facts) for scene in scenes) < 0.5
    assert 0.01 < len(wrong) / total < 0.06
    for scene, fact in wrong:
        true = [f.predicate for f in scene.facts if (f.subject, f.object) == (fact.subject, fact.object)]
        assert any(fact.predicate in CONFUSED[predicate] for predicate in true)
    assert annotated(scenes[0], 1e-9, stream(0)) == []
