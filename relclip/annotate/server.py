"""Serve the page on this machine alone until Ctrl-C."""

import ipaddress
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import flask
from werkzeug.serving import BaseWSGIServer, make_server

from relclip.core.errors import InputError


def loopback(host: str) -> str:
    """The address of `host`. Raises InputError where others could reach it: nobody proves there who they are."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise InputError(
            f"--host {host} is refused: the page has no passwords, so it is served on this machine alone "
            "(127.0.0.1, localhost or ::1); from elsewhere use: ssh -L 5001:127.0.0.1:5001 THIS_MACHINE"
        )
    return str(address)


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Hold a port of this machine; 0 takes any free one. Raises InputError where it is in use."""
    address = loopback(host)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
            listener.listen()
        except OSError as error:
            raise InputError(
                f"port {port} cannot be used ({error.strerror}); give another with --port, 0 for any free one"
            ) from None
        yield listener


def server_of(app: flask.Flask, listener: socket.socket) -> BaseWSGIServer:
    """A server of the application on a port that is held; it takes a copy of it."""
    address, port = listener.getsockname()[:2]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    return make_server(address, port, app, threaded=True, fd=listener.fileno())


def url_of(server: BaseWSGIServer) -> str:
    """What to open in a browser."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"http://{host}:{server.port}/"


def serve(server: BaseWSGIServer) -> None:
    """Answer requests until Ctrl-C, which is how it is meant to end."""
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
