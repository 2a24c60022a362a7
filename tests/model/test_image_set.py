"""Image sets, batches and region features against plain loops over the files."""

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from relclip.core.boxes import apart_pairs, iou, overlapping_pairs, union
from relclip.core.errors import ContractError
from relclip.model import (
    ImageSet,
    Regions,
    collate,
    object_numbers,
    pair_classes,
    pair_numbers,
    roi_align,
)
from relclip.model.batch import object_geometry, pair_geometry

CPU = torch.device("cpu")


def test_holds_the_files_of_its_split(tiny, images):
    table = pq.read_table(tiny / "dataset" / "objects.parquet").to_pylist()
    rows = {
        row["row"]: row["image_id"] for row in pq.read_table(tiny / "features" / "images.parquet").to_pylist()
    }
    assert len(images) == 24
    for number, image in enumerate(images.image_ids):
        expected = [row for row in table if row["image_id"] == image]
        here = images.objects_of(number)
        assert images.class_ids[here].tolist() == [row["class_id"] for row in expected]
        assert images.boxes[here].tolist() == [
            [row[key] for key in ("x1", "y1", "x2", "y2")] for row in expected
        ]
        assert rows[images.map_rows[number]] == image


def test_pairs_are_the_overlapping_ones_and_share_their_union(images):
    for number in range(len(images)):
        boxes, pairs = images.boxes[images.objects_of(number)], images.pairs[images.pairs_of(number)]
        expected = [
            [i, j]
            for i in range(len(boxes))
            for j in range(len(boxes))
            if i != j and iou(boxes[i], boxes[j]) > 0
        ]
        assert pairs.tolist() == expected
        unions = images.unions[images.unions_of(number)][images.pair_union[images.pairs_of(number)]]
        np.testing.assert_array_equal(unions, union(boxes[pairs[:, 0]], boxes[pairs[:, 1]]))
        assert 2 * len(images.unions[images.unions_of(number)]) == len(pairs)


def test_other_pairs_share_unions_too_and_leave_the_objects(images):
    rows = images.object_rows()
    apart = images.with_pairs(apart_pairs(images.boxes[some]) for some in rows)
    one_way = images.with_pairs(overlapping_pairs(images.boxes[some])[::2] for some in rows)
    for number in range(len(images)):
        boxes = images.boxes[images.objects_of(number)]
        sets = {
            name: one.pairs[one.pairs_of(number)].tolist() for name, one in (("in", images), ("out", apart))
        }
        every = [[i, j] for i in range(len(boxes)) for j in range(len(boxes)) if i != j]
        assert sorted(sets["in"] + sets["out"]) == every
        assert one_way.pairs[one_way.pairs_of(number)].tolist() == sets["in"][::2]
        for some in (apart, one_way):
            pairs, here = some.pairs[some.pairs_of(number)], some.unions[some.unions_of(number)]
            assert len(here) == len({frozenset(pair) for pair in pairs.tolist()})
            unions = here[some.pair_union[some.pairs_of(number)]]
            np.testing.assert_array_equal(unions, union(boxes[pairs[:, 0]], boxes[pairs[:, 1]]))
    assert apart.boxes is images.boxes


def test_batch_equals_a_loop_over_images(images):
    regions, numbers = Regions(images, 3, CPU), [5, 0, 17]
    batch = collate(regions, numbers)
    object_row = pair_row = 0
    for number in numbers:
        boxes, size = images.boxes[images.objects_of(number)], images.sizes[number]
        map_ = torch.from_numpy(images.maps[images.map_rows[number]].astype(np.float32))
        for i, j in images.pairs[images.pairs_of(number)]:
            assert (batch.subjects[pair_row], batch.objects[pair_row]) == (object_row + i, object_row + j)
            box = torch.from_numpy(union(boxes[i], boxes[j]) * 8 / 80)[None]
            pooled = roi_align(map_, box, 3).flatten().half()
            torch.testing.assert_close(
                batch.union_regions[batch.pair_union[pair_row]], pooled, atol=2e-3, rtol=2e-3
            )
            subject, object_ = (torch.from_numpy(boxes[[k]] / np.tile(size, 2)) for k in (i, j))
            torch.testing.assert_close(batch.pair_geometry[pair_row], pair_geometry(subject, object_)[0])
            pair_row += 1
        torch.testing.assert_close(
            batch.object_geometry[object_row : object_row + len(boxes)],
            object_geometry(torch.from_numpy(boxes / np.tile(size, 2))),
        )
        object_row += len(boxes)
    assert (sum(batch.object_counts), len(batch.subjects)) == (object_row, pair_row)


def test_regions_do_not_depend_on_the_memory(images):
    bytes_of_all = 2 * (len(images.boxes) + len(images.unions)) * 3 * 3 * images.maps.shape[3]
    kept, fresh = (Regions(images, 3, CPU, memory=memory) for memory in (bytes_of_all, bytes_of_all - 1))
    assert Regions(images, 3, CPU).keeps and kept.keeps
    assert not fresh.keeps
    for number in [3, 3, 7]:
        for first, second in zip(kept.batch([number]), fresh.batch([number]), strict=True):
            assert torch.equal(first, second)


class Counted(TorchDispatchMode):
    """Counts operations: on a GPU a step waits for their launches."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += 1
        return function(*args, **(kwargs or {}))


def test_images_are_pooled_together_and_as_alone(images):
    numbers = [3, 0, 17, 3, 5]
    found = Regions(images, 3, CPU, memory=0).batch(numbers)
    apart = [Regions(images, 3, CPU, memory=0).batch([number]) for number in numbers]
    for pooled, alone in zip(found, zip(*apart, strict=True), strict=True):
        assert torch.equal(pooled, torch.cat(alone))
    counts = []
    for size in (1, 9):
        regions = Regions(images, 3, CPU, memory=0)
        with Counted() as counted:
            regions.batch(range(size))
        counts.append(counted.count)
    assert counts[1] - counts[0] <= 8 * 20, "what each cell counts is computed once for all images"


def test_chosen_pairs_alone(images):
    regions = Regions(images, 3, CPU)
    whole, part = (
        collate(regions, [1, 2]),
        collate(regions, [1, 2], [np.array([0, 3]), np.array([], np.int64)]),
    )
    assert (part.subjects < part.object_counts[0]).tolist() == [True, True]
    assert torch.equal(part.pair_geometry, whole.pair_geometry[[0, 3]])
    assert torch.equal(part.subjects, whole.subjects[[0, 3]])
    expected = whole.union_regions[whole.pair_union[[0, 3]]]
    assert torch.equal(part.union_regions[part.pair_union], expected)
    assert len(part.union_regions) <= 2


def test_geometry_by_hand():
    subject, object_ = torch.tensor([[0.0, 0.0, 0.4, 0.5]]), torch.tensor([[0.2, 0.0, 0.6, 1.0]])
    numbers = pair_geometry(subject, object_)[0]
    torch.testing.assert_close(numbers[8:12], torch.tensor([0.0, 0.0, 0.6, 1.0]))
    torch.testing.assert_close(numbers[12:14], torch.tensor([0.2 / 0.6, 0.25]))
    torch.testing.assert_close(numbers[14:16], torch.tensor([0.0, float(np.log(2))]))
    torch.testing.assert_close(numbers[16:19], torch.tensor([0.2, 0.4, 0.6]))
    torch.testing.assert_close(numbers[19], torch.tensor(0.1 / 0.5))
    expected = torch.tensor([0.0, 0.0, 0.4, 0.5, 0.2, 0.25, float(np.log(0.4)), float(np.log(0.5)), 0.2])
    torch.testing.assert_close(object_geometry(subject)[0], expected)


def test_geometry_of_a_box_whose_sides_meet_in_float32_is_finite():
    point, box = torch.full((1, 4), 0.5), torch.tensor([[0.0, 0.0, 0.4, 0.5]])
    assert object_geometry(point).isfinite().all()
    for pair in ((point, point), (point, box), (box, point)):
        assert pair_geometry(*pair).isfinite().all()


def test_says_what_is_wrong(tiny, tmp_path):
    with pytest.raises(ContractError, match="does not exist"):
        ImageSet.load(tiny / "dataset", tmp_path, "train")
    for maps in (np.zeros((2, 3), np.float16), np.zeros((2, 3, 3, 4), np.float32)):
        np.save(tmp_path / "maps.npy", maps)
        with pytest.raises(ContractError, match="expected float16"):
            ImageSet.load(tiny / "dataset", tmp_path, "train")


def test_objects_and_pairs_are_found_by_their_ids():
    """Three images, one of them without objects; ids with gaps, of which some are those of another image."""
    ids = {2: (1, 4, 7), 5: (), 9: (0, 2, 3, 8)}
    corner = np.array([0, 4, 20, 0, 30, 4, 8], np.float32)[:, None]
    images = ImageSet.from_arrays(
        image_ids=np.array(list(ids)),
        sizes=np.full((3, 2), 50, np.float32),
        maps=np.zeros((3, 1, 1, 1), np.float16),
        map_rows=np.arange(3),
        object_counts=np.array(list(map(len, ids.values()))),
        object_ids=np.array([one for some in ids.values() for one in some], np.int32),
        class_ids=np.arange(1, 8),
        boxes=corner + np.array([0, 0, 6, 6], np.float32),
    )
    row = {
        (image, one): row
        for row, (image, one) in enumerate((i, one) for i, some in ids.items() for one in some)
    }
    asked = [(image, i, j) for image, some in ids.items() for i in some for j in some if i != j]
    near = [abs(corner[row[image, i], 0] - corner[row[image, j], 0]) < 6 for image, i, j in asked]
    expected = np.where(near, np.cumsum(near) - 1, -1)
    backwards = np.array(asked[::-1]).T
    assert pair_numbers(images, *backwards, "a.parquet").tolist() == expected[::-1].tolist()
    overlapping = [pair for pair, here in zip(asked, near, strict=True) if here]
    classes = [[row[image, ends[end]] + 1 for image, *ends in overlapping] for end in (0, 1)]
    assert [of.tolist() for of in pair_classes(images)] == classes
    for image, one in ((2, 0), (2, -1), (2, 9), (5, 0), (7, 2), (9, 1), (9, 9), (1, 1), (11, 0)):
        with pytest.raises(ContractError, match=f"a.parquet names object {one} of image {image}, which"):
            object_numbers(images, np.array([9, image]), np.array([8, one]), "a.parquet")


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 0, np.inf, 1)])
def test_refuses_an_empty_box(box):
    one = np.array([1])
    with pytest.raises(ContractError, match="x1 < x2"):
        ImageSet.from_arrays(
            image_ids=one,
            sizes=np.ones((1, 2), np.float32),
            maps=np.zeros((1, 1, 1, 1), np.float16),
            map_rows=one,
            object_counts=one,
            object_ids=one,
            class_ids=one,
            boxes=np.array([box], np.float32),
        )
