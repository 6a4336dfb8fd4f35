"""Put limits on this process, then become the program that was asked for.

Run as a file by `pipeline.limits`, never imported: a fresh interpreter sets the limits, because
`preexec_fn` is not safe in a process with threads. Standard library only, to start in milliseconds.
Arguments: a JSON object of limits, then the program and its arguments.
"""

import ctypes
import json
import os
import resource
import sys

PR_SET_PDEATHSIG = 1
SIGKILL = 9
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
EXIT_CANNOT_START = 127  # as a shell says it


def main() -> None:
    """Limit, cut off the network, and exec."""
    limits = json.loads(sys.argv[1])
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, SIGKILL)
    if os.getppid() != limits["parent_pid"]:
        sys.exit(EXIT_CANNOT_START)  # the parent died before the line above
    if not limits["network"]:
        # Best effort: where the system forbids namespaces, the program's own protocol lists remain.
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    for name in ("CPU", "AS", "FSIZE", "NPROC", "CORE"):
        if (value := limits[name]) is not None:
            kind = getattr(resource, f"RLIMIT_{name}")
            hard = resource.getrlimit(kind)[1]
            soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (soft, soft))
    try:
        os.execve(sys.argv[2], sys.argv[2:], limits["environment"])  # noqa: S606 - no shell: the point
    except OSError as error:
        sys.stderr.write(f"cannot start {sys.argv[2]}: {error.strerror}\n")
        sys.exit(EXIT_CANNOT_START)


if __name__ == "__main__":
    main()
