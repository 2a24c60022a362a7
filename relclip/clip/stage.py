"""The clip stage: pre-train the small CLIP, or load one, and write it in the one folder form."""

import json
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch

from relclip.clip import Sections
from relclip.clip.batches import Sampler, cut_regions
from relclip.clip.elsewhere import load_elsewhere
from relclip.clip.pretrain import Corpus, Point, Trainer, train
from relclip.clip.regions import Codes, Regions, read_regions
from relclip.clip.small import build, model_config
from relclip.clip.texts import Reader
from relclip.clip.validate import Judge
from relclip.compute.device import best_device, prepare
from relclip.compute.world import ALONE, World
from relclip.core.atomic import atomic_folder, write_json, write_text
from relclip.core.captions import read
from relclip.core.digest import file_digest, inputs_digest
from relclip.core.ordered import available_threads
from relclip.core.seeds import stream
from relclip.core.vocabulary import load_names
from relclip.encoder.encoder import Encoder, load_encoder, save_encoder
from relclip.encoder.tokenizer import WordTokenizer, collect_words, words_of

LONGEST_TEXT = 32  # words of a phrase beyond this are cut


def run(
    params: Sections,
    raw: Path,
    output: Path,
    threads: int | None = None,
    *,
    device: str = "auto",
    world: World = ALONE,
) -> None:
    """Make `output`: open_clip_config.json, open_clip_model.safetensors, (words.txt, curve.csv), statistics.json.

    In a `world` of several processes all call this, share the batches of pre-training, and the first alone writes.
    """
    workers = world.threads(threads or available_threads()) or 1
    prepare(params.clip.pretrain.seed, workers)
    if params.clip.source == "pretrain":
        pretrain(params, raw, output, workers, device=best_device(device), world=world)
        return
    if not world.first:
        return
    with atomic_folder(output) as folder:
        load_elsewhere(params.clip, folder)


def pretrain(
    params: Sections, raw: Path, output: Path, workers: int, *, device: torch.device, world: World = ALONE
) -> None:
    """Pre-train on raw/pretrain. A checkpoint beside `output` is taken up again after an interruption."""
    settings, folder = params.clip.pretrain, raw / "pretrain"
    regions = read_regions(folder)
    tokenizer = word_tokenizer(params, regions, raw / "captions.tsv")
    trained, held_out = split(regions, settings.validation, settings.seed)
    pixels = cut_regions(regions, folder, settings.image_size, workers)
    templates = (params.clip.object_prompt, params.clip.triplet_prompt)
    sampler = Sampler(regions, trained, settings.seed)
    corpus = Corpus(pixels, sampler, Reader(regions, trained, *templates))
    config = model_config(settings, tokenizer)
    mean, std = (torch.tensor(config["preprocess_cfg"][name]) for name in ("mean", "std"))
    network = build(config, settings.seed)
    trainer = Trainer(network, settings, mean, std, device=device, world=world)
    words = [params.clip.model_dump_json(), *tokenizer.words, str(workers), torch.__version__]
    digest = inputs_digest(file_digest(folder / "region_descriptions.json"), *words)
    found = write_trained(
        output,
        trainer,
        lambda: trainer.train_step(corpus, tokenizer),
        digest,
        built_of=(config, tokenizer),
        judge=lambda encoder: Judge(encoder, regions, pixels, templates, workers).validate(held_out, trained),
        counts=counts_of(regions, trained, held_out),
    )
    if found:
        print(f"clip: held-out {json.dumps(found)}", flush=True)


def write_trained(
    output: Path,
    trainer: Trainer,
    one_step: Callable[[], float],
    digest: str,
    *,
    built_of: tuple[dict[str, Any], WordTokenizer | None],
    judge: Callable[[Encoder], dict[str, Any]],
    counts: Mapping[str, object],
) -> dict[str, Any]:
    """Train from the checkpoint beside `output`, if one of the same `digest` is there; write the folder whole.

    `built_of`: the configuration and the tokenizer. Returns what `judge` found; nothing in other processes than the
    first.
    """
    checkpoint = output.with_name(f".{output.name}.checkpoint")
    train(trainer, one_step, checkpoint, digest)
    if not trainer.world.first:
        return {}
    with atomic_folder(output) as made:
        save_encoder(made, trainer.model, *built_of)
        write_text(made / "curve.csv", curve_csv(trainer.curve))
        found = judge(load_encoder(made, best_device("cpu")))
        write_json(made / "statistics.json", {"source": "pretrain", "counts": counts, "validation": found})
    checkpoint.unlink(missing_ok=True)
    return found


def counts_of(regions: Regions, trained: Codes, held_out: Codes) -> dict[str, object]:
    """What statistics.json says of the regions."""
    found = {"regions": len(regions), "trained": len(trained), "held_out": len(held_out)}
    return {**found, "dropped": dict(regions.dropped)}


def split(regions: Regions, share: float, seed: int) -> tuple[Codes, Codes]:
    """Regions to train on and regions held out: whole pictures, at least one held out where there are two."""
    order = stream(seed, "clip", "validation").permutation(len(regions.files))
    count = min(max(1, round(share * len(order))), len(order) - 1)
    held = np.isin(regions.image, order[:count])
    return np.flatnonzero(~held), np.flatnonzero(held)


def word_tokenizer(params: Sections, regions: Regions, captions: Path) -> WordTokenizer:
    """The tokenizer over the words of captions, phrases, class names and prompts; as long as the longest phrase."""
    classes = [*load_names(params.dataset.objects), *load_names(params.dataset.predicates), *regions.names]
    templates = [params.clip.object_prompt, params.clip.triplet_prompt, params.ext.prompt]
    longest_name = max(len(words_of(name)) for name in classes)
    lengths = [len(words_of(text)) for text in regions.phrases]
    longest = max(*lengths, *(len(words_of(template)) + 3 * longest_name for template in templates))
    told = (caption for caption, _ in read([captions])) if captions.is_file() else ()
    words = collect_words(chain(regions.phrases, classes, templates, told))
    return WordTokenizer(words, min(longest, LONGEST_TEXT) + 2)


def curve_csv(curve: list[Point]) -> str:
    """The curve as CSV: step, loss, learning_rate."""
    return "step,loss,learning_rate\n" + "".join(
        f"{step},{loss:.6f},{rate:.8f}\n" for step, loss, rate in curve
    )
