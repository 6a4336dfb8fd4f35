"""Analyse a report's media again and compare the findings: `verity verify --repeat`."""

from pathlib import Path

from console.examiner import Examiner
from pipeline.vocabulary import AnalysisOptions, MediaItem
from reports.document import ReportDocument
from reports.findings import findings_sha256, to_findings
from reports.signer_checks import Check, Outcome

NAME = "repeat"


def check_repeat(document: ReportDocument, media: Path) -> Check:
    """Return whether the same media, models and options give the same findings here.

    Raises:
        ModelNotFoundError, ModelMismatchError: the models cannot be loaded.
    """
    options = document.findings.options
    examiner = Examiner.load(
        "" if document.method is None else document.method.detector,
        AnalysisOptions(
            hop_s=options.hop_s,
            max_duration_s=options.max_duration_s,
            max_channels=options.max_channels,
        ),
    )
    item = MediaItem(document.item.item_id, document.issue.job_id, "", document.item.title)
    found = to_findings(examiner.examine(item, media))
    if findings_sha256(found) == document.findings_sha256:
        return Check(NAME, Outcome.HOLDS, "the analysis gives the same findings again")
    if found.models != document.findings.models:
        return Check(
            NAME,
            Outcome.FAILS,
            "other model files, or another kind of processor, than those of the report",
        )
    return Check(NAME, Outcome.FAILS, "the analysis gives other findings")
