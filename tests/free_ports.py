"""Ports for servers that cannot be handed a listening socket."""

import os
import socket
from contextlib import suppress
from itertools import count

FIRST = 20_000
N_PORTS = (
    12_000  # up to 32768, where Linux takes those of connections and of listeners without a wish
)
_steps = count()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody has, and that nobody is given by chance meanwhile.

    Processes that look at the same time begin at places of their own, and none is returned twice.
    """
    for step in _steps:
        port = FIRST + (os.getpid() * 37 + step) % N_PORTS
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("there is always a next one")
