"""README's numbers are those of the tables' files."""

import pytest
from made_readme import write_tables

from relclip.core.errors import ContractError, InputError
from relclip.tables.readme import fill_readme

BLOCKS = (
    "before\n<!-- results: make readme -->\nold\n<!-- end of results -->\nbetween\n"
    "<!-- times: make readme -->\nold\n<!-- end of times -->\nafter\n"
)


def fill(folder, text=BLOCKS):
    readme = folder / "README.md"
    readme.write_text(text)
    fill_readme(readme, folder / "tables", folder / "dataset", folder / "benchmarks")
    return readme.read_text().splitlines()


def test_the_blocks_hold_the_tables_and_nothing_else_changes(tmp_path):
    write_tables(tmp_path)
    lines = fill(tmp_path)
    assert lines[0] == "before"
    assert lines[-1] == "after"
    assert "old" not in lines
    assert "Test pictures: 2." in lines
    assert "| Ours | 43.5 ± 0.5 [42.1, 45.0] / 54.1 | – |" in lines
    assert "Table 5, sampling (KB, 3 seeds):" in lines
    assert "- **Holds**: a is ahead +1.0 [0.5, 1.5] (-2.0)." in lines
    assert "| train and refine, one of 2 | 9-21 s | 1.3 GB | | | | |" in lines
    assert lines == fill(tmp_path, "\n".join(lines) + "\n")


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(ContractError, match="dataset"):
        fill(tmp_path)
    write_tables(tmp_path)
    with pytest.raises(InputError, match="put both lines back"):
        fill(tmp_path, "no blocks")
    (tmp_path / "tables" / "table5.csv").unlink()
    with pytest.raises(ContractError, match="make tables"):
        fill(tmp_path)
