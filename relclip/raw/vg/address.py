"""Which addresses are asked: https, or http to this very machine (tests, a local copy); where they may redirect to."""

import re
from urllib.parse import urljoin, urlsplit

import requests
from requests import exceptions

#: Seconds to connect, seconds without a byte.
TIMEOUT = (10.0, 60.0)
REDIRECTS = 10
#: What urllib3 puts before and after its own words.
_OBJECTS = re.compile(r"\w+\(host=[^)]*\): |IncompleteRead.*|\[Errno -?\d+\] ")
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Refused(Exception):
    """This address does not have the file, or not the right one: the next mirror is asked."""


class Again(Exception):
    """Something failed in passing; `wait`: seconds the server asks for. The same mirror is asked again."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Unreachable(Again):
    """The host's name is unknown or nobody answers there."""


def host_of(address: str) -> str:
    """The host an address names, or ''."""
    return urlsplit(address).hostname or ""


def check_address(address: str) -> None:
    """Raise Refused for anything but https, or http to this machine."""
    url = urlsplit(address)
    if url.scheme == "https" and url.hostname:
        return
    if not (url.scheme == "http" and host_of(address) in LOOPBACK):
        raise Refused(f"{url.scheme or 'no'} address; allowed: https://, or http:// to this machine")


def open_address(session: requests.Session, address: str, headers: dict[str, str]) -> requests.Response:
    """Ask for an address and follow its redirects, which may not change the scheme; the body is not read yet.

    Raises Refused for a bad address or redirect, Unreachable without an answer, Again where the connection fails.
    """
    scheme = urlsplit(address).scheme
    for _ in range(REDIRECTS):
        check_address(address)
        response = _get(session, address, headers)
        if not response.is_redirect:
            return response
        response.close()
        address = _followed(address, response.headers["Location"])
        if urlsplit(address).scheme != scheme:
            raise Refused(f"redirects from {scheme} to {urlsplit(address).scheme or 'nowhere'}")
    raise Refused(f"redirects more than {REDIRECTS} times")


def _followed(address: str, location: str) -> str:
    try:
        return urljoin(address, location)
    except ValueError:
        raise Refused("redirects to what is no address") from None


def _get(session: requests.Session, address: str, headers: dict[str, str]) -> requests.Response:
    try:
        return session.get(address, headers=headers, stream=True, allow_redirects=False, timeout=TIMEOUT)
    except (exceptions.SSLError, exceptions.InvalidURL, exceptions.InvalidSchema) as error:
        raise Refused(short(error)) from None
    except (exceptions.ConnectTimeout, exceptions.ProxyError) as error:
        raise Unreachable(short(error)) from None
    except requests.ConnectionError as error:
        # a new connection fails before the request is sent; an old one breaks after
        before = any(word in repr(error) for word in ("NewConnectionError", "NameResolution"))
        raise (Unreachable if before else Again)(short(error)) from None
    except requests.RequestException as error:
        raise Again(short(error)) from None
    except ValueError:  # requests looks at a redirect's address, though it does not follow it
        raise Refused("redirects to what is no address") from None


def short(error: Exception) -> str:
    """What an error of requests says, on one line, of its nesting the innermost part."""
    while error.args and isinstance(error.args[0], Exception):
        error = error.args[0]
    error = getattr(error, "reason", None) or error
    text = str(error.args[0]) if error.args and isinstance(error.args[0], str) else str(error)
    return _OBJECTS.sub("", " ".join(text.split())).strip(" :")[:120] or type(error).__name__
