"""Limited children: what they may not do, and how they end."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pipeline.limits
from pipeline.ffmpeg_command import FORMATS, decode_command, ffmpeg_path, probe_command
from pipeline.limits import ChildLimits, limited_child, run_limited
from tests.makers import tone, write_wav

SYSTEM_PYTHON = "/usr/bin/python3"  # that a user without rights may run
NOBODY = 65_534
PIPELINE = Path(pipeline.limits.__file__).parent


def run_python(code: str, limits: ChildLimits) -> tuple[int, str, str]:
    result = run_limited([sys.executable, "-I", "-c", code], limits)
    return result.return_code, result.stdout.decode(), result.stderr


def test_a_child_has_an_empty_environment() -> None:
    assert run_python("import os; print(dict(os.environ))", ChildLimits())[1].strip() in {
        "{}",
        "{'LC_CTYPE': 'C.UTF-8'}",  # Python sets this one itself
    }


def test_a_child_gets_the_environment_that_it_is_given() -> None:
    limits = ChildLimits(environment={"A": "b"})
    assert run_python("import os; print(os.environ['A'])", limits)[1] == "b\n"


def test_a_child_cannot_use_more_memory_than_its_limit() -> None:
    code, _, stderr = run_python("bytearray(1 << 30)", ChildLimits(memory_bytes=1 << 29))
    assert code != 0
    assert "MemoryError" in stderr


def test_a_child_cannot_write_a_large_file(tmp_path: Path) -> None:
    target = tmp_path / "large"
    program = f"open({str(target)!r}, 'wb').write(bytes(1 << 20))"
    assert run_python(program, ChildLimits(file_bytes=1 << 16))[0] != 0
    assert target.stat().st_size <= 1 << 16


def test_a_child_cannot_use_more_cpu_than_its_limit() -> None:
    assert run_python("while True: pass", ChildLimits(cpu_s=1))[0] < 0


def test_a_silent_child_is_ended_after_its_stall_time() -> None:
    result = run_limited(["/bin/sleep", "30"], ChildLimits(stall_s=0.2))
    assert result.timed_out


def test_a_child_is_ended_after_its_wall_time() -> None:
    result = run_limited(["/bin/sleep", "30"], ChildLimits(wall_s=0.2))
    assert result.timed_out


def test_a_child_is_gone_when_its_block_is_left() -> None:
    with limited_child(["/bin/sleep", "30"], ChildLimits()) as child:
        assert child.process.poll() is None
    assert child.process.poll() is not None


def test_a_flood_on_standard_error_neither_blocks_nor_fills_memory() -> None:
    flood = "import sys\nfor _ in range(1 << 8): sys.stderr.write('x' * (1 << 16))\nprint('end')"
    result = run_limited([sys.executable, "-I", "-c", flood], ChildLimits(), keep_bytes=1 << 12)
    assert result.stdout == b"end\n"
    assert len(result.stderr) <= 2 << 12


def test_a_missing_program_is_named() -> None:
    result = run_limited(["/bin/does-not-exist"], ChildLimits())
    assert result.return_code == 127
    assert "/bin/does-not-exist" in result.stderr


def test_a_child_dies_with_its_parent() -> None:
    parent = (
        "from pipeline.limits import *\nimport os\n"
        "with limited_child(['/bin/sleep', '30'], ChildLimits()) as child:\n"
        "    print(child.process.pid, flush=True); os.kill(os.getpid(), 9)\n"
    )
    result = run_limited([sys.executable, "-c", parent], ChildLimits())
    child_pid = int(result.stdout)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _is_alive(child_pid):
        time.sleep(0.02)  # waits for the kernel, not for us
    assert not _is_alive(child_pid)


def test_a_child_has_no_network_where_the_system_can_take_it_away() -> None:
    can = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    if can.returncode != 0:
        pytest.skip("this system forbids namespaces")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        program = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
        apart = run_python(program, ChildLimits())
        connected = run_python(program, ChildLimits(network=True))
    assert "Network is unreachable" in apart[2]
    assert connected[0] == 0


def test_a_child_cannot_have_more_processes_than_its_limit(var_folder: Path) -> None:
    if os.geteuid() != 0 or not Path(SYSTEM_PYTHON).exists():
        pytest.skip("needs root, to become a user whom the limit binds, and a Python for that user")
    package = var_folder / "pipeline"  # where that user may read
    package.mkdir()
    for name in ("__init__", "limits", "starter", "starter_program"):
        (package / f"{name}.py").write_bytes((PIPELINE / f"{name}.py").read_bytes())
    flood = "for n in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait; echo end"
    program = (
        "from pipeline.limits import *\n"
        f"print(run_limited(['/bin/sh', '-c', {flood!r}], ChildLimits(n_processes=5)))"
    )
    done = subprocess.run(
        [SYSTEM_PYTHON, "-B", "-c", program],
        cwd=var_folder, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, check=True,
    )  # fmt: skip
    assert b"fork" in done.stdout
    assert b"end" not in done.stdout


def test_a_child_can_gain_no_rights_and_leaves_no_core() -> None:
    status = run_python("print(open('/proc/self/status').read())", ChildLimits())[1]
    assert "NoNewPrivs:\t1" in status
    cores = run_python(
        "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))", ChildLimits()
    )
    assert cores[1] == "(0, 0)\n"


def test_the_threads_of_a_child_do_not_interrupt_each_other() -> None:
    policy = run_python("import os; print(os.sched_getscheduler(0))", ChildLimits())[1]
    assert int(policy) == os.SCHED_BATCH


def test_a_child_inherits_no_file_of_its_parent(tmp_path: Path) -> None:
    with (tmp_path / "open").open("w"):
        listing = run_python("import os; print(len(os.listdir('/proc/self/fd')))", ChildLimits())
    assert listing[1] == "4\n"  # three streams, and the listing itself


@pytest.mark.parametrize("protocol", ["http", "concat", "subfile", "crypto", "data", "pipe"])
def test_the_decoder_opens_nothing_but_files(protocol: str, tmp_path: Path) -> None:
    sound = write_wav(tmp_path / "a.wav", tone())
    command = probe_command(sound)
    place = command.index("-i") + 1
    command[place] = f"{protocol}:{sound}"
    ended = run_limited(command, ChildLimits())
    assert ended.return_code != 0
    assert "Input #0" not in ended.stderr


def test_the_decoder_takes_no_format_that_reads_other_files(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone())
    (tmp_path / "list.ffconcat").write_text("ffconcat version 1.0\nfile a.wav\n")
    ended = run_limited(decode_command(tmp_path / "list.ffconcat", 0, 16_000, 1), ChildLimits())
    assert ended.stdout == b""
    assert "not in whitelist" in ended.stderr.lower() or ended.return_code != 0
    assert not {"hls", "dash", "concat", "imf", "image2", "lavfi"} & set(FORMATS.split())
    free = [ffmpeg_path(), "-v", "error", "-i", str(tmp_path / "list.ffconcat"), "-f", "null", "-"]
    assert subprocess.run(free, capture_output=True, check=False).returncode == 0  # it would follow


def _is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - procfs
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
