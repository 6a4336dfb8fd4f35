"""A TCP proxy before the S3 server that fails on demand: away, slow, 500, 503, cut off both ways.

Bytes pass unchanged, so that signatures stay valid.
"""

import socket
import threading
import time
from contextlib import suppress
from enum import StrEnum

CHUNK = 16_384
SLOW_S = 0.05  # a chunk
CUT_AFTER = 600  # bytes of an answer or an upload: its header, and a little more


class Fault(StrEnum):
    """What the store is like."""

    NONE = "none"
    AWAY = "away"
    SLOW = "slow"
    FAILS = "500"
    BUSY = "503"
    CUT = "truncated"
    CUT_UPLOADS = "uploads truncated"


class FaultProxy:
    """Listens on a port of its own while it is entered."""

    def __init__(self, target_port: int) -> None:
        """Name the port of the server."""
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.fault = Fault.NONE

    def __enter__(self) -> "FaultProxy":
        """Begin to take connections."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take no more."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self.fault is Fault.AWAY:
                return
            with socket.create_connection(self._target, timeout=10) as server:
                server.settimeout(None)
                threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
                self._answer(server, client)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        """Pass requests on; answer them here where the server is to seem broken."""
        with suppress(OSError):
            while data := client.recv(CHUNK):
                if self.fault in {Fault.FAILS, Fault.BUSY}:
                    client.sendall(
                        f"HTTP/1.1 {self.fault} Broken\r\nContent-Length: 0\r\n"
                        "Connection: close\r\n\r\n".encode()
                    )
                    client.shutdown(socket.SHUT_RDWR)
                    return
                if self.fault is Fault.CUT_UPLOADS and len(data) > CUT_AFTER:
                    server.sendall(data[:CUT_AFTER])
                    break
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        while data := server.recv(CHUNK):
            if self.fault is Fault.SLOW:
                time.sleep(SLOW_S)
            if self.fault is Fault.AWAY:
                return
            if self.fault is Fault.CUT and len(data) > CUT_AFTER:
                client.sendall(data[:CUT_AFTER])
                return
            client.sendall(data)
