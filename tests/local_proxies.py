"""Small proxies for tests of the way out: HTTP's CONNECT, and SOCKS 5 with or without a login."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def connect_proxy() -> Iterator[tuple[int, list[str]]]:
    """Run an HTTP proxy that takes CONNECT; yield its port and the heads that it saw."""
    heads: list[str] = []

    def serve(client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(1 << 12)
        heads.append(head.decode())
        host, port = head.split(b" ")[1].decode().split(":")
        with socket.create_connection((host, int(port))) as origin:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            _join(client, origin)

    with _listening(serve) as port:
        yield port, heads


@contextmanager
def socks_proxy(login: tuple[str, str] | None = None) -> Iterator[tuple[int, list[str]]]:
    """Run a SOCKS proxy (RFC 1928, 1929); yield its port and the addresses that it was asked for.

    Args:
        login: name and password that it asks for; None: it asks for none.
    """
    asked: list[str] = []

    def serve(client: socket.socket) -> None:
        _version, n_ways = _read(client, 2)
        way = 0 if login is None else 2
        if way not in _read(client, n_ways):
            client.sendall(b"\x05\xff")
            return
        client.sendall(bytes([5, way]))
        if login is not None:
            _version, n_user = _read(client, 2)
            user = _read(client, n_user).decode()
            password = _read(client, _read(client, 1)[0]).decode()
            client.sendall(b"\x01\x00" if (user, password) == login else b"\x01\x01")
            if (user, password) != login:
                return
        _version, _command, _reserved, kind = _read(client, 4)
        if kind == 3:  # a name: the guard never asks so
            asked.append(_read(client, _read(client, 1)[0]).decode())
            return
        family, n_bytes = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
        host = socket.inet_ntop(family, _read(client, n_bytes))
        port = int.from_bytes(_read(client, 2))
        asked.append(f"{host} {port}")
        try:
            origin = socket.create_connection((host, port))
        except OSError:
            client.sendall(b"\x05\x05\x00\x01" + bytes(6))  # connection refused
            return
        with origin:
            client.sendall(b"\x05\x00\x00\x03\x05proxy\x00\x00")  # bound to a name, as some say it
            _join(client, origin)

    with _listening(serve) as port:
        yield port, asked


@contextmanager
def answering_proxy(answer: bytes) -> Iterator[int]:
    """Run something that answers every connection with the same bytes and closes it; yield its port."""

    def serve(client: socket.socket) -> None:
        client.recv(1 << 12)
        client.sendall(answer)

    with _listening(serve) as port:
        yield port


@contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve_one(client: socket.socket) -> None:
        with suppress(OSError), client:
            serve(client)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=serve_one, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _join(client: socket.socket, origin: socket.socket) -> None:
    back = threading.Thread(target=_pump, args=(origin, client), daemon=True)
    back.start()
    _pump(client, origin)
    back.join()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


def _read(client: socket.socket, n_bytes: int) -> bytes:
    found = b""
    while len(found) < n_bytes:
        data = client.recv(n_bytes - len(found))
        if not data:
            raise ConnectionResetError
        found += data
    return found
