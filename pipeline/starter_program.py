"""Fork for the process that started this one, put limits on the fork, and become a program in it.

Run as a file by `pipeline.starter`, never imported: `preexec_fn` is not safe in a process with
threads, and a new Python for each child takes 14 ms of CPU before it has done anything; a fork of
this one takes 2. The forks are children of the process that asks (`CLONE_PARENT`): it waits for
them and kills them, they die with it, and none notices when this process ends.

Argument: the number of the process that asks. Standard input is its end of a socket pair. Each
message carries four descriptors: the program's standard output and error, its working directory,
and a socket of the request's own. The fork reads from it, until its end and with NUL between:
`NAME=value` for each limit, `env:NAME=value` for each variable, `--`, the program and its
arguments. It answers with its number, or this process with that of an error, below zero.
"""

import ctypes
import os
import platform
import resource
import socket
import sys
from contextlib import suppress
from signal import SIGCHLD, SIGKILL

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CLONE_PARENT = 0x00008000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SYS_CLONE = 56 if platform.machine() == "x86_64" else 220  # Linux has one number for all newer ones
EXIT_CANNOT_START = 127  # as a shell says it
N_DESCRIPTORS = 4
MAX_DESCRIPTOR = 1 << 30

# It keeps the lock of the interpreter during calls: a fork that skips Python's own care has but this
# thread, and that lock in its hands.
_libc = ctypes.PyDLL(None, use_errno=True)
_ZEROS = [ctypes.c_long(0)] * 4  # a stack, where to write numbers, thread storage: none of its own


def main() -> None:
    """Answer requests until the other end is closed."""
    owner = int(sys.argv[1])
    if not _dies_with(owner):
        return
    os.closerange(3, MAX_DESCRIPTOR)  # whatever libraries of the owner left open for its children
    control = socket.socket(fileno=0)
    null = os.open(os.devnull, os.O_RDONLY)
    while True:
        _, given, _, _ = socket.recv_fds(control, 1, N_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
        if not given:
            return
        pid = _libc.syscall(
            ctypes.c_long(SYS_CLONE), ctypes.c_long(CLONE_PARENT | SIGCHLD), *_ZEROS
        )
        if pid == 0:
            _become_program(owner, null, given)
        if pid < 0:
            with suppress(OSError):  # who asked has gone
                os.write(given[-1], b"%d" % -ctypes.get_errno())
        for descriptor in given:
            os.close(descriptor)


def _become_program(owner: int, null: int, given: list[int]) -> None:
    """Do what the request says; never returns."""
    try:
        stdout, stderr, folder, request = given
        os.setsid()
        is_alive = _dies_with(owner)
        words = _read(request).split(b"\0")
        os.write(request, b"%d" % os.getpid())  # who hears of no child has none: it ends here
        for target, source in enumerate((null, stdout, stderr)):
            os.dup2(source, target)
        os.fchdir(folder)
        os.closerange(3, MAX_DESCRIPTOR)
        if is_alive:
            _limit_and_exec(words)
    except (OSError, ValueError, KeyError) as error:
        os.write(2, f"cannot be limited: {error}\n".encode())
    finally:
        os._exit(EXIT_CANNOT_START)


def _limit_and_exec(words: list[bytes]) -> None:
    """Limit, cut off the network, and exec."""
    end = words.index(b"--")
    given = dict(word.split(b"=", 1) for word in words[:end])
    command = words[end + 1 :]
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)  # no program with a set-user-id bit helps it out
    # ffmpeg hands each frame through five threads: where none interrupts another, that takes a quarter
    # less time. A container may forbid it; then nothing changes.
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    is_apart = False
    if given[b"network"] != b"1":
        # Best effort: where the system forbids namespaces, the program's own protocol lists remain.
        is_apart = _libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0
    if not is_apart:
        given.pop(b"NPROC", None)  # it would count all processes of this user
    for name in ("CPU", "AS", "FSIZE", "NPROC", "CORE"):
        if name.encode() in given:
            kind = getattr(resource, f"RLIMIT_{name}")
            hard = resource.getrlimit(kind)[1]
            value = int(given[name.encode()])
            soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (soft, soft))
    environment = {
        name.removeprefix(b"env:"): value
        for name, value in given.items()
        if name.startswith(b"env:")
    }
    try:
        os.execve(command[0], command, environment)  # noqa: S606 - no shell: the point
    except OSError as error:
        os.write(2, b"cannot start %s: %s\n" % (command[0], str(error.strerror).encode()))


def _dies_with(owner: int) -> bool:
    """Have the kernel end this process with its parent; tell whether the parent is still alive."""
    _libc.prctl(PR_SET_PDEATHSIG, SIGKILL)
    return os.getppid() == owner


def _read(descriptor: int) -> bytes:
    read = b""
    while data := os.read(descriptor, 1 << 16):
        read += data
    return read


if __name__ == "__main__":
    main()
