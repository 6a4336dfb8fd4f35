"""The strongest seconds' part of the pages: a plain spectrogram of each, and its clip's name."""

from collections.abc import Mapping

from reports import wording
from reports.canonical_json import Json
from reports.document import ReportDocument
from reports.page_rows import pairs
from reports.quantities import clock
from reports.sound_parts import StrongestPart
from reports.words import Words

WIDE, HIGH = 41.0, 17.0  # mm: four beside each other on 174 mm


def strongest_page(document: ReportDocument, words: Words) -> list[Json]:
    """Return the captions of the pictures, and what is told of the clips."""
    limit = 0.0 if document.findings.verdict is None else document.findings.verdict.llr_limit
    return [_caption(one, document, limit, words) for one in document.strongest]


def strongest_pictures(document: ReportDocument) -> list[str]:
    """Return each picture as an SVG document, in the order of `strongest_page`."""
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE:g} {HIGH:g}">'
        f'<image x="0" y="0" width="{WIDE:g}" height="{HIGH:g}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{one.picture.png}"/></svg>'
        for one in document.strongest
    ]


def clip_rows(document: ReportDocument, labels: Mapping[str, str]) -> list[Json]:
    """Return the clips that were written beside the report, with their checksums."""
    clips = [one.clip for one in document.strongest if one.clip is not None]
    return pairs([(clip.name, clip.sha256) for clip in clips])


def _caption(one: StrongestPart, document: ReportDocument, limit: float, words: Words) -> Json:
    row = document.findings.segments[one.index]
    time = f"{clock(row.start_s)}–{clock(row.end_s)}"
    return {
        "time": time,
        "words": wording.cell_words(row.llr, limit, words),
        "alt": words.paragraphs["strongest_alt"].format(
            time=time, top=f"{one.picture.max_hz / 1_000:g}"
        ),
    }
