"""Several files at once, each from the first of its mirrors that has it; politely, and with one message at the end.

Meanwhile there is a bar for each on a terminal, a line every ten seconds in a log.
"""

import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from pathlib import Path
from threading import BoundedSemaphore, Event, Lock, Thread
from time import monotonic

import requests
from tqdm import tqdm

from relclip import __version__
from relclip.core.atomic import write_json
from relclip.core.digest import file_digest
from relclip.core.params.raw import VisualGenome
from relclip.core.progress import SECONDS_BETWEEN_LINES
from relclip.raw.vg.address import Again, Refused, Unreachable, check_address, host_of
from relclip.raw.vg.fetch import Watch, fetch, forget
from relclip.raw.vg.files import Remote, amount, wrong


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

    def received(self, length: int, total: int | None) -> None:
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


#: Seconds: of one wait, however often something failed; and of Retry-After, beyond which the next mirror is asked.
LONGEST_PAUSE, LONGEST_RETRY_AFTER = 60.0, 900.0
#: Of a host that has never answered: a machine without network should say so soon.
RETRIES_UNREACHABLE = 1
#: A download that got on by so much starts to count its failures anew.
GOT_ON = 1 << 24
#: Seconds that Ctrl-C waits for attempts to end; a server that is silent does not hold it up longer.
FAREWELL = 2.0

#: (address, why it did not do) of each mirror of a file.
Failures = list[tuple[str, str]]


class Host:
    """What all downloads from one host share: connections, and the time before which it wants no request."""

    def __init__(self, connections: int) -> None:
        self.connections = BoundedSemaphore(connections)
        self.not_before = 0.0
        self.unreachable = ""
        self.answered = False


class Downloads:
    """Fetches files into `folder`."""

    def __init__(self, folder: Path, settings: VisualGenome) -> None:
        self._folder, self._settings = folder, settings
        self._hosts: defaultdict[str, Host] = defaultdict(lambda: Host(settings.per_host))
        self._lock, self._stop = Lock(), Event()

    def all(self, remotes: Sequence[Remote]) -> dict[str, Failures]:
        """Fetch every file; return those that no mirror gave, with the reasons. Ctrl-C keeps what has come.

        The first error that is none of a mirror's (a full disk) ends all.
        """
        slots = BoundedSemaphore(self._settings.parallel)
        results = [Future[Failures | None]() for _ in remotes]
        for remote, result in zip(remotes, results, strict=True):
            Thread(target=self._fetch_into, args=(result, remote, slots), daemon=True).start()
        try:
            wait(results, return_when=FIRST_EXCEPTION)
            for result in results:
                if result.done():
                    result.result()
        except BaseException:
            self._stop.set()
            wait(results, timeout=FAREWELL)
            raise
        found = ((remote.name, result.result()) for remote, result in zip(remotes, results, strict=True))
        return {name: failed for name, failed in found if failed is not None}

    def _fetch_into(self, result: Future[Failures | None], remote: Remote, slots: BoundedSemaphore) -> None:
        try:
            with slots:
                result.set_result(self._fetch(remote))
        except BaseException as error:
            result.set_exception(error)

    def _fetch(self, remote: Remote) -> Failures | None:
        """Fetch one file; None if it is there, whole."""
        failures: Failures = []
        meter = Meter(remote.name)
        try:
            with requests.Session() as session:
                session.headers["User-Agent"] = f"relclip/{__version__}"
                for address in remote.mirrors:
                    try:
                        self._fetch_from(session, address, remote, meter)
                    except (Refused, Again) as reason:
                        failures.append((address, str(reason)))
                        if not self._host(address).unreachable:  # else the message at the end says it once
                            meter.say(f"{address} {reason}")
                    else:
                        return None
        finally:
            meter.close()
        return failures

    def _fetch_from(self, session: requests.Session, address: str, remote: Remote, meter: Meter) -> None:
        """Fetch a file from one mirror, with pauses between failures in passing. Raises the last of these."""
        check_address(address)
        part, host = self._part(remote), self._host(address)
        failed, before = 0, _length(part)
        while not self._stop.is_set():
            try:
                self._attempt(session, address, remote, meter)
                return
            except Again as reason:
                if _length(part) - before >= GOT_ON:
                    failed, before = 0, _length(part)
                failed += 1
                self._pause(reason, failed, host, meter)
        raise Again("stopped")

    def _attempt(self, session: requests.Session, address: str, remote: Remote, meter: Meter) -> None:
        part, host = self._part(remote), self._host(address)
        with host.connections:
            self._stop.wait(max(0.0, host.not_before - monotonic()))
            if host.unreachable:
                raise Refused(host.unreachable)
            resumed = fetch(session, address, part, remote, Watch(meter.received, self._stop))
        host.answered = True
        digest = self._checked(part, remote, resumed)
        came = {"address": address, "size": _length(part), "sha256": digest}
        write_json(self._folder / f"{remote.name}.from.json", came)
        part.replace(self._folder / remote.name)
        forget(part)
        meter.say(f"done, {amount(_length(self._folder / remote.name))}")

    def _checked(self, part: Path, remote: Remote, resumed: bool) -> str:
        """Return the SHA-256 of the whole file; raise where it is not the right one, and remove it."""
        reason = wrong(part, remote.name)
        if not reason and remote.size not in {None, _length(part)}:
            reason = f"has {_length(part)} bytes where {remote.size} are expected"
        digest = "" if reason else file_digest(part)
        if not reason and remote.sha256 not in {None, digest}:
            reason = "has another SHA-256 than expected"
        if reason:
            forget(part)
            raise Again(f"{reason}; it starts anew") if resumed else Refused(reason)
        return digest

    def _pause(self, reason: Again, failed: int, host: Host, meter: Meter) -> None:
        """Wait before the next attempt, or give the mirror up."""
        host.answered |= not isinstance(reason, Unreachable)
        most = self._settings.retries
        allowed = most if host.answered else min(RETRIES_UNREACHABLE, most)
        if failed > allowed:
            host.unreachable = "" if host.answered else str(reason)
            raise reason
        pause = min(LONGEST_PAUSE, self._settings.backoff * 2 ** (failed - 1)) * random.uniform(0.5, 1.5)
        if reason.wait is not None:
            if reason.wait > LONGEST_RETRY_AFTER:
                raise Refused(f"{reason} and asks to wait {reason.wait:.0f} s")
            pause = max(reason.wait, 0.0)
            host.not_before = monotonic() + pause
        if host.answered and not self._stop.is_set():
            meter.say(f"{reason}; again in {pause:.0f} s")
        self._stop.wait(pause)

    def _part(self, remote: Remote) -> Path:
        return self._folder / f"{remote.name}.part"

    def _host(self, address: str) -> Host:
        with self._lock:
            return self._hosts[host_of(address)]


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
