"""The starter of limited children: killed, stopped, forked, asked by many threads at once."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pipeline import starter
from pipeline.limits import ChildLimits, limited_child, run_limited

N_THREADS, N_CHILDREN = 8, 60
PROGRAM = Path(starter.__file__).with_name("starter_program.py")
LIMITS = ChildLimits(wall_s=50.0)

_OWNER = """
import os, signal, threading, time
from pipeline.limits import *
def hold():
    with limited_child(["/bin/sleep", "60"], ChildLimits()) as child:
        os.write(1, b"%d\\n" % child.process.pid)
        time.sleep(60)
for _ in range(4):
    threading.Thread(target=hold, daemon=True).start()
signal.pause()
"""


@pytest.fixture(autouse=True)
def _a_starter_is_there() -> None:
    run_limited(["/bin/true"], LIMITS)


@pytest.mark.parametrize("stopped", ["nothing", "the starter", "the owner", "both"])
def test_all_children_and_the_starter_die_with_the_owner(stopped: str) -> None:
    with subprocess.Popen([sys.executable, "-c", _OWNER], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        try:
            children = [int(owner.stdout.readline()) for _ in range(4)]
            [forking] = set(_children(owner.pid)) - set(children)
            if stopped in {"the starter", "both"}:
                os.kill(forking, signal.SIGSTOP)
            if stopped in {"the owner", "both"}:
                os.kill(owner.pid, signal.SIGSTOP)
            assert all(_state(pid) in "SRD" for pid in children)
        finally:
            owner.kill()
    assert _soon(lambda: not any(_state(pid) in "SRDT" for pid in [*children, forking]))


def test_a_child_outlives_a_starter_that_is_killed_and_the_next_one_starts() -> None:
    command = ["/bin/sh", "-c", "read line < /dev/null; sleep 0.3; echo end"]
    with limited_child(command, LIMITS) as child:
        _kill_starter()
        said = child.read()
        ended = child.finish()
    assert (said, ended.return_code) == (b"end\n", 0)
    assert run_limited(["/bin/echo", "next"], LIMITS).stdout == b"next\n"


def test_starters_killed_again_and_again_cost_no_child_and_start_none_twice(tmp_path: Path) -> None:
    log = tmp_path / "log"
    is_over = threading.Event()
    ended: list[int] = []

    def harm() -> None:
        n_before = 0
        while not is_over.wait(0.01):
            # so many others came to their turn since the last time that nobody is harmed in each try
            if len(ended) >= n_before + 2 * N_THREADS:
                n_before = len(ended)
                _kill_starter()

    def one(number: int) -> bytes:
        command = ["/bin/sh", "-c", f"echo {number} >> {log}; echo {number}"]
        said = run_limited(command, LIMITS).stdout
        ended.append(number)
        return said

    harmer = threading.Thread(target=harm)
    harmer.start()
    try:
        with ThreadPoolExecutor(N_THREADS) as pool:
            said = list(pool.map(one, range(3 * N_CHILDREN)))
    finally:
        is_over.set()
        harmer.join()
    assert said == [b"%d\n" % number for number in range(3 * N_CHILDREN)]
    assert sorted(map(int, log.read_text().split())) == list(range(3 * N_CHILDREN))


def test_a_starter_that_stands_still_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "ANSWER_S", 5.0)  # a new one needs a little of it too
    still = _starter_pid()
    os.kill(still, signal.SIGSTOP)
    assert run_limited(["/bin/echo", "started"], LIMITS).stdout == b"started\n"
    assert _state(still) == "X"


def test_a_fork_that_can_tell_nobody_its_number_becomes_no_program(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    with _own_starter() as ask:
        assert ask(f"network=1\0--\0/bin/touch\0{touched}", False) == b""
        assert not touched.exists()
        ask(f"network=1\0--\0/bin/touch\0{touched}", True)
        assert touched.exists()


def test_children_of_many_threads_get_their_own_words_and_no_descriptor_of_others() -> None:
    script = "import os, sys; print(sys.argv[1], len(os.listdir('/proc/self/fd')))"

    def one(number: int) -> bytes:
        command = [sys.executable, "-I", "-S", "-c", script, str(number)]
        return run_limited(command, LIMITS).stdout

    with ThreadPoolExecutor(N_THREADS) as pool:
        said = list(pool.map(one, range(N_CHILDREN)))
    assert said == [b"%d 4\n" % number for number in range(N_CHILDREN)]  # streams and the listing


def test_the_end_of_a_child_is_heard_while_others_that_started_later_still_run() -> None:
    with (
        limited_child(["/bin/cat", "/proc/self/comm"], LIMITS) as first,
        limited_child(["/bin/sleep", "30"], LIMITS),
    ):
        said = first.read()
        assert (said, first.read()) == (b"cat\n", b"")  # nobody else holds its standard output


def test_neither_the_starter_nor_a_child_dies_with_the_thread_that_asked_first() -> None:
    program = (
        "import threading\nfrom pipeline.limits import *\n"
        "said, children = [], []\n"
        "def first():\n"
        "    block = limited_child(['/bin/sh', '-c', 'sleep 0.5; echo end'], ChildLimits())\n"
        "    children.append((block, block.__enter__()))\n"
        "thread = threading.Thread(target=first); thread.start(); thread.join()\n"
        "block, child = children[0]\n"
        "print(child.read(), child.finish().return_code)\n"
        "block.__exit__(None, None, None)\n"
        "print(run_limited(['/bin/echo', 'next'], ChildLimits()).stdout)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().splitlines() == ["b'end\\n' 0", "b'next\\n'"]
    assert done.stderr == b""


def test_a_fork_of_the_owner_gets_a_starter_of_its_own() -> None:
    program = (
        "import os, sys\nfrom pipeline.limits import *\n"
        "say = lambda word: print(run_limited(['/bin/echo', word], ChildLimits()).stdout, flush=True)\n"
        "say('owner')\n"
        "pid = os.fork()\n"
        "if pid == 0: say('fork'); sys.exit(0)\n"
        "assert os.waitpid(pid, 0)[1] == 0\n"
        "say('owner again')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    said = done.stdout.decode().splitlines()
    assert said == ["b'owner\\n'", "b'fork\\n'", "b'owner again\\n'"]
    assert done.stderr == b""


def test_the_end_of_a_child_is_known_where_ends_of_children_were_ignored_at_the_start() -> None:
    program = (
        "from pipeline.limits import *\n"
        "print(run_limited(['/bin/sh', '-c', 'exit 3'], ChildLimits()).return_code)"
    )
    ignoring = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [sys.executable, "-c", ignoring, sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout == b"3\n"


def test_arguments_are_taken_to_the_byte() -> None:
    hostile = [
        "--", "CPU=0", "env:A=b", "", "a\nb", "\x01\x7f\t", "'\"$(true)`", "-" * 100_000,
        os.fsdecode(bytes(range(1, 256))), "\u202e\U0001f600",
    ]  # fmt: skip
    script = "import os, sys; sys.stdout.write(repr([os.fsencode(a) for a in sys.argv[1:]]))"
    command = [sys.executable, "-I", "-S", "-X", "utf8", "-c", script, *hostile]
    said = run_limited(command, LIMITS).stdout.decode()
    assert said == repr([os.fsencode(argument) for argument in hostile])


def test_an_argument_with_nul_is_refused_and_not_taken_for_two() -> None:
    with pytest.raises(ValueError, match="NUL"):
        run_limited(["/bin/echo", "a\0b"], LIMITS)


def test_more_arguments_than_the_system_takes_are_an_end_with_a_reason() -> None:
    ended = run_limited(["/bin/echo", *["x" * 100_000] * 40], LIMITS)
    assert ended.return_code == 127
    assert "Argument list too long" in ended.stderr


def test_a_child_runs_where_its_owner_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_limited(["/bin/pwd"], LIMITS).stdout.decode() == f"{tmp_path.resolve()}\n"
    assert run_limited(["/bin/pwd"], LIMITS, cwd=Path("/")).stdout == b"/\n"
    with pytest.raises(FileNotFoundError):
        run_limited(["/bin/pwd"], LIMITS, cwd=tmp_path / "missing")


def test_a_child_leads_a_session_of_its_own_and_belongs_to_its_owner() -> None:
    script = "import os; print(os.getpid(), os.getsid(0), os.getpgid(0), os.getppid())"
    with limited_child([sys.executable, "-I", "-S", "-c", script], LIMITS) as child:
        said = [int(number) for number in child.read().split()]
    assert said == [child.process.pid] * 3 + [os.getpid()]


def test_the_starter_holds_nothing_of_its_owner(tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)  # as a library may that knows no better
        _kill_starter()
        run_limited(["/bin/true"], LIMITS)
        forking = _starter_pid()
        # its end of the socket pair, standard output, standard error, /dev/null; it may be about to
        # close those of the last request
        assert _soon(lambda: len(_targets(forking)) == 4)
        assert not any(str(tmp_path) in target for target in _targets(forking))
    assert Path(f"/proc/{forking}/environ").read_bytes() == b""


def test_no_descriptor_and_no_process_is_left_of_children() -> None:
    program = (  # of its own: other tests' servers and threads come and go in this one
        "import os\nfrom contextlib import suppress\nfrom pathlib import Path\n"
        "from pipeline.limits import *\n"
        "def count():\n"
        "    tasks = Path('/proc/self/task').glob('*/children')\n"
        "    children = sorted(pid for path in tasks for pid in path.read_text().split())\n"
        "    return len(os.listdir('/proc/self/fd')), children\n"
        "run_limited(['/bin/true'], ChildLimits())\n"
        "before = count()\n"
        "for _ in range(5):\n"
        "    run_limited(['/bin/true'], ChildLimits())\n"
        "    run_limited(['/bin/does-not-exist'], ChildLimits())\n"
        "    with suppress(ValueError): run_limited(['\\0'], ChildLimits())\n"
        "print(count() == before, *before, *count())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.startswith(b"True "), done.stdout


@contextmanager
def _own_starter() -> Iterator[Callable[[str, bool], bytes]]:
    """Give a function that sends a request, listening or not, and returns what the child wrote."""
    control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-I", "-S", str(PROGRAM), str(os.getpid())]
    process = subprocess.Popen(command, stdin=theirs.fileno())
    theirs.close()

    def ask(request: str, is_listening: bool) -> bytes:
        ours, request_end = socket.socketpair()
        reader, writer = os.pipe()
        root = os.open("/", os.O_PATH)
        ours.sendall(request.encode())
        ours.shutdown(socket.SHUT_WR)
        if not is_listening:
            ours.close()
        socket.send_fds(control, [b"."], [writer, writer, root, request_end.fileno()])
        for descriptor in (writer, root):
            os.close(descriptor)
        request_end.close()
        with os.fdopen(reader, "rb") as file:
            said = file.read()  # to its end: the child's
        if is_listening:
            os.waitpid(int(ours.recv(32)), 0)
            ours.close()
        return said

    try:
        yield ask
    finally:
        control.close()
        process.wait()


def _kill_starter() -> None:
    with suppress(ProcessLookupError):
        os.kill(_starter_pid(), signal.SIGKILL)


def _starter_pid() -> int:
    """Return the number of this process's starter; what it forks looks like it for a moment."""
    process = starter._starter._process
    assert process is not None
    return process.pid


def _children(owner: int) -> list[int]:
    tasks = Path(f"/proc/{owner}/task").glob("*/children")
    return sorted(int(pid) for path in tasks for pid in path.read_text().split())


def _targets(pid: int) -> list[str]:
    """Return what a process holds open."""
    found = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(str(path.readlink()))
    return found


def _state(pid: int) -> str:
    """Return a process's state as the kernel names it; X if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def _soon(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not is_so():
        time.sleep(0.02)  # waits for the kernel, not for us
    return is_so()
