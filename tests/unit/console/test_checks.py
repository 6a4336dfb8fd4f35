"""What `verity doctor` finds, check by check."""

import socket
from pathlib import Path

import pytest

from console.checks import Check, all_checks
from console.settings import ConsoleSettings


def check(name: str, environ: dict[str, str]) -> Check:
    """Return one check's result."""
    (found,) = all_checks(ConsoleSettings(environ), (name,))
    return found


def test_a_cluster_that_answers_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for address in (f"127.0.0.1:{port}", f"ray://127.0.0.1:{port}"):
            found = check("ray", {"RAY_ADDRESS": address})
            assert found.ok
            assert str(port) in found.words


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "head", "head:port"])
def test_a_cluster_that_does_not_answer_says_what_to_do(address: str) -> None:
    found = check("ray", {"RAY_ADDRESS": address})
    assert not found.ok
    assert "RAY_ADDRESS" in found.advice


def test_no_address_is_a_cluster_of_ones_own() -> None:
    assert check("ray", {}).ok


def test_the_detector_is_opened_on_the_device_that_a_worker_takes() -> None:
    found = check("provider", {"VERITY_DEVICE": "cpu"})
    assert found.ok
    assert "CPUExecutionProvider" in found.words


def test_a_data_folder_that_cannot_be_made_is_a_finding() -> None:
    found = check("database", {"VERITY_VAR": str(Path("/proc/nope"))})
    assert not found.ok
    assert found.advice
