"""A closed configuration: every preset fits, every typo is named."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from relclip.core.errors import InputError, ParamsError
from relclip.core.params.reading import Changes, UniqueKeys, read_content
from relclip.core.params.tables import Block, Table, read_report
from relclip.core.params.trainings import further, with_trainings
from relclip.core.params.whole import Params, check_params, check_workflow_config, load_params, load_workflow
from relclip.core.vocabulary import load_names
from relclip.project import preset
from relclip.project.preset import preset_content, preset_text, use_preset
from relclip.project.schema import schema_text

ROOT = Path(__file__).resolve().parents[2]
PRESETS = ROOT / "workflow" / "presets"
NAMES = sorted(path.stem for path in PRESETS.glob("*.yaml"))


@pytest.fixture
def content():
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    return content | {"report": read_report(ROOT / "params.yaml", content)}


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_is_written_whole_and_says_what_its_changes_say(name):
    written = yaml.safe_load(preset_text(name, PRESETS))
    changes = preset_content(name, PRESETS)
    # what another source would need is left out
    for section, unused in (("raw", "scenes"), ("raw", "vg"), ("clip", "pretrain")):
        if unused not in written[section]:
            changes[section].pop(unused, None)
    assert check_params(written) == check_params(changes)
    for section in ("kb", "words", "features", "train", "evaluate"):
        assert list(written[section]) == list(Params.model_fields[section].annotation.model_fields)


@pytest.mark.parametrize("name", NAMES)
def test_a_tables_note_says_of_its_rows_whether_labels_are_their_input(name):
    content = yaml.safe_load(preset_text(name, PRESETS))
    params = check_params(content | {"report": read_report(ROOT / "params.yaml", content)})
    for table in params.report.tables.values():
        blocks = [Block(rows=table.rows), *table.blocks.values()]
        for row in (row for block in blocks for row in block.rows if row.run in params.runs):
            said = next((text for text in (row.name, table.note) if "labels as input" in text), "")
            run = params.run(row.runs[0])
            if said and run.model == "relclip":
                assert run.use_labels == ("none" if "without the labels" in said else "text"), row


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("predicates: [riding, on]", "'dataset.predicates.1' is True"),
        ("objects: [1]", "'dataset.objects.0' is 1"),
        ("objects: yes", "'dataset.objects' is True"),
        ("object_aliases: null", ""),
        ("object_aliases: 3", "'dataset.object_aliases' is 3"),
    ],
)
def test_a_word_that_yaml_takes_for_no_text_is_told_by_its_place(content, written, said):
    """`on`, the most frequent predicate, was answered "'dataset.predicates.str' is [True]"."""
    content["dataset"] |= yaml.safe_load(written)
    if not said:
        check_params(content)
        return
    with pytest.raises(
        ParamsError, match=f"{re.escape(said)}: Input should be a valid string; put it in quotes"
    ):
        check_params(content)


def test_the_default_is_the_preset_scenes():
    assert (ROOT / "params.yaml").read_text() == preset_text("scenes", PRESETS), "make preset NAME=scenes"


def test_a_preset_is_what_it_changes_in_scenes(tmp_path):
    """By hand: a key alone, a mapping of its own, a name taken away; a comment of either file above its key."""
    (tmp_path / "scenes.yaml").write_text((PRESETS / "scenes.yaml").read_text())
    (tmp_path / "mine.yaml").write_text(
        "# mine\n\n# few\nkb: {chunk: 7}\n"
        "runs: {kb_all: null}\npredictions: !only {motif_kb_all_pairs: {calibrate: true}}\n"
    )
    scenes, mine = (yaml.safe_load(preset_text(name, tmp_path)) for name in ("scenes", "mine"))
    assert mine["kb"] == {**scenes["kb"], "chunk": 7}
    assert {*scenes["runs"]} - {*mine["runs"]} == {"kb_all"}
    assert mine["predictions"] == {
        "motif_kb_all_pairs": {"run": "motif_kb", "pairs": "all", "calibrate": True}
    }
    text = preset_text("mine", tmp_path)
    assert text.splitlines()[1] == "# mine"
    assert "\n# few\nkb:\n  chunk: 7  # captions that" in text and text.count("# few\n") == 1
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
    content["report"]["claims"][0]["tasks"] = ["predcls", "sgdet"]
    with pytest.raises(ParamsError, match="not predicted for 'relclip_kb_ext_none'"):
        check_params(content)
    content["report"]["claims"] = []
    content["detector"]["make"] = ["detector"]
    content["predict"] |= {"training_free": ["kb"], "sgdet_training_free": ["ext"]}
    content["report"]["tables"]["table1"]["blocks"]["table1_distant"]["rows"] = []
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
    content["report"]["tables"]["table3"]["rows"][1]["run"] = "unari"
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
    rows = check_params(content).report.rows("table6")
    assert [row.name for row in rows] == ["No RCL", "0.3", "0.5", "0.7", "0.8"]
    content["runs"]["kb_size_20"]["kb"] = {"captions": 0.25, "min_count": 3}
    content["runs"]["batch_4_memory"]["rcl"]["memory"] = 2048
    content["runs"]["batch_4_memory"]["images_per_batch"] = 6
    report = check_params(content).report
    assert [row.name for row in report.rows("kb_size")] == ["0.03", "0.25", "1"]
    assert report.rows("kb_size")[1].note == "mentions that a triplet needs: 3"
    assert report.rows("beyond")[3].name == "6 images a batch, memory 2,048"
    for name in ("{sampling.epsilom}", "{sampling}", "{__class__}"):
        content["report"]["tables"]["table6"]["rows"][1]["name"] = name
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
    del content["report"]
    check_workflow_config(content, path)
    content["kb"]["min_count"] = 2
    with pytest.raises(ParamsError, match="refused"):
        check_workflow_config(content, path)


def test_preset_keeps_every_edited_params_file(tmp_path, monkeypatch):
    monkeypatch.setattr(preset, "preset_text", lambda *_: "a preset\n")
    monkeypatch.setattr(preset, "write_seeds", lambda target: None)
    for text in ("once", "twice", "once", "a preset\n"):
        (tmp_path / "params.yaml").write_text(text)
        use_preset("smoke", PRESETS, tmp_path / "params.yaml")
    kept = {path.name: path.read_text() for path in tmp_path.glob("params.yaml.old*")}
    assert kept == {"params.yaml.old": "once", "params.yaml.old1": "twice"}


def test_preset_keeps_an_edited_params_file(tmp_path):
    target = tmp_path / "params.yaml"
    target.write_text("edited: true\n")
    use_preset("smoke", PRESETS, target)
    assert target.with_name("params.yaml.old").read_text() == "edited: true\n"
    assert load_params(target).raw.scenes.images < 1000
    with pytest.raises(InputError, match="did you mean 'scenes'"):
        use_preset("scene", PRESETS, target)


def test_the_schema_is_current_and_describes_every_key(content):
    schema = json.loads(schema_text())
    assert (ROOT / "workflow/params.schema.json").read_text() == schema_text(), "make schema"
    del content["report"]
    jsonschema.validate(content, schema)
    content["runs"]["unary"]["rcl"]["level"] = "unari"
    with pytest.raises(jsonschema.ValidationError, match="'unari' is not one of"):
        jsonschema.validate(content, schema)
    for name, section in schema["$defs"].items():
        for key, about in section["properties"].items():
            assert about.get("description"), f"{name}.{key}"
    assert all(schema["properties"][name]["description"] for name in ("runs", "refined", "predictions"))


def change_claim(content, **values):
    content["report"]["claims"][0].update(values)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["runs"].update({"../evil": {}}), "its name is a folder's"),
        (lambda c: c["runs"].update({"a;touch b": {}}), "its name is a folder's"),
        (lambda c: c["runs"].update({"kb": {}}), "its name is a folder's"),
        (lambda c: c["clip"].update(triplet_prompt="a {foo}"), "may hold {subject}"),
        (lambda c: c["clip"].update(object_prompt="a thing"), "may hold {object}"),
        (lambda c: c["ext"].update(prompt="a {subject"), "may hold {subject}"),
        (lambda c: change_claim(c, worse="no_rlc"), "did you mean 'no_rcl'"),
        (lambda c: change_claim(c, better=[]), "workflow/tables.yaml: 'claims.0.better'"),
        (
            lambda c: (
                c["runs"]["unary"].update(seeds=[1, 2])
                or c["runs"]["triple"].update(seeds=[3, 4])
                or change_claim(c, better="unary", worse="triple")
            ),
            "no seed in common",
        ),
        (lambda c: c["runs"]["unary"].update(seeds=[0, 0]), "runs.unary.seeds is [0, 0]; give a list"),
        (lambda c: c["runs"]["unary"].update(seeds=3), "runs.unary.seeds is 3; give a list"),
        (lambda c: c["runs"]["unary"].update(seeds=[0], seed=1), "beside a seed"),
        (lambda c: c["predictions"]["motif_kb_all_pairs"].update(seeds=[1]), "motif_kb has the seeds [0]"),
        (lambda c: c["runs"].update(relclip_kb_seed1={"seed": 1}), "take the entry out"),
        (
            lambda c: c["report"]["tables"]["table3"].update(nots="x"),
            "'tables.table3.nots' (did you mean 'note'",
        ),
        (lambda c: c["refined"]["ba_sgg_kb"].update(start="motif_bk", seeds=[0]), "did you mean 'motif_kb'"),
        (lambda c: c["refined"]["ba_sgg_kb"].update(start={}), "refined.ba_sgg_kb.start is {}"),
        (lambda c: c["runs"]["unary"].update(seed={}), "runs.unary.seed"),
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


@pytest.mark.parametrize(
    "text",
    [
        (ROOT / "params.yaml").read_text(),
        (ROOT / "workflow/tables.yaml").read_text(),
        "{a: 1e3, b: 1E5, c: .5, d: 0o7, e: 010, f: 1_000, g: ~, h: y, i: 2001-01-01, j: 'é', k: \"\\u00e9\"}",
    ],
)
def test_libyaml_reads_what_the_loader_in_python_reads(text, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    assert repr(read_content(path)) == repr(UniqueKeys(text).get_single_data())


@pytest.mark.parametrize("nested", ["[" * 200_000, "- " * 200_000, "? " * 200_000, "a: [1\nb: 2"])
def test_what_is_no_yaml_is_one_sentence_however_deep(nested, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(nested)
    with pytest.raises(ParamsError, match="is not valid YAML"):
        read_content(path)


def test_seeds_of_a_run_are_trainings_wherever_it_is_named():
    """By hand: three of each, each going on from its own seed; the first keeps the run's name."""
    content = {
        "train": {"seed": 0},
        "runs": {"a": {"model": "motif", "seeds": [3, 0, 1]}, "b": {}},
        "refined": {"c": {"start": "a"}, "d": {"start": "b"}},
        "predictions": {"e": {"run": "c", "pairs": "all"}, "f": {"run": "a", "seeds": [0]}},
    }
    assert with_trainings(content) == {
        "train": {"seed": 0},
        "runs": {
            "a": {"model": "motif", "seed": 3},
            "a_seed0": {"model": "motif", "seed": 0},
            "a_seed1": {"model": "motif", "seed": 1},
            "b": {},
        },
        "refined": {
            "c": {"start": "a"},
            "c_seed0": {"start": "a_seed0"},
            "c_seed1": {"start": "a_seed1"},
            "d": {"start": "b"},
        },
        "predictions": {
            "e": {"run": "c", "pairs": "all"},
            "e_seed0": {"run": "c_seed0", "pairs": "all"},
            "e_seed1": {"run": "c_seed1", "pairs": "all"},
            "f": {"run": "a_seed0"},
        },
    }
    found = further(content)
    assert found["runs"] == {"a_seed0": {"entry": "a"}, "a_seed1": {"entry": "a"}}
    assert found["refined"]["c_seed1"] == {"entry": "c", "start": "a_seed1", "start_entry": "a"}


def test_rows_show_all_seeds_or_the_common_ones_and_claims_pair_them(content):
    content["runs"]["motif_kb"]["seeds"] = [2, 0]
    content["report"]["claims"] = [
        {"claim": "1", "better": "relclip_kb", "worse": "motif_kb"},
        {"claim": "2", "better": "relclip_kb", "worse": "kb"},
    ]
    report = check_params(content).report
    rows = {row.name: row.runs for row in report.blocks("table1")["table1_distant"].rows}
    assert rows["EXT"] == ["ext"]
    assert rows["Motif"] == ["motif_kb", "motif_kb_seed0"]
    assert rows["RelCLIP (KB), labels as input"] == ["relclip_kb", "relclip_kb_seed1", "relclip_kb_seed2"]
    assert report.rows("table5")[-1].runs == ["relclip_kb"]
    first, second = (claim.pairs for claim in report.claims)
    assert first == [("relclip_kb", "motif_kb_seed0"), ("relclip_kb_seed2", "motif_kb")]
    assert second == [("relclip_kb", "kb"), ("relclip_kb_seed1", "kb"), ("relclip_kb_seed2", "kb")]


def test_a_file_of_the_old_form_still_loads_or_says_what_to_write(content, tmp_path):
    content["runs"] |= {"unary_seed1": {"supervision": "kb+ext", "rcl": {"level": "unary"}, "seed": 1}}
    assert check_params(content).run("unary_seed1").seed == 1
    content["tables"] = {"table2": []}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ParamsError, match="put your rows there"):
        load_workflow(tmp_path / "params.yaml")


def test_more_seeds_for_every_run_of_a_preset():
    content = preset_content("scenes", PRESETS, 3)
    assert {tuple(run["seeds"]) for run in content["runs"].values()} == {(0, 1, 2)}
    runs = check_params(content)
    assert len(runs.runs) == 3 * len(content["runs"]) and "relclip_kb_ext_mask_seed2" in runs.predictions
    assert runs.run("visualds_kb_seed1").seed == 1


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


def test_without_captions_there_is_full_supervision_alone():
    alone = preset_content("full", ROOT / "workflow/presets")
    params = check_params(alone)
    assert not params.raw.captioned and not params.word_vectors
    sampled = {"train": alone["train"] | {"sampling": {"enabled": True}}}
    for change, words in (
        ({"runs": alone["runs"] | {"kb_run": {"supervision": "kb"}}}, "no knowledge base for kb_run;"),
        ({"predict": alone["predict"] | {"training_free": ["kb"]}}, "no knowledge base for kb;"),
        ({"predictions": {"m": {"run": "relclip_full", "kb_mask": True}}}, "no knowledge base for m;"),
        (sampled, "'relclip_full' samples by them"),
    ):
        with pytest.raises(ParamsError, match=words):
            check_params(alone | change)
    spoken = alone | {"raw": alone["raw"] | {"captions": ["captions.tsv"]}}
    assert check_params(spoken | sampled).word_vectors


def test_a_preset_changes_the_one_it_names_as_base():
    vg, vg50 = (preset_content(name, ROOT / "workflow/presets") for name in ("vg", "vg50"))
    assert vg50["detector"] == vg["detector"] and vg50["train"] == vg["train"] and "base" not in vg50
    assert load_names(check_params(vg50).dataset.predicates)[:2] == ("above", "across")
    assert len(load_names("vg50")) == 50 and set(load_names("vg20")) < set(load_names("vg50"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("base: 3", "there is no preset '3'"),
        ("base: {a: 1}", "there is no preset"),
        ("base: own", "their base in a circle; let one change scenes"),
        ("runs: !only [1]", "!only stands before what is no mapping"),
        ("runs: !only {}", "refined.visualds_kb.start is 'motif_kb'; give an entry of runs"),
        ("raw: 3", "'raw' is 3"),
    ],
)
def test_a_preset_of_ones_own_that_is_none_is_one_sentence(tmp_path, text, words):
    """And no preset of the project is the worse for it."""
    (tmp_path / "scenes.yaml").write_text((PRESETS / "scenes.yaml").read_text())
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises((InputError, ParamsError)) as error:
        check_params(yaml.safe_load(preset_text("own", tmp_path)))
    assert words in str(error.value)
    (tmp_path / "params.yaml").write_text("mine")
    use_preset("scenes", tmp_path, tmp_path / "params.yaml")
    assert (tmp_path / "params.yaml.old").read_text() == "mine"


def test_vg50_small_has_the_rows_of_vg50_and_downloads_nothing():
    whole, small = (preset_content(name, PRESETS) for name in ("vg50", "vg50_small"))
    for section in ("runs", "predict", "predictions", "tables"):
        assert small[section] == whole[section]
    assert small["refined"].keys() == whole["refined"].keys()
    params = check_params(small)
    assert params.dataset.predicates == "vg50" and params.raw.source == "scenes"
    assert (params.words.source, params.clip.weights, params.labels.make) == ("captions", None, [])
    assert (params.detector.backbone, params.detector.start) == ("small", "none")


def test_published_numbers_stand_under_the_columns():
    report = read_content(ROOT / "workflow/tables/vg50.yaml", Changes)["tables"].changes
    table = Table(**report["vg50"])
    motif = table.blocks["vg50_full"].rows[0]
    numbers = dict(zip(table.places, motif.published, strict=True))
    assert numbers["predcls/recall_at_50"] == 65.18 and numbers["sgdet/zero_shot_recall_at_50"] == 0.05
    with pytest.raises(ValueError, match="'Motif' has 1 published numbers"):
        Table(title="", columns=table.columns, rows=[motif.model_copy(update={"published": [1.0]})])
