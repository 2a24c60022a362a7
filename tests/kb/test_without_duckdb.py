"""Mining one caption in Python needs none of what the stage needs: duckdb, jinja2."""

import subprocess
import sys


def test_a_caption_is_mined_without_duckdb():
    script = (
        "import sys; sys.modules['duckdb'] = sys.modules['jinja2'] = None\n"
        "from relclip.kb import mine_caption; print(mine_caption('a man riding a horse'))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "[('man', 'riding', 'horse')]\n", done.stderr


def test_the_command_says_so_before_it_reads_a_caption(tmp_path):
    (tmp_path / "captions.tsv").write_text("a man riding a horse\t1\n")
    script = "import sys; sys.modules['duckdb'] = None; from relclip.__main__ import console; console()"
    words = ["kb", "--captions", tmp_path / "captions.tsv", "--output", tmp_path / "kb"]
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "'relclip[kb]'" in done.stderr
    assert "block" not in done.stderr and not (tmp_path / "kb").exists()
