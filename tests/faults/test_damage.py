"""Files damaged on the disk: a sentence that names the file, or the same bytes in the end; never other results."""

import shutil

import pytest
from kills import assert_recovers, kill_at_rename
from processes import assert_one_sentence


def cut(path):
    """The second half is gone."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    """One bit in the middle is another."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [flip, pytest.param(cut, marks=pytest.mark.sweep)])
def test_a_damaged_checkpoint_is_not_gone_on_from(small, tmp_path, damage):
    whole = small.undisturbed("train")
    kill_at_rename(whole, tmp_path / "killed", 3)
    (checkpoint,) = (tmp_path / "killed" / "checkpoints").rglob("checkpoint.pt")
    damage(checkpoint)
    assert_recovers(whole, tmp_path / "killed")


#: Command, the option of the folder it reads, the file there that is damaged.
READS = [
    ("train", "words", "phrases.safetensors"),
    ("train", "kb", "triplets.parquet"),
    ("train", "prompts", "triplets.npy"),
    ("train", "features", "maps.npy"),
    ("evaluate", "predictions", "predcls/relations.parquet"),
    ("evaluate", "dataset", "objects.parquet"),
    ("features", "model", "open_clip_model.safetensors"),
]
#: Numbers without a checksum: a flipped bit is not seen by their reader (reports/faults.md).
PLAIN = {"triplets.npy"}


@pytest.mark.parametrize(
    ("read", "damage"),
    [
        pytest.param(
            read,
            damage,
            id=f"{damage.__name__}-{read[2].rpartition('/')[2]}-{read[0]}",
        )
        for read in READS
        for damage in (cut, flip)
        if damage is cut or read[2] not in PLAIN
    ],
)
def test_a_damaged_input_is_named(small, tmp_path, read, damage):
    name, option, file = read
    command = small.command(name)
    place = command.arguments.index(f"--{option}") + 1
    shutil.copytree(command.arguments[place], tmp_path / "damaged")
    damage(tmp_path / "damaged" / file)
    status, text, *_ = command.with_argument(place, tmp_path / "damaged").here(tmp_path / "out")
    assert status == 2
    assert_one_sentence(text)
    assert str(tmp_path / "damaged") in text.splitlines()[-1]
    assert not (tmp_path / "out" / "made").exists() or not list((tmp_path / "out" / "made").rglob("*.json"))


def test_half_written_files_of_the_dead_are_removed_and_those_of_the_living_stay(small, tmp_path):
    whole = small.undisturbed("dataset")
    out = tmp_path / "out"
    kill_at_rename(whole, out, 2)
    assert [path.suffix for path in out.iterdir()] == [".partial"]
    other = out / ".made.00000000-1.01234567.partial"
    other.mkdir()
    assert whole.command.run(out)[0] == 0
    assert sorted(path.name for path in out.iterdir()) == sorted([other.name, "made"])
