"""Put limits on this process, then become the program that was asked for.

Run as a file by `pipeline.limits`, never imported: a fresh interpreter sets the limits, because
`preexec_fn` is not safe in a process with threads. An item starts three of these, so it imports what it
cannot do without: reading JSON alone would double the 14 ms of a start.
Arguments: `NAME=value` for each limit, `env:NAME=value` for each variable, `--`, the program and its
arguments.
"""

import ctypes
import os
import resource
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
SIGKILL = 9
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
EXIT_CANNOT_START = 127  # as a shell says it


def main() -> None:
    """Limit, cut off the network, and exec."""
    end = sys.argv.index("--")
    given = dict(argument.split("=", 1) for argument in sys.argv[1:end])
    command = sys.argv[end + 1 :]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, SIGKILL)
    if os.getppid() != int(given["parent_pid"]):
        sys.exit(EXIT_CANNOT_START)  # the parent died before the line above
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)  # no program with a set-user-id bit helps it out
    # ffmpeg hands each frame through five threads: where none interrupts another, that takes a quarter
    # less time. A container may forbid it; then nothing changes.
    libc.sched_setscheduler(0, os.SCHED_BATCH, ctypes.byref(ctypes.c_int(0)))
    is_apart = False
    if given["network"] != "1":
        # Best effort: where the system forbids namespaces, the program's own protocol lists remain.
        is_apart = libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0
    if not is_apart:
        given.pop("NPROC", None)  # it would count all processes of this user
    for name in ("CPU", "AS", "FSIZE", "NPROC", "CORE"):
        if name in given:
            kind = getattr(resource, f"RLIMIT_{name}")
            hard = resource.getrlimit(kind)[1]
            value = int(given[name])
            soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (soft, soft))
    environment = {
        name.removeprefix("env:"): value for name, value in given.items() if name.startswith("env:")
    }
    try:
        os.execve(command[0], command, environment)  # noqa: S606 - no shell: the point
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error.strerror}\n")
        sys.exit(EXIT_CANNOT_START)


if __name__ == "__main__":
    main()
