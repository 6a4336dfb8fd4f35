"""Analyse one file after the other in this process, and write their reports: `scan` and `evaluate`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from pipeline import analyse
from pipeline.score import Detector
from pipeline.separate import Separator
from pipeline.vocabulary import AnalysisOptions, Custody, MediaItem, MediaReport
from reports.as_csv import to_csv
from reports.as_json import to_json
from reports.as_pdf import to_pdf
from reports.document import ReportContext, ReportDocument, to_document
from reports.languages import words_of
from reports.paper import Paper
from reports.words import Words
from reports.words_en import ENGLISH
from storage.model_store import resolve_model

NAME_HASH_DIGITS = 12  # of the media's SHA-256, in a report's file name


def load_detector(model: str) -> Detector:
    """Return a detector by name or file, checked; empty: the default.

    Raises:
        ModelNotFoundError, ModelMismatchError: see `storage.model_store`.
    """
    found = resolve_model(model, "detector")
    return Detector(found.path, found.sha256)


@dataclass(frozen=True, slots=True)
class Examiner:
    """Loaded models and the caller's options."""

    models: analyse.Models
    options: AnalysisOptions

    @classmethod
    def load(cls, model: str, options: AnalysisOptions) -> "Examiner":
        """Load the models by checksum. Raises as `load_detector` does.

        Args:
            model: a name or an ONNX file; empty: the default.
            options: what the caller chose.
        """
        separator = resolve_model("", "separator")
        detector = load_detector(model)
        return cls(analyse.Models(detector, Separator(separator.path), separator.sha256), options)

    def examine(
        self,
        item: MediaItem,
        path: Path,
        custody: Custody | None = None,
        on_progress: analyse.OnProgress = lambda _: None,
    ) -> MediaReport:
        """Return the report of one file; see `pipeline.analyse.examine`."""
        return analyse.examine(item, path, self.models, self.options, custody, on_progress)

    def document(self, report: MediaReport, words: Words = ENGLISH) -> ReportDocument:
        """Return the report as a document of its own, in a language."""
        context = ReportContext(report_id=str(uuid4()), attempt=1, issued_at=datetime.now(UTC))
        return to_document(report, self.models.detector.card, context, words)

    def write(
        self, document: ReportDocument, folder: Path, paper: Paper = Paper.A4
    ) -> dict[str, Path]:
        """Write JSON, PDF and CSV into the folder under names of our own; return them by kind."""
        folder.mkdir(parents=True, exist_ok=True)
        media = document.findings.media
        stem = media.sha256[:NAME_HASH_DIGITS] if media else "no-media"
        stem = f"{stem}-{document.issue.report_id[:8]}"
        words = words_of(document.issue.language)
        contents = {
            "json": to_json(document),
            "pdf": to_pdf(document, words, paper),
            "csv": to_csv(document),
        }
        paths = {kind: folder / f"{stem}.{kind}" for kind in contents}
        for kind, content in contents.items():
            paths[kind].write_bytes(content)
        return paths
