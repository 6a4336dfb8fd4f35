"""Command lines that the manual and the commands' own help show exist as they stand there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

import console.cli
import training.__main__

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = {"verity": get_command(console.cli.app), "training": get_command(training.__main__.app)}
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_WORDS = re.compile(r"'[^']*'|\S+")
_LINE = re.compile(
    r"^\s*(?:\$ )?(?:\.venv/bin/)?(?:(verity)|python -m ((?!venv\b)[\w.]+))(?: (.*))?$"
)


def written_in(text: str) -> Iterator[tuple[str, list[str]]]:
    """Give (program, words after it) of every command line in fenced blocks and between backticks."""
    lines = [line for block in _FENCE.findall(text) for line in block.splitlines()]
    lines += _INLINE.findall(_FENCE.sub("", text))
    for line in lines:
        for part in re.split(r"; |&& | \| | > ", line.split(" #")[0]):
            if found := _LINE.match(part):
                words = re.sub(r"[][|]", " ", found[3] or "")  # what may be left out, or instead
                yield found[1] or found[2], _WORDS.findall(words)


def missing_in(program: str, words: list[str]) -> str:
    """Return what of a command line does not exist, or ""."""
    if program not in COMMANDS:
        return missing_in_module(program, words)
    command, path = COMMANDS[program], program
    for word in words:
        if word.startswith("--"):
            known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
            if word.split("=")[0] not in known | {"--help"}:
                return f"{path} {word}"
        elif isinstance(command, TyperGroup) and word.islower():
            path = f"{path} {word}"
            if word not in command.commands:
                return path
            command = command.commands[word]
    return ""


def missing_in_module(module: str, words: list[str]) -> str:
    """Look for the options where a module without Typer names them: in its text."""
    path = ROOT / module.replace(".", "/")
    file = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.exists():
        return module
    text = file.read_text("utf-8")
    options = [word for word in words if word.startswith("--")]
    return next((f"{module} {name}" for name in options if f'"{name}"' not in text), "")


def commands_below(path: str, command: object) -> Iterator[tuple[str, str]]:
    """Give (name, help with its examples) of every command."""
    if isinstance(command, TyperGroup):
        for name, below in command.commands.items():
            yield path, f"{command.help or ''}\n{command.epilog or ''}"
            yield from commands_below(f"{path} {name}", below)
    else:
        yield path, f"{getattr(command, 'help', '')}\n{getattr(command, 'epilog', '')}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_of_the_manual_exists(page: Path) -> None:
    missing = {missing_in(*line) for line in written_in(page.read_text("utf-8"))}
    assert missing <= {""}


@pytest.mark.parametrize("program", COMMANDS)
def test_every_example_of_the_help_exists(program: str) -> None:
    missing = set()
    for path, said in commands_below(program, COMMANDS[program]):
        shown = "\n".join(line.split("Example:")[-1].strip() for line in said.splitlines())
        for line in written_in(f"```\n{shown}\n```"):
            missing.add((path, missing_in(*line)))
    assert {what for _, what in missing} <= {""}, missing


def test_a_command_line_that_does_not_exist_is_seen() -> None:
    page = "`verity scan --oud X`, `verity kees list`\n```\n.venv/bin/verity keys lisd  # all\n```"
    assert [missing_in(*line) for line in written_in(page)] == [
        "verity keys lisd", "verity scan --oud", "verity kees"
    ]  # fmt: skip
    assert missing_in("bench.queue", ["--itemz"]) == "bench.queue --itemz"
