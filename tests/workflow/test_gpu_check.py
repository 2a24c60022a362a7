"""`make gpu-check` without a card: one sentence; on the CPU all of its paths; what fails is on the page."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from relclip.core.params.whole import check_params
from relclip.project import gpu_check as script

ROOT = Path(__file__).resolve().parents[2]


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "relclip.project.gpu_check", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_path_passes_on_the_cpu_at_a_tiny_size(tmp_path):
    page = tmp_path / "page.md"
    done = run("--device", "cpu", "--output", str(page))
    assert done.returncode == 0, done.stdout + done.stderr + page.read_text()
    text = page.read_text()
    assert re.search(r"all \d+ paths passed", text) and "says nothing of a card" in text
    for path in (
        "clip: pre-training",
        "ext on detected boxes",
        "refine: visualds_semi",
        "sgdet: relclip_full",
    ):
        assert f"| {path} |" in text
    assert str(ROOT) not in text and str(tmp_path) not in text


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a card")
def test_without_a_card_it_says_so_in_one_sentence(tmp_path):
    done = run("--output", str(tmp_path / "page.md"))
    assert done.returncode == 2 and not list(tmp_path.iterdir())
    assert len(done.stderr.splitlines()) == 1 and "no CUDA card" in done.stderr


def test_a_card_is_asked_for_every_training(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = script.write_params(large=True)
    params = check_params(content)
    assert params.clip.model.startswith("ViT-B-32") and params.detector.backbone == "resnet50"
    asked = " ".join(command for _, command, _ in script.commands(content, "cuda", 8))
    kinds = {(run.get("model", "relclip"), run["supervision"]) for run in content["runs"].values()}
    assert len(kinds) == 6 and all(
        f"--run {name} " in asked for name in (*content["runs"], *content["refined"])
    )


def test_a_path_computes_on_the_card_where_its_rule_asks_for_one(tmp_path, monkeypatch):
    """A path that is told to and does not, fails: a page for an issue about nothing."""
    monkeypatch.chdir(tmp_path)
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    asks = {}
    for text in re.split(r"^rule ", rules, flags=re.MULTILINE):
        for module in re.findall(r"(?:python -m|FORKED\w*\}|python\}) (relclip[\w.]*)", text):
            asks[module] = asks.get(module, False) or ", gpu=" in text
    for name, command, on_card in script.commands(script.write_params(large=True), "cuda", 8):
        only_loads = name == "clip: ViT-B/32"
        assert on_card == (asks[command.split()[0]] and not only_loads), name


def test_what_fails_is_on_the_page(tmp_path):
    def broken():
        print(f"{tmp_path}/data is read")
        raise RuntimeError(f"no kernel image in {Path.home()}")

    def far():
        return script.within({"error": (float("nan"), 1.0)})

    outcomes = [
        script.outcome_of(name, task, True, tmp_path) for name, task in (("one", broken), ("two", far))
    ]
    page = script.page(outcomes, torch.device("cpu"))
    assert "2 of 2 paths FAILED" in page and "./data is read\nRuntimeError: no kernel image in ~" in page
    assert "ArithmeticError: error nan (bound 1.0)" in page
    assert script.within({"error": (0.5, 1.0)}) == "error 0.5 (bound 1.0)"


def test_in_a_container_without_a_home_the_page_stays_readable(tmp_path, monkeypatch):
    """Each slash became a tilde; and where no home is known each path ended in a traceback."""
    for home in ("/", ""):
        monkeypatch.setenv("HOME", home)
        assert script.without_places("no /usr/lib/libcuda.so.1", tmp_path) == "no /usr/lib/libcuda.so.1"
    monkeypatch.setenv("HOME", "/mine/")
    assert script.without_places("/mine/x", tmp_path) == "~/x"
    monkeypatch.delenv("HOME")
    assert script.without_places("no /usr/lib/libcuda.so.1", tmp_path) == "no /usr/lib/libcuda.so.1"


def test_a_path_that_leaves_the_card_idle_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(script.torch.cuda, "is_available", lambda: True)
    for name in ("synchronize", "empty_cache", "reset_peak_memory_stats"):
        monkeypatch.setattr(script.torch.cuda, name, lambda: None)
    monkeypatch.setattr(script.torch.cuda, "max_memory_allocated", lambda: 0)
    counts = iter([3, 3, 3, 7])
    monkeypatch.setattr(script, "allocations", lambda: next(counts))
    idle, busy = (script.outcome_of("path", lambda: "", True, tmp_path) for _ in range(2))
    assert "nothing was computed on the card" in idle.failure and busy.failure == ""


def test_a_path_that_hangs_is_named_and_on_the_page(tmp_path, monkeypatch, capsys):
    """Until all had ended nothing was written, and the last word was of the path before."""
    page, seen = tmp_path / "page.md", []

    def task_of(command):
        def run():
            seen.append(page.read_text())
            if command == "hangs":
                raise KeyboardInterrupt
            return ""

        return run

    monkeypatch.setattr(script, "task_of", task_of)
    monkeypatch.setattr(
        script, "commands", lambda *_: [(one, one, False) for one in ("ends", "hangs", "later")]
    )
    monkeypatch.setattr(script.sys, "argv", ["gpu-check", "--device", "cpu", "--output", str(page)])
    monkeypatch.setitem(script.os.environ, "CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setitem(script.sys.modules, "mlflow", None)
    with pytest.raises(SystemExit) as ended:
        script.main()
    assert ended.value.code == 130
    said = capsys.readouterr()
    assert re.fullmatch(r"ends \.\.\. 0\.\d s\nhangs \.\.\. ", said.out) and "interrupted" in said.err
    assert page.read_text() == seen[1]
    assert (
        "1 of 6 paths FAILED, 4 were not run" in seen[1] and "| later | 0.0 | 0.00 GB | not run |" in seen[1]
    )
    assert f"## hangs\n\n```\n{script.NOT_ENDED}\n```\n" in seen[1] and "## later" not in seen[1]
