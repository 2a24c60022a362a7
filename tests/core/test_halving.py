"""What memory does not hold is done in halves, with the results of the whole, and said so in one line."""

import errno

import numpy as np
import pytest
import torch

from relclip.clip import stage
from relclip.clip.pretrain import Trainer
from relclip.clip.regions import read_regions
from relclip.clip.small import build, model_config
from relclip.compute import checkpoint
from relclip.compute.halving import Halving, told_in_a_sentence
from relclip.core import command
from relclip.core.errors import ContractError, InputError, OutOfMemory, errors_as, is_out_of_memory
from relclip.encoder.encoder import Encoder, load_encoder

CPU = torch.device("cpu")
FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def only(count, function):
    """`function` on a device that holds batches of at most `count`."""

    def limited(batch, *rest):
        if len(batch) > count:
            raise FULL
        return function(batch, *rest)

    return limited


@pytest.mark.parametrize(("limit", "sizes"), [(10, [10]), (9, [5, 5]), (2, [2, 2, 2, 2, 2]), (1, [1] * 10)])
def test_halves_until_it_fits_and_keeps_the_order(limit, sizes, capsys):
    halving = Halving("squares", "number", "numbers.batch")
    assert halving(only(limit, lambda batch: [x * x for x in batch]), range(10)) == [
        [x * x for x in range(10)[first : first + size]]
        for first, size in zip(np.cumsum([0, *sizes])[:-1].tolist(), sizes, strict=True)
    ]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == {10: 0, 9: 1, 2: 2, 1: 3}[limit]
    assert not said or said[0] == (
        "relclip: squares: out of memory with 10 numbers at once; going on with 5 (lower numbers.batch to start there)"
    )
    assert len(halving(only(limit, list), range(4))) == -(-4 // min(halving.most or 4, 4)), "it remembers"


def test_one_that_is_too_much_and_other_errors():
    with pytest.raises(OutOfMemory, match="memory does not hold even one number"):
        Halving("squares", "number", "numbers.batch")(only(0, list), range(5))
    with pytest.raises(RuntimeError, match="another"):
        Halving("squares", "number", "numbers.batch")(
            lambda _: (_ for _ in ()).throw(RuntimeError("another")), [1]
        )
    with pytest.raises(OutOfMemory, match="out of memory; do less"), told_in_a_sentence("do less"):
        raise FULL
    assert not is_out_of_memory(ValueError("CUDA out of memory"))


@pytest.mark.parametrize(
    "said",
    [
        "[enforce fail] DefaultCPUAllocator: can't allocate memory: ...",
        "CUDA error: out of memory\nSearch for `cudaErrorMemoryAllocation'",  # torch.AcceleratorError, of pinned memory
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    ],
)
def test_errors_of_every_library_that_lacks_memory(said, capsys):
    assert is_out_of_memory(RuntimeError(said))
    with pytest.raises(SystemExit) as ended:
        command.run(lambda: (_ for _ in ()).throw(RuntimeError(said)))
    assert ended.value.code == 2 and len(capsys.readouterr().err.splitlines()) == 1


def test_an_error_without_a_number_is_a_lack_of_memory_or_none_of_ours(capsys):
    """Pillow's, which went on as a traceback."""
    with pytest.raises(SystemExit) as ended:
        command.run(lambda: (_ for _ in ()).throw(OSError("out of memory error when reading image file")))
    assert ended.value.code == 2 and "relclip: out of memory (" in capsys.readouterr().err
    with pytest.raises(OSError, match="decoding error"):
        command.run(lambda: (_ for _ in ()).throw(OSError("decoding error when reading image file")))


def test_errors_of_a_library_are_ours_but_for_those_that_say_nothing_of_what_it_read():
    def met(error):
        with errors_as(lambda met: InputError(f"no good ({met})")):
            raise error

    with pytest.raises(InputError, match=r"no good \(odd\)") as ended:
        met(ValueError("odd"))
    assert ended.value.__suppress_context__
    for error in (
        ContractError("ours"),
        MemoryError(),
        FULL,
        OSError(errno.ENOMEM, "x"),
        ModuleNotFoundError(),
    ):
        with pytest.raises(type(error)) as ended:
            met(error)
        assert ended.value is error


def test_a_checkpoint_that_finds_no_room_on_the_card_is_not_broken(tmp_path, monkeypatch):
    """Its training began anew, and the next checkpoint took its place."""
    checkpoint.save_checkpoint(tmp_path / "file", "digest", 7, {})
    monkeypatch.setattr(torch, "load", lambda *_, **__: (_ for _ in ()).throw(FULL))
    with pytest.raises(torch.OutOfMemoryError):
        checkpoint.resume(tmp_path / "file", "digest", CPU, {})


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("_image_batch", lambda encoder: encoder.encode_images(pictures(7, 16))),
        ("_few_texts", lambda encoder: encoder.encode_texts([f"a photo of {n}" for n in range(7)])),
        ("_map_batch", lambda encoder: encoder.patch_map(pictures(7, 40), 32)),
    ],
)
def test_the_encoder_halves_pictures_and_texts(tiny, monkeypatch, method, call, capsys):
    whole, usual = call(load_encoder(tiny.model, CPU)), getattr(Encoder, method)

    def limited(self, batch, *rest):
        return only(2, lambda part: usual(self, part, *rest))(batch)

    monkeypatch.setattr(Encoder, method, limited)
    torch.testing.assert_close(call(load_encoder(tiny.model, CPU)), whole, rtol=1e-5, atol=1e-6)
    assert "out of memory with 7" in capsys.readouterr().err


def test_an_encoder_for_which_memory_does_not_suffice_is_not_blamed(tiny, monkeypatch):
    def full(*_):
        raise FULL

    monkeypatch.setattr(Encoder, "encode_images", full)
    with pytest.raises(torch.OutOfMemoryError):
        load_encoder(tiny.model, CPU).check("tiny")


def pictures(count, size):
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=torch.manual_seed(0))


def pretrainer(tiny):
    settings = tiny.params.clip.pretrain.model_copy(update={"patch_dropout": 0.0})
    tokenizer = stage.word_tokenizer(
        tiny.params, read_regions(tiny.raw / "pretrain"), tiny.raw / "captions.tsv"
    )
    return Trainer(
        build(model_config(settings, tokenizer), 0), settings, torch.zeros(3), torch.ones(3)
    ), tokenizer


def test_pretraining_in_pieces_has_the_gradient_of_the_whole_batch(tiny, monkeypatch, capsys):
    """GradCache: without patch dropout, whose draws depend on where a piece begins, one step is the same step."""
    regions = read_regions(tiny.raw / "pretrain")
    rows = np.arange(len(regions))
    corpus = stage.Corpus(
        pictures(len(regions), tiny.params.clip.pretrain.image_size),
        stage.Sampler(regions, rows, 0),
        stage.Reader(regions, rows, "a photo of a {object}", "a photo of a {subject} {predicate} a {object}"),
    )
    losses, grads, steps = [], [], []
    for limit in (None, 7):
        trainer, tokenizer = pretrainer(tiny)
        if limit:
            for side in ("encode_image", "encode_text"):
                monkeypatch.setattr(trainer.model, side, only(limit, getattr(trainer.model, side)))
        losses.append(trainer.train_step(corpus, tokenizer))
        grads.append([weight.grad for weight in trainer.model.parameters()])
        steps.append(trainer.step)
    assert losses[0] == pytest.approx(losses[1], rel=1e-5) and steps == [1, 1]
    for whole, pieces in zip(*grads, strict=True):
        torch.testing.assert_close(pieces, whole, rtol=1e-3, atol=1e-6)
    assert (
        "relclip: pre-training: out of memory with 24 crops at once; going on with 12"
        in capsys.readouterr().err
    )
    for side in ("encode_image", "encode_text"):
        monkeypatch.setattr(trainer.model, side, only(0, getattr(trainer.model, side)))
    with pytest.raises(OutOfMemory, match=r"lower clip\.pretrain\.batch"):
        trainer.train_step(corpus, tokenizer)
