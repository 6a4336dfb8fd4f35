"""The options of commands that queue jobs: how media are analysed, and what is kept of them.

`console.command_flags` gives them to a command, which gets one value.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from pipeline.vocabulary import AnalysisOptions

_PANEL = "Of the analysis"


@dataclass(frozen=True, slots=True)
class AnalysisFlags:
    """What was said about the analysis."""

    options: AnalysisOptions
    model: str  # a detector by name or SHA-256; "": the one that the fleet runs
    keep_media_days: int | None  # 0: not at all; None: as the installation says
    keep_report_days: int | None

    def detector(self, models_folder: Path | None) -> str:
        """Return the SHA-256 of the detector that was named; "" where none was.

        Raises:
            InputError: this machine has none of that name, or several.
        """
        if not self.model:
            return ""
        from console.installed_models import named_detector  # reads models: only who names one pays

        return named_detector(models_folder, self.model)


def analysis_flags(
    *,
    hop: Annotated[
        float,
        typer.Option(
            min=0.25,
            max=1.0,
            help="Seconds between the starts of segments.",
            rich_help_panel=_PANEL,
        ),
    ] = 1.0,
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME|SHA256",
            help="A detector of `verity models`; without it, the one that the fleet runs.",
            rich_help_panel=_PANEL,
        ),
    ] = "",
    clips: Annotated[
        bool,
        typer.Option(
            "--clips",
            help="Keep the strongest seconds as WAV beside each report.",
            rich_help_panel=_PANEL,
        ),
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Tell what the strongest seconds' scores came from.",
            rich_help_panel=_PANEL,
        ),
    ] = False,
    keep_media: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=36_500,
            help="Days that media are kept; 0: not at all.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    keep_reports: Annotated[
        int | None,
        typer.Option(min=1, max=36_500, help="Days that reports are kept.", rich_help_panel=_PANEL),
    ] = None,
) -> AnalysisFlags:
    """Return what was said."""
    options = AnalysisOptions(hop_s=hop, keep_clips=clips, explain=explain)
    return AnalysisFlags(options, model, keep_media, keep_reports)
