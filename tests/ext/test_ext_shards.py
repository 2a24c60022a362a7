"""EXT in shards merges to the bytes of one run; what is no complete set is refused."""

import json

import pytest
from test_ext import NAMES, _run
from test_ext_detected import _rows, _write

from relclip.core.errors import InputError
from relclip.core.shard import RECORD, Shard
from relclip.ext import score, steps
from relclip.ext.__main__ import main
from relclip.ext.merge import merge_detected, merge_shards
from relclip.ext.sections import Job
from relclip.ext.stage import run_detected, run_objects, run_pairs


def _job(tiny, output, shard=None):
    return Job(tiny.params, tiny.raw, tiny.dataset, tiny.model, output, threads=1, shard=shard)


def _shards(tiny, root, of):
    """Folders of objects and of pairs."""
    objects, pairs = (
        [root / f"{step}{number}" for number in range(1, of + 1)] for step in ("objects", "pairs")
    )
    for number, folder in enumerate(objects, 1):
        run_objects(_job(tiny, folder, Shard(number, of)), tiny.kb)
    for number, folder in enumerate(pairs, 1):
        run_pairs(_job(tiny, folder, Shard(number, of)), tiny.kb, objects[::-1])
    return objects, pairs


@pytest.mark.parametrize("of", [2, 7])
def test_shards_merge_to_the_bytes_of_one_run(tiny, tmp_path, monkeypatch, of):
    monkeypatch.setattr(steps, "IMAGES_A_CHUNK", 4)
    _run(tiny, tmp_path / "whole", threads=1)
    objects, pairs = _shards(tiny, tmp_path, of)
    merge_shards(pairs[::-1], objects, dataset=tiny.dataset, kb=tiny.kb, output=tmp_path / "merged")
    for name in NAMES:
        assert (tmp_path / "merged" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert sorted(path.name for path in (tmp_path / "merged").iterdir()) == sorted(NAMES)


def test_shards_of_detected_boxes_merge_to_the_bytes_of_one_run(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "IMAGES_A_CHUNK", 1)  # of images without proposals, too
    proposals = _write(tmp_path / "proposals.parquet", _rows())
    run_detected(_job(tiny, tmp_path / "whole"), proposals)
    folders = [tmp_path / str(number) for number in (1, 2, 3)]
    for number, folder in enumerate(folders, 1):
        run_detected(_job(tiny, folder, Shard(number, 3)), proposals)
    merge_detected(folders[::-1], tmp_path / "merged")
    for name in ("scores.parquet", "statistics.json"):
        assert (tmp_path / "merged" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_a_killed_shard_goes_on_and_the_wrong_set_is_refused(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "IMAGES_A_CHUNK", 4)
    objects, pairs = _shards(tiny, tmp_path, 2)
    looked, embed_regions = [], score.embed_regions

    def die(*arguments):
        looked.append(1)
        if len(looked) == 3:
            raise KeyboardInterrupt
        return embed_regions(*arguments)

    monkeypatch.setattr(score, "embed_regions", die)
    again = _job(tiny, tmp_path / "cut", Shard(2, 2)), tiny.kb, objects
    with pytest.raises(KeyboardInterrupt):
        run_pairs(*again)
    run_pairs(*again)
    assert len(looked) == 3 + 1, "three chunks, the last of them twice"
    assert (tmp_path / "cut" / "scores.parquet").read_bytes() == (pairs[1] / "scores.parquet").read_bytes()

    given = {"dataset": tiny.dataset, "kb": tiny.kb, "output": tmp_path / "merged"}
    with pytest.raises(InputError, match="1 of 2 shards are missing, the first is 1/2"):
        merge_shards(pairs[1:], objects, **given)
    for folder in objects:
        record = json.loads((folder / RECORD).read_text())
        (folder / RECORD).write_text(json.dumps({**record, "whole": "of another encoder"}))
    with pytest.raises(InputError, match="was made of other inputs: the data set, the knowledge base"):
        merge_shards(pairs, objects, **given)
    assert not (tmp_path / "merged").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--shard", "1/2"], "--shard and --step go together"),
        (["--step", "objects"], "--shard and --step go together"),
        (["--shard", "1/2", "--step", "pairs"], "--step pairs needs --objects"),
        (["--shard", "1/2", "--step", "objects", "--objects", "there"], "--step objects takes no --objects"),
        (["--shard", "1/2", "--step", "objects"], "data/ext is the folder of all shards"),
    ],
)
def test_a_shard_says_its_step_and_has_a_folder_of_its_own(monkeypatch, options, said):
    monkeypatch.setattr("sys.argv", ["relclip ext", *options])
    with pytest.raises(InputError, match=said):
        main()
