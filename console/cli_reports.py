"""`verity export`, `sign`, `verify` and `audit`: what is done with reports that are there."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from console.cli_jobs import AsJson
from console.output_folder import make_output_folder
from console.settings import ConsoleSettings
from console.terminal import console, print_json
from pipeline.errors import InputError

if TYPE_CHECKING:
    from reports.signer_checks import Check

_REPORT = typer.Argument(metavar="REPORT.json|.pdf", help="A report, as JSON or PDF.")
_STYLES = {"holds": "green", "fails": "red", "absent": "yellow"}
_HEAD_FORM = "--head has the form NUMBER:SHA256, as verity audit head prints it."

audit_app = typer.Typer(no_args_is_help=True, help="Check the audit log of a database.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="[bold]Examples[/]\n\n  verity export report.json --as textgrid\n\n"
        "  verity export report.pdf --as webvtt --as audacity --out marks/"
    )(export)
    app.command(epilog="[bold]Examples[/]\n\n  verity sign reports/*.json reports/*.pdf")(sign)
    app.command(
        epilog="[bold]Examples[/]\n\n  verity verify report.json --media interview.mp3\n\n"
        "  verity verify report.pdf --media interview.mp3 --repeat\n\n"
        "  verity verify verity-17.zip --keys https://verity.example\n\n"
        "Exit status: 0 all that is present holds; 1 something does not."
    )(verify)
    app.add_typer(audit_app, name="audit", epilog="[bold]Examples[/]\n\n  verity audit verify")


def export(
    report: Annotated[Path, _REPORT],
    formats: Annotated[
        list[str] | None,
        typer.Option("--as", help="csv, textgrid (Praat), audacity or webvtt; all without it."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Into this folder; beside the report.")] = None,
) -> None:
    """Write the marked stretches for Praat, Audacity, players and sheets."""
    from reports.as_spans import SPAN_FORMATS
    from reports.languages import words_of
    from reports.verification import open_report

    for name in formats or ():
        if name not in SPAN_FORMATS:
            known = ", ".join(SPAN_FORMATS)
            raise InputError(f"--as {name} is not known: choose {known}.", "input_invalid")
    document = open_report(report).document
    words = words_of(document.issue.language)
    folder = out or report.parent
    make_output_folder(folder, "--out")
    for name in formats or SPAN_FORMATS:
        ending, write = SPAN_FORMATS[name]
        path = folder / f"{report.stem}{ending}"
        path.write_bytes(write(document, words))
        console.print(str(path), markup=False, soft_wrap=True)


def sign(
    context: typer.Context,
    reports: Annotated[list[Path], typer.Argument(metavar="REPORT...", help="JSON or PDF files.")],
    signer: Annotated[
        str, typer.Option(help="Who signs, where a key is made; else VERITY_SIGNER.")
    ] = "",
    stamp: Annotated[
        bool, typer.Option("--stamp", help="Have them stamped too (VERITY_STAMP_AUTHORITIES).")
    ] = False,
) -> None:
    """Sign reports: a .jws file beside a JSON, a signature inside a PDF."""
    from console.signing import sign_report, signing_key

    settings: ConsoleSettings = context.obj
    storage = settings.storage
    key = signing_key(storage.keys, signer or storage.signer, storage.signing_pin)
    for path in reports:
        console.print(str(sign_report(path, key)), markup=False, soft_wrap=True)
    if stamp:
        from console.cli_evidence import stamp as stamp_reports

        stamp_reports(context, reports)


def verify(
    context: typer.Context,
    report: Annotated[Path, _REPORT],
    media: Annotated[Path | None, typer.Option(help="The file that the report is about.")] = None,
    repeat: Annotated[bool, typer.Option("--repeat", help="Analyse it again (--media).")] = False,
    keys: Annotated[
        str,
        typer.Option(
            metavar="URL|FILE",
            help="Where the signer publishes its keys, revoked ones too: the console's address, or "
            "a copy of the list.",
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Say of a report what holds: signature, stamps, findings, opinions, media, audit log, analysis.

    Of a job's report, sheet or zip: signature, stamps, and each file of the zip.
    """
    from console.verifying import Asked, checks_of

    if repeat and media is None:
        raise InputError("--repeat needs the analysed file: name it with --media.", "input_invalid")
    _print_checks(list(checks_of(context.obj, report, Asked(media, repeat, keys))), as_json)


def _print_checks(checks: "list[Check]", as_json: bool) -> None:
    """Print what holds and what does not; leave with status 1 where something does not."""
    from reports.signer_checks import Outcome

    if as_json:
        print_json(
            [{"check": each.name, "outcome": each.outcome, "words": each.words} for each in checks]
        )
    else:
        for each in checks:
            line = Text.assemble((f"{each.outcome:7}", _STYLES[each.outcome]), f"{each.name:12}")
            console.print(line.append(each.words), soft_wrap=True)
    if any(each.outcome is Outcome.FAILS for each in checks):
        raise typer.Exit(1)


@audit_app.command(
    "verify",
    epilog="[bold]Examples[/]\n\n  verity audit verify\n\n  verity audit verify --head 12:…",
)
def audit_verify(
    context: typer.Context,
    head: Annotated[
        str, typer.Option(help="NUMBER:SHA256, noted earlier: finds rows cut off at the end.")
    ] = "",
) -> None:
    """Find any changed, missing or moved row of the audit log."""
    from console.queue_access import open_queue
    from storage.audit_rows import AuditHead, check_chain, read_head

    noted = None
    if head:
        number, _, sha256 = head.partition(":")
        if not number.isdecimal() or len(sha256) != 64:
            raise InputError(_HEAD_FORM, "input_invalid")
        noted = AuditHead(int(number), sha256)
    n_breaks = 0
    with open_queue(context.obj) as access:
        for found in check_chain(access.engine, noted):
            n_breaks += 1
            console.print(f"row {found.number}: {found.what}", style="red", markup=False)
        last = read_head(access.engine)
    if n_breaks:
        raise typer.Exit(1)
    console.print(f"The audit log holds: {last.number} rows, head {last.number}:{last.sha256}")


@audit_app.command("head", epilog="[bold]Examples[/]\n\n  verity audit head")
def audit_head(context: typer.Context) -> None:
    """Print the last row's number and hash, to be noted where the database cannot reach."""
    from console.queue_access import open_queue
    from storage.audit_rows import read_head

    with open_queue(context.obj) as access:
        last = read_head(access.engine)
    console.print(f"{last.number}:{last.sha256}")
