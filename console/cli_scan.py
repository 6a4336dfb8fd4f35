"""`verity scan`: analyse files, folders and links at once, in this process."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli_source_flags import SourceFlags, source_flags
from console.command_flags import with_flags
from console.output_folder import make_output_folder
from console.settings import ConsoleSettings
from console.terminal import console, errors, print_json
from pipeline.errors import SourceNotFoundError
from pipeline.vocabulary import AnalysisOptions
from reports.paper import Paper

if TYPE_CHECKING:
    from reports.document import ReportDocument

EXAMPLES = """
[bold]Examples[/]

  verity scan interview.mp3

  verity scan recordings/ --out reports/

  verity scan https://example.org/speech.mp3 --json

  verity scan interview.mp3 --out reports/ --language de --paper us-letter

  verity scan interview.mp3 --out reports/ --clips --no-sign

Exit status: 0 every item was analysed; 1 an item failed; 2 a source does not exist,
or the folder for the reports cannot be written.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(with_flags(scan, flags=source_flags))


def scan(
    context: typer.Context,
    flags: SourceFlags,
    sources: Annotated[
        list[str], typer.Argument(metavar="FILE|FOLDER|URL...", help="What to analyse.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Write JSON, PDF and CSV reports into this folder.")
    ] = None,
    model: Annotated[str, typer.Option(help="A shipped model's name, or an ONNX file.")] = "",
    hop: Annotated[
        float, typer.Option(min=0.25, max=1.0, help="Seconds between the starts of segments.")
    ] = 1.0,
    language: Annotated[
        str, typer.Option(help="Of the reports: en, de, es, fr, pt, ko, ja or ar.")
    ] = "en",
    paper: Annotated[Paper, typer.Option(help="Size of the PDF's pages.")] = Paper.A4,
    sign: Annotated[
        bool | None,
        typer.Option("--sign/--no-sign", help="JSON and PDF, with --out; VERITY_SIGN without it."),
    ] = None,
    clips: Annotated[
        bool, typer.Option("--clips", help="Write the strongest seconds as WAV beside the report.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Tell what the strongest seconds' scores came from.")
    ] = False,
    stamp: Annotated[
        bool | None,
        typer.Option("--stamp/--no-stamp", help="Have signed reports stamped; see verity stamp."),
    ] = None,
    submitted_by: Annotated[
        str, typer.Option(help="Who asks, as reports name it; this account's name without it.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for programs.")
    ] = False,
) -> None:
    """Analyse files, folders and links at once: no database, no fleet."""
    # ONNX Runtime and the sources take a second to import: only this command pays
    from console.examiner import Asked, Examiner, account_name, write_files
    from console.scanning import scan_sources, summary_record
    from console.signing import signing_key
    from console.stamping import wanted_stamper
    from console.typed_sources import check_typed
    from reports.fonts import check_fonts
    from reports.languages import words_of
    from reports.rendering import render
    from reports.sound_parts import to_clips

    settings: ConsoleSettings = context.obj
    words = words_of(language)
    check_fonts(words)
    for source in sources:
        check_typed(source)
    if out:
        make_output_folder(out, "--out")
    key = None
    if out and (settings.storage.is_signing if sign is None else sign):
        storage = settings.storage
        key = signing_key(storage.keys, storage.signer, storage.signing_pin)
    asked = Asked(submitted_by or account_name(), datetime.now(UTC), key)
    evidence = settings.storage.evidence
    options = AnalysisOptions(hop_s=hop, keep_clips=clips, explain=explain)
    examiner = Examiner.load(model, options, evidence.c2pa_trust)
    stamper = wanted_stamper(context, stamp) if key is not None else None
    n_items = n_failed = 0
    wanted = flags.for_this_process()
    for report in scan_sources(settings.jobs, examiner, sources, settings.temp_root, wanted):
        n_items += 1
        n_failed += report.failure is not None
        document = examiner.document(report, words, asked)
        files = {}
        problems: tuple[str, ...] = ()
        if out:
            rendered = render(document, to_clips(report), key, words, paper)
            if stamper is not None:
                rendered, problems = stamper.stamp_files(rendered)
            files = write_files(document, rendered, out)
        if as_json:
            print_json(summary_record(document, files) | {"stamps_missing": problems})
        else:
            _show(document, files, problems)
    if not n_items:
        raise SourceNotFoundError(f"There is nothing to analyse in {', '.join(sources)}.")
    if n_failed:
        errors.print(f"{n_failed} of {n_items} items failed.", style="red")
        raise typer.Exit(1)


def _show(document: "ReportDocument", files: dict[str, Path], problems: tuple[str, ...]) -> None:
    """Print a report, where its files lie, and which stamps they lack."""
    from console.report_view import print_report

    print_report(document)
    for path in files.values():
        console.print(f"  {path}", style="dim", markup=False, soft_wrap=True)
    for problem in problems:
        errors.print(f"No time stamp yet: {problem}", style="yellow", markup=False)
