"""Limited children: what they may not do, and how they end."""

import sys
import time
from pathlib import Path

from pipeline.limits import ChildLimits, limited_child, run_limited


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
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and _is_alive(child_pid):
        time.sleep(0.02)  # waits for the kernel, not for us
    assert not _is_alive(child_pid)


def _is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - procfs
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
