"""Progress of long work: a bar on a terminal, a line every ten seconds in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

from relclip.core.errors import counted
from relclip.core.process import is_first

Item = TypeVar("Item")
SECONDS_BETWEEN_LINES = 10.0


def progress(
    items: Iterable[Item], what: str, unit: str, total: int | None = None, start: int = 0
) -> Iterator[Item]:
    """Yield `items` while showing how many of `total` are done, the rate and the time left, on stderr.

    Of the processes that torchrun started the first alone shows it.
    """
    if not is_first():
        yield from items
        return
    total = len(items) if total is None and hasattr(items, "__len__") else total  # type: ignore[arg-type]
    if sys.stderr.isatty():
        yield from tqdm(items, desc=what, unit=f" {unit}", total=total, initial=start, dynamic_ncols=True)
        return
    begin = last = time.monotonic()
    done = start
    for done, item in enumerate(items, start + 1):
        yield item
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            _line(what, unit, done, total, (done - start) / (last - begin))
    elapsed = max(time.monotonic() - begin, 1e-9)
    print(f"{what}: {counted(done, unit)} done in {elapsed:.1f} s", file=sys.stderr, flush=True)


def _line(what: str, unit: str, done: int, total: int | None, rate: float) -> None:
    of = f"/{total}, {(total - done) / rate:.0f} s left" if total else ""
    print(f"{what}: {done}{of} ({counted(rate, unit, '.1f')}/s)", file=sys.stderr, flush=True)
