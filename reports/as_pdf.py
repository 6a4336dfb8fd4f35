"""ReportDocument -> PDF/A-3a and PDF/UA-1 by Typst, with the JSON and the CSV attached.

Outside text reaches Typst as data (files in memory, inputs where they are long), never as markup. The
same document gives the same bytes: the only time in the file is the document's own `issued_at`.

Typst keeps what it has set for the next ten compilations, by a hash of content and styles. Files let it
do so from report to report (`sys.inputs` would not: they are part of everything), which saves more than
half of the time, since most of a report stands in every one. The hash is no secret, so that two texts
with the same one might be made; hence the wall (`_wall`): what was set for one customer fits no other.
"""

import dataclasses
import hashlib
import hmac
import io
import json
import secrets
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pikepdf
import typst

from reports.as_csv import to_csv
from reports.as_json import to_json
from reports.document import ReportDocument
from reports.fonts import check_fonts, page_fonts, page_glyphs
from reports.page import page_data
from reports.page_strongest import strongest_pictures
from reports.paper import Paper
from reports.picture import draw, draw_apart
from reports.reading_order import isolate_numbers
from reports.timeline import CURVE_WINDOW_S, timeline_of
from reports.words import Script, Words
from reports.words_en import ENGLISH

_TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
PLAIN_BYTES = 400_000  # packing takes 30 ms: a report of this size or less does without
# Typst parses a file in memory as if it were a text of its own, at thirteen bytes for each: what is long
# comes as inputs. Nothing of it is kept then, and little of it is what stands in every report.
MOST_FILE_BYTES = 1_000_000
_ONE_AT_A_TIME = threading.Lock()  # a compiler keeps the files of its last call
_WALL_KEY = secrets.token_bytes(32)  # of this process


@dataclass(frozen=True, slots=True)
class Attached:
    """The document in its other forms, as they lie inside the PDF."""

    json: bytes
    csv: bytes

    @classmethod
    def of(cls, document: ReportDocument) -> "Attached":
        """Write both."""
        return cls(to_json(document), to_csv(document))


def to_pdf(
    document: ReportDocument,
    words: Words = ENGLISH,
    paper: Paper = Paper.A4,
    attached: Attached | None = None,
) -> bytes:
    """Return the report as a PDF.

    Args:
        document: made with the same `words`.
        words: the language.
        paper: A4, or Letter, which Typst centres the same columns on.
        attached: of the same document, where it was written already: that takes a second for ten hours.

    Raises:
        ConfigError: the font of the language is not installed (`font_missing`).
        typst.TypstError: the template is broken; no text from outside can cause it.
    """
    check_fonts(words)
    files = _files(document, words, paper, attached or Attached.of(document))
    inputs = {}
    if sum(map(len, files.values())) > MOST_FILE_BYTES:
        inputs = {name: file.decode() for name, file in files.items()}
        files = {}
    with _ONE_AT_A_TIME:
        pdf = _compiler().compile(
            files | {"main.typ": _template()},  # type: ignore[type-var] # its types do not tell of names with bytes
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            timestamp=int(document.issue.issued_at.timestamp()),
            sys_inputs=inputs,
        )
    if not isinstance(pdf, bytes):
        raise TypeError("typst returned pages instead of one PDF")
    return pdf if len(pdf) <= PLAIN_BYTES else _packed(pdf)


def _packed(pdf: bytes) -> bytes:
    """Return the PDF with its objects in compressed streams (ISO 32000-1, 7.5.7): half as big.

    Typst writes the tags as plain objects, and a long table has thousands. Nothing that is shown or
    said changes, and the same bytes come out for the same bytes.
    """
    packed = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(
            packed,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
        )
    return packed.getvalue()


def _files(
    document: ReportDocument, words: Words, paper: Paper, attached: Attached
) -> dict[str, bytes]:
    """Return what the template reads, by name."""
    window_s = CURVE_WINDOW_S
    if document.method is not None:
        window_s = document.method.thresholds.span_window_s
    timeline = timeline_of(document.findings, window_s=window_s)
    data = page_data(document, timeline, words, page_glyphs())
    data |= {"paper": paper.value, "wall": _wall(document.issue.customer)}
    picture = ""
    if timeline.lanes and words.script is Script.ARABIC:
        picture, labels, high_mm = draw_apart(timeline, words.labels, document.pictures)
        data["picture_words"] = [
            dataclasses.asdict(label) | {"text": isolate_numbers(label.text)} for label in labels
        ]
        data["picture_high"] = high_mm
    elif timeline.lanes:
        picture = draw(timeline, words.labels, document.pictures)
    return {
        "page.json": json.dumps(data).encode(),
        "picture.svg": picture.encode(),
        "strongest.json": json.dumps(strongest_pictures(document)).encode(),
        "report.json": attached.json,
        "segments.csv": attached.csv,
    }


def _wall(customer: str) -> str:
    """Return a word that nobody outside this process can tell, another one for each customer."""
    return hmac.digest(_WALL_KEY, customer.encode("utf-8", "replace"), hashlib.sha256).hex()


@cache
def _template() -> bytes:
    return _TEMPLATE.read_bytes()


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(root=_TEMPLATE.parent, font_paths=page_fonts(), ignore_system_fonts=True)
