"""The page from a few made-up runs: what is not finished is counted nowhere and said to be missing."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from relclip.core.params.evaluate import Evaluate
from relclip.core.params.tables import Claim, read_report
from relclip.core.params.train import Train
from relclip.core.params.whole import check_params
from relclip.core.parquet import write_table
from relclip.evaluate.hits import HITS
from relclip.project.preset import preset_content
from relclip.study.gather import RISE, findings, rows
from relclip.study.page import page

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


def test_holm_counts_the_claims_of_a_group_alone(tmp_path):
    for number, run in enumerate(("a", "a_seed1", "b", "b_seed1")):
        judged(tmp_path, run, 0.8 - 0.1 * number, number)
    sides = {"better": "a", "worse": "b", "pairs": PAIRS[:2]}
    groups = ["", "", "when"]
    claims = [Claim(claim=f"claim {n}", group=group, **sides) for n, group in enumerate(groups)]
    found = [one for one in findings(claims, tmp_path, 1, Evaluate()) if one.metric == "recall_at_50"]
    p = found[0].effect.p
    assert 0 < p < 0.5
    assert [one.holm for one in found] == pytest.approx([2 * p, 2 * p, p])
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


def test_every_claim_of_the_preset_has_five_paired_seeds_or_more():
    content = preset_content("study", ROOT / "workflow/presets")
    params = check_params(content | {"report": read_report(ROOT / "params.yaml", content)})
    assert {len(row.runs) for row in rows([*params.runs, *params.refined], ROOT, ROOT)} == {5, 8}
    for claim in params.report.claims:
        seeds = [[params.run(run).seed for run in side] for side in zip(*claim.pairs, strict=True)]
        assert seeds[0] == seeds[1] == list(range(len(seeds[0])))
        assert len(seeds[0]) >= 5
