"""What torchrun tells the processes that it starts, read without torch.

Its own options take abbreviations, `--run` and `--start` among them, so ours go behind `--`:
`torchrun --nproc-per-node 2 -m -- relclip.train --run NAME`.
"""

import os
import time

#: torchrun ends the others well within this time after one has failed; who still lives then speaks for itself.
GRACE_SECONDS = 5.0


def launched() -> bool:
    """Whether torchrun started this process, alone or with others."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def is_first() -> bool:
    """Whether this is the process that speaks for all: number 0 of those that torchrun started, or one without it."""
    return not launched() or os.environ.get("RANK") == "0"


def let_others_speak() -> None:
    """Wait, if torchrun started this process: where another has failed as well, it ends this one meanwhile."""
    if launched():
        time.sleep(GRACE_SECONDS)
