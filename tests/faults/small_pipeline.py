"""A few stages on data of seconds, for faults that every `make test` tries: commands whose inputs are made once."""

from pathlib import Path

import yaml
from free_case import write_free_case
from kills import undisturbed
from processes import Command
from safetensors.numpy import load_file, save
from tiny_clip import PRESETS
from tiny_dataset import write_tiny

from relclip.compute.seal import UNSEALED, seal
from relclip.project.preset import preset_text

SMALL = {
    "raw": {"scenes": {"images": 10, "pretrain_images": 4, "captions": 3000}},
    "kb": {"chunk": 500},
    "features": {"image_size": 32, "batch": 1},
    "train": {"images_per_batch": 4, "dimension": 16, "heads": 2, "roi_size": 2, "checkpoint_every": 3},
    "evaluate": {"bootstrap": 20},
}
#: Commands whose start takes longer than their work on these data.
IMPORT_TORCH = {"features", "train"}


def write_params(path, truth):
    """The smoke preset made smaller; `truth`: whether the data set has all true relations."""
    content = yaml.safe_load(preset_text("smoke", PRESETS))
    for section, values in SMALL.items():
        for name, value in values.items():
            old = content[section].get(name)
            content[section][name] = {**old, **value} if isinstance(value, dict) else value
    content["dataset"]["truth"] = truth
    path.write_text(yaml.safe_dump(content))
    return path


class SmallPipeline:
    """`command(name)`: a stage's command, whose inputs it makes first, each once, by the commands before it."""

    def __init__(self, root, tiny):
        """`tiny`: returns the fixture of that name, which few need."""
        self.root, self._tiny, self._made = root, tiny, {}
        self.params = {
            truth: str(write_params(root / f"params-{truth}.yaml", truth)) for truth in (True, False)
        }
        self._learning = None

    def command(self, name):
        return getattr(self, f"_{name}")()

    def undisturbed(self, name):
        """What a command gives that nobody disturbs, run once a session."""
        if name not in self._made:
            here = name in IMPORT_TORCH
            self._made[name] = undisturbed(self.command(name), self.root / "made" / name, here=here)
        return self._made[name]

    def made(self, name) -> Path:
        """The finished output of a command."""
        return self.undisturbed(name).folder / "made"

    def _stage(self, name, module, *arguments, truth=True):
        words = ("--params", self.params[truth], *map(str, arguments), "--output", "{out}/made")
        return Command(name, f"relclip.{module}", words)

    def _raw(self):
        return self._stage("raw", "raw")

    def _dataset(self):
        return self._stage("dataset", "dataset", "--raw", self.made("raw"))

    def _kb(self):
        captions, words = self.made("raw") / "captions.tsv", self.made("dataset") / "vocabulary.json"
        return self._stage("kb", "kb", "--captions", captions, "--vocabulary", words)

    def _features(self):
        tiny = self._tiny()
        folders = {"raw": tiny.raw, "dataset": tiny.dataset, "model": tiny.model}
        return self._stage("features", "features", *_options(folders), "--threads", 1)

    def _train(self):
        if self._learning is None:
            self._learning = write_tiny(self.root / "learning")
            phrases = self._learning / "words" / "phrases.safetensors"
            phrases.write_bytes(save(load_file(phrases), UNSEALED))
            seal(phrases)
        names = ("dataset", "features", "prompts", "words", "kb", "ext")
        folders = {name: self._learning / name for name in names} | {"checkpoints": "{out}/checkpoints"}
        return self._stage("train", "train", "--run", "relclip_kb", *_options(folders), "--threads", 1)

    def _predict(self):
        return self._stage("predict", "predict.training_free", "--method", "kb_ext", *_options(self._free()))

    def _evaluate(self):
        folders = {"dataset": self._free()["dataset"], "predictions": self.made("predict")}
        tasks = ("--run", "kb_ext", "--tasks", "predcls", "sgcls")
        return self._stage("evaluate", "evaluate.run", *tasks, *_options(folders), truth=False)

    def _free(self):
        folder = self.root / "free"
        if not folder.exists():
            write_free_case(folder)
        return {name: folder / name for name in ("dataset", "kb", "ext")}


def _options(folders):
    return [word for name, folder in folders.items() for word in (f"--{name}", folder)]
