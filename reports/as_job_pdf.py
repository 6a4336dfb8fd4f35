"""JobReport -> PDF/A-3a and PDF/UA-1 by Typst, with the JSON attached.

As items' reports: outside text reaches Typst as data, and the only time in the file is `issued_at`.
"""

import json
import threading
from functools import cache
from pathlib import Path

import typst

from reports.as_job_json import to_job_json
from reports.fonts import check_fonts, page_fonts, page_glyphs
from reports.job_facts import JobReport
from reports.job_page import job_page
from reports.job_words import JobWords
from reports.paper import Paper
from reports.words import Words

_TEMPLATES = Path(__file__).parent / "templates"
_ONE_AT_A_TIME = threading.Lock()  # a compiler keeps the inputs of its last call


def to_job_pdf(report: JobReport, said: JobWords, words: Words, paper: Paper = Paper.A4) -> bytes:
    """Return the report as a PDF.

    Args:
        report: of a job.
        said: the sentences about jobs.
        words: those about items, of the same language.
        paper: A4 or Letter.

    Raises:
        ConfigError: the font of the language is not installed (`font_missing`).
        typst.TypstError: the template is broken; no text from outside can cause it.
    """
    check_fonts(words)
    inputs = {
        "page": json.dumps(job_page(report, said, words, page_glyphs())),
        "report": to_job_json(report).decode(),
        "paper": paper.value,
    }
    with _ONE_AT_A_TIME:
        pdf = _compiler().compile(
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            timestamp=int(report.issued_at.timestamp()),
            sys_inputs=inputs,
        )
    if not isinstance(pdf, bytes):
        raise TypeError("typst returned pages instead of one PDF")
    return pdf


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(
        _TEMPLATES / "job.typ",
        root=_TEMPLATES,
        font_paths=page_fonts(),
        ignore_system_fonts=True,
    )
