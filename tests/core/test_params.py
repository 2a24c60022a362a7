"""A closed configuration: every preset fits, every typo is named."""

from pathlib import Path

import pytest
import yaml

from relclip.core.errors import InputError, ParamsError
from relclip.core.params.reading import read_content
from relclip.core.params.whole import Params, check_params, check_workflow_config, load_params
from relclip.project.more_seeds import with_seeds
from relclip.project.preset import preset_content, preset_text, use_preset

ROOT = Path(__file__).resolve().parents[2]
PRESETS = ROOT / "workflow" / "presets"
NAMES = sorted(path.stem for path in PRESETS.glob("*.yaml"))


@pytest.fixture
def content():
    return yaml.safe_load((ROOT / "params.yaml").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_is_written_whole_and_says_what_its_changes_say(name):
    written = yaml.safe_load(preset_text(name, PRESETS))
    changes = preset_content(name, PRESETS)
    # what another source would need is left out
    for section, unused in (("raw", "scenes"), ("clip", "pretrain")):
        if unused not in written[section]:
            del changes[section][unused]
    assert check_params(written) == check_params(changes)
    for section in ("kb", "words", "features", "train", "evaluate"):
        assert list(written[section]) == list(Params.model_fields[section].annotation.model_fields)


def test_the_default_is_the_preset_scenes():
    assert (ROOT / "params.yaml").read_text() == preset_text("scenes", PRESETS), "make preset NAME=scenes"


def test_a_preset_is_what_it_changes_in_scenes(tmp_path):
    """By hand: a key alone, a mapping of its own, a name taken away; a comment of either file above its key."""
    (tmp_path / "scenes.yaml").write_text((PRESETS / "scenes.yaml").read_text())
    (tmp_path / "mine.yaml").write_text(
        "# mine\n\n# few\nkb: {chunk: 7}\n"
        "runs: {kb_all: null}\ngradcam: !replace {relations: 2}\ntables: !replace {}\n"
    )
    scenes, mine = (yaml.safe_load(preset_text(name, tmp_path)) for name in ("scenes", "mine"))
    assert mine["kb"] == {**scenes["kb"], "chunk": 7}
    assert {*scenes["runs"]} - {*mine["runs"]} == {"kb_all"}
    assert mine["gradcam"] == {"runs": [], "relations": 2, "seed": 0}
    text = preset_text("mine", tmp_path)
    assert text.startswith("# mine\nraw:\n")
    assert "\n# few\nkb:\n  chunk: 7\n" in text and text.count("# few") == 1
    assert "\n  # the threshold shrinks with the captions\n  kb_size_3:" in text


@pytest.mark.parametrize(
    ("section", "key", "words"),
    [
        ("train", "iteration", "did you mean 'iterations'"),
        ("kb", "chunks", "did you mean 'chunk'"),
        ("evaluate", "dedupe", "did you mean 'dedup'"),
    ],
)
def test_unknown_key_names_the_nearest(content, section, key, words):
    content[section][key] = 1
    with pytest.raises(ParamsError, match=words):
        check_params(content)


def test_what_lists_name_must_be_made(content):
    content["detector"]["make"] = []
    with pytest.raises(ParamsError, match=r"relclip_full.* need the detector's boxes"):
        check_params(content)
    content["predict"] |= {"sgdet": [], "sgdet_training_free": []}
    check_params(content)
    content["tables"]["claims"][0]["tasks"] = ["predcls", "sgdet"]
    with pytest.raises(ParamsError, match="not predicted for 'relclip_kb_ext'"):
        check_params(content)
    content["tables"]["claims"] = []
    content["detector"]["make"] = ["detector"]
    content["predict"] |= {"training_free": ["kb"], "sgdet_training_free": ["ext"]}
    content["tables"]["table1_distant"] = []
    with pytest.raises(ParamsError, match="names 'ext', which predict"):
        check_params(content)
    content["predict"]["sgdet_training_free"] = ["kb"]
    content["labels"]["make"] = []
    with pytest.raises(ParamsError, match=r"features: labels, so labels\.make"):
        check_params(content)


def test_unknown_key_inside_a_run_is_named_with_its_place(content):
    content["runs"]["triple"]["rcl"]["gama"] = 0.1
    with pytest.raises(ParamsError, match=r"runs\.triple\.rcl\.gama.*did you mean 'gamma'"):
        check_params(content)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("train", "supervision", "half"),
        ("train", "learning_rate", -1.0),
        ("kb", "chunk", "many"),
        ("evaluate", "split", "dev"),
    ],
)
def test_values_are_checked_not_bent(content, section, key, value):
    content[section][key] = value
    with pytest.raises(ParamsError, match=f"{section}.{key}"):
        check_params(content)


def test_a_row_that_names_no_run_is_refused(content):
    content["tables"]["table3"][1]["runs"] = ["unari"]
    with pytest.raises(ParamsError, match="did you mean 'unary'"):
        check_params(content)


def test_a_run_overrides_one_key_and_keeps_the_rest(content):
    params = check_params(content)
    run, default = params.run("epsilon_03"), params.train
    assert run.sampling.epsilon == 0.3
    assert run.sampling.weight == default.sampling.weight
    assert run.iterations == default.iterations


def test_a_row_is_named_by_what_its_run_was_trained_with(content):
    content["runs"]["epsilon_09"]["sampling"]["epsilon"] = 0.8
    assert [row.name for row in check_params(content).tables.table6] == ["No RCL", "0.3", "0.5", "0.7", "0.8"]
    for name in ("{sampling.epsilom}", "{sampling}", "{__class__}"):
        content["tables"]["table6"][1]["name"] = name
        with pytest.raises(ParamsError, match="name a value of train"):
            check_params(content)


@pytest.mark.parametrize(("text", "number"), [("4e-3", 0.004), ("2E4", 20000.0), ("-1e+2", -100.0)])
def test_a_number_with_an_exponent_needs_no_point(tmp_path, text, number):
    path = tmp_path / "params.yaml"
    path.write_text(f"train: {text}\nwords: ['{text}', {text}x]\n")
    assert read_content(path) == {"train": number, "words": [text, f"{text}x"]}


@pytest.mark.parametrize("text", ["", "- a\n- b", "raw: [", "\xff\xfe"])
def test_broken_yaml_is_one_sentence(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ParamsError):
        load_params(path)


def test_config_overrides_are_refused(content):
    path = ROOT / "params.yaml"
    check_workflow_config(content, path)
    content["kb"]["min_count"] = 2
    with pytest.raises(ParamsError, match="refused"):
        check_workflow_config(content, path)


def test_preset_keeps_an_edited_params_file(tmp_path):
    target = tmp_path / "params.yaml"
    target.write_text("edited: true\n")
    use_preset("smoke", PRESETS, target)
    assert target.with_name("params.yaml.old").read_text() == "edited: true\n"
    assert load_params(target).raw.scenes.images < 1000
    with pytest.raises(InputError, match="did you mean 'scenes'"):
        use_preset("scene", PRESETS, target)


def change_claim(content, **values):
    content["tables"]["claims"][0].update(values)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["runs"].update({"../evil": {}}), "its name is a folder's"),
        (lambda c: c["runs"].update({"a;touch b": {}}), "its name is a folder's"),
        (lambda c: c["runs"].update({"kb": {}}), "its name is a folder's"),
        (lambda c: c["clip"].update(triplet_prompt="a {foo}"), "may hold {subject}"),
        (lambda c: c["clip"].update(object_prompt="a thing"), "may hold {object}"),
        (lambda c: c["ext"].update(prompt="a {subject"), "may hold {subject}"),
        (lambda c: change_claim(c, worse=["no_rlc"]), "did you mean 'no_rcl'"),
        (lambda c: change_claim(c, better=[]), "tables.claims.0.better"),
        (lambda c: change_claim(c, worse=["no_rcl", "no_rcl"]), "they are paired"),
        (lambda c: c["words"].update(seed=-5), "words.seed"),
        (lambda c: c["runs"]["unary"].update(seed=10**30), "runs.unary.seed"),
        (lambda c: c["raw"]["scenes"].update(objects_per_image=[24, 18]), "objects_per_image"),
        (lambda c: c["dataset"].update(split={"validation": 0.1, "test": 0.99}), "leave no train images"),
    ],
)
def test_what_would_break_a_stage_is_refused_before_it(content, change, words):
    change(content)
    with pytest.raises(ParamsError) as error:
        check_params(content)
    assert words in str(error.value)


def test_a_key_that_comes_twice_is_refused(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "params.yaml").read_text() + "train: {iterations: 3}\n")
    with pytest.raises(ParamsError, match="'train' comes twice"):
        load_params(path)


def test_more_seeds_reach_every_trained_row(content):
    """By hand: three of each, each going on from its own seed; what is not trained stays one."""
    grown = with_seeds(content, 3)
    check_params(grown)
    assert grown["runs"]["relclip_kb_seed2"] == content["runs"]["relclip_kb_seed2"]
    assert grown["runs"]["motif_kb_seed2"] == {**content["runs"]["motif_kb"], "seed": 2}
    assert grown["refined"]["visualds_kb_seed1"] == {
        **content["refined"]["visualds_kb"],
        "start": "motif_kb_seed1",
    }
    assert grown["predictions"]["relclip_kb_ext_mask_seed1"]["run"] == "relclip_kb_ext_seed1"
    rows = {row["name"]: row["runs"] for row in grown["tables"]["table1_distant"]}
    assert rows["EXT"] == ["ext"]
    assert rows["Motif"] == ["motif_kb", "motif_kb_seed1", "motif_kb_seed2"]
    assert rows["RelCLIP (KB)"] == ["relclip_kb", "relclip_kb_seed1", "relclip_kb_seed2"]
    claims = {claim["claim"]: claim for claim in grown["tables"]["claims"]}
    assert claims["training beats KB alone"]["worse"] == ["kb", "kb", "kb"]
    assert "ba_sgg_kb_seed2" in grown["predict"]["sgdet"]


def test_a_preset_with_one_seed_is_the_preset(content):
    assert with_seeds(content, 1) == content


def test_only_scenes_bring_something_to_pre_train_on(content):
    content["raw"] = {"source": "folder", "folder": "photos"}
    with pytest.raises(ParamsError, match=r"clip.source is 'pretrain' and raw.source is 'folder'"):
        check_params(content)
    content["clip"] = {"source": "open_clip"}
    with pytest.raises(ParamsError, match=r"labels.source is 'pretrain' .*; set labels.source to timm"):
        check_params(content)
    content["labels"] = {"make": []}
    content["runs"] = {name: run for name, run in content["runs"].items() if run.get("features") != "labels"}
    with pytest.raises(ParamsError, match="refined"):  # of the runs that read labels, which are left out
        check_params(content)
