"""A training's steps import neither pandas nor torch.compile; more of this: tests/workflow/test_walls.py."""

import subprocess
import sys

UPDATE = """
import sys, torch
from relclip.core.params.train import Train
import relclip.train.steps
from relclip.compute.schedule import descend, make_optimizer
from relclip.core.parquet import pa
table = pa.table({"a": [1, 2]}).sort_by("a")
ends = []
for kind in ("sgd", "adamw", "plain"):
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    params = Train(optimizer="adamw" if kind == "plain" else kind, weight_decay=0.1)
    optimizer = make_optimizer(params, layer.parameters())
    for step in range(5):
        loss = layer(torch.full((1, 3), 1.0 + step)).square().sum()
        optimizer.zero_grad()
        loss.backward()
        if kind == "plain":
            for group in optimizer.param_groups:
                group["lr"] = 0.1
            optimizer.step()
        else:
            descend(optimizer, 0.1)
            optimizer.load_state_dict(optimizer.state_dict())
            assert not {"pandas", "torch._dynamo"} & set(sys.modules)
    ends.append(layer.weight)
assert torch.equal(ends[1], ends[2])
assert not torch.equal(ends[0], ends[1])
assert table.to_pandas().a.tolist() == [1, 2]
"""


def test_updates_without_torch_compile_as_with_it():
    """pandas and torch.compile cost three seconds of each job; without them the answers are the same."""
    done = subprocess.run([sys.executable, "-c", UPDATE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
