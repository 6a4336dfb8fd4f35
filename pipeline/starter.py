"""Start programs through a small process that forks, `pipeline.starter_program`.

A process of ours has threads and hundreds of megabytes: it cannot fork and then set limits in Python,
and a new Python that sets them takes 14 ms of CPU for each child. So the first child of a process
starts a starter, which forks in 2 ms for it and for all that follow. What it forks are children of
this process: a starter that is killed takes none with it, and another one is started with the next.
"""

import ctypes
import errno
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

_PROGRAM = Path(__file__).with_name("starter_program.py")
_ANSWER_BYTES = 32
ANSWER_S = 30.0  # a fork takes milliseconds: a starter that says nothing for so long is replaced
N_TRIES = 3


class StartedProcess:
    """A child process, for us to wait for and to kill; its descriptor means no other one, ever."""

    def __init__(self, pid: int) -> None:
        """Take over a child that nobody waits for."""
        self.pid = pid
        self._return_code: int | None = None
        try:
            self._descriptor = os.pidfd_open(pid)
        except OSError:  # no descriptor is left: nobody could end it later
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise

    def poll(self) -> int | None:
        """Return how it ended, below zero the signal, or None while it runs."""
        return self._ended(os.WNOHANG)

    def wait(self) -> int:
        """Return how it ended, once it has. One thread at a time may wait or poll."""
        code = self._ended(0)
        assert code is not None, "it was waited for"
        return code

    def kill(self) -> None:
        """End it, in whatever state it is; any thread may, while another one waits."""
        with suppress(ProcessLookupError):
            if self._return_code is None:
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def close(self) -> None:
        """Kill it, wait for it and let go of its descriptor; nobody may kill it any more."""
        self.kill()
        self.wait()
        os.close(self._descriptor)

    def _ended(self, options: int) -> int | None:
        if self._return_code is None:
            state = os.waitid(os.P_PIDFD, self._descriptor, os.WEXITED | options)
            if state is not None:
                is_exit = state.si_code == os.CLD_EXITED
                self._return_code = state.si_status if is_exit else -state.si_status
        return self._return_code


class _Keeper(threading.Thread):
    """The thread that every child of this process belongs to: they die with it, so it never ends.

    A child dies with the thread that started it, not with the process, and one that the starter forks
    belongs to the thread that started the starter.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True, name="child-keeper")
        self._asked: queue.SimpleQueue[tuple[int, Future[int]]] = queue.SimpleQueue()
        self.start()

    def start_starter(self, control: int) -> int:
        """Return the number of a new starter that listens at a descriptor."""
        answer: Future[int] = Future()
        self._asked.put((control, answer))
        return answer.result()

    def run(self) -> None:
        """Start starters."""
        command = [sys.executable, "-I", "-S", str(_PROGRAM), str(os.getpid())]
        while True:
            control, answer = self._asked.get()
            actions = [
                (os.POSIX_SPAWN_DUP2, control, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            ]
            try:
                answer.set_result(
                    os.posix_spawn(
                        command[0], command, {}, file_actions=actions, setsid=True, setsigmask=[]
                    )
                )
            except OSError as error:
                answer.set_exception(error)


class _Starter:
    """The starter of this process, and the way to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keeper: _Keeper | None = None
        self._process: StartedProcess | None = None
        self._control: socket.socket | None = None

    def ask(self, descriptors: list[int]) -> StartedProcess:
        """Send a request's descriptors, starting a starter where there is none; return the starter."""
        with self._lock:
            if self._process is None or self._control is None:
                self._begin()
            assert self._process is not None
            assert self._control is not None
            try:
                socket.send_fds(self._control, [b"."], descriptors)
            except OSError:  # it has gone, or takes nothing
                self._end()
                self._begin()
                socket.send_fds(self._control, [b"."], descriptors)
            return self._process

    def replace(self, silent: StartedProcess) -> None:
        """Give up a starter that did not answer, unless that was done already."""
        with self._lock:
            if self._process is silent:
                self._end()

    def forget(self) -> None:
        """Know nothing of the starter that the process has of which this one is a fork."""
        if self._control is not None:
            self._control.close()
        self._lock = threading.Lock()
        self._keeper = self._process = self._control = None

    def _begin(self) -> None:
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
            # Whoever started this process ignored the ends of its children, and that is inherited:
            # then nobody could say how one ended. `signal.signal` is for the main thread only.
            ctypes.CDLL(None).signal(signal.SIGCHLD, ctypes.c_void_p(None))  # SIG_DFL
        self._keeper = self._keeper or _Keeper()
        # One message is one request, whichever threads send at once.
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                self._process = StartedProcess(self._keeper.start_starter(theirs.fileno()))
        except OSError:
            control.close()
            raise
        control.settimeout(ANSWER_S)
        self._control = control

    def _end(self) -> None:
        if self._process is not None and self._control is not None:
            self._control.close()
            self._process.close()
        self._process = self._control = None


_starter = _Starter()
os.register_at_fork(after_in_child=_starter.forget)


def start_process(
    words: Sequence[str], cwd: Path | None, stdout: int, stderr: int
) -> StartedProcess:
    """Start a program in a session of its own, limited as the words say.

    Args:
        words: what `pipeline.starter_program` reads: limits, `--`, program, arguments.
        cwd: its working directory; this process's own if None.
        stdout: the descriptor that becomes its standard output.
        stderr: and its standard error.

    Raises:
        ValueError: a word holds NUL.
        OSError: no process can be started.
    """
    encoded = [os.fsencode(word) for word in words]
    if any(b"\0" in word for word in encoded):
        raise ValueError("An argument of a program cannot hold NUL.")
    request = b"\0".join(encoded)
    folder = os.open(cwd or os.curdir, os.O_PATH | os.O_DIRECTORY)
    try:
        # A starter that is killed over a request is no reason to fail. Nothing is started twice: a
        # fork that cannot say its number becomes no program.
        for _ in range(N_TRIES):
            if answer := _ask(request, [stdout, stderr, folder]):
                break
    finally:
        os.close(folder)
    if answer > 0:
        return StartedProcess(answer)
    raise OSError(-answer or errno.EAGAIN, "No limited process can be started")


def _ask(request: bytes, descriptors: list[int]) -> int:
    """Return the starter's answer to a request, or 0 where it died over it."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            starter = _starter.ask([*descriptors, theirs.fileno()])
        ours.settimeout(ANSWER_S)
        try:
            ours.sendall(request)
            ours.shutdown(socket.SHUT_WR)
            answer = ours.recv(_ANSWER_BYTES)
        except (ConnectionError, TimeoutError):
            with suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)  # from here on, no fork can say its number
            answer = _last_words(ours)
    if not answer:
        _starter.replace(starter)
    return int(answer or 0)


def _last_words(closed: socket.socket) -> bytes:
    """Return what had been said before a socket was closed for both directions."""
    with suppress(ConnectionError, TimeoutError):
        return closed.recv(_ANSWER_BYTES)
    return b""
