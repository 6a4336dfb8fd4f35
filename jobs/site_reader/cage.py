"""Close every way out of this process but the egress guard.

Two walls. A network namespace of its own, where the system gives one: it holds nothing but a relay
to the guard's Unix socket, and binds child processes too. And an audit hook that cannot be taken
out again: connections, name look-ups, programs and files other than ours raise an error. The hook
guards against code that is astray, the namespace against code that is hostile.
"""

import ctypes
import fcntl
import os
import re
import resource
import socket
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
RELAY_BYTES = 1 << 16

_ALWAYS_REFUSED = frozenset(
    {
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.system",
        "pty.spawn",
        "socket.bind",
        "socket.sendmsg",
        "socket.sendto",
    }
)
# deno's: a player script gets none of the rights that these give
_PERMISSION = re.compile(r"--(?:allow|unsafe|permission|unstable|reload|env-file)|-[A-Z]")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class CageError(PermissionError):
    """Something was tried that is not open to this process; its text holds `egress_refused`."""


@dataclass(frozen=True, slots=True)
class WayOut:
    """The guard, as this process sees it."""

    host: str
    port: int
    is_caged: bool  # the network is this process's own and empty
    guard_socket: str = ""  # where the relay connects to, then


def limit_memory(data_bytes: int) -> None:
    """Limit the memory that is really written to, here and in children.

    Not the address space: V8, which runs a site's player script, reserves far more than it uses.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (data_bytes, data_bytes))


def leave_network(guard_socket: str, guard_port: int) -> WayOut:
    """Move into an empty network where the system allows it, with a relay to the guard.

    Must run while the process has one thread.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) and libc.unshare(CLONE_NEWNET):
        return WayOut("127.0.0.1", guard_port, is_caged=False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))
    listener = socket.create_server(("127.0.0.1", 0))
    # By the folder's descriptor: addresses of Unix sockets end at 107 bytes.
    folder = os.open(Path(guard_socket).parent, os.O_RDONLY | os.O_DIRECTORY)
    short = f"/proc/self/fd/{folder}/{Path(guard_socket).name}"
    threading.Thread(target=_relay_all, args=(listener, short), daemon=True).start()
    return WayOut("127.0.0.1", listener.getsockname()[1], is_caged=True, guard_socket=short)


def close_doors(way_out: WayOut, program: str, folders: list[Path]) -> None:
    """Refuse, from now on and for good, what this process has no business with.

    Args:
        way_out: where it may connect to.
        program: the one program that it may start, or nothing.
        folders: where it may write.
    """
    places = tuple(f"{folder.resolve()}/" for folder in folders)
    connect_to: set[object] = {(way_out.host, way_out.port), way_out.guard_socket}

    def check_open(path: object, flags: object) -> None:
        if not isinstance(path, str | bytes) or not isinstance(flags, int) or not flags & _WRITING:
            return
        target = os.path.realpath(os.fsdecode(path))
        if target != os.devnull and not target.startswith(places):
            raise CageError(f"egress_refused: writing outside the item's folder: {target}")

    def check_program(executable: object, arguments: object) -> None:
        if not program or executable not in (program, os.fsencode(program)):
            raise CageError(f"egress_refused: starting a program: {executable!r}")
        _check_arguments(arguments)

    checks: dict[str, Callable[[tuple[object, ...]], None]] = {
        "open": lambda arguments: check_open(arguments[0], arguments[2]),
        "subprocess.Popen": lambda arguments: check_program(arguments[0], arguments[1]),
        "socket.connect": lambda arguments: _require(arguments[1], connect_to),
        "socket.getaddrinfo": lambda arguments: _require(arguments[0], {way_out.host}),
        "socket.gethostbyname": lambda arguments: _require(arguments[0], {way_out.host}),
    }

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if check := checks.get(event):
            check(arguments)
        elif event in _ALWAYS_REFUSED:
            raise CageError(f"egress_refused: {event}")

    sys.addaudithook(hook)


def _check_arguments(arguments: object) -> None:
    for argument in arguments if isinstance(arguments, list | tuple) else ():
        if _PERMISSION.match(os.fsdecode(argument)):
            raise CageError(f"egress_refused: a player script with {argument!r}")


def _require(given: object, allowed: set[object]) -> None:
    if (tuple(given[:2]) if isinstance(given, tuple) else given) not in allowed:
        raise CageError(f"egress_refused: {given!r} is not the guard")


def _relay_all(listener: socket.socket, guard_socket: str) -> None:
    while True:
        client, _ = listener.accept()
        guard = socket.socket(socket.AF_UNIX)
        try:
            guard.connect(guard_socket)
        except OSError:
            client.close()
            guard.close()
            continue
        for one, other in ((client, guard), (guard, client)):
            threading.Thread(target=_relay, args=(one, other), daemon=True).start()


def _relay(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(RELAY_BYTES):
            other.sendall(data)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)
