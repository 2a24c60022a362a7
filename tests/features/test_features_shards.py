"""Patch maps made in shards merge to the bytes of one run; what is no complete set is refused."""

import json

import pytest
from test_features import _run

from relclip.core.errors import ContractError, InputError
from relclip.core.shard import Shard
from relclip.encoder.encoder import Encoder
from relclip.features.merge import merge_shards

NAMES = ("maps.npy", "maps.sha256", "images.parquet")


def _shards(tiny, root, of):
    folders = [root / f"{number}-of-{of}" for number in range(1, of + 1)]
    for number, folder in enumerate(folders, 1):
        _run(tiny, folder, threads=1, shard=Shard(number, of))
    return folders


@pytest.mark.parametrize("of", [1, 2, 13])
def test_shards_merge_to_the_bytes_of_one_run(tiny, tmp_path, of):
    _run(tiny, tmp_path / "whole")
    folders = _shards(tiny, tmp_path, of)
    merge_shards(folders[::-1], tmp_path / "merged")
    for name in NAMES:
        assert (tmp_path / "merged" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "merged").iterdir()) == sorted(NAMES)


def test_a_killed_shard_goes_on(tiny, tmp_path, monkeypatch):
    _run(tiny, tmp_path / "whole", shard=Shard(2, 2))
    from relclip.features import stage

    monkeypatch.setattr(stage, "BATCHES_BETWEEN_RECORDS", 1)
    made, patch_map = [], Encoder.patch_map

    def cut(self, batch, size):
        made.append(len(batch))
        if len(made) == 4:
            raise KeyboardInterrupt
        return patch_map(self, batch, size)

    monkeypatch.setattr(Encoder, "patch_map", cut)
    with pytest.raises(KeyboardInterrupt):
        _run(tiny, tmp_path / "cut", threads=1, shard=Shard(2, 2))
    monkeypatch.setattr(Encoder, "patch_map", patch_map)
    _run(tiny, tmp_path / "cut", threads=1, shard=Shard(2, 2))
    assert (tmp_path / "cut" / "maps.npy").read_bytes() == (tmp_path / "whole" / "maps.npy").read_bytes()


def test_what_is_no_complete_set_is_refused(tiny, tmp_path):
    first, second = _shards(tiny, tmp_path, 2)
    _run(tiny, tmp_path / "whole")
    for folders, words in (
        ([first], "1 of 2 shards are missing, the first is 2/2"),
        ([first, second, second], "two folders hold shard 2/2"),
    ):
        with pytest.raises(InputError, match=words):
            merge_shards(folders, tmp_path / "merged")
    with pytest.raises(ContractError, match=r"shard.json does not exist"):
        merge_shards([first, tmp_path / "whole"], tmp_path / "merged")
    with pytest.raises(InputError, match="is one of the shards"):
        merge_shards([first, second], first)
    record = second / "shard.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "whole": "other"}))
    with pytest.raises(InputError, match="no shards of one whole: the data set"):
        merge_shards([first, second], tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
