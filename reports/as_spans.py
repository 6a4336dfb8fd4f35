"""Marked stretches for other programs: CSV, Praat TextGrid, Audacity labels, WebVTT.

An analyst listens where the report points. Times are seconds from the start of the decoded sound;
tracks and channels count from 0 in the CSV, as in the segments' CSV, and from 1 in what people read.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from types import MappingProxyType

from pipeline.vocabulary import Variant
from reports import wording
from reports.as_csv import TITLE_CHARS, quoted
from reports.canonical_json import whole_numbers
from reports.document import ReportDocument
from reports.findings import SegmentRow, SpanFindings
from reports.scale import weigh
from reports.words import Words
from reports.words_en import ENGLISH

SPAN_COLUMNS = (
    "report_id",
    "title",
    "start_s",
    "end_s",
    "track",
    "channel",
    "llr",
    "supports",
)


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch and what is said of it; empty text = nothing."""

    start_s: float
    end_s: float
    text: str


def to_span_csv(document: ReportDocument, words: Words = ENGLISH) -> bytes:
    """Return one row per marked stretch as RFC 4180 CSV in UTF-8."""
    del words  # names and numbers only
    limit = _llr_limit(document)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(SPAN_COLUMNS)
    named = (quoted(document.issue.report_id), quoted(document.item.title[:TITLE_CHARS]))
    for span in _spans(document):
        times = (whole_numbers(span.start_s), whole_numbers(span.end_s))
        side = weigh(span.llr, limit).side.value
        writer.writerow((*named, *times, span.track, span.channel, span.llr, side))
    return text.getvalue().encode()


def to_audacity(document: ReportDocument, words: Words = ENGLISH) -> bytes:
    """Return a label track as Audacity imports it: start, end, label, separated by tabs.

    Source: manual.audacityteam.org, "Importing and Exporting Labels".
    """
    lines = [
        f"{span.start_s:.6f}\t{span.end_s:.6f}\t{_label(document, span, words)}\n"
        for span in _spans(document)
    ]
    return "".join(lines).encode()


def to_webvtt(document: ReportDocument, words: Words = ENGLISH) -> bytes:
    """Return the stretches as WebVTT cues, in the order of their starts (W3C WebVTT 1, 4.1)."""
    note = f"{words.labels['report_id']} {document.issue.report_id}"
    blocks = ["WEBVTT\n", f"NOTE {_one_line(note).replace('-->', '')}\n"]
    cues = sorted(_spans(document), key=lambda span: (span.start_s, span.end_s))
    for number, span in enumerate(cues, start=1):
        text = escape(_label(document, span, words), quote=False)  # a bare --> would end the cue
        blocks.append(f"{number}\n{_vtt_time(span.start_s)} --> {_vtt_time(span.end_s)}\n{text}\n")
    return "\n".join(blocks).encode()


def to_textgrid(document: ReportDocument, words: Words = ENGLISH) -> bytes:
    """Return a Praat TextGrid: of each channel a tier of stretches and one of single segments.

    Tiers cover the whole sound without a gap, as Praat demands (manual: "TextGrid file formats").
    """
    rows = [row for row in document.findings.segments if row.variant is Variant.RECORDED]
    spans = _spans(document)
    ends = [*(row.end_s for row in rows), *(span.end_s for span in spans)]
    end_s = max(ends, default=1.0)
    places = {(row.track, row.channel) for row in rows}
    places |= {(span.track, span.channel) for span in spans}
    lanes = sorted(places) or [(0, 0)]
    tiers: list[tuple[str, list[Interval]]] = []
    for lane in lanes:
        place = f"{lane[0] + 1}.{lane[1] + 1}"
        marked = [
            Interval(span.start_s, span.end_s, _label(document, span, words))
            for span in spans
            if (span.track, span.channel) == lane
        ]
        said = [_said(row, document, words) for row in rows if (row.track, row.channel) == lane]
        tiers.append((f"{place} {words.labels['spans']}", _gapless(marked, end_s)))
        tiers.append((f"{place} {words.labels['segments']}", _gapless(_joined(said), end_s)))
    return _textgrid(tiers, end_s).encode()


SPAN_FORMATS: Mapping[str, tuple[str, Callable[[ReportDocument, Words], bytes]]] = MappingProxyType(
    {  # name -> ending of the file, writer
        "csv": (".spans.csv", to_span_csv),
        "textgrid": (".TextGrid", to_textgrid),
        "audacity": (".labels.txt", to_audacity),
        "webvtt": (".vtt", to_webvtt),
    }
)


def _spans(document: ReportDocument) -> tuple[SpanFindings, ...]:
    verdict = document.findings.verdict
    return () if verdict is None else verdict.spans


def _llr_limit(document: ReportDocument) -> float:
    verdict = document.findings.verdict
    return 0.0 if verdict is None else verdict.llr_limit


def _label(document: ReportDocument, span: SpanFindings, words: Words) -> str:
    place = f"{span.track + 1}.{span.channel + 1}"
    return f"{place} {wording.cell_words(span.llr, _llr_limit(document), words)}"


def _said(row: SegmentRow, document: ReportDocument, words: Words) -> Interval:
    text = wording.cell_words(row.llr, _llr_limit(document), words)
    return Interval(row.start_s, row.end_s, text or words.segment_reasons[row.reason])


def _joined(intervals: Iterable[Interval]) -> list[Interval]:
    """Join neighbours that say the same: a tier that is read, not a table."""
    ordered = sorted(intervals, key=lambda interval: interval.start_s)
    runs = [list(run) for _, run in groupby(ordered, key=lambda interval: interval.text)]
    return [Interval(run[0].start_s, run[-1].end_s, run[0].text) for run in runs]


def _gapless(intervals: Sequence[Interval], end_s: float) -> list[Interval]:
    """Return intervals from 0 to the end: gaps are filled, overlaps end where the next one starts."""
    ordered = sorted(intervals, key=lambda interval: interval.start_s)
    starts = [*(interval.start_s for interval in ordered[1:]), end_s][: len(ordered)]
    filled: list[Interval] = []
    at_s = 0.0
    for interval, following_s in zip(ordered, starts, strict=True):
        stop_s = min(interval.end_s, max(following_s, interval.start_s), end_s)
        start_s = max(interval.start_s, at_s)
        if stop_s <= start_s:
            continue
        if start_s > at_s:
            filled.append(Interval(at_s, start_s, ""))
        filled.append(Interval(start_s, stop_s, interval.text))
        at_s = stop_s
    if at_s < end_s:
        filled.append(Interval(at_s, end_s, ""))
    return filled


def _textgrid(tiers: Sequence[tuple[str, Sequence[Interval]]], end_s: float) -> str:
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {end_s:.10g}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for number, (name, intervals) in enumerate(tiers, start=1):
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f"        name = {_praat(name)}",
            "        xmin = 0",
            f"        xmax = {end_s:.10g}",
            f"        intervals: size = {len(intervals)}",
        ]
        for index, interval in enumerate(intervals, start=1):
            lines += [
                f"        intervals [{index}]:",
                f"            xmin = {interval.start_s:.10g}",
                f"            xmax = {interval.end_s:.10g}",
                f"            text = {_praat(interval.text)}",
            ]
    return "\n".join(lines) + "\n"


def _praat(text: str) -> str:
    """Return a Praat string: quotes are doubled."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _vtt_time(seconds: float) -> str:
    """Return `hh:mm:ss.mmm`."""
    whole, thousandths = divmod(round(seconds * 1_000), 1_000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02d}:{minute:02d}:{second:02d}.{thousandths:03d}"
