"""`train` and the model run where only torch, numpy, pyarrow, safetensors, pydantic, yaml and tqdm are installed."""

import subprocess
import sys

CHECK = """
import sys
blocked = ("open_clip", "gensim", "duckdb", "snakemake", "dvc", "mlflow", "torchvision", "PIL", "matplotlib")
for name in blocked:
    sys.modules[name] = None
import relclip.train, relclip.train.stage, relclip.core.model
stages = ("raw", "dataset", "kb", "words", "clip", "features", "ext", "predict", "evaluate", "tables")
met = [name for name in sys.modules if name.startswith("relclip.") and name.split(".")[1] in stages]
assert not met, met
"""


def test_imports_nothing_else():
    done = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
