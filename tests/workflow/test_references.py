"""Every reference that code and documents make to a page, a section or a decision leads somewhere."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
METHOD = (ROOT / "docs" / "method.md").read_text("utf-8")
TEXTS = [
    path
    for pattern in (
        "relclip/**/*.py",
        "tests/**/*.py",
        "benchmarks/*.py",
        "workflow/**/*",
        "docs/*.md",
        "*.md",
    )
    for path in ROOT.glob(pattern)
    if path.suffix in {".py", ".smk", ".md", ".yaml"} and path != Path(__file__)
]


def found(pattern):
    """(file, what the first group of `pattern` met) over all texts."""
    for path in TEXTS:
        for match in re.finditer(pattern, path.read_text("utf-8")):
            yield path.relative_to(ROOT), match[1]


def test_pages_that_are_named_exist():
    lost = {(str(path), name) for path, name in found(r"\b(docs/[\w/]+\.md)") if not (ROOT / name).is_file()}
    assert not lost


def test_sections_of_the_method_exist():
    sections = set(re.findall(r"^## (\d+)\. ", METHOD, re.MULTILINE))
    named = list(found(r"docs/method\.md, (\d+)"))
    assert len(named) > 20
    assert {number for _, number in named} <= sections


def test_every_decision_is_written_once_and_followed():
    written = re.findall(r"\*\*(D\d+)\*\* ", METHOD)
    assert len(written) == len(set(written)), "a decision is written twice"
    followed = {name for path, name in found(r"\((D\d+)[),:;]") if path.parts[0] == "relclip"}
    assert len(followed) > 20
    assert followed <= set(written), f"nowhere in docs/method.md: {followed - set(written)}"


def test_no_name_of_a_page_that_left():
    gone = {(str(path), name) for path, name in found(r"\b(METHOD|SCENES\.md|DESIGN)\b(?! =)")}
    assert not gone


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_a_benchmark_finds_what_it_imports(path, monkeypatch):
    monkeypatch.syspath_prepend(path.parent)
    runpy.run_path(str(path), run_name=path.stem)
