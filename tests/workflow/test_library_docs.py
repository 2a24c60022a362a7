"""docs/library.md: every example runs as it is printed there."""

import doctest
import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "library.md").read_text("utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in TEXT.split("\n## ")[1:]}


def blocks(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_there_are_four_examples():
    assert len(SECTIONS) == 4
    assert all(blocks(part) for part in SECTIONS.values())
    assert TEXT.count("```python") == len(blocks(TEXT)) == TEXT.count("```") / 2


def test_the_examples_do_what_they_say(capsys):
    """Each in a session of its own: a reader starts at the part that matters."""
    for title, part in SECTIONS.items():
        for number, block in enumerate(blocks(part)):
            test = doctest.DocTestParser().get_doctest(block, {}, f"{title} {number}", None, 0)
            assert test.examples
            runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
            runner.run(test)
            if runner.failures:
                pytest.fail(capsys.readouterr().out)
