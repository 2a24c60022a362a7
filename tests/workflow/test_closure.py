"""What a command can import: found without importing, and never less than what an import really loads."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from relclip.project.closure import Closures

ROOT = Path(__file__).resolve().parents[2]
TOY = {
    "__init__.py": "",
    "stage/__init__.py": "",
    "stage/__main__.py": "from relclip.stage.run import go\n\ndef late():\n    import relclip.other.lazy\n",
    "stage/run.py": "from relclip.core import base as b\nimportlib.import_module('relclip.other.named')\n",
    "stage/alone.py": "from . import run\n",
    "stage/words.txt": "",
    "stage/template/page.html": "",
    "stage/pages.py": "PAGE = 'template/page.html'\n",
    "core/__init__.py": "",
    "core/base.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from relclip.other import typed\n",
    "core/list.txt": "",
    "core/lists.py": "FILE = 'list.txt'\n",
    "other/__init__.py": "",
    "other/lazy.py": "def load(name):\n    return __import__(f'relclip.many.{name}')\n",
    "other/named.py": "from ..core.lists import FILE\n",
    "other/typed.py": "",
    "many/__init__.py": "",
    "many/one.py": "",
    "many/two.py": "",
}


@pytest.fixture
def toy(tmp_path):
    for name, text in TOY.items():
        path = tmp_path / "relclip" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_every_way_of_importing_is_followed(toy):
    found = {path.removeprefix("relclip/") for path in Closures(toy).of(["relclip.stage"])}
    # words.txt, which no source names, may be loaded by any beside it; the template by pages.py alone
    assert set(TOY) - found == {
        "stage/alone.py",
        "stage/template/page.html",
        "stage/pages.py",
        "other/typed.py",
    }
    assert "relclip/stage/run.py" in Closures(toy).of(["relclip.stage.alone"])
    assert "relclip/stage/template/page.html" in Closures(toy).of(["relclip.stage.pages"])
    with pytest.raises(ValueError, match=r"no module relclip\.stages"):
        Closures(toy).of(["relclip.stages"])


def test_whole_folders_stand_for_their_files(toy):
    closures = Closures(toy)
    folded = closures.folded(closures.of(["relclip.stage"]))
    assert {"relclip/core", "relclip/many", "relclip/stage/run.py"} <= set(folded)
    assert not {"relclip", "relclip/stage", "relclip/core/base.py"} & set(folded)


def test_the_cache_changes_nothing_and_sees_an_edit(toy):
    cache = toy / "imports.json"
    first = Closures(toy, cache).of(["relclip.stage"])
    assert Closures(toy, cache).of(["relclip.stage"]) == first == Closures(toy).of(["relclip.stage"])
    (toy / "relclip/stage/__main__.py").write_text("from relclip.other import typed\n")
    assert "relclip/other/typed.py" in Closures(toy, cache).of(["relclip.stage"])
    cache.write_text("no JSON")
    assert "relclip/other/typed.py" in Closures(toy, cache).of(["relclip.stage"])


@pytest.mark.parametrize(
    ("module", "stage"),
    [
        ("relclip.raw", "relclip.raw.scenes"),
        ("relclip.kb", "relclip.kb.mining"),
        ("relclip.evaluate.run", "relclip.evaluate.run"),
        ("relclip.train.refine", "relclip.train.refine.stage"),
        ("relclip.gradcam", "relclip.gradcam.stage"),
        ("relclip.tables", "relclip.tables.stage"),
    ],
)
def test_what_is_really_imported_was_foreseen(module, stage):
    script = (
        f"import sys, runpy, importlib; importlib.import_module('{stage}'); "
        f"runpy.run_module('{module}', run_name='loaded'); "
        "print(*(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'relclip' and m.__file__))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = {str(Path(path).relative_to(ROOT)) for path in done.stdout.split()}
    assert len(loaded) > 10
    assert loaded <= set(Closures(ROOT).of([module]))


def test_a_rule_names_the_modules_that_its_command_calls():
    seen = 0
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"\n(?=rule )", path.read_text("utf-8")):
            called = set(re.findall(r"(?:python -m|\{params\.python\}|\{FORKED\w*\}) (relclip[\w.]*)", rule))
            named = re.findall(r"code=code\((.*?)\)", rule)
            assert called == set(re.findall(r'"(.*?)"', named[0] if named else "")), rule[:60]
            seen += bool(called)
    assert seen > 20
