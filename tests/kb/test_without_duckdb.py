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
