"""Analyse one file after the other in this process, and write their reports: `scan` and `evaluate`."""

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from pipeline import analyse
from pipeline.overlapped_speech import OverlapDetector
from pipeline.provenance import read_provenance
from pipeline.score import Detector
from pipeline.separate import Separator
from pipeline.vocabulary import AnalysisOptions, Custody, MediaItem, MediaReport
from reports.custody_parts import signer_of_key
from reports.document import ReportContext, ReportDocument, to_document
from reports.rendering import RenderedFile
from reports.signing_keys import SigningKey
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
class Asked:
    """Who asked for reports and when, and the key that signs them."""

    by: str = ""
    at: datetime | None = None
    key: SigningKey | None = None


@dataclass(frozen=True, slots=True)
class Examiner:
    """Loaded models and the caller's options."""

    models: analyse.Models
    options: AnalysisOptions
    c2pa_trust: Path | None = None  # PEM: whose provenance data are trusted

    @classmethod
    def load(
        cls, model: str, options: AnalysisOptions, c2pa_trust: Path | None = None
    ) -> "Examiner":
        """Load the models by checksum. Raises as `load_detector` does.

        Args:
            model: a name or an ONNX file; empty: the default.
            options: what the caller chose.
            c2pa_trust: certificates in PEM; None: nobody's provenance data are trusted.
        """
        separator = resolve_model("", "separator")
        detector = load_detector(model)
        overlap = resolve_model("", "overlap")
        models = analyse.Models(
            detector,
            Separator(separator.path),
            separator.sha256,
            OverlapDetector(overlap.path, overlap.sha256),
        )
        return cls(models, options, c2pa_trust)

    def examine(
        self,
        item: MediaItem,
        path: Path,
        custody: Custody | None = None,
        on_progress: analyse.OnProgress = lambda _: None,
        admit: analyse.Admit = lambda _: None,
    ) -> MediaReport:
        """Return the report of one file; see `pipeline.analyse.examine`."""
        report = analyse.examine(item, path, self.models, self.options, custody, on_progress, admit)
        if report.media is None:
            return report
        provenance = read_provenance(path, self.c2pa_trust)
        return replace(report, media=replace(report.media, provenance=provenance))

    def document(
        self, report: MediaReport, words: Words = ENGLISH, asked: Asked | None = None
    ) -> ReportDocument:
        """Return the report as a document of its own, in a language.

        Args:
            report: what was found.
            words: the language.
            asked: by whom, when, and who will sign.
        """
        asked = asked or Asked()
        context = ReportContext(
            report_id=str(uuid4()),
            attempt=1,
            issued_at=datetime.now(UTC),
            submitted_by=asked.by,
            requested_at=asked.at,
            signer=None if asked.key is None else signer_of_key(asked.key),
        )
        return to_document(report, self.models.detector.card, context, words)


def account_name() -> str:
    """Return the name of the account that this process runs for, its number where it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"account {os.getuid()}"


def write_files(
    document: ReportDocument, files: Sequence[RenderedFile], folder: Path
) -> dict[str, Path]:
    """Write a report's files into the folder under names of our own; return them by kind."""
    folder.mkdir(parents=True, exist_ok=True)
    media = document.findings.media
    stem = media.sha256[:NAME_HASH_DIGITS] if media else "no-media"
    stem = f"{stem}-{document.issue.report_id[:8]}"
    paths = {file.kind: folder / f"{stem}{file.ending}" for file in files}
    for file in files:
        paths[file.kind].write_bytes(file.content)
    return paths
