"""The page from a few made-up runs: what is not finished is counted nowhere and said to be missing."""

import argparse
import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml
from safetensors.numpy import save_file
from tiny_dataset import write_tiny

from relclip.core.params.evaluate import Evaluate
from relclip.core.params.tables import Claim, read_report
from relclip.core.params.train import Train
from relclip.core.params.whole import check_params
from relclip.core.parquet import write_table
from relclip.evaluate.hits import HITS
from relclip.project.preset import preset_content
from relclip.study.__main__ import changed, main
from relclip.study.effects import Effect
from relclip.study.gather import RISE, Finding, findings, rows
from relclip.study.page import claims_table, page, verdicts

ROOT = Path(__file__).resolve().parents[2]
PAIRS = [("a", "b"), ("a_seed1", "b_seed1"), ("a_seed2", "b_seed2")]
CLAIM = Claim(claim="A beats B", better="a", worse="b", pairs=PAIRS)


def judged(folder, run, chance, seed):
    """A judged run, each of whose 300 truths (one a picture) is among the first 50 by this chance."""
    rank = np.where(np.random.default_rng(seed).random(300) < chance, 10, 90)
    columns = [np.arange(300), *[np.ones(300, int)] * 3, rank, rank, np.zeros(300, bool)]
    table = pa.table([pa.array(column) for column in columns], names=HITS.names).cast(HITS)
    metrics = {"metrics": {f"{kind}recall_at_50": chance for kind in ("", "mean_", "zero_shot_")}}
    for task in ("predcls", "sgcls"):
        (folder / run / task).mkdir(parents=True)
        write_table(folder / run / task / "annotation_hits.parquet", table, HITS)
        (folder / run / task / "annotation.json").write_text(json.dumps(metrics))
    (folder / run / "predcls/precision.json").write_text(json.dumps({"metrics": {"precision_at_10": 0.5}}))


@pytest.mark.parametrize(
    ("low", "high", "corrected", "verdict"),
    [
        *[(low, high, 0.01, "undecided") for low, high in ((-0.1, 0.1), (0, 0.1), (-0.1, 0))],
        *[(0.01, 0.1, p, "holds, not after Holm") for p in (0.05, None)],
        (0.01, 0.1, 0.049, "holds"),
        (-0.1, -0.01, 0.049, "does not hold"),
        (-0.1, -0.01, 0.06, "does not hold, not after Holm"),
    ],
)
def test_the_verdict_follows_from_the_interval_and_holm_s_p(low, high, corrected, verdict):
    effect = Effect((low + high) / 2, 0.02, low, high, 0.01, 0.1, (0.0, 0.0))
    assert Finding(CLAIM, "predcls", "recall_at_50", effect, holm=corrected).verdict == verdict


def test_a_claim_is_judged_on_the_seeds_that_both_sides_have(tmp_path):
    judged(tmp_path, "a", 0.8, 0)
    assert {one.verdict for one in findings([CLAIM], tmp_path, 1, Evaluate())} == {"not finished"}
    judged(tmp_path, "b", 0.5, 1)
    assert {one.verdict for one in findings([CLAIM], tmp_path, 1, Evaluate())} == {"one seed: no verdict"}
    for run, chance, seed in (("a_seed2", 0.8, 2), ("b_seed2", 0.5, 3), ("a_seed1", 0.1, 4)):
        judged(tmp_path, run, chance, seed)
    recall, mean_recall, _ = findings([CLAIM], tmp_path, 1, Evaluate())
    assert recall.effect and len(recall.effect.seeds) == 2
    assert 0.2 < recall.effect.difference < 0.4
    assert recall.effect.difference == pytest.approx(mean_recall.effect.difference)  # of one predicate
    assert recall.model.difference == pytest.approx(recall.effect.difference)
    assert mean_recall.model is None  # which is no mean over pictures


def test_holm_counts_the_claims_of_a_group_alone(tmp_path):
    for number, run in enumerate(("a", "a_seed1", "b", "b_seed1")):
        judged(tmp_path, run, 0.8 - 0.1 * number, number)
    sides = {"better": "a", "worse": "b", "pairs": PAIRS[:2]}
    groups = ["", "", "when"]
    claims = [Claim(claim=f"claim {n}", group=group, **sides) for n, group in enumerate(groups)]
    lonely = Claim(claim="of one seed", better="a", worse="b", pairs=PAIRS[:1])
    judged_claims = findings([*claims, lonely], tmp_path, 1, Evaluate())
    found = [one for one in judged_claims if one.metric == "recall_at_50"]
    p = found[0].effect.p
    assert 0 < p < 0.5
    assert [one.holm for one in found[:3]] == pytest.approx([2 * p, 2 * p, p])
    assert found[3].holm is None
    text = page([], found, Train(), (600, 300), [], about="Five seeds were planned.")
    assert text.index("## How sure") < text.index("\n\nFive seeds were planned.\n\n## Rows")
    assert (
        text.index("## Claims")
        < text.index("| claim 1 |")
        < text.index("## when")
        < text.index("| claim 2 |")
    )


def test_rows_made_elsewhere_join_the_claims_of_a_group(tmp_path):
    for folder in ("here", "there"):
        for number, run in enumerate(("a", "b")):
            judged(tmp_path / folder, run, 0.8 - 0.1 * number, number)
    claims = [
        Claim(claim="A beats B", group=group, better="a", worse="b", pairs=PAIRS[:1])
        for group in ("", "when")
    ]
    found = findings(claims, tmp_path / "here", 1, Evaluate(), {"a weaker CLIP": tmp_path / "there"})
    assert [one.claim.claim for one in found if one.metric == "recall_at_50"] == [
        "A beats B",
        "A beats B",
        "A beats B, a weaker CLIP",
    ]
    assert found[6].effect is not None
    assert found[3].effect == found[6].effect


def test_the_page_says_what_is_missing(tmp_path):
    judged(tmp_path, "a", 0.8, 0)
    (tmp_path / "a/curves.csv").write_text("step,val_recall_at_50\n1,\n2,0.5\n3,0.515\n")
    there = rows(["a", "a_seed1", "b"], tmp_path, tmp_path)
    text = page(there, findings([CLAIM], tmp_path, 1, Evaluate()), Train(), (600, 300), [])
    assert "Finished: 1 of 3 trainings." in text
    assert "| a | 1 of 2 | 80.0 |" in text
    assert there[0].text(RISE) == "1.5"
    assert "| b | 0 of 1 | not finished |" in text
    assert "No pair of rows is finished yet." in text


def test_a_claim_s_line_is_in_points_and_verdicts_name_the_undecided_alone():
    nan = float("nan")
    several = Effect(0.0512, 0.0123, 0.0104, 0.0919, 0.0123, 0.0345, (0.05, 0.0524))
    beside = Effect(-0.0234, 0.01, -0.0444, -0.0012, nan, nan, (-0.0234,))
    again, unseen = (CLAIM.model_copy(update={"claim": name}) for name in ("C beats B", "D beats B"))
    found = [
        Finding(CLAIM, "predcls", "recall_at_50", several, replace(several, error=0.0111), 0.0246),
        Finding(CLAIM, "predcls", "mean_recall_at_50", beside),
        Finding(again, "predcls", "recall_at_50", replace(several, low=-0.001), None, 0.5),
        Finding(unseen, "predcls", "recall_at_50"),
        Finding(unseen.model_copy(update={"claim": "E beats B"}), "predcls", "recall_at_50", beside),
    ]
    lines = claims_table(found).splitlines()
    assert [line for line in lines if "beats" in line] == [
        "| A beats B | 2 | +5.1 | +1.0 to +9.2 | 0.012 | 0.025 | 3.5 | 1.23 (1.11) | holds "
        "| -2.3 [-4.4, -0.1] |  |",
        "| C beats B | 2 | +5.1 | -0.1 to +9.2 | 0.012 | 0.5 | 3.5 | 1.23 | undecided |  |  |",
        "| E beats B | 1 | -2.3 | -4.4 to -0.1 |  |  |  | 1.00 | one seed: no verdict |  |  |",
        "Not finished: D beats B.",
    ]
    assert verdicts([found[2], found[4], found[0], found[2]]).splitlines() == [
        *("- **holds**", "  - A beats B: +5.1 [+1.0, +9.2]"),
        *("- **one seed: no verdict**", "  - E beats B: -2.3 [-4.4, -0.1]"),
        "- **undecided**: C beats B; C beats B",
    ]


def network(path, weight, contrast):
    """A trained network of one weight, beside RCL's projections."""
    path.mkdir(parents=True)
    weights = {"b.weight": [weight], "a.weight": [1], "contrast.weight": [contrast]}
    save_file({name: np.float32(values) for name, values in weights.items()}, path / "model.safetensors")
    (path / "curves.csv").write_text("step,val_recall_at_50\n1,0.5\n2,0.6\n")


def test_the_command_writes_the_page_its_tables_and_figures(tmp_path, monkeypatch):
    """Of a project with two rows of four seeds, and of one elsewhere."""
    content = preset_content("study", ROOT / "workflow/presets")
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "workflow").symlink_to(ROOT / "workflow")
    claims = check_params(content | {"report": read_report(ROOT / "params.yaml", content)}).report.claims
    claim = next(one for one in claims if one.group)
    pairs = claim.pairs[:4]
    for data in (tmp_path / "data", tmp_path / "elsewhere/data"):
        for place, run in enumerate(run for pair in pairs for run in pair):
            judged(data / "evaluate", run, 0.9 - 0.5 * (place % 2), place)
            network(data / "train" / run, place // 2, place)
    write_tiny(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "sys.argv", ["study", "--elsewhere", "a weaker CLIP=elsewhere", "--note", "Made here."]
    )
    main()
    with (tmp_path / "docs/study/claims.csv").open() as file:
        lines = [line for line in csv.DictReader(file) if line["seeds"] != "0"]
    assert {line["claim"] for line in lines} >= {claim.claim, f"{claim.claim}, a weaker CLIP"}
    line = next(line for line in lines if line["claim"] == claim.claim)
    numbers = {name: float(line[name]) for name in list(line)[4:-1]}
    assert 0.3 < numbers["low"] < numbers["difference"] < numbers["high"] < 0.7
    assert 0 < numbers["error_mixed_model"] <= 1.1 * numbers["error"] < numbers["detectable"] < 0.3
    assert numbers["p"] < numbers["holm"] < 0.05
    text = (tmp_path / "docs/study.md").read_text()
    values = [100 * numbers[name] for name in ("difference", "low", "high", "holm")]
    assert f"| {claim.claim} | 4 | +{values[0]:.1f} | +{values[1]:.1f} to +{values[2]:.1f} |" in text
    assert "Made here." in text
    figures = sorted(path.name for path in (tmp_path / "docs/study").glob("*.svg"))
    assert {"curves.svg", "effects.svg"} < set(figures)
    assert all(f"![study/{name}](study/{name})" in text for name in figures)
    with (tmp_path / "docs/study/models.csv").open() as file:
        digest = {line["run"]: line["network_sha256"] for line in csv.DictReader(file)}
    same, other, *_ = ([digest[run] for run in pair] for pair in pairs)
    assert same[0] == same[1] != other[0] == other[1]  # whatever the projections are


def test_a_project_elsewhere_is_a_folder_with_what_was_judged(tmp_path):
    (tmp_path / "data/evaluate").mkdir(parents=True)
    assert changed(f"one=two={tmp_path}")[0] == "one=two"
    for text in (f"={tmp_path}", str(tmp_path), f"one={tmp_path}/data"):
        with pytest.raises(argparse.ArgumentTypeError, match="CHANGE=FOLDER"):
            changed(text)


def test_every_claim_of_the_preset_has_five_paired_seeds_or_more():
    content = preset_content("study", ROOT / "workflow/presets")
    params = check_params(content | {"report": read_report(ROOT / "params.yaml", content)})
    assert {len(row.runs) for row in rows([*params.runs, *params.refined], ROOT, ROOT)} == {5, 8}
    for claim in params.report.claims:
        seeds = [[params.run(run).seed for run in side] for side in zip(*claim.pairs, strict=True)]
        assert seeds[0] == seeds[1] == list(range(len(seeds[0])))
        assert len(seeds[0]) >= 5
