"""The command line's help, mistakes and exit statuses, without a process of its own."""

import pytest
from typer.testing import CliRunner

from console.cli import EXIT_CODES, app, exit_code_of
from console.settings import ConsoleSettings
from pipeline.errors import ConfigError, InputError, LimitExceededError, OutageError, VerityError

COMMANDS = (
    "scan", "submit", "work", "jobs", "show", "cancel", "retry", "reports", "evaluate", "doctor",
    "pause", "resume", "history", "top", "search",
)  # fmt: skip


def invoke(*arguments: str) -> tuple[int, str, BaseException | None]:
    result = CliRunner().invoke(app, arguments, obj=ConsoleSettings({}), env={"COLUMNS": "200"})
    return result.exit_code, result.output, result.exception


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_an_example(command: str) -> None:
    status, output, _ = invoke(command, "--help")
    assert status == 0
    assert "Examples" in output
    assert f"verity {command}" in output


def test_every_command_is_listed() -> None:
    assert all(command in invoke("--help")[1] for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("scan", "/does/not/exist.wav"), "no file or folder"),
        (("scan", "ftp://example.org/a"), "begin with s3://"),
        (("evaluate", "--manifest", "/none.csv", "--out", "/tmp/none"), "cannot be read"),
        (("submit", "/no/such/folder"), "/no/such/folder"),
    ],
)
def test_a_mistake_in_the_input_is_named(arguments: tuple[str, ...], words: str) -> None:
    _, _, error = invoke(*arguments)
    assert isinstance(error, InputError)
    assert words in error.message
    assert exit_code_of(error) == 2


def test_a_missing_argument_is_a_usage_error() -> None:
    assert invoke("scan")[0] == 2


@pytest.mark.parametrize(
    ("error", "status"),
    [(LimitExceededError(), 2), (OutageError(), 75), (ConfigError(), 78), (VerityError(), 1)],
)
def test_the_exit_status_follows_the_error_tree(error: VerityError, status: int) -> None:
    assert exit_code_of(error) == status


def test_every_branch_of_the_tree_has_an_exit_status() -> None:
    branches = {branch for branch, _ in EXIT_CODES}
    tree = {
        kind for kind in VerityError.__subclasses__() if kind.__module__ == VerityError.__module__
    }
    assert tree <= branches
