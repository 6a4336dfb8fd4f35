"""The same bytes under another name: the same findings, and a remark beside them."""

import shutil
from pathlib import Path

from pipeline.analyse import Models, examine
from pipeline.vocabulary import AnalysisOptions, MediaItem
from reports.document import ReportDocument, to_document
from reports.words_en import ENGLISH
from tests.makers import speech_like, write_wav
from tests.models import tiny_models
from tests.unit.reports.report_maker import CONTEXT


def document_of(path: Path, models: Models) -> ReportDocument:
    item = MediaItem(path.name, "job", path.name, path.name)
    report = examine(item, path, models, AnalysisOptions())
    return to_document(report, models.detector.card, CONTEXT)


def test_a_renamed_copy_has_the_same_findings(tmp_path: Path) -> None:
    original = write_wav(tmp_path / "interview.wav", speech_like(1))
    copy = Path(shutil.copy(original, tmp_path / "interview.mp3"))
    models = tiny_models()
    first, second = document_of(original, models), document_of(copy, models)
    assert second.findings == first.findings
    assert second.findings_sha256 == first.findings_sha256
    remark = ENGLISH.notes["extension_mismatch"]
    assert remark not in first.summary.not_examined
    assert remark in second.summary.not_examined
