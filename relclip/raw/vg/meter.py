"""What is shown while several files come at once: a bar for each on a terminal, a line every ten seconds in a log."""

import sys
import time
from threading import Lock

from tqdm import tqdm

from relclip.core.progress import SECONDS_BETWEEN_LINES
from relclip.raw.vg.files import amount


class Meter:
    """Counts the bytes of one file; rate and time left are those of this session."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._first: tuple[float, int] | None = None  # when, and how much was there then
        self._last = time.monotonic()
        self._lock = Lock()
        self._bar = (
            tqdm(desc=name, unit="B", unit_scale=True, dynamic_ncols=True) if sys.stderr.isatty() else None
        )

    def seen(self, length: int, total: int | None) -> None:
        """Take note that the file has `length` bytes of `total`."""
        now = time.monotonic()
        if self._first is None or length < self._first[1]:
            self._first = (now, length)
        if self._bar is not None:
            self._bar.total = total
            self._bar.update(length - self._bar.n)
        elif now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            self.say(self._line(length, total, now))

    def say(self, text: str) -> None:
        """Show a line about this file."""
        with self._lock:
            tqdm.write(f"{self._name}: {text}", file=sys.stderr)
            sys.stderr.flush()

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()

    def _line(self, length: int, total: int | None, now: float) -> str:
        begin, first = self._first or (now, length)
        rate = max(length - first, 1) / max(now - begin, 1e-6)
        of = f" of {amount(total)}, {(total - length) / rate:.0f} s left" if total else ""
        return f"{amount(length)}{of} ({amount(rate)}/s)"
