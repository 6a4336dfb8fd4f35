"""Stamp reports that are there: `verity stamp`, `verity sign --stamp` and `verity scan --stamp`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.settings import ConsoleSettings
from pipeline.errors import ConfigError, InputError
from reports.stamping import Stamper, open_stamper
from reports.verification import open_report


@contextmanager
def stamper_of(settings: ConsoleSettings) -> Iterator[Stamper]:
    """Yield who asks the authorities that the installation names.

    Raises:
        ConfigError: it names none.
    """
    authorities = settings.storage.evidence.stamp_authorities
    if not authorities:
        raise ConfigError(
            "No time stamp authority is named: set VERITY_STAMP_AUTHORITIES, for example to "
            "http://timestamp.digicert.com."
        )
    with open_stamper(authorities, settings.jobs.egress) as stamper:
        yield stamper


def stamp_report(path: Path, stamper: Stamper) -> tuple[list[Path], tuple[str, ...]]:
    """Stamp a PDF in place, or the signature beside a JSON; return what was written, and problems.

    A PDF that has stamps beside it, as those out of a fleet's store, gets another one there: any byte
    that was added to it would break them.

    Raises:
        InputError: it is no report (`report_unreadable`), or a JSON without signature (`not_signed`).
    """
    opened = open_report(path)
    if opened.pdf is not None and not stamps_beside(path):
        stamped, problems = stamper.stamp_pdf(opened.pdf)
        if stamped == opened.pdf:
            return [], problems
        _replace(path, stamped)
        return [path], problems
    covered = path if opened.pdf is not None else path.with_name(f"{path.name}.jws")
    if not covered.is_file():
        raise InputError(f"{path.name} is not signed: verity sign, then stamp.", "not_signed")
    responses, problems = stamper.stamp_bytes(covered.read_bytes())
    paths = []
    for response in responses:
        target = next(name for name in _names(covered) if not name.exists())
        target.write_bytes(response)
        paths.append(target)
    return paths, problems


def stamps_beside(report: Path) -> dict[str, bytes]:
    """Return the time stamps that lie beside a JSON's signature, or beside a PDF, by file name."""
    stamped = report.name if report.suffix.lower() == ".pdf" else f"{report.name}.jws"
    found = sorted(report.parent.glob(f"{_escaped(stamped)}*.tsr"))
    return {path.name: path.read_bytes() for path in found}


def _names(covered: Path) -> Iterator[Path]:
    yield covered.with_name(f"{covered.name}.tsr")
    number = 1
    while True:
        number += 1
        yield covered.with_name(f"{covered.name}.{number}.tsr")


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)


def _escaped(name: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)
