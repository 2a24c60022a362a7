"""Work spread over threads or processes whose results come back in order, with few of them waiting in memory."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from relclip.core.errors import RelclipError

Item = TypeVar("Item")
Result = TypeVar("Result")


def available_threads() -> int:
    """How many CPU threads this process may use (its affinity, not the machine's count)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def batches_of(items: Any, size: int) -> list[Any]:
    """A list, or an array, in parts of `size`, the last one shorter."""
    return [items[first : first + size] for first in range(0, len(items), size)]


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int, ahead: int = 2
) -> Iterator[Result]:
    """Yield `function(item)` for each item in order, computed by `workers` threads, `ahead` items a worker early.

    The first exception is raised at its item's turn; what has not begun by then is dropped.
    """
    with ThreadPoolExecutor(workers) as pool:
        try:
            yield from _in_turn(pool, function, items, workers * ahead)
        finally:
            pool.shutdown(cancel_futures=True)


def by_processes(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    start: Callable[[], None] | None = None,
) -> Iterator[Result]:
    """As `in_order`, computed by processes, each of which may call `start` first.

    Ctrl-C and SIGTERM, which reach a whole group, are for the process that reads the results: it drops what has not
    begun, waits for the rest and ends the others. Raises RelclipError where one was killed. One at a time in a process:
    then all that were started since are ended.
    """
    # the fastest way; macOS's libraries do not bear it, Windows has none
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, context, _start, (start,))
    try:
        yield from _in_turn(pool, function, items, workers * 3)
    except BrokenProcessPool:
        for worker in set(multiprocessing.active_children()) - others:
            worker.kill()  # from Python 3.12 on the pool waits for ever for who ignores SIGTERM
        raise RelclipError(
            "a worker process was killed (out of memory?); nothing half-written was left: run the same command again,"
            " with fewer workers"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _in_turn(
    pool: Executor, function: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Iterator[Result]:
    waiting: deque[Future[Result]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _start(start: Callable[[], None] | None) -> None:
    """End with the parent, and not before: without this, workers of a killed parent would wait for ever."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if start is not None:
        start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
