"""ReportDocument -> all files of one item: JSON, its signature, PDF, CSV, and clips by permission.

What a terminal writes beside each other and what a fleet puts into its store are the same files.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from reports.as_pdf import Attached, to_pdf
from reports.document import ReportDocument
from reports.json_signature import sign_json
from reports.paper import Paper
from reports.pdf_signature import sign_pdf
from reports.signing_keys import SigningKey
from reports.words import Words
from reports.words_en import ENGLISH


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """One file of a report."""

    kind: str  # json, jws, pdf, csv, or the clip's, such as `clip-12`
    ending: str  # after the name that all files of the report share
    content_type: str
    content: bytes


def render(
    document: ReportDocument,
    clips: Mapping[str, bytes],
    key: SigningKey | None,
    words: Words = ENGLISH,
    paper: Paper = Paper.A4,
) -> tuple[RenderedFile, ...]:
    """Return the files of a report, the JSON first.

    Args:
        document: made with the same `words`, and announcing the holder of `key`.
        clips: from `sound_parts.to_clips`.
        key: that signs JSON and PDF; None: they are not signed.
        words: the language.
        paper: of the PDF.
    """
    attached = Attached.of(document)
    pdf = to_pdf(document, words, paper, attached)
    files = [RenderedFile("json", ".json", "application/json", attached.json)]
    if key is not None:
        token = sign_json(attached.json, key)
        files.append(RenderedFile("jws", ".json.jws", "application/jose", token))
        pdf = sign_pdf(pdf, key)
    files.append(RenderedFile("pdf", ".pdf", "application/pdf", pdf))
    files.append(RenderedFile("csv", ".csv", "text/csv", attached.csv))
    files += [
        RenderedFile(name.removesuffix(".wav"), f"-{name}", "audio/wav", content)
        for name, content in clips.items()
    ]
    return tuple(files)
