"""One attempt at one file from one address. It goes on where the last one ended (HTTP Range, If-Range)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic
from typing import BinaryIO

import requests
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from relclip.core.atomic import write_json
from relclip.core.errors import ContractError
from relclip.core.json_file import read_json
from relclip.raw.vg.address import Again, Refused, open_address, short
from relclip.raw.vg.files import Remote, amount

CHUNK = 1 << 16
#: Of what an address may send where nobody says how much it is.
MOST = 1 << 36
#: A server that gives less than so many bytes in so many seconds is asked again, then left.
LEAST, SECONDS = 1 << 16, 60.0
PASSING = {408, 425, 429, 500, 502, 503, 504}
_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
_LENGTH = re.compile(r"\d{1,18}")


@dataclass(frozen=True)
class Begun:
    """What is known of a part file: from where it came, and what proves that the rest belongs to it."""

    length: int = 0
    address: str = ""
    validator: str | None = None
    total: int | None = None


@dataclass(frozen=True)
class Watch:
    """Who looks on: `received(length, total)` is told of every piece; `stop` ends the attempt after the next one."""

    received: Callable[[int, int | None], None]
    stop: Event


def fetch(session: requests.Session, address: str, part: Path, remote: Remote, watch: Watch) -> bool:
    """Bring `part` to its full length; return whether some of it was there before.

    Raises Refused (ask another mirror) or Again (ask this one again);
    what has come is kept in both cases, unless it cannot belong to the file.
    """
    begun = _begun(part)
    # from another mirror only where the digest will tell whether the two halves belong together
    if not (begun.length and (begun.address == address or remote.sha256)):
        begun = Begun()
    with open_address(session, address, _headers(begun)) as response:
        if response.status_code == 416 and begun.length:
            _beyond_the_end(response, part, begun)
            return True
        _check_status(response)
        start, total = _place(response, begun, part)
        if remote.size is not None and total not in {None, remote.size}:
            raise Refused(f"offers {amount(total or 0)} ({total}) where {remote.size} bytes are expected")
        total = remote.size if total is None else total
        write_json(_state(part), {"address": address, "validator": _validator(response), "total": total})
        with part.open("ab" if start else "wb") as file:
            _receive(response, file, start, total, watch)
    return start > 0


def forget(part: Path) -> None:
    """Remove a part file and what is known of it."""
    part.unlink(missing_ok=True)
    _state(part).unlink(missing_ok=True)


def _state(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _begun(part: Path) -> Begun:
    try:
        known = read_json(_state(part))
        return Begun(part.stat().st_size, known["address"], known["validator"], known["total"])
    except (OSError, KeyError, TypeError, ContractError):
        return Begun()


def _headers(begun: Begun) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}
    if begun.length:
        headers["Range"] = f"bytes={begun.length}-"
        if begun.validator:
            headers["If-Range"] = begun.validator
    return headers


def _validator(response: requests.Response) -> str | None:
    """A strong ETag, else the date of the last change."""
    tag = response.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")


def _check_status(response: requests.Response) -> None:
    code = response.status_code
    if code in PASSING:
        raise Again(f"answers {code} {response.reason}", _asked_to_wait(response))
    if code not in {200, 206}:
        raise Refused(f"answers {code} {response.reason}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Refused(f"sends the file encoded ({response.headers['Content-Encoding']})")
    if "text/html" in response.headers.get("Content-Type", ""):
        raise Refused("sends a web page instead of the file")


def _asked_to_wait(response: requests.Response) -> float | None:
    """Seconds of Retry-After, a number or a date."""
    try:
        return Retry().get_retry_after(response.raw)
    except Exception:  # urllib3's InvalidHeader: what cannot be read is not there
        return None


def _beyond_the_end(response: requests.Response, part: Path, begun: Begun) -> None:
    """416: the part is whole already, or longer than the file."""
    if response.headers.get("Content-Range") != f"bytes */{begun.length}":
        forget(part)
        raise Again("the part fetched before is longer than the file; it starts anew")


def _place(response: requests.Response, begun: Begun, part: Path) -> tuple[int, int | None]:
    """Where the body starts and how long the whole file is."""
    if response.status_code == 200:  # a server without Range, or another file than before
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if _LENGTH.fullmatch(length) else None
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    total = begun.total if not found or found[2] == "*" else int(found[2])
    if not found or int(found[1]) != begun.length or begun.total not in {None, total}:
        forget(part)
        raise Again(f"sends another range ({response.headers.get('Content-Range', '')[:80]}); it starts anew")
    validator = _validator(response)
    if begun.length and begun.validator and validator and validator != begun.validator:
        forget(part)  # a server that passes over If-Range
        raise Again("the file has changed there; it starts anew")
    return begun.length, total


def _receive(
    response: requests.Response, file: BinaryIO, length: int, total: int | None, watch: Watch
) -> None:
    when, reached = monotonic(), length
    while True:
        try:
            piece = response.raw.read1(CHUNK)
        except (HTTPError, OSError) as error:
            raise Again(f"the connection broke after {amount(length)}: {short(error)}") from None
        if not piece:
            break
        length += len(piece)
        if length > (MOST if total is None else total):
            raise Refused(f"sends more than the {amount(MOST if total is None else total)} there should be")
        file.write(piece)
        watch.received(length, total)
        if (seconds := monotonic() - when) >= SECONDS:  # a server that drips
            if length - reached < LEAST:
                raise Again(f"gave {length - reached} bytes in {seconds:.0f} s")
            when, reached = monotonic(), length
        if watch.stop.is_set():
            raise Again("stopped")
    if total is not None and length < total:
        raise Again(f"ended after {length} of {total} bytes")
