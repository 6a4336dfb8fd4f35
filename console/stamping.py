"""Stamp reports that are there: `verity stamp`, `verity sign --stamp` and `verity scan --stamp`."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from console.settings import ConsoleSettings
from pipeline.errors import ConfigError, InputError
from reports.job_archive import stamp_archive
from reports.signable import read_signable
from reports.stamping import Stamper, open_stamper


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


def wanted_stamper(context: typer.Context, stamp: bool | None) -> Stamper | None:
    """Return who stamps, until the command ends; None where nobody is to.

    Args:
        context: of the command.
        stamp: what its `--stamp` or `--no-stamp` says; None: the setting VERITY_STAMP.
    """
    settings: ConsoleSettings = context.obj
    is_wanted = settings.storage.evidence.is_stamping if stamp is None else stamp
    return context.with_resource(stamper_of(settings)) if is_wanted else None


def stamp_report(path: Path, stamper: Stamper) -> tuple[list[Path], tuple[str, ...]]:
    """Stamp a PDF or a zip in place, or the signature beside a JSON or a job's sheet.

    A PDF that has stamps beside it, as those out of a fleet's store, gets another one there: any byte
    that was added to it would break them.

    Returns:
        What was written, and what went wrong.

    Raises:
        InputError: it is no report (`report_unreadable`), or has no signature beside it (`not_signed`).
    """
    if path.suffix.lower() == ".zip":
        try:
            n_stamps, problems = stamp_archive(path, stamper.stamp_bytes)
        except (zipfile.BadZipFile, KeyError, OSError) as error:
            raise InputError(
                f"{path.name} is no archive of reports: name a zip that verity reports --zip wrote.",
                "report_unreadable",
            ) from error
        return [path] if n_stamps else [], problems
    pdf = read_signable(path).pdf
    if pdf is not None and not stamps_beside(path):
        stamped, problems = stamper.stamp_pdf(pdf)
        if stamped == pdf:
            return [], problems
        _replace(path, stamped)
        return [path], problems
    covered = path if pdf is not None else path.with_name(f"{path.name}.jws")
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
