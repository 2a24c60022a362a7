"""The blocks of docs/results.md are the tables' files, in the order of workflow/tables.yaml."""

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from relclip.core.errors import ContractError, InputError
from relclip.core.params.whole import load_workflow
from relclip.core.parquet import IMAGES, write_table
from relclip.tables.readme import fill_readme, results, times

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = (
    "before\n<!-- a: make readme -->\nold\n<!-- end of a -->\nbetween\n"
    "<!-- b: make readme -->\n<!-- end of b -->\nafter\n"
)


@pytest.fixture
def project(tmp_path):
    """This repository's params and table layout, a table file for each with both judgements, two test pictures."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow")
    (tmp_path / "tables").mkdir()
    for name in (*load_workflow(tmp_path / "params.yaml").report.tables, "claims"):
        text = f"### {name}, annotation\n\nhow to read\n\nnote\n\n| 43.5 |\n\n### {name}, full truth\n\n| 9.9 |\n"
        (tmp_path / "tables" / f"{name}.md").write_text(text)
    images = {"image_id": [1, 2, 3], "file": ["a", "b", "c"], "width": [9] * 3, "height": [9] * 3}
    (tmp_path / "dataset").mkdir()
    table = pa.table({**images, "split": ["test", "train", "test"]})
    write_table(tmp_path / "dataset" / "images.parquet", table, IMAGES)
    return tmp_path


def made(project):
    return results(project / "params.yaml", project / "tables", project / "dataset")


def test_every_table_follows_in_its_order(project):
    names = [*load_workflow(project / "params.yaml").report.tables, "claims"]
    text = made(project)
    assert [line[4:].partition(",")[0] for line in text.splitlines() if line.startswith("### ")] == names
    assert text.count("| 43.5 |") == len(names)
    assert "9.9" not in text
    assert text.count("how to read") == 1
    assert text.count("note") == len(names)
    assert "Test images: 2." in text.partition("### ")[0]
    (project / "tables" / "table5.md").unlink()
    with pytest.raises(ContractError, match=r"table5\.md.*make tables"):
        made(project)


def test_times_add_up_by_rule(tmp_path):
    (tmp_path / "train").mkdir()
    for run, seconds in (("a", "21.2"), ("b", "9.4")):
        (tmp_path / "train" / f"{run}.tsv").write_text(f"s\tmax_rss\n{seconds}\t1300\n")
    assert times(tmp_path).splitlines()[2:] == ["| train | 2 | 31 | 1.3 GB |"]


def test_the_blocks_are_filled_and_nothing_else_changes(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(BLOCKS)
    for _ in range(2):
        fill_readme(page, {"a": "new", "b": "newer"})
        expected = BLOCKS.replace("old", "new").replace("<!-- end of b", "newer\n<!-- end of b")
        assert page.read_text() == expected
    page.write_text("no blocks")
    with pytest.raises(InputError, match="put both lines back"):
        fill_readme(page, {"a": "new"})
