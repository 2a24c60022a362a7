"""README's table says what docs/study.md and the paper say."""

import re
from pathlib import Path

from relclip.tables.paper import numbers

ROOT = Path(__file__).resolve().parents[2]
FULL, DISTANT = "table1_full", "table1_distant"
#: README's row -> (the study's run, the paper's block and row) under full annotation, KB+EXT and KB.
ROWS = {
    "RelCLIP": (
        ("full_none_rcl", FULL, "RelCLIP"),
        ("kb_ext_none_rcl", DISTANT, "RelCLIP (KB+EXT)"),
        ("kb_none_rcl", DISTANT, "RelCLIP (KB)"),
    ),
    "RelCLIP without RCL": (
        ("full_none_no_rcl", "", ""),
        ("kb_ext_none_no_rcl", "table2", "RelCLIP (No RCL)"),
        ("kb_none_no_rcl", "", ""),
    ),
    "RelCLIP, labels as input": (
        ("full_text_rcl", "", ""),
        ("kb_ext_text_rcl", "", ""),
        ("kb_text_rcl", "", ""),
    ),
    "the same without RCL": (
        ("full_text_no_rcl", "", ""),
        ("kb_ext_text_no_rcl", "", ""),
        ("kb_text_no_rcl", "", ""),
    ),
    "Motif (under full annotation the paper's VisualDS)": (
        ("full_motif", FULL, "VisualDS"),
        ("kb_ext_motif", "", ""),
        ("kb_motif", DISTANT, "Motif"),
    ),
    "BA-SGG": (("full_ba_sgg", FULL, "BA-SGG"), ("kb_ext_ba_sgg", "", ""), ("", DISTANT, "BA-SGG")),
    "VisualDS": (
        ("", "", ""),
        ("kb_ext_visualds", DISTANT, "VisualDS (KB+EXT)"),
        ("", DISTANT, "VisualDS (KB)"),
    ),
}


def cell(run, block, row):
    """Ours, then the paper's in italics: R@50 / mR@50 of PredCls."""
    study = (ROOT / "docs/study.md").read_text("utf-8")
    ours = (
        re.search(rf"^\| {run} \| [^|]+ \| ([\d.]+) [^|]+ \| ([\d.]+) ", study, re.MULTILINE) if run else None
    )
    paper = numbers(block, row)
    published = [paper.get(f"predcls/{metric}_at_50") for metric in ("recall", "mean_recall")]
    text = [f"{value:.2f}" if value else "–" for value in published]
    return " ".join(
        [
            *([" / ".join(ours.groups())] if ours else ["–"]),
            *([f"*{' / '.join(text)}*"] if any(published) else []),
        ]
    )


def test_every_row_of_the_table_is_the_study_s_and_the_paper_s():
    readme = (ROOT / "README.md").read_text("utf-8")
    wanted = [
        f"| {name} | {' | '.join(cell(*column) for column in columns)} |" for name, columns in ROWS.items()
    ]
    assert "\n".join(wanted) in readme
